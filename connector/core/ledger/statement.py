"""A statement: one account's figures of a period, as values that every output shows the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connector.core.ledger.ledger import (
    CONVERSION,
    CONVERSION_TYPE,
    DISPUTES,
    REFUNDS,
    Conversion,
    DisputeSums,
    FeeKind,
    Purse,
    Segment,
    Sums,
)
from connector.core.pickling import carried

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from connector.core.ledger.bridge import BankLine, PayoutState
    from connector.core.ledger.openings import Opening
    from connector.core.ledger.since_frozen import SinceFrozen
    from connector.core.state.account_record import Retired

Part = Literal["activity", "payouts"]


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """The rows of one reporting category.

    Attributes:
        category: `reporting_category`.
        part: `payouts`, or `activity` for everything else, as Stripe's balance report has it.
        sums: of them.
    """

    category: str
    part: Part
    sums: Sums


@dataclass(frozen=True, slots=True)
class FeeLine:
    """Fees of one kind.

    Attributes:
        kind: which; None for what rows do not itemize.
        count: how often.
        amount: what was taken, less what was given back.
    """

    kind: FeeKind | None
    count: int
    amount: int

    @property
    def taxed(self) -> bool:
        """Whether it is a tax."""
        return self.kind is not None and self.kind.taxed

    @property
    def converts(self) -> bool:
        """Whether it was taken for conversion."""
        return self.kind is not None and (
            self.kind.description == CONVERSION or (self.kind.apart and self.kind.type == CONVERSION_TYPE)
        )


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """One dispute's rows of the period."""

    dispute: str
    sums: DisputeSums

    @property
    def cost(self) -> int:
        """What it cost in the period: withdrawn less reinstated, and the fees."""
        return self.sums.withdrawn - self.sums.reinstated + self.sums.fee


@dataclass(frozen=True, slots=True)
class ConversionLine:
    """Rows whose amount came from one other currency; None where the lake does not say which."""

    paid_currency: str | None
    sums: Conversion


@dataclass(frozen=True, slots=True)
class Split:
    """A balance by what could be used, computed from the rows and not observed.

    Attributes:
        available: could be used.
        pending: could not yet.
    """

    available: int
    pending: int


@dataclass(frozen=True, slots=True)
class PurseStatement:
    """One balance of the account.

    Attributes:
        purse: which.
        opening: what there was.
        lines: the rows of the period, activity first.
        closing: what there was at the end; None where the opening is not known.
        opening_split: computed; None where rows before are missing.
        closing_split: the same at the end.
        waiting: pending at the end, by the day it becomes available.
        fees: by kind, taxes last.
        disputes: those with rows in the period, the dearest first.
        conversions: by currency paid in.
        segments: to explain fees by.
    """

    purse: Purse
    opening: Opening
    lines: tuple[CategoryLine, ...]
    closing: int | None
    opening_split: Split | None
    closing_split: Split | None
    waiting: tuple[tuple[date, int], ...]
    fees: tuple[FeeLine, ...]
    disputes: tuple[DisputeLine, ...]
    conversions: tuple[ConversionLine, ...]
    segments: Mapping[Segment, Sums]

    def total(self, part: Part) -> Sums:
        """Return the sums of one part."""
        return sum((line.sums for line in self.lines if line.part == part), Sums())

    @property
    def refunds(self) -> tuple[CategoryLine, ...]:
        """Lines of refunds and their like."""
        return tuple(line for line in self.lines if line.category in REFUNDS)

    @property
    def dispute_lines(self) -> tuple[CategoryLine, ...]:
        """Lines of disputes."""
        return tuple(line for line in self.lines if line.category in DISPUTES)


@dataclass(frozen=True, slots=True)
class Bridge:
    """What of the payments balance went to the bank in one currency, in minor units.

    `opening + activity - payout_fees - closing == left`; what the bank accounts' lines tell of is `left - apart`.

    Attributes:
        currency: lower-case ISO code.
        opening: of the balance; None where it is not known.
        activity: net of everything but payouts.
        payout_fees: fees of payouts.
        closing: of the balance; None where it is not known.
        left: sent to the bank, less what came back.
        apart: of it, what no line of a bank account has: payouts that were not read, or are of no known id.
    """

    currency: str
    opening: int | None
    activity: int
    payout_fees: int
    closing: int | None
    left: int
    apart: int


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """One account's statement.

    Attributes:
        account: whose.
        livemode: whether it is real money; None where the lake does not say.
        complete_to: up to when the lake has every row from the period's begin on, UTC seconds; None for no second.
        rows: rows of the period.
        pending_rows: of them, those that were pending when last read.
        reasons: why it is not final; none where it is.
        purses: its balances, that of payments first.
        payouts: payouts sent or taken back in the period, or on the way in it.
        payouts_as_of: up to when payouts were read, UTC seconds; None where they were not.
        bridges: from the balance's activity to what left for the bank, by currency.
        bank: from there to what arrived, by bank account and currency.
        retired: when and why the account was retired, or None.
        options: choices that its rows depend on: expansions, columns left out.
        bare_rows: rows in files that hold rows read before the lake expanded them.
        since_frozen: what changed since the period was frozen; None where it was not.
    """

    account: str
    livemode: bool | None
    complete_to: int | None
    rows: int
    pending_rows: int
    reasons: tuple[str, ...]
    purses: tuple[PurseStatement, ...]
    payouts: tuple[PayoutState, ...] = ()
    payouts_as_of: int | None = None
    bridges: tuple[Bridge, ...] = ()
    bank: tuple[BankLine, ...] = ()
    retired: Retired | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    bare_rows: int = 0
    since_frozen: SinceFrozen | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return carried(self)

    @property
    def final(self) -> bool:
        """Whether no later sync is expected to change it, late rows aside."""
        return not self.reasons
