"""What to follow, and how a follower tells what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connector.config.moments import seconds_given
from connector.core.account_ids import given_accounts
from connector.core.api.allocation import DEFAULT_READS_PER_MONTH, Budget
from connector.core.planning.follow import DEFAULT_LOOK_BACK
from connector.core.time.times import Time, to_seconds
from connector.errors import UsageError
from connector.stripe.listing.query import Query, chosen_filters, in_each_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.core.api.page import Row
    from connector.errors import ConnectorError

BATCH = 100
"""Rows handed out at once, at most."""


@dataclass(frozen=True, slots=True)
class FollowOptions:
    """What to follow, and how closely.

    Attributes:
        accounts: connected accounts, None standing for the key's own; at least one, none twice.
        since: first moment of `created`; None for what is not listed yet.
        filters: `currency`, `payout`, `source`, `type`; None is left out.
        expand: paths to expand in each row, for example `source`.
        look_back: seconds that each look reads again, at least 0.
        interval: seconds between two looks at an account, at least 1; what holds while rows come.
        reads_per_month: requests to spend while nothing happens, all accounts together, at least 1.
        fail_fast: end with the first account that is refused, instead of going on with the others.

    Raises:
        UsageError: a value is out of bounds.
    """

    accounts: tuple[str | None, ...] = (None,)
    since: Time | None = None
    filters: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    expand: tuple[str, ...] = ()
    look_back: int = DEFAULT_LOOK_BACK
    interval: float = 10.0
    reads_per_month: int = DEFAULT_READS_PER_MONTH
    fail_fast: bool = False

    def __post_init__(self) -> None:
        if self.look_back < 0:
            raise UsageError(f"`look_back` {self.look_back} must be at least 0 seconds")
        if not self.interval >= 1:
            raise UsageError(f"`interval` {self.interval} must be at least 1 second")
        if self.reads_per_month < 1:
            raise UsageError(f"`reads_per_month` {self.reads_per_month} must be at least 1")
        object.__setattr__(self, "filters", chosen_filters(self.filters))
        if self.since is not None:
            object.__setattr__(self, "since", seconds_given(self.since, name="since"))  # as of now, for good
        if not self.accounts or len(given_accounts(self.accounts)) < len(self.accounts):
            raise UsageError("name at least one account, and each once")

    @property
    def first_second(self) -> int | None:
        """`since` as UTC seconds."""
        return None if self.since is None else to_seconds(self.since, name="since")

    @property
    def longest_wait(self) -> float:
        """Seconds between two looks at an account when nothing has happened for long."""
        return max(self.interval, len(self.accounts) * Budget(self.reads_per_month, 0.0).seconds_per_read)


def query_of(options: FollowOptions, account: str | None) -> Query:
    """Return what to list of an account."""
    return Query(dict(options.filters), in_each_row(options.expand), account=account)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some new rows of one account.

    Attributes:
        account: whose; `default` where the key may not ask for its own.
        rows: 1 to 100 objects as received, oldest first within a look.
        last: whether these are the last rows of a look: a good moment to keep the bookmark, once they are taken.
    """

    account: str
    rows: Sequence[Row]
    last: bool


class Listener(Protocol):
    """Told of what does not end the following."""

    def lost(self, error: ConnectorError) -> None:
        """Stripe cannot be asked at present; it is tried again until it can."""
        ...

    def back(self) -> None:
        """It can be asked again."""
        ...

    def refused(self, account: str, error: ConnectorError) -> None:
        """An account is left out from here on."""
        ...

    def waiting(self) -> None:
        """Nothing is at hand, all that was has been taken: a good moment to keep the bookmark."""
        ...


class Unheard:
    """A listener that keeps it to itself."""

    def lost(self, error: ConnectorError) -> None:
        """See `Listener.lost`."""

    def back(self) -> None:
        """See `Listener.back`."""

    def refused(self, account: str, error: ConnectorError) -> None:
        """See `Listener.refused`."""

    def waiting(self) -> None:
        """See `Listener.waiting`."""
