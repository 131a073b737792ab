"""A Stripe that everything here asks, by the environment."""

from __future__ import annotations

import pytest

from tests.support.lakes import sandbox, world


@pytest.fixture
def stripe_(monkeypatch):
    with sandbox(world(600)) as served:
        monkeypatch.setenv("STRIPE_API_KEY", served.key)
        monkeypatch.setenv("STRIPE_API_BASE", served.url)
        yield served
