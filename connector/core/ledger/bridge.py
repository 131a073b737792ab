"""From the balance to the bank: where each payout was when a period began and when it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Literal

from connector.core.ledger.ledger import PAYOUT
from connector.core.time.periods import as_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.ledger.ledger import Figures
    from connector.core.time.periods import Period

UNKNOWN = "unknown"
"""State of a payout that a row tells of, and the table of payouts does not have."""

GONE = frozenset({"failed", "canceled"})


class Stage(Enum):
    """Where a payout is."""

    NOT_SENT = "not sent"
    ON_THE_WAY = "on the way"
    ARRIVED = "arrived"
    RETURNED = "returned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """What the table of payouts says of one.

    Attributes:
        id: `po_…`.
        created: UTC seconds.
        arrival_date: UTC seconds; a midnight stands for that day.
        amount: in minor units; negative where Stripe collects.
        currency: lower-case ISO code.
        status: `paid`, `in_transit`, …
        automatic: whether Stripe's schedule made it; None where it does not say.
        method: `standard`, `instant`.
        destination: bank account or card, its id.
        failure_code: why it failed.
        trace_id: the bank network's reference, its value.
        row: id of its own balance transaction.
        failure_row: id of the balance transaction that took it back.
    """

    id: str
    created: int
    arrival_date: int
    amount: int
    currency: str
    status: str
    automatic: bool | None = None
    method: str | None = None
    destination: str | None = None
    failure_code: str | None = None
    trace_id: str | None = None
    row: str | None = None
    failure_row: str | None = None


@dataclass(frozen=True, slots=True)
class PayoutState:
    """A payout of a period.

    Attributes:
        id: `po_…`; of its row, where neither the row nor a table says which payout it is.
        sent: when it left the balance, UTC seconds.
        amount: in minor units, positive for what went to the bank.
        fee: of its row in the period.
        currency: lower-case ISO code.
        state: as of the last reading of payouts; `unknown` where there was none.
        known: what the table says, if it has it.
        arrived: when it arrived, or is to: UTC seconds; None where that is not known.
        returned: when it was taken back, UTC seconds; None where it was not.
        begin: where it was when the period began.
        end: where it was when the period ended.
    """

    id: str
    sent: int
    amount: int
    fee: int
    currency: str
    state: str
    known: Known | None
    arrived: int | None
    returned: int | None
    begin: Stage = Stage.NOT_SENT
    end: Stage = Stage.NOT_SENT

    @property
    def kind(self) -> str:
        """`automatic`, `manual`, `instant`, or `unknown`."""
        if self.known is None or self.known.automatic is None:
            return UNKNOWN
        if self.known.method == "instant":
            return "instant"
        return "automatic" if self.known.automatic else "manual"

    @property
    def undone(self) -> Literal["canceled", "returned", "failed"]:
        """How it was taken back, if it was: the bank refused it, or sent it back on the day of its arrival or later."""
        if self.state == "canceled":
            return "canceled"
        late = self.returned is not None and self.arrived is not None and self.returned >= self.arrived
        return "returned" if late else "failed"

    @property
    def destination(self) -> str | None:
        """The bank account or card, where it is known."""
        return None if self.known is None else self.known.destination


@dataclass(slots=True)
class BankLine:
    """What happened on the way to one bank account in one currency, in minor units, positive towards the bank.

    `on_the_way_before + sent` is `arrived + failed + returned + canceled + on_the_way_after + unknown`, to the unit.

    Attributes:
        destination: id of the bank account or card; None where it is not known.
        currency: lower-case ISO code.
        on_the_way_before: sent before the period and not there yet when it began.
        sent: by kind (`automatic`, `manual`, `instant`, `unknown`).
        failed: taken back in the period, before the day it was to arrive on: the bank refused it.
        returned: taken back in the period, on that day or later: the bank sent it back.
        canceled: taken back in the period before it was sent off.
        on_the_way_after: sent, and not there yet when the period ended.
        arrived: arrived in the period.
        unknown: sent in the period, and payouts were not read since.
        counts: payouts behind each of these figures, by its name.
    """

    destination: str | None
    currency: str
    on_the_way_before: int = 0
    sent: dict[str, int] = field(default_factory=dict[str, int])
    failed: int = 0
    returned: int = 0
    canceled: int = 0
    on_the_way_after: int = 0
    arrived: int = 0
    unknown: int = 0
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def all_sent(self) -> int:
        """Everything sent in the period."""
        return sum(self.sent.values())

    @property
    def left(self) -> int:
        """What left the balance in the period, less what came back."""
        return self.all_sent - self.failed - self.returned - self.canceled

    def add(self, payout: PayoutState) -> None:
        """Take a payout of this bank account in."""
        if payout.begin is Stage.ON_THE_WAY:
            self.on_the_way_before += payout.amount
            self._count("on_the_way_before")
        if payout.begin is Stage.NOT_SENT:
            self.sent[payout.kind] = self.sent.get(payout.kind, 0) + payout.amount
            self._count(f"sent_{payout.kind}")
        if payout.end is Stage.RETURNED:
            setattr(self, payout.undone, getattr(self, payout.undone) + payout.amount)
            self._count(payout.undone)
        elif payout.end is Stage.ARRIVED:
            self.arrived += payout.amount
            self._count("arrived")
        elif payout.end is Stage.ON_THE_WAY:
            self.on_the_way_after += payout.amount
            self._count("on_the_way_after")
        else:
            self.unknown += payout.amount
            self._count("unknown")

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def stage_at(second: int, *, sent: int, arrived: int | None, returned: int | None, state: str) -> Stage:
    """Say where a payout was at a second, by what is known of it now.

    One that was taken back later never arrived: it was on the way until then. One that is not `paid` has not arrived,
    whatever its date says.
    """
    if sent >= second:
        return Stage.NOT_SENT
    if returned is not None:
        return Stage.RETURNED if returned < second else Stage.ON_THE_WAY
    if state == UNKNOWN:
        return Stage.UNKNOWN
    if state == "paid" and arrived is not None and arrived < second:
        return Stage.ARRIVED
    return Stage.ON_THE_WAY


def payout_states(
    period: Period, figures: Figures, known: Iterable[Known], *, currency: str | None
) -> list[PayoutState]:
    """Return the payouts that were sent, taken back, arrived or on the way in a period, by time.

    Args:
        period: which.
        figures: of the account's rows.
        known: payouts of the lake's table, in any order.
        currency: only of this one.
    """
    rows = {row.id: row for row in figures.payouts if row.type == PAYOUT}
    named = {row.payout: row.id for row in rows.values() if row.payout is not None}
    seen: set[str] = set()
    states: list[PayoutState] = []
    for payout in known:
        row = rows.get(payout.row or "") or rows.get(named.get(payout.id, ""))
        if row is not None:
            seen.add(row.id)
        elif payout.id in figures.sent_later or payout.row in figures.sent_later:
            continue
        sent = payout.created if row is None else row.created
        arrived = max(sent, as_date(payout.arrival_date, period.clocks))
        back = figures.returns.get(payout.id) or figures.returns.get(payout.failure_row or "")
        returned = back.at if back else None
        if back is None and payout.status in GONE:
            returned = arrived  # its row is not in the lake, or long ago
        state = back.state if back else payout.status
        fee = 0 if row is None else row.fee
        begun = PayoutState(payout.id, sent, payout.amount, fee, payout.currency, state, payout, arrived, returned)
        states += _within(period, begun)
    for row in rows.values():
        if row.id not in seen:
            back = figures.returns.get(row.payout or "")
            state = back.state if back else UNKNOWN
            returned, name = back.at if back else None, row.payout or row.id
            bare = PayoutState(name, row.created, -row.amount, row.fee, row.purse.currency, state, None, None, returned)
            states += _within(period, bare)
    chosen = [payout for payout in states if currency in {None, payout.currency}]
    return sorted(chosen, key=lambda payout: (payout.sent, payout.id))


def _within(period: Period, payout: PayoutState) -> list[PayoutState]:
    """Say where a payout was at both ends; nothing of one that had come to its end before, or was sent after."""
    ends = [
        stage_at(second, sent=payout.sent, arrived=payout.arrived, returned=payout.returned, state=payout.state)
        for second in (period.bounds.start, period.bounds.stop)
    ]
    over = {Stage.ARRIVED, Stage.RETURNED, Stage.UNKNOWN}
    if ends[0] in over or ends[1] is Stage.NOT_SENT:
        return []
    return [replace(payout, begin=ends[0], end=ends[1])]


def bank_lines(payouts: Iterable[PayoutState]) -> tuple[BankLine, ...]:
    """Add payouts up by bank account and currency, sorted, what is not known last."""
    lines: dict[tuple[str | None, str], BankLine] = {}
    for payout in payouts:
        key = payout.destination, payout.currency
        lines.setdefault(key, BankLine(*key)).add(payout)
    return tuple(lines[key] for key in sorted(lines, key=lambda key: (key[1], key[0] is None, key[0] or "")))
