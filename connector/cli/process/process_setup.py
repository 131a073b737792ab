"""What a process that only runs this program does without.

A library must not do any of this to the process it lives in; the command line owns its process.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _WithoutPandas:
    """Says that pandas is not installed: pyarrow imports it, where it is, the first time it converts anything.

    That takes half a second and 45 MB, and nothing here hands rows to pandas. dateutil, which pyarrow tries to import
    whenever it guesses a type, is not looked for a second time where it is not installed.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse pandas, and dateutil where it is not installed; leave everything else to the other finders."""
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out of this process", name=name)
        if name == "dateutil" and PathFinder.find_spec(name) is None:
            cast("dict[str, ModuleType | None]", sys.modules)[name] = None  # how Python notes that there is none
            raise ModuleNotFoundError("dateutil is not installed", name=name)
        return None


def own_the_process() -> None:
    """Set up a process that runs this program and nothing else."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # which `nohup` sets
            signal.signal(number, end_at_once)  # until there is something to end in order
    if sys.stderr is None:  # closed by whoever started us; what is said to people is no reason to fail
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    with suppress(OSError, AttributeError):  # replaced by something in memory
        sys.stderr = _for_people(sys.stderr.fileno(), encoding=sys.stderr.encoding)
    make_lean()


class _ToPeople(io.FileIO):
    """Words for people, lost where nothing takes them: a disk that is full, a terminal that is gone.

    A reader that went away ends the process, as it does at the other end of any pipe.
    """

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever has bytes
        """Write, or let go."""
        try:
            written = super().write(data)
        except BrokenPipeError:
            raise
        except OSError:
            written = None
        return memoryview(data).nbytes if written is None else written


def _for_people(descriptor: int, *, encoding: str) -> io.TextIOWrapper:
    """Return a stream of text that never fails for want of room, to be written line by line."""
    raw = _ToPeople(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=True)


def end_at_once(number: int, _: object = None) -> NoReturn:
    """End the process, by a signal's number, without waiting for anything."""
    os._exit(128 + number)


def leave(status: int) -> NoReturn:
    """End the process with a status, and threads with it that a disk or a bucket does not let go."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def make_lean() -> None:
    """Leave pandas out, use the system's allocator for Arrow, and collect garbage less often, at the end not at all.

    The system's allocator gives memory back, which mimalloc, Arrow's default, keeps (about 40 MB here). Rows live for
    one page only, so a young generation of 700 objects is collected once a row without finding any. Looking through all
    modules for garbage when the interpreter ends would take longer than `--help`. numpy, which pyarrow imports, starts
    threads for linear algebra that spin for a tenth of a second.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _WithoutPandas())
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(50_000, 20, 50)
    atexit.register(gc.freeze)
