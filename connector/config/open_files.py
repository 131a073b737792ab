"""How many files and connections this process may have open at once."""

from __future__ import annotations

from math import inf
from pathlib import Path

from connector.errors import ConfigError

try:
    import resource
except ImportError:  # where the system has none, it has no such limit either
    resource = None

SPARE_FILES = 32
"""Files a run has open besides its connections: those it writes and reads, locks, the event loop's own."""


def refuse_too_few(connections: int) -> None:
    """See that a run has room for its connections and files, before it begins.

    Args:
        connections: open at once, at most.

    Raises:
        ConfigError: it has not; says what to do.
    """
    if resource is None:
        return
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _open_now() + connections + SPARE_FILES
    if most != resource.RLIM_INFINITY and most < needed:
        raise ConfigError(
            f"this process may have {most:,} files open at once, and a run with `max_in_flight` {connections:,} takes"
            f" up to {needed:,}: raise the limit (`ulimit -n {needed}`), or lower `max_in_flight`"
        )


def room_for_files() -> float:
    """Return how many more files this process may open, some spared for what else it does; infinite for no limit."""
    if resource is None:
        return inf
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return inf if most == resource.RLIM_INFINITY else max(0, most - _open_now() - SPARE_FILES)


def _open_now() -> int:
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return 3  # stdin, stdout, stderr
