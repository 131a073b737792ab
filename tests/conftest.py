"""What every test may ask for."""

from __future__ import annotations

import sys
import time
import zoneinfo
from typing import TYPE_CHECKING

import pytest

from tests.support import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

examples.register()


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


@pytest.fixture
def without_zones(monkeypatch) -> Iterator[None]:
    """A machine without data of time zones: neither the system's nor the package `tzdata`."""
    before = zoneinfo.TZPATH
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(to=[])
    with monkeypatch.context() as patched:
        for name in {"tzdata", *(name for name in sys.modules if name.startswith("tzdata."))}:
            patched.setitem(sys.modules, name, None)
        yield
    zoneinfo.reset_tzpath(to=before)
    zoneinfo.ZoneInfo.clear_cache()
