"""Events as lines of the logger `connector`: INFO for runs, accounts and commits, DEBUG for pages and retries.

The library sets up no logging: without a handler of the caller's, nothing is written anywhere.
"""

from __future__ import annotations

import logging
from asyncio import CancelledError

from connector.core.account_failures import OWN
from connector.core.time.times import END_OF_TIME, to_text
from connector.events import (
    AccountEnded,
    AccountFailed,
    AccountIdentified,
    AccountsFound,
    AccountStarted,
    Committed,
    Event,
    FileRead,
    PageReceived,
    PartitionStaged,
    PhaseStarted,
    RateShared,
    RequestAnswered,
    Retried,
    RunEnded,
    RunLapsed,
    RunStarted,
    RunWaiting,
    StepDone,
    Throttled,
    WindowClosed,
    WindowOpened,
)
from connector.outside_text import sentence

LOG = logging.getLogger("connector")
LOG.addHandler(logging.NullHandler())


def log_event(event: Event) -> None:
    """Write an event as a line, if it is worth one and somebody listens at its level."""
    level = logging.INFO if type(event) in _FOR_ALL else logging.DEBUG
    if LOG.isEnabledFor(level) and (line := line_of(event)) is not None:
        LOG.log(level, "%s", sentence(line))


def line_of(event: Event) -> str | None:  # noqa: PLR0911 - a line for each kind
    """Return an event in words; None for what only counts."""
    match event:
        case RunStarted():
            return f"{event.call} {event.destination} began"
        case RunWaiting():
            return f"waiting for other runs, {event.seconds_left:.0f} s at most"
        case RateShared() | RunLapsed():
            return _of_others(event)
        case PhaseStarted():
            return f"{event.phase}{f', {event.steps:,} steps' if event.steps else ''}"
        case RunEnded(error=CancelledError()):  # whose text is of the loop's tasks
            return f"{event.call} was stopped after {event.seconds:.1f} s"
        case RunEnded():
            how = "" if event.error is None else f" with {type(event.error).__name__}: {event.error}"
            return f"{event.call} ended after {event.seconds:.1f} s{how}"
        case Throttled() | Retried():
            return _of_request(event)
        case RequestAnswered() | StepDone() | AccountsFound() | FileRead():
            return None
        case _:
            return f"{OWN if event.account is None else event.account}: {_of_account(event)}"


def _of_others(event: RateShared | RunLapsed) -> str:
    if isinstance(event, RunLapsed):
        return f"gave no sign of life for {event.seconds:,.0f} s, so that others may have taken this run for dead"
    alone = "alone again within" if event.runs == 1 else f"{event.runs:,} runs share"
    return f"{alone} the rate: {event.rate:g} requests/s for this one"


def _of_request(event: Throttled | Retried) -> str:
    again = "not again" if event.wait is None else f"again in {event.wait:.3f} s"
    if isinstance(event, Throttled):
        return f"{event.endpoint}: refused for coming too fast ({event.reason or 'no reason given'}), {again}"
    status = "" if event.status is None else f" {event.status}"
    return f"{event.endpoint}: attempt {event.attempt} failed ({event.cause}{status}), {again}"


def _of_account(event: _OfAccount) -> str:  # noqa: PLR0911 - a line for each kind
    match event:
        case AccountStarted():
            return "began"
        case AccountIdentified():
            return f"is {event.name}"
        case AccountEnded():
            return "ended"
        case AccountFailed():
            return f"failed with {type(event.error).__name__}: {event.error}"
        case WindowOpened():
            return f"window {_span(event.start, event.stop)} opened"
        case WindowClosed():
            return f"window {_span(event.start, event.stop)} closed"
        case PageReceived():
            seconds = "" if event.oldest is None or event.newest is None else f" of {_span(event.oldest, event.newest)}"
            size = f"{event.bytes:,} bytes in {event.seconds:.3f} s"
            return f"{event.rows:,} rows{seconds}, {size} ({event.endpoint}, {event.request_id})"
        case PartitionStaged():
            return f"{event.path or 'an empty partition'} holds {event.rows:,} rows received"
        case Committed():
            return f"record {event.record} names {event.files:,} files with {event.rows:,} rows"


def _span(start: int, stop: int) -> str:
    return f"{to_text(start)} to {'the end' if stop >= END_OF_TIME else to_text(stop)}"


_FOR_ALL = frozenset(
    {
        RunStarted,
        RunWaiting,
        RateShared,
        RunLapsed,
        RunEnded,
        AccountStarted,
        AccountEnded,
        AccountFailed,
        Committed,
    }
)
"""What is worth a line to everybody; the rest is for whoever looks closely."""

_OfAccount = (
    AccountStarted
    | AccountIdentified
    | AccountEnded
    | AccountFailed
    | WindowOpened
    | WindowClosed
    | PageReceived
    | PartitionStaged
    | Committed
)
