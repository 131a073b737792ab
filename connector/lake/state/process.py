"""Which process this is, and whether another one of this machine has ended."""

from __future__ import annotations

import os
import socket
import sys
import uuid
from contextlib import suppress
from pathlib import Path

from connector.core.state.leases import Holder

_STATE, _STARTED = 0, 19
"""Fields of `/proc/PID/stat` after the name: what the process does, and when it began, in ticks since the start."""

_ENDED = frozenset("ZX")
"""States of a process that has ended and whose parent has not taken note of it."""


def this_process() -> Holder:
    """Return what tells this process from every other one, of any machine."""
    pid = os.getpid()
    return Holder(host=socket.gethostname(), boot=_boot(), pid=pid, started=_started(pid) or "")


def has_ended(holder: Holder, here: Holder) -> bool:
    """Say whether a process is known to have ended; of another machine, or container, that is not known.

    Args:
        holder: the process.
        here: this one.
    """
    if here.boot is None or (holder.host, holder.boot) != (here.host, here.boot):
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError, ValueError):  # another user's
        pass
    started = _started(holder.pid)
    return started is not None and started != holder.started


def lock_holders(path: Path) -> list[str]:
    """Return which processes of this machine have a lock on a file, by number and name; none where none is known.

    Source: `/proc/locks` of proc(5); other systems have none.
    """
    with suppress(OSError, ValueError):
        there = path.stat()
        place = f"{os.major(there.st_dev):02x}:{os.minor(there.st_dev):02x}:{there.st_ino}"
        lines = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
        numbers = {int(words[4]) for words in lines if words[1] != "->" and words[5] == place}
        return [f"process {number}{_name_of(number)}" for number in sorted(numbers - {os.getpid()})]
    return []


def _name_of(pid: int) -> str:
    with suppress(OSError):
        return f" ({Path(f'/proc/{pid}/comm').read_text(encoding='utf-8', errors='replace').strip()})"
    return ""


def _boot() -> str | None:
    """Return what tells this start of the machine, and this container, from others."""
    if sys.platform == "darwin":
        return f"{uuid.getnode():x}"
    with suppress(OSError):
        started = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{started}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - no path: `pid:[4026531836]`
    return None


def _started(pid: int) -> str | None:
    """Return when a process began; empty where it has ended, None where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()
        return "" if fields[_STATE] in _ENDED else fields[_STARTED]
    except (OSError, LookupError):
        return None
