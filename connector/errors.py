"""Errors, branched by what their reader can do about them.

Every error that leaves the package is a `ConnectorError`. `retryable` says whether doing the same thing again, later,
can succeed; `exit_code` is the status the command line ends with (sysexits.h where a code fits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConnectorError(Exception):
    """Base of all errors of this package.

    Whatever text an error holds is printable, in one line, and has no key in it: messages quote servers and file names.

    Attributes:
        retryable: whether the same call may succeed later, unchanged.
        exit_code: process exit status of the command line for this error.
        remedy: what to do about errors of this class; the message says more of this one.
        account: account the work was for, where known.
        window: the `created` window `[start, stop)` in UTC seconds, where known.
    """

    retryable: bool = False
    exit_code: int = 1
    remedy: str = "read the message"

    def __init__(self, message: str, *, account: str | None = None, window: tuple[int, int] | None = None) -> None:
        super().__init__(sentence(message))
        self.message = message
        self.account = account
        self.window = window

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, sentence(value) if isinstance(value, str) else value)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Have it pass from one process to another, whatever its class is made from."""
        return _revived, (type(self), self.args, self.__dict__)


INTERRUPTED = 130
"""Exit status of what Ctrl-C ended, as shells have it: 128 and the signal's number."""


def exit_code_of(error: BaseException) -> int:
    """Return the exit status of a process that an error ends."""
    if isinstance(error, ConnectorError):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _revived(kind: type[ConnectorError], args: tuple[object, ...], state: dict[str, Any]) -> ConnectorError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ConfigError(ConnectorError):
    """The request as stated cannot be carried out; change an option or a setting."""

    remedy = "change the option or the setting that the message names"
    exit_code = 78


class UsageError(ConfigError):
    """An argument is malformed; the command line ends with the usage status."""

    remedy = "correct the argument that the message names; `stripe-balance COMMAND --help` has them all"
    exit_code = 2


class StoppedError(ConnectorError):
    """The call was stopped from outside: by its canceller, its deadline or a signal. What was complete is kept.

    Attributes:
        signal: number of the signal that stopped it; None where it was none.
        let_go: whether something did not end within three seconds and was left to itself.
    """

    remedy = "run it again to go on from there; give more time where the deadline was too short"
    retryable = True
    exit_code = 75
    signal: int | None = None
    let_go: bool = False

    def stopped_by(self, number: int) -> None:
        """Take note of the signal: the exit status is then 128 and its number, as shells have it."""
        self.signal = number
        self.exit_code: int = 128 + number


class WebhookError(ConnectorError):
    """A webhook's body is not an event from Stripe, or was signed too long ago: do nothing with it."""

    remedy = "answer with 400 and do nothing; where it is Stripe's, check the endpoint's secret and the machine's clock"
    exit_code = 65


class ApiError(ConnectorError):
    """Stripe, or the way to it, answered otherwise than with the data asked for.

    Attributes:
        status: HTTP status, or None when no response arrived.
        code: Stripe's error code (an open list), for example `resource_missing`.
        param: the parameter Stripe objects to.
        request_id: `req_…`, to quote to Stripe's support.
        request_log_url: the request in Stripe's dashboard.
        retry_after: seconds that the last answer asked to be left alone for (`Retry-After`), where it did.

    Source: docs.stripe.com/api/errors.
    """

    remedy = "read the message, which is Stripe's; `request_log_url` shows the request in the dashboard"
    retry_after: float | None = None

    def __init__(  # noqa: PLR0913 - one keyword for each field of Stripe's error object
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
        request_log_url: str | None = None,
        account: str | None = None,
        window: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(message, account=account, window=window)
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id
        self.request_log_url = request_log_url

    def __str__(self) -> str:
        facts = [
            f"{name} {value}"
            for name, value in (("status", self.status), ("code", self.code), ("request", self.request_id))
            if value is not None
        ]
        return f"{self.message} ({', '.join(facts)})" if facts else self.message


class AuthenticationError(ApiError):
    """The key is missing, wrong, revoked or expired (401)."""

    remedy = "check the key: in `STRIPE_API_KEY`, the file that is named, or the settings file"
    exit_code = 77


class PermissionDeniedError(ApiError):
    """The key may not do this, or not on this account (403).

    An account out of the key's reach is refused by it whatever the status.

    Attributes:
        permission: what a restricted key lacks, by the name in Stripe's refusal: `payout_read`, in older ones
            `rak_payout_read`; None where that is not the reason.
    """

    remedy = "enable the permission that the message names for this key, or use another key"
    exit_code = 77
    permission: str | None = None


class InvalidRequestError(ApiError):
    """Stripe refuses the request as stated (400, 402, 404)."""

    remedy = "change what was asked for, as Stripe's message says"


class NotFoundError(InvalidRequestError):
    """There is nothing of this id in this account (404 or 400 with the code `resource_missing`)."""

    remedy = "check the id and the mode; name the connected account that it belongs to"


class RateLimitError(ApiError):
    """Still limited after every retry (429).

    Attributes:
        reason: `Stripe-Rate-Limited-Reason`, or None for a lock timeout.
    """

    remedy = "run it again later, or ask for less at a time: `rate`"
    retryable = True
    exit_code = 75
    reason: str | None = None


class ServerError(ApiError):
    """Stripe failed (408, 409, 424, 425, 5xx), after every retry."""

    remedy = "run it again later; status.stripe.com says what is known"
    retryable = True
    exit_code = 75


class TransportError(ApiError):
    """No complete response arrived: no connection, a reset, a timeout, a body cut short."""

    remedy = "check the network, the proxy and `api_base`, then run it again"
    retryable = True
    exit_code = 75


class ProtocolError(ApiError):
    """The response breaks the API's contract: nothing of its window is published.

    Attributes:
        connection: number of the connection it came on, nothing of which is to be believed; None where not known.
        may_pass: whether what came is none of the API's answers, such as a page of HTML. It was asked for again, and
            may be later: such an error is retryable, with the status of one of the network.
    """

    remedy = "run it again once; where it stays, report it with the request's id"
    exit_code = 65
    connection: int | None = None
    may_pass: bool = False

    def came_from_the_way(self) -> None:
        """Take note that what came is none of the API's answers."""
        self.may_pass = self.retryable = True
        self.exit_code: int = TransportError.exit_code
        self.remedy: str = TransportError.remedy


class TooLargeError(ProtocolError):
    """The response is larger than any answer should be; a smaller page may pass."""

    remedy = "expand less in each row; where nothing is expanded, report it"


class SchemaError(ConnectorError):
    """A row does not fit its table and cannot be kept without loss."""

    remedy = "leave `strict_schema` out to have what differs kept and counted; without it, report it"
    exit_code = 65


class FreezeError(ConnectorError):
    """A period cannot be frozen: it is not final, or was frozen with other figures."""

    remedy = "sync up to the end of the period and its last pending row, or look at what changed since it was frozen"
    exit_code = 65


class StorageError(ConnectorError):
    """The destination cannot be read or written."""

    remedy = "make room, mend permissions, or see to the mount or the bucket that the message names"
    exit_code = 74


class LockedError(StorageError):
    """Another run is in the way: in the midst of a commit that takes too long, or about to begin the lake otherwise."""

    remedy = "run it again; with `wait` it waits for the others by itself"
    retryable = True
    exit_code = 75


class LakeChangedError(StorageError):
    """A run replaced files of the lake while they were read: read again, which gives what is there now."""

    remedy = "read again, which gives what is there now"
    retryable = True
    exit_code = 75


class StateError(StorageError):
    """The state is damaged, foreign or newer than this version understands."""

    remedy = (
        "restore the record that the message names from a backup, or move away what it says and run "
        "`stripe-balance sync --repair`; a newer lake needs this program newer"
    )
    exit_code = 65


class AccountsError(ConnectorError):
    """Some of several accounts failed; the others are complete, and so is what the failed ones published.

    Retryable when any of them is: the next run reads only what is missing.

    Attributes:
        errors: what ended each of them, by account.
        of: how many accounts there were.
        report: what was done: a `connector.Report` of `sync`, a `PayoutsReport` of `sync_payouts`, a tuple with the
            `Snapshot` of each account of `record_balance`; None of a stream.
    """

    remedy = "see to each account by its own error, in `errors`; run it again where it is retryable"

    def __init__(self, errors: Mapping[str, ConnectorError], *, of: int) -> None:
        """Sum up.

        Args:
            errors: by account, at least one.
            of: how many accounts there were.
        """
        account, first = next(iter(errors.items()))
        super().__init__(f"{len(errors):,} of {of:,} accounts failed; {account}: {first}")
        self.errors: dict[str, ConnectorError] = dict(errors)
        self.of = of
        self.report: Any = None
        worst = min(errors.values(), key=lambda error: not error.retryable)
        self.retryable: bool = worst.retryable
        self.exit_code: int = worst.exit_code


class DamagedError(ConnectorError):
    """The lake has lost what the run could not mend; everything else is as it should be, and published.

    Running it again does not help: it takes `sync` with `repair`, or a backup.

    Attributes:
        report: what was done, a `connector.Report`; its accounts say what is lost.
    """

    remedy = "`stripe-balance sync --repair` reads again what Stripe still lists; restore the rest from a backup"
    exit_code = 66
    report: Any = None


class UnpublishedError(StorageError):
    """Everything read is in the lake, but its tables do not list all of it yet: the next run publishes it.

    Attributes:
        report: what was done: a `connector.Report`, a `PayoutsReport` or a tuple of `Snapshot`.
    """

    remedy = "run it again, or `stripe-balance maintain --publish`: nothing is read twice"
    report: Any = None

    def __init__(self, cause: ConnectorError) -> None:
        super().__init__(f"everything read is in the lake, but its tables do not list all of it yet: {cause}")
        self.retryable: bool = cause.retryable
        self.exit_code: int = cause.exit_code


class CommitConflictError(StorageError):
    """Another writer committed first; nothing of ours is in the state."""

    remedy = "run it again: it goes on from what the other has made"
    retryable = True
    exit_code = 75


class CommitUnknownError(StorageError):
    """The commit was sent, and whether it took effect is not known."""

    remedy = "run it again: what took effect is found, and not done twice"
    retryable = True
    exit_code = 75
