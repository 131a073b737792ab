"""The engines that are started once, and ended after the last test that may ask them."""

from __future__ import annotations

import pytest

from tests.readers.running import stop_all


@pytest.fixture(scope="session", autouse=True)
def engines_end_last():
    yield
    stop_all()
