"""What an error means to Airflow: whether another try makes sense, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.errors import AccountsError, ApiError, ConnectorError

if TYPE_CHECKING:
    from datetime import timedelta

LONGEST_WAIT = 3600.0
"""Seconds that a task waits for its next try at most, whatever a server asks for."""

STOP_SECONDS = 5.0
"""Seconds before Airflow's own timeout at which a run is stopped: a stop takes up to three."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What Airflow is to do about an error.

    Attributes:
        again: whether the same task may succeed later; None where the error says nothing of that.
        after: seconds until then, 0 to `LONGEST_WAIT`; None for the task's own delay.
    """

    again: bool | None
    after: float | None = None


def ending_of(error: BaseException) -> Ending:
    """Say what an error means: that of a call, or one that was raised from it."""
    failure = _of_connector(error)
    if failure is None:
        return Ending(None)
    if not failure.retryable:
        return Ending(again=False)
    asked = [
        part.retry_after for part in _parts(failure) if isinstance(part, ApiError) and part.retry_after is not None
    ]
    return Ending(again=True, after=min(LONGEST_WAIT, max(asked)) if asked else None)


def deadline_of(timeout: timedelta | None, told: float | None) -> float | None:
    """Return the seconds after which a run stops by itself, keeping what is complete; None for never.

    Airflow's timeout is an exception out of nowhere; a deadline a little before it is a stop in order.

    Args:
        timeout: `execution_timeout` of the task.
        told: a deadline that was asked for; the earlier one counts.
    """
    if timeout is None:
        return told
    seconds = timeout.total_seconds()
    if seconds <= 0:
        return told
    own = max(seconds - STOP_SECONDS, seconds / 2)
    return own if told is None else min(own, told)


def _of_connector(error: BaseException) -> ConnectorError | None:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, ConnectorError):
            return cause
        seen.add(id(cause))
        cause = cause.__cause__
    return None


def _parts(error: ConnectorError) -> list[ConnectorError]:
    return (
        [failure for failure in error.errors.values() if failure.retryable]
        if isinstance(error, AccountsError)
        else [error]
    )
