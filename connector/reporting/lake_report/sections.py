"""Facts to tables with titles, columns and notes: what every rendering for people shows, decided once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.time.times import in_words
from connector.core.units import DAY, PAYMENTS
from connector.reporting.cells import Cell, Money, shown
from connector.reporting.lake_report.problems import command, title_of
from connector.reporting.lake_report.spans import CHARGES
from connector.reporting.lake_report.words import (
    ANSWER_WORDS,
    PAYOUT_WORDS,
    STATUS_WORDS,
    age,
    minute_text,
    rate_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.core.ledger.ledger import Purse, Sums
    from connector.core.state.calendar import Stretch
    from connector.reporting.lake_report.facts import AccountFacts, LakeReport, PayoutLine, SpanSums


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is told of each account; JSON has all.

    Attributes:
        days: latest days told one by one.
        months: latest months.
        stretches: latest stretches of days of which the same is to be said.
        payouts: payouts, those that do not add up before the others.
        lines: of other tables.
    """

    days: int
    months: int
    stretches: int
    payouts: int
    lines: int


ALONE = Extent(days=62, months=120, stretches=200, payouts=400, lines=60)
TOGETHER = Extent(days=7, months=13, stretches=20, payouts=20, lines=20)
"""Of one account, and of each of several."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        title: its caption.
        columns: headings, in order; those in `numbers` are read from the right.
        lines: cells of each line.
        numbers: places of columns that are numbers.
        note: what is said below it.
        marks: of lines, by place, what they are marked as: `wrong`, `look`, or `total`.
        printed: whether it goes on paper where it is folded and nobody unfolded it.
    """

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""
    marks: tuple[tuple[int, str], ...] = ()
    printed: bool = True


@dataclass(frozen=True, slots=True)
class MoneySeries:
    """One balance in one currency over time.

    Attributes:
        purse: the balance.
        months: sums of every month, in order.
        days: the same of the latest days.
    """

    purse: Purse
    months: tuple[SpanSums, ...]
    days: tuple[SpanSums, ...]


def series_of(facts: AccountFacts) -> list[MoneySeries]:
    """Return an account's balances over time, that of payments first; none where its files were not read."""
    said = facts.files_say
    months, days = ((), ()) if said is None else (said.by_month, said.by_day)
    purses = sorted({one.purse for one in months}, key=lambda one: (one.balance_type != PAYMENTS, one))
    return [
        MoneySeries(
            purse, tuple(one for one in months if one.purse == purse), tuple(one for one in days if one.purse == purse)
        )
        for purse in purses
    ]


# Whether it adds up ---------------------------------------------------------------------------------------------------


def layers(facts: AccountFacts, made_at: int) -> Table:
    """Return what `verify` last found."""
    lines: list[tuple[Cell, ...]] = []
    for one in facts.layers:
        since = "" if one.lake_record >= facts.record else "; runs have changed the lake since"
        findings = " - ".join(["", *one.findings]) if one.findings else ""
        checked = f"{minute_text(one.checked_at)} UTC, {age(max(0, made_at - one.checked_at))} before{since}"
        lines.append((one.layer, ANSWER_WORDS[one.verdict], f"{one.reason}{findings}", checked))
    marks = tuple((place, "wrong") for place, one in enumerate(facts.layers) if one.verdict == "residual")
    return Table("What verify last found", ("layer", "verdict", "what it says", "checked"), tuple(lines), marks=marks)


def calendar(facts: AccountFacts, extent: Extent) -> Table:
    """Return the stretches of days, the latest first."""
    latest = facts.calendar[::-1]
    lines = tuple(
        (STATUS_WORDS[one.status], _date(one.start), _date(one.stop - DAY), one.days)
        for one in latest[: extent.stretches]
    )
    more = len(latest) - len(lines)
    note = "Days are by UTC, by when rows were created." + (f" And {more:,} earlier: --json." if more else "")
    marks = tuple(_lacking(latest[: extent.stretches]))
    return Table("Days", ("what is here", "from", "to", "days"), lines, frozenset({3}), note, marks)


def _lacking(latest: Sequence[Stretch]) -> Iterator[tuple[int, str]]:
    """Yield how days that are lacking are marked: those after the last day that was read are only to be looked at."""
    mark = "look"
    for place, one in enumerate(latest):
        if one.status == "damaged":
            yield place, "wrong"
        elif one.status == "not_covered":
            yield place, mark
        elif one.status != "running":
            mark = "wrong"


def files(facts: AccountFacts, extent: Extent) -> Table:
    """Return the files that are not as they were written."""
    lines = tuple((one.path, one.kind) for one in facts.damaged[: extent.lines])
    return Table(
        "Files that are not as they were written", ("file", "what is wrong"), lines, note=_more(facts.damaged, extent)
    )


# Money ----------------------------------------------------------------------------------------------------------------


def months(one: MoneySeries, extent: Extent) -> Table:
    """Return a balance's months by category, the latest first, each with its total and the fee rate of charges."""
    latest = one.months[-extent.months :]
    lines, marks = _by_category(latest, lambda day: f"{day:%Y-%m}")
    more = len(one.months) - len(latest)
    note = _RATE + (f" And {counted(more, 'earlier month')}: --json." if more else "")
    return Table(f"By month and category: {title_of(one.purse)}", _SUMS, lines, _NUMBERS, note, marks)


def days(one: MoneySeries, made_at: int, extent: Extent) -> Table:
    """Return a balance's latest days by category."""
    since = made_at - made_at % DAY - (extent.days - 1) * DAY
    latest = [day for day in one.days if day.start >= since]
    lines, marks = _by_category(latest, lambda day: f"{day:%Y-%m-%d}")
    title = f"By day and category, the last {extent.days} days: {title_of(one.purse)}"
    return Table(title, ("day", *_SUMS[1:]), lines, _NUMBERS, _RATE if lines else "", marks, printed=False)


_SUMS = ("month", "category", "rows", "gross", "fees", "net", "fee rate")
_NUMBERS = frozenset({2, 3, 4, 5, 6})
_RATE = "Gross, fees and net in whole units of the currency. The fee rate is fees over gross of charges."


def _by_category(
    spans: Sequence[SpanSums], name: Callable[[date], str]
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[int, str], ...]]:
    lines: list[tuple[Cell, ...]] = []
    marks: list[tuple[int, str]] = []
    for one in reversed(spans):
        when = name(_date(one.start))
        for category, sums in one.categories:
            rate = rate_text(one.fee_rate) if category == CHARGES else ""
            lines.append((when, category, *_sums(sums, one.purse), rate))
        if len(one.categories) > 1:
            marks.append((len(lines), "total"))
            lines.append((when, "all", *_sums(one.total, one.purse), ""))
    return tuple(lines), tuple(marks)


def _sums(sums: Sums, purse: Purse) -> tuple[Cell, ...]:
    return (sums.count, *(Money(amount, purse.currency) for amount in (sums.gross, sums.fee, sums.net)))


def pending(facts: AccountFacts, extent: Extent) -> Table:
    """Return pending money by the day it becomes available."""
    found = () if facts.files_say is None else facts.files_say.pending
    lines = tuple(
        (
            title_of(one.purse),
            "not known" if one.day is None else _date(one.day),
            one.rows,
            Money(one.net, one.purse.currency),
        )
        for one in found[: extent.lines]
    )
    columns = ("balance", "available on", "rows", "net")
    return Table(
        "Pending money, by the day it becomes available", columns, lines, frozenset({2, 3}), _more(found, extent)
    )


def statements(facts: AccountFacts) -> Table:
    """Return the last full months, as `statement` has them."""
    found = () if facts.files_say is None else facts.files_say.months
    lines: list[tuple[Cell, ...]] = []
    for one in found:
        amounts = (one.opening, one.activity.gross, one.activity.fee, one.activity.net, one.payouts.net, one.closing)
        final = "final" if one.final else f"not final: {'; '.join(one.reasons)}"
        final += {"as_frozen": ", frozen", "changed": ", changed since it was frozen", None: ""}[one.frozen]
        lines.append((one.month, title_of(one.purse), *(Money(value, one.purse.currency) for value in amounts), final))
    columns = ("month", "balance", "opening", "gross", "fees", "net", "payouts", "closing", "state")
    unstated = "" if facts.files_say is None else facts.files_say.unstated or ""
    title = "The last full months (UTC), as statement has them"
    return Table(title, columns, tuple(lines), frozenset(range(2, 8)), unstated)


# Payouts --------------------------------------------------------------------------------------------------------------


def payouts(report: LakeReport, facts: AccountFacts, extent: Extent) -> Table:
    """Return the latest payouts and those that do not add up, each with the command that shows its rows."""
    found = () if facts.payouts is None else facts.payouts.lines
    told = sorted(found, key=lambda one: one.answer != "differs")[: extent.payouts]  # in order of time besides
    several = len(report.accounts) > 1
    lines = tuple(
        (
            one.id,
            _date(one.created),
            _date(one.arrival),
            one.status,
            Money(one.amount, one.currency),
            one.currency.upper(),
            one.rows,
            _answer(one),
            command("stream", "--payout", one.id, *(["--account", facts.account] if several else [])),
        )
        for one in told
    )
    columns = ("payout", "made", "arrives", "status", "amount", "currency", "rows", "adds up", "its rows")
    marks = tuple((place, "wrong") for place, one in enumerate(told) if one.answer == "differs")
    return Table("Payouts", columns, lines, frozenset({4, 6}), _payouts_note(facts, len(told)), marks)


def _answer(one: PayoutLine) -> str:
    left = ", ".join(f"{shown(Money(net, code))} {code.upper()}" for code, net in one.left)
    return PAYOUT_WORDS[one.answer] + (f": {left} left" if left else "")


def _payouts_note(facts: AccountFacts, told: int) -> str:
    if facts.payouts is None:
        return ""
    counts = [f"{count:,} {PAYOUT_WORDS[answer]}" for answer, count in facts.payouts.counts if count]
    read = f" As of {minute_text(facts.payouts.read_at)} UTC." if facts.payouts.read_at is not None else ""
    more = len(facts.payouts.lines) - told
    return f"Of all payouts: {', '.join(counts) or 'none'}.{read}" + (f" And {more:,} more: --json." if more else "")


# What happened --------------------------------------------------------------------------------------------------------


def late(facts: AccountFacts, extent: Extent) -> Table:
    """Return the rows that came late."""
    lines = tuple(
        (
            one.run,
            one.rows,
            "" if one.first_created is None else minute_text(one.first_created),
            "" if one.last_created is None else minute_text(one.last_created),
            age(one.longest_lag),
        )
        for one in facts.late[: extent.lines]
    )
    columns = ("found by run", "rows", "first created", "last created", "latest came after")
    return Table("Rows that came late", columns, lines, frozenset({1}), _more(facts.late, extent))


def drift(facts: AccountFacts, extent: Extent) -> Table:
    """Return how rows have differed from the schema."""
    lines = tuple((one.kind, one.name, one.count, one.example) for one in facts.drift[: extent.lines])
    title = "How rows have differed from the schema"
    return Table(title, ("what", "field", "rows", "for example"), lines, frozenset({2}), _more(facts.drift, extent))


def audit(facts: AccountFacts) -> Table:
    """Return how far the past was asked about again."""
    one = facts.audit
    oldest = "never" if one.oldest is None else f"{minute_text(one.oldest)} UTC"
    lacking = "; ".join(f"{minute_text(start)} to {minute_text(stop)}" for start, stop in one.lacking[:5]) or "none"
    lines: tuple[tuple[Cell, ...], ...] = (
        ("pages of the past", one.pages),
        ("never asked for again", one.never),
        ("what was asked about longest ago", oldest),
        ("gaps to ask about first", one.waiting),
        ("times known to lack rows", lacking),
    )
    return Table("How far the past was asked about again", ("", ""), lines, frozenset({1}))


def runs(report: LakeReport) -> Table:
    """Return the latest runs."""
    lines: list[tuple[Cell, ...]] = [
        (
            in_words(one.started),
            f"{one.outcome}: {one.error}" if one.error else one.outcome,
            f"{one.seconds:,.1f} s",
            one.requests,
            one.accounts,
            one.rows_new,
            one.rows_changed,
            one.late,
        )
        for one in report.runs
    ]
    marks = tuple(
        (place, "look") for place, one in enumerate(report.runs) if one.outcome not in {"complete", "planned"}
    )
    columns = ("began", "outcome", "took", "requests", "accounts", "new rows", "changed", "late")
    return Table("The latest runs of sync", columns, tuple(lines), frozenset(range(2, 8)), marks=marks)


def _more(found: Sequence[object], extent: Extent) -> str:
    more = len(found) - extent.lines
    return f"And {more:,} more: --json." if more > 0 else ""


def _date(second: int) -> date:
    return datetime.fromtimestamp(second, UTC).date()
