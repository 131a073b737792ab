"""What happens in a run, as values: given to `on_event` of every call, in the order in which it happens.

Progress on a terminal, log lines and telemetry are users of these events and of nothing else. `account` is the
connected account as it was asked for; None stands for the key's own. Times are UTC seconds, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A call began.

    Attributes:
        call: its name, for example `sync`.
        destination: the lake, as it was given; empty where there is none.
        started: UTC seconds by the machine's clock.
        rate_limit: requests per second aimed at for one endpoint; infinite for no limit.
    """

    call: str
    destination: str
    started: int
    rate_limit: float


@dataclass(frozen=True, slots=True)
class RunWaiting:
    """The call waits for other runs that are at work on the lake.

    Attributes:
        seconds_left: after which it waits no longer.
    """

    seconds_left: float


@dataclass(frozen=True, slots=True)
class RateShared:
    """The number of runs at work on the lake that ask Stripe within the same limit has changed.

    Attributes:
        runs: how many there are, this one included.
        rate: requests per second that this one aims at now for one endpoint.
    """

    runs: int
    rate: float


@dataclass(frozen=True, slots=True)
class RunLapsed:
    """The run gave no sign of life for so long that others may have taken it for dead; it goes on.

    It was suspended, or the lake could not be written. Rows that it had not committed may be gone: then it ends with an
    error that is `retryable`, and the next run reads them again.

    Attributes:
        seconds: how long it was silent.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """Another part of the run began.

    Attributes:
        phase: what it does, in a few words, for example `reading payouts`.
        steps: parts it has, each of which ends with a `StepDone` or a `FileRead`; 0 where that is not known.
    """

    phase: str
    steps: int = 0


@dataclass(frozen=True, slots=True)
class StepDone:
    """One of a phase's steps is done."""


@dataclass(frozen=True, slots=True)
class AccountsFound:
    """It is known how many accounts there are; said again when more are found.

    Attributes:
        accounts: how many.
        done: how many of them have ended or failed.
    """

    accounts: int
    done: int = 0


@dataclass(frozen=True, slots=True)
class AccountStarted:
    """Work on an account began."""

    account: str | None


@dataclass(frozen=True, slots=True)
class AccountIdentified:
    """An account said whose it is.

    Attributes:
        account: as it was asked for.
        name: its name in the lake, for example `acct_…`.
    """

    account: str | None
    name: str


@dataclass(frozen=True, slots=True)
class AccountEnded:
    """Work on an account came to its end."""

    account: str | None


@dataclass(frozen=True, slots=True)
class AccountFailed:
    """Work on an account ended with an error; whether the run goes on is up to its options.

    Attributes:
        account: as it was asked for.
        error: what ended it.
    """

    account: str | None
    error: ConnectorError


@dataclass(frozen=True, slots=True)
class WindowOpened:
    """A window of time of a list is being read.

    Attributes:
        account: whose list.
        start: first second of `created`.
        stop: second after the last.
    """

    account: str | None
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """A window was read to its end, or as far as it was worth; its older rest may be read by another.

    Attributes:
        account: whose list.
        start: first second of `created`, as when it was opened.
        stop: second after the last.
    """

    account: str | None
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class PageReceived:
    """An answer brought rows, and was believed: a page of a list, or an object by its id.

    Attributes:
        endpoint: the operation, for example `balance_transactions.list`.
        account: as which it was asked for.
        rows: how many were new.
        newest: latest `created` among them; None where there are none.
        oldest: the earliest.
        request_id: `req_…`; None where the answer has none.
        bytes: size of the body, decoded.
        seconds: from the request's being sent to the last byte of the answer.
        pages_left: pages thought to be left of the list; infinite where nothing is known.
    """

    endpoint: str
    account: str | None
    rows: int
    newest: int | None
    oldest: int | None
    request_id: str | None
    bytes: int
    seconds: float
    pages_left: float


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """An attempt at a request ended, well or not.

    Attributes:
        endpoint: the operation.
        account: the account it was sent as; None for the key's own.
        status: HTTP status; 0 where no complete answer came.
        bytes: size of the body, decoded.
        seconds: how long it took.
    """

    endpoint: str
    account: str | None
    status: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Throttled:
    """Stripe refused a request for coming too fast (429); the pace slows down.

    Attributes:
        endpoint: the operation.
        reason: `Stripe-Rate-Limited-Reason`; None where Stripe gives none, as for a lock.
        wait: seconds until the request is sent again; None where it is not.
    """

    endpoint: str
    reason: str | None
    wait: float | None


@dataclass(frozen=True, slots=True)
class Retried:
    """A request failed and is going to be sent again, 429s included.

    Attributes:
        endpoint: the operation.
        cause: name of the error's class, for example `ServerError`.
        status: HTTP status; None where no complete answer came.
        attempt: number of the attempt that failed, from 1.
        wait: seconds until the next.
    """

    endpoint: str
    cause: str
    status: int | None
    attempt: int
    wait: float


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file of the lake was read, in a check.

    Attributes:
        account: whose rows it holds.
        path: relative to the destination.
        rows: how many it holds.
    """

    account: str | None
    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class PartitionStaged:
    """A partition's rows are in a durable file that a commit makes visible.

    Attributes:
        account: whose rows.
        path: the file, relative to the destination; None where the partition came out empty.
        rows: rows received for it.
        unchanged: whether the file was right already.
    """

    account: str | None
    path: str | None
    rows: int
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Committed:
    """The lake's record of an account was written: a run that is killed now goes on from here.

    Attributes:
        account: whose.
        record: number of the record, growing.
        files: data files it names.
        rows: rows they hold.
        received: rows received that are safe since this commit, in data files or parked: no run reads them again.
    """

    account: str | None
    record: int
    files: int
    rows: int
    received: int = 0


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The call is over; nothing follows.

    Attributes:
        call: its name, as in `RunStarted`.
        report: what it returns, or what its error has as `report`; None where there is neither.
        error: what it raises, or None.
        seconds: how long it took.
    """

    call: str
    report: object
    error: BaseException | None
    seconds: float


Event = (
    RunStarted
    | RunWaiting
    | RateShared
    | RunLapsed
    | PhaseStarted
    | StepDone
    | AccountsFound
    | AccountStarted
    | AccountIdentified
    | AccountEnded
    | AccountFailed
    | WindowOpened
    | WindowClosed
    | PageReceived
    | RequestAnswered
    | Throttled
    | Retried
    | FileRead
    | PartitionStaged
    | Committed
    | RunEnded
)
"""Any of them."""

OnEvent = Callable[[Event], None]
"""Is told of events, one after the other, in the thread of the event loop; must not block."""


def unheard(_event: Event) -> None:
    """Hear nothing."""


def listener_of(on_event: OnEvent | None) -> OnEvent:
    """Return who is to be told of events; nobody for None.

    Raises:
        UsageError: it cannot be called, or would have to be awaited, which nobody does.
    """
    if on_event is None:
        return unheard
    if not callable(on_event) or iscoroutinefunction(on_event) or iscoroutinefunction(type(on_event).__call__):
        raise UsageError(
            f"`on_event` must be a function that returns at once, not {on_event!r}: nothing awaits it; have an"
            " ordinary function put events on a queue, and await them elsewhere"
        )
    return on_event
