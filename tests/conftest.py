"""What every test may ask for."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import time
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import examples, unhurried

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

examples.register()

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a file system in memory, where Linux has one
MEMORY_ROOM = 2 << 30
"""Bytes that have to be free on it, before it is used."""


def pytest_configure() -> None:
    """Put the lakes of quick tests in memory, let stops take their time, and hear Ctrl-C, as at a terminal.

    Forcing many small files to a disk is half of what quick tests take; `make test-all` forces them to a real one. What
    a shell starts in the background ignores Ctrl-C: a call that a test interrupts would go on without end.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unhurried.leave_time()
    free = shutil.disk_usage(MEMORY_DISK).free if os.access(MEMORY_DISK, os.W_OK) else 0
    if examples.EXTENT != "thorough" and "TMPDIR" not in os.environ and free >= MEMORY_ROOM:
        os.environ["TMPDIR"] = str(MEMORY_DISK)
        tempfile.tempdir = None  # to be looked up again


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, for `-n auto`
def pytest_xdist_auto_num_workers() -> int:
    """Have three processes for two cores: each waits a third of its time for what it has started."""
    return 3 * (os.cpu_count() or 1) // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without Python's garbage collection: it would look at all of the tests again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before what is slow is left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; leave cases of other formats than Parquet to `make test-all`.

    Where formats are the subject, all of them are quick.
    """
    places = {file: place for place, file in enumerate(examples.LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
    for item in items:
        case = getattr(item, "callspec", None)
        if case and not item.nodeid.startswith(examples.OF_FORMATS) and examples.is_of_other_format(case.params):
            item.add_marker(pytest.mark.slow)
    if examples.EXTENT == "part":
        quick = [item for item in items if item.get_closest_marker("slow") is None]
        chosen = examples.part_of((item.nodeid for item in quick), sys.version_info.minor)
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
        items[:] = [item for item in items if item.nodeid in chosen]


def pytest_collection_finish() -> None:
    """Take what was collected, some 300,000 objects, out of the sight of Python's garbage collection."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Bring it back, for what looks at it when the process ends."""
    gc.unfreeze()


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
