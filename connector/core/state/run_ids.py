"""The id of a run: when it began, and what tells it from others that began then. Ids sort by when their runs began."""

from __future__ import annotations

from datetime import UTC, datetime

_SECOND = "%Y%m%dT%H%M%SZ"
"""How an id begins."""

_FRACTION, _TOKEN = 5, 8
"""Hexadecimal digits: of the microseconds of the second in which a run began, and of what is drawn for it."""


def new_run_id(started: float, token: str) -> str:
    """Return a run's id, for example `20261122T011146Z-1e2408906322f`.

    Args:
        started: UTC seconds.
        token: eight hexadecimal digits, drawn for it.
    """
    moment = datetime.fromtimestamp(started, UTC)
    return f"{moment:{_SECOND}}-{moment.microsecond:0{_FRACTION}x}{token}"


def id_of_second(seconds: float) -> str:
    """Return what sorts before the id of each run that began in a second or later, and after all others.

    Args:
        seconds: UTC seconds, at least 0.
    """
    return f"{datetime.fromtimestamp(int(seconds), UTC):{_SECOND}}"


def began(run: str) -> float | None:
    """Return when a run began, UTC seconds; None of a text that is no id.

    Ids of earlier versions have no fraction of a second.

    Args:
        run: its id.
    """
    second, _, rest = run.partition("-")
    try:
        seconds = datetime.strptime(second, _SECOND).replace(tzinfo=UTC).timestamp()
        return seconds + (int(rest[:_FRACTION], 16) / 1e6 if len(rest) == _FRACTION + _TOKEN else 0.0)
    except ValueError:
        return None
