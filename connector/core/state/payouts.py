"""Payouts as decisions need them: which may still change, which to read again and how, whose transactions to list.

Pure: the record of what a lake holds comes in, what to ask for comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.core.api.page_size import PAGE_SIZE
from connector.core.state.data_file import day_of
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from connector.core.state.payouts_record import PayoutsRecord

FAILS_WITHIN = 14 * DAY
"""Seconds after `arrival_date` in which a paid payout is looked at again: a bank may return the money days later, and
Stripe then makes it `failed` (docs.stripe.com/payouts, payout failures: usually within five business days)."""

SETTLE = 600
"""Seconds before now up to which payouts count as all visible, as for the balance transactions."""

FINAL = frozenset({"paid", "failed", "canceled"})
"""Statuses after which nothing more is planned; of these only `paid` has been known to change."""

RECONCILED = "completed"
"""`reconciliation_status` from which on Stripe lists all of a payout's balance transactions."""

AVAILABLE_AFTER = 2 * DAY
"""Seconds until a payment's money is available, at the least (docs.stripe.com/payouts, payout speed)."""

ROOM = 90
"""Known payouts that the request for new ones is made to include; the rest of its page is left for new ones."""

NOTHING = Intervals()


@dataclass(frozen=True, slots=True)
class Payout:
    """What of a payout decisions are made by, as it was when last read.

    Attributes:
        id: `po_…`.
        created: UTC seconds.
        arrival_date: when the money should be at the bank, UTC seconds.
        amount: in minor units of the currency; negative when Stripe collects.
        currency: lower-case ISO code.
        status: an open list; see `FINAL`.
        automatic: whether Stripe's schedule made it; only then are balance transactions assigned to it.
        reconciliation_status: `completed`, `in_progress`, `not_applicable`, or what Stripe adds; None if not received.
    """

    id: str
    created: int
    arrival_date: int
    amount: int
    currency: str
    status: str
    automatic: bool
    reconciliation_status: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Payout:
        """Read a payout that its table has accepted."""
        reconciliation = row.get("reconciliation_status")
        return cls(
            id=row["id"],
            created=row["created"],
            arrival_date=row["arrival_date"],
            amount=row["amount"],
            currency=row["currency"],
            status=row["status"],
            automatic=row.get("automatic") is True,
            reconciliation_status=reconciliation if type(reconciliation) is str else None,  # no half of a pair
        )

    @property
    def listable(self) -> bool:
        """Whether the list of its balance transactions is complete."""
        return self.automatic and self.reconciliation_status == RECONCILED

    @property
    def waiting(self) -> bool:
        """Whether that list is still to become complete."""
        return self.automatic and self.reconciliation_status not in {RECONCILED, "not_applicable"}

    @property
    def arrival_day(self) -> int:
        """First second of the UTC day of `arrival_date`."""
        return self.arrival_date - self.arrival_date % DAY

    def may_change(self, now: int) -> bool:
        """Say whether it has to be read again, at `now` in UTC seconds."""
        return (
            self.status not in FINAL
            or self.waiting
            or (self.status == "paid" and now < self.arrival_date + FAILS_WITHIN)
        )


@dataclass(frozen=True, slots=True)
class PayoutsPlan:
    """What to ask for.

    Attributes:
        todo: seconds of `created` to list.
        retrieve: ids to retrieve one by one, newest first.
    """

    todo: Intervals
    retrieve: tuple[str, ...] = ()


def plan_payouts(
    record: PayoutsRecord | None,
    asked: Interval,
    *,
    now: int,
    full_refresh: bool = False,
    lost: Intervals = NOTHING,
) -> PayoutsPlan:
    """Decide what to read: what is not covered, and the covered payouts that may have changed.

    Those are listed a page at a time where a page holds several of them, else retrieved; the request for what is new
    is made to include the youngest, which as a rule is all of them.

    Args:
        record: the lake's state, or None for a new account.
        asked: seconds of `created` asked for.
        now: UTC seconds by Stripe's clock.
        full_refresh: list all that is asked for again.
        lost: seconds whose payouts the lake had and has lost: they are listed whatever is asked for.
    """
    whole = Intervals((asked,))
    if record is None or full_refresh:
        return PayoutsPlan(whole.union(lost))
    missing = whole.minus(record.covered).union(lost)
    known = sorted(
        (payout for payout in record.payouts.values() if payout.created in asked and payout.created not in missing),
        key=lambda payout: (payout.created, payout.id),
        reverse=True,
    )
    # the newest part is asked for in any case
    follows = bool(missing and known) and missing.parts[-1].stop > known[0].created
    windows: list[Interval] = []
    singles: list[str] = []
    for group, joins in _pages([payout.may_change(now) for payout in known], first=ROOM if follows else 0):
        due = [known[position] for position in group]
        if joins:
            windows.append(Interval(due[-1].created, missing.parts[-1].stop))
        elif len(due) > 1:
            windows.append(Interval(due[-1].created, due[0].created + 1))
        else:
            singles.append(due[0].id)
    return PayoutsPlan(missing.union(Intervals.of(windows)), tuple(singles))


def _pages(due: list[bool], *, first: int) -> list[tuple[list[int], bool]]:
    """Group the positions that are due so that each group fits one page; the fewest groups there can be.

    Args:
        due: of all known payouts, newest first, whether they are.
        first: how many of the newest come with a request that is made anyway.

    Returns:
        Groups of positions, and whether they come with that request.
    """
    positions = [position for position, is_due in enumerate(due) if is_due]
    anyway = [position for position in positions if position < first]
    groups = [(anyway, True)] if anyway else []
    rest = positions[len(anyway) :]
    while rest:
        group = [position for position in rest if position < rest[0] + PAGE_SIZE]
        groups.append((group, False))
        rest = rest[len(group) :]
    return groups


@dataclass(frozen=True, slots=True)
class DayDue:
    """A file of `payout_transactions` that is to be written.

    Attributes:
        start: first second of the UTC day its payouts arrive on.
        to_list: payouts whose transactions are to be listed, in order of time; none where it is only written again.
        gone: ids in the file that arrive on another day now, so that their rows go there.
    """

    start: int
    to_list: tuple[Payout, ...]
    gone: frozenset[str] = field(default_factory=frozenset[str])


def days_due(
    record: PayoutsRecord,
    asked: Interval,
    *,
    again: frozenset[str],
    rewrite: frozenset[int],
    lost: Collection[str],
) -> list[DayDue]:
    """Return the days whose transactions the lake lacks, or whose file is to be written again, newest first.

    Transactions that do not add up to nothing are lacking: a list that was cut short looks no different.

    Args:
        record: the lake's state, its payouts up to date.
        asked: seconds of `created` of the payouts asked for.
        again: ids to list although the lake has their transactions.
        rewrite: first seconds of days whose files are to be written again with what they have.
        lost: ids whose transactions the lake had and has lost: they are listed whatever is asked for.
    """
    wanted: dict[int, list[Payout]] = {}
    for payout in record.payouts.values():
        if payout.listable and (payout.created in asked or payout.id in lost):
            wanted.setdefault(payout.arrival_day, []).append(payout)
    held = {day_of(file.path): file.listings or {} for file in record.transaction_files.values()}
    days: list[DayDue] = []
    for start in sorted(wanted.keys() | held.keys(), reverse=True):
        have = held.get(start, {})
        sound = {name for name, listing in have.items() if listing.reconciles} - again
        lacking = [payout for payout in wanted.get(start, ()) if payout.id not in sound]
        gone = frozenset(_moved(record.payouts, have, start))
        if lacking or gone or (start in rewrite and start in held):
            days.append(DayDue(start, tuple(sorted(lacking, key=lambda payout: (payout.created, payout.id))), gone))
    return days


def likely_starts(payouts: Iterable[Payout]) -> dict[str, int]:
    """Say for each automatic payout before which second no transaction of it is expected: a hint, never a bound.

    A payout takes what has become available since the one before it in its currency, days after it was made.

    Returns:
        UTC seconds, at least 0, by id.
    """
    before: dict[str, int] = {}
    starts: dict[str, int] = {}
    for payout in sorted(payouts, key=lambda each: each.created):
        if payout.automatic:
            since = before.get(payout.currency, payout.created - DAY)
            starts[payout.id] = max(0, since - AVAILABLE_AFTER)
            before[payout.currency] = payout.created
    return starts


def _moved(payouts: Mapping[str, Payout], have: Iterable[str], start: int) -> list[str]:
    """Return the ids that have gone to another day, where their rows will be listed again."""
    return [
        payout_id
        for payout_id in have
        if payout_id in payouts and payouts[payout_id].listable and payouts[payout_id].arrival_day != start
    ]
