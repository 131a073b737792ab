"""A Stripe that the environment of the driver names."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from connector.config.api_key import VARIABLE
from tests.support.lakes import sandbox


@pytest.fixture
def asked(monkeypatch):
    """Serve a world, and have the environment name it."""

    @contextmanager
    def ask(given, **knobs):
        with sandbox(given, **knobs) as served:
            monkeypatch.setenv(VARIABLE, served.key)
            monkeypatch.setenv("STRIPE_API_BASE", served.url)
            yield served

    return ask
