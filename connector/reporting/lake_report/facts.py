"""What a report on a lake says, before anyone has decided how it looks. Times are UTC seconds, amounts minor units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from connector.core.counting import counted
from connector.core.lake_condition import Problem, Proof, grade_of, proof_of, sentence, weakest_proof

if TYPE_CHECKING:
    from connector.core.ledger.ledger import Purse, Sums
    from connector.core.state.account_record import Refusal, Retired
    from connector.core.state.calendar import Stretch
    from connector.core.state.kept_verdict import KeptLayer

Difference = Literal["changed", "missing", "extra", "unreadable"]
"""`extra` files are named by no record; `unreadable` ones are of the right size and could not be read."""

PayoutAnswer = Literal["adds_up", "differs", "not_read", "waiting", "manual"]
"""`differs`: its rows do not add up to nothing. `not_read`: the lake lacks them. `waiting`: Stripe is still assigning
them. `manual`: Stripe assigns none."""

FrozenAnswer = Literal["as_frozen", "changed"]
"""Whether a month is still what was frozen of it."""


_ROWS = "balance_transactions/"


class DayKey(NamedTuple):
    """What rows are added up by.

    Attributes:
        day: first second of the UTC day of `created`.
        purse: the balance.
        category: `reporting_category`.
    """

    day: int
    purse: Purse
    category: str


UNVERIFIED = "unverified"
"""Kind of the problem that an account was never verified."""


@dataclass(frozen=True, slots=True)
class DayLine:
    """Rows of one day, balance, currency and category, added up."""

    key: DayKey
    sums: Sums


@dataclass(frozen=True, slots=True)
class PendingLine:
    """Money that becomes available on one day.

    Attributes:
        purse: the balance.
        day: first second of the UTC day of `available_on`; None where rows do not say.
        rows: pending rows.
        net: their sum.
    """

    purse: Purse
    day: int | None
    rows: int
    net: int


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One payout, and whether its rows add up to it.

    Attributes:
        id: `po_…`.
        created: when it was made.
        arrival: first second of the UTC day it arrives on.
        amount: in minor units.
        currency: lower-case ISO code.
        status: as when last read.
        automatic: whether Stripe's schedule made it.
        answer: whether it adds up.
        rows: of it in the lake, its own included; None where they were not read.
        left: what its rows add up to, by currency: nothing where it adds up.
    """

    id: str
    created: int
    arrival: int
    amount: int
    currency: str
    status: str
    automatic: bool
    answer: PayoutAnswer
    rows: int | None
    left: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    """Payouts of an account.

    Attributes:
        read_at: when they were last read; None where no run has said so.
        counts: how many have each answer.
        lines: the latest, and all that do not add up, newest first.
    """

    read_at: int | None
    counts: tuple[tuple[PayoutAnswer, int], ...]
    lines: tuple[PayoutLine, ...]


@dataclass(frozen=True, slots=True)
class LateLine:
    """Rows that one run found where an earlier one had read.

    Attributes:
        run: its id.
        rows: how many.
        first_created: the earliest `created` among them, or None.
        last_created: the latest.
        longest_lag: seconds from the earliest to the moment it was read.
    """

    run: str
    rows: int
    first_created: int | None
    last_created: int | None
    longest_lag: int


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of `sync`, by its report.

    Attributes:
        id: names it.
        started: as the report has it, ISO 8601.
        seconds: how long it took.
        outcome: complete, interrupted, failed, damaged or planned.
        error: what ended it, or None.
        requests: sent.
        accounts: how many.
        rows_new: rows that the lake did not have.
        rows_changed: rows that differ from what it had.
        late: rows that came late.
    """

    id: str
    started: str
    seconds: float
    outcome: str
    error: str | None
    requests: int
    accounts: int
    rows_new: int
    rows_changed: int
    late: int


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """How far the past was asked about again.

    Attributes:
        pages: of the whole past.
        never: of them, those never asked for again.
        oldest: when what was asked about longest ago was; None for never.
        waiting: gaps to ask about first.
        lacking: intervals known to lack rows, as pairs `[start, stop)`.
    """

    pages: int
    never: int
    oldest: int | None
    waiting: int
    lacking: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class DriftLine:
    """One way in which rows have differed from the schema.

    Attributes:
        kind: what differs.
        name: the field.
        count: rows in which it was seen.
        example: id of one of them.
    """

    kind: str
    name: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One balance in one full month, as `statement` has it.

    Attributes:
        month: `2026-10`.
        purse: the balance.
        opening: what there was; None where it is not known.
        activity: everything but payouts.
        payouts: payouts, and those that came back.
        closing: what there was at the end; None where the opening is not known.
        final: whether no later sync is expected to change it.
        reasons: why it is not.
        frozen: whether it was frozen, and is as it was then; None where it never was.
    """

    month: str
    purse: Purse
    opening: int | None
    activity: Sums
    payouts: Sums
    closing: int | None
    final: bool
    reasons: tuple[str, ...]
    frozen: FrozenAnswer | None


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A data file that is not as its record says."""

    path: str
    kind: Difference


@dataclass(frozen=True, slots=True)
class SpanSums:
    """Rows of one balance in one month or on one day, added up.

    Attributes:
        start: first second of it, UTC.
        purse: the balance.
        categories: sums by `reporting_category`, sorted.
        total: of all of them.
        moves: of all but payouts.
        fee_rate: what fees took of charges, in hundredths of a per cent, rounded down; None where nothing was paid.
    """

    start: int
    purse: Purse
    categories: tuple[tuple[str, Sums], ...]
    total: Sums
    moves: Sums
    fee_rate: int | None


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What is only known of an account whose files were read.

    Attributes:
        days: rows of each day, balance, currency and category, in order.
        pending: pending money, by balance and day.
        months: the last full months, newest first.
        unstated: why there are no months, or None.
        by_month: sums of every month, in order; of each balance by itself.
        by_day: the same of the latest days.
    """

    days: tuple[DayLine, ...]
    pending: tuple[PendingLine, ...]
    months: tuple[MonthLine, ...]
    unstated: str | None = None
    by_month: tuple[SpanSums, ...] = ()
    by_day: tuple[SpanSums, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """One account.

    Attributes:
        account: its name in the lake.
        livemode: whether it is real money; None where the lake does not say.
        record: number of the record that all this is of; 0 where it has no balance transactions.
        complete_up_to: up to when all that was asked for is here; None for no time.
        rows: in its files, by the record.
        files: how many.
        bytes: their size.
        pending: rows that were pending when last read.
        parked: rows that were read and are not visible yet.
        net: sum of `net` by balance and currency, by the record; by currency with no balance named where the record
            does not tell balances apart.
        calendar: its days.
        layers: what `verify` last found.
        damaged: files that are not as they were written.
        payouts: of it; None where payouts were never brought.
        late: rows that came late, by the kept run reports, newest first.
        audit: how far the past was asked about again.
        drift: how rows have differed from the schema.
        problems: what there is to say, the gravest first.
        retired: when and why it was retired, or None.
        refused: since when and why runs are refused it, or None.
        frozen: periods that are frozen, each with its zone: `2026-10 (Europe/Paris)`.
        files_say: what its files say; None where they were not read.
    """

    account: str
    livemode: bool | None
    record: int
    complete_up_to: int | None
    rows: int
    files: int
    bytes: int
    pending: int
    parked: int
    net: tuple[tuple[Purse, int], ...]
    calendar: tuple[Stretch, ...]
    layers: tuple[KeptLayer, ...]
    damaged: tuple[FileProblem, ...]
    payouts: PayoutFacts | None
    late: tuple[LateLine, ...]
    audit: AuditFacts
    drift: tuple[DriftLine, ...]
    problems: tuple[Problem, ...] = ()
    retired: Retired | None = None
    refused: Refusal | None = None
    frozen: tuple[str, ...] = ()
    files_say: RowFacts | None = None

    @property
    def grade(self) -> Literal["wrong", "look", "well"]:
        """How grave the gravest of its problems is."""
        return grade_of(self.problems)

    @property
    def lost(self) -> int:
        """Files of its balance transactions that are gone or damaged."""
        return len(
            {problem.path for problem in self.damaged if problem.kind != "extra" and problem.path.startswith(_ROWS)}
        )

    @property
    def proof(self) -> Proof:
        """What `verify` has proved of it."""
        return proof_of([layer.verdict for layer in self.layers])


@dataclass(frozen=True, slots=True)
class LakeReport:
    """What a lake holds, and how it stands.

    Attributes:
        destination: the lake, by the name it was given.
        made_at: when it was looked at.
        version: of this package.
        livemode: whether its rows are of live mode; None where nothing says.
        format: of its files.
        partition: how much time a file holds; None without balance transactions.
        accounts: sorted by name.
        runs: the latest runs, newest first.
        problems: of the lake as a whole.
        unread: names of accounts with problems whose files were not read, since there are too many of them.
    """

    destination: str
    made_at: int
    version: str
    livemode: bool | None
    format: str
    partition: str | None
    accounts: tuple[AccountFacts, ...]
    runs: tuple[RunLine, ...]
    problems: tuple[Problem, ...]
    unread: tuple[str, ...]

    def __repr__(self) -> str:
        """Return how it stands, in a line."""
        accounts = counted(len(self.accounts), "account")
        return f"<LakeReport of {self.destination}: {self.sentence} {counted(self.rows, 'row')} of {accounts}>"

    @property
    def told_once(self) -> LakeReport:
        """The same, where that nothing was ever verified is said once, of the lake, and not of each account."""
        said = [one for each in self.accounts for one in each.problems if one.kind == UNVERIFIED]
        if not said or any(one.layers for one in self.accounts):
            return self
        accounts = tuple(
            replace(each, problems=tuple(one for one in each.problems if one.kind != UNVERIFIED))
            for each in self.accounts
        )
        whole = replace(said[0], text="nothing here was compared with Stripe yet")
        return replace(self, problems=(*self.problems, whole), accounts=accounts)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """Problems of the lake and of its accounts."""
        return (*self.problems, *(problem for account in self.accounts for problem in account.problems))

    @property
    def grade(self) -> Literal["wrong", "look", "well"]:
        """How grave the gravest problem is."""
        return grade_of(self.all_problems)

    @property
    def active(self) -> tuple[AccountFacts, ...]:
        """The accounts that more is expected of: those that are not retired, unless there are no others."""
        return tuple(account for account in self.accounts if account.retired is None) or self.accounts

    @property
    def rows(self) -> int:
        """Rows of balance transactions in all files."""
        return sum(account.rows for account in self.accounts)

    @property
    def complete_up_to(self) -> int | None:
        """Up to when all that was asked for is here of every account; None where of one it is not."""
        ends = [account.complete_up_to for account in self.active]
        return min((value for value in ends if value is not None), default=None) if None not in ends else None

    @property
    def proof(self) -> Proof:
        """What `verify` has proved of every account."""
        return weakest_proof(account.proof for account in self.active)

    @property
    def verified_at(self) -> int | None:
        """When what is proved least recently was checked; None where nothing was."""
        return min((layer.checked_at for account in self.active for layer in account.layers), default=None)

    @property
    def sentence(self) -> str:
        """The one sentence that says how it stands."""
        return sentence(self.all_problems, complete_up_to=self.complete_up_to, rows=self.rows, proof=self.proof)
