"""What every test may ask for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def anyio_backend() -> str:
    """The library runs on asyncio."""
    return "asyncio"


@pytest.fixture
def far_west(monkeypatch) -> Iterator[None]:
    """A machine whose own time is eight hours behind UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "XXX8")
        time.tzset()
        yield
    time.tzset()
