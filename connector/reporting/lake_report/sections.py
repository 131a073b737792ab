"""Facts to tables with titles, columns and notes: what every rendering for people shows, decided once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.time.times import in_words, to_date
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
    from datetime import date

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
    purses = sorted({month.purse for month in months}, key=lambda purse: (purse.balance_type != PAYMENTS, purse))
    return [
        MoneySeries(
            purse,
            tuple(month for month in months if month.purse == purse),
            tuple(day for day in days if day.purse == purse),
        )
        for purse in purses
    ]


# Whether it adds up ---------------------------------------------------------------------------------------------------


def layers(facts: AccountFacts, made_at: int) -> Table:
    """Return what `verify` last found."""
    lines: list[tuple[Cell, ...]] = []
    for layer in facts.layers:
        since = "" if layer.lake_record >= facts.record else "; runs have changed the lake since"
        findings = " - ".join(["", *layer.findings]) if layer.findings else ""
        checked = f"{minute_text(layer.checked_at)} UTC, {age(max(0, made_at - layer.checked_at))} before{since}"
        lines.append((layer.layer, ANSWER_WORDS[layer.verdict], f"{layer.reason}{findings}", checked))
    marks = tuple((place, "wrong") for place, layer in enumerate(facts.layers) if layer.verdict == "residual")
    return Table("What verify last found", ("layer", "verdict", "what it says", "checked"), tuple(lines), marks=marks)


def calendar(facts: AccountFacts, extent: Extent) -> Table:
    """Return the stretches of days, the latest first."""
    latest = facts.calendar[::-1]
    lines = tuple(
        (STATUS_WORDS[stretch.status], to_date(stretch.start), to_date(stretch.stop - DAY), stretch.days)
        for stretch in latest[: extent.stretches]
    )
    more = len(latest) - len(lines)
    note = "Days are by UTC, by when rows were created." + (f" And {more:,} earlier: --json." if more else "")
    marks = tuple(_lacking(latest[: extent.stretches]))
    return Table("Days", ("what is here", "from", "to", "days"), lines, frozenset({3}), note, marks)


def _lacking(latest: Sequence[Stretch]) -> Iterator[tuple[int, str]]:
    """Yield how days that are lacking are marked: those after the last day that was read are only to be looked at."""
    mark = "look"
    for place, stretch in enumerate(latest):
        if stretch.status == "damaged":
            yield place, "wrong"
        elif stretch.status == "not_covered":
            yield place, mark
        elif stretch.status != "running":
            mark = "wrong"


def files(facts: AccountFacts, extent: Extent) -> Table:
    """Return the files that are not as they were written."""
    lines = tuple((problem.path, problem.kind) for problem in facts.damaged[: extent.lines])
    return Table(
        "Files that are not as they were written", ("file", "what is wrong"), lines, note=_more(facts.damaged, extent)
    )


# Money ----------------------------------------------------------------------------------------------------------------


def months(series: MoneySeries, extent: Extent) -> Table:
    """Return a balance's months by category, the latest first, each with its total and the fee rate of charges."""
    latest = series.months[-extent.months :]
    lines, marks = _by_category(latest, lambda day: f"{day:%Y-%m}")
    more = len(series.months) - len(latest)
    note = _RATE + (f" And {counted(more, 'earlier month')}: --json." if more else "")
    return Table(f"By month and category: {title_of(series.purse)}", _SUMS, lines, _NUMBERS, note, marks)


def days(series: MoneySeries, made_at: int, extent: Extent) -> Table:
    """Return a balance's latest days by category."""
    since = made_at - made_at % DAY - (extent.days - 1) * DAY
    latest = [day for day in series.days if day.start >= since]
    lines, marks = _by_category(latest, lambda day: f"{day:%Y-%m-%d}")
    title = f"By day and category, the last {extent.days} days: {title_of(series.purse)}"
    return Table(title, ("day", *_SUMS[1:]), lines, _NUMBERS, _RATE if lines else "", marks, printed=False)


_SUMS = ("month", "category", "rows", "gross", "fees", "net", "fee rate")
_NUMBERS = frozenset({2, 3, 4, 5, 6})
_RATE = "Gross, fees and net in whole units of the currency. The fee rate is fees over gross of charges."


def _by_category(
    spans: Sequence[SpanSums], name: Callable[[date], str]
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[int, str], ...]]:
    lines: list[tuple[Cell, ...]] = []
    marks: list[tuple[int, str]] = []
    for span in reversed(spans):
        when = name(to_date(span.start))
        for category, sums in span.categories:
            rate = rate_text(span.fee_rate) if category == CHARGES else ""
            lines.append((when, category, *_sums(sums, span.purse), rate))
        if len(span.categories) > 1:
            marks.append((len(lines), "total"))
            lines.append((when, "all", *_sums(span.total, span.purse), ""))
    return tuple(lines), tuple(marks)


def _sums(sums: Sums, purse: Purse) -> tuple[Cell, ...]:
    return (sums.count, *(Money(amount, purse.currency) for amount in (sums.gross, sums.fee, sums.net)))


def pending(facts: AccountFacts, extent: Extent) -> Table:
    """Return pending money by the day it becomes available."""
    pending_lines = () if facts.files_say is None else facts.files_say.pending
    lines = tuple(
        (
            title_of(line.purse),
            "not known" if line.day is None else to_date(line.day),
            line.rows,
            Money(line.net, line.purse.currency),
        )
        for line in pending_lines[: extent.lines]
    )
    columns = ("balance", "available on", "rows", "net")
    return Table(
        "Pending money, by the day it becomes available",
        columns,
        lines,
        frozenset({2, 3}),
        _more(pending_lines, extent),
    )


def statements(facts: AccountFacts) -> Table:
    """Return the last full months, as `statement` has them."""
    months = () if facts.files_say is None else facts.files_say.months
    lines: list[tuple[Cell, ...]] = []
    for month in months:
        amounts = (
            month.opening,
            month.activity.gross,
            month.activity.fee,
            month.activity.net,
            month.payouts.net,
            month.closing,
        )
        final = "final" if month.final else f"not final: {'; '.join(month.reasons)}"
        final += {"as_frozen": ", frozen", "changed": ", changed since it was frozen", None: ""}[month.frozen]
        lines.append(
            (month.month, title_of(month.purse), *(Money(value, month.purse.currency) for value in amounts), final)
        )
    columns = ("month", "balance", "opening", "gross", "fees", "net", "payouts", "closing", "state")
    unstated = "" if facts.files_say is None else facts.files_say.unstated or ""
    title = "The last full months (UTC), as statement has them"
    return Table(title, columns, tuple(lines), frozenset(range(2, 8)), unstated)


# Payouts --------------------------------------------------------------------------------------------------------------


def payouts(report: LakeReport, facts: AccountFacts, extent: Extent) -> Table:
    """Return the latest payouts and those that do not add up, each with the command that shows its rows."""
    payout_lines = () if facts.payouts is None else facts.payouts.lines
    told = sorted(payout_lines, key=lambda payout: payout.answer != "differs")[
        : extent.payouts
    ]  # in order of time besides
    several = len(report.accounts) > 1
    lines = tuple(
        (
            payout.id,
            to_date(payout.created),
            to_date(payout.arrival),
            payout.status,
            Money(payout.amount, payout.currency),
            payout.currency.upper(),
            payout.rows,
            _answer(payout),
            command("stream", "--payout", payout.id, *(["--account", facts.account] if several else [])),
        )
        for payout in told
    )
    columns = ("payout", "made", "arrives", "status", "amount", "currency", "rows", "adds up", "its rows")
    marks = tuple((place, "wrong") for place, payout in enumerate(told) if payout.answer == "differs")
    return Table("Payouts", columns, lines, frozenset({4, 6}), _payouts_note(facts, len(told)), marks)


def _answer(payout: PayoutLine) -> str:
    left = ", ".join(f"{shown(Money(net, code))} {code.upper()}" for code, net in payout.left)
    return PAYOUT_WORDS[payout.answer] + (f": {left} left" if left else "")


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
            line.run,
            line.rows,
            "" if line.first_created is None else minute_text(line.first_created),
            "" if line.last_created is None else minute_text(line.last_created),
            age(line.longest_lag),
        )
        for line in facts.late[: extent.lines]
    )
    columns = ("found by run", "rows", "first created", "last created", "latest came after")
    return Table("Rows that came late", columns, lines, frozenset({1}), _more(facts.late, extent))


def drift(facts: AccountFacts, extent: Extent) -> Table:
    """Return how rows have differed from the schema."""
    lines = tuple((line.kind, line.name, line.count, line.example) for line in facts.drift[: extent.lines])
    title = "How rows have differed from the schema"
    return Table(title, ("what", "field", "rows", "for example"), lines, frozenset({2}), _more(facts.drift, extent))


def audit(facts: AccountFacts) -> Table:
    """Return how far the past was asked about again."""
    past = facts.audit
    oldest = "never" if past.oldest is None else f"{minute_text(past.oldest)} UTC"
    lacking = "; ".join(f"{minute_text(start)} to {minute_text(stop)}" for start, stop in past.lacking[:5]) or "none"
    lines: tuple[tuple[Cell, ...], ...] = (
        ("pages of the past", past.pages),
        ("never asked for again", past.never),
        ("what was asked about longest ago", oldest),
        ("gaps to ask about first", past.waiting),
        ("times known to lack rows", lacking),
    )
    return Table("How far the past was asked about again", ("", ""), lines, frozenset({1}))


def runs(report: LakeReport) -> Table:
    """Return the latest runs."""
    lines: list[tuple[Cell, ...]] = [
        (
            in_words(run.started),
            f"{run.outcome}: {run.error}" if run.error else run.outcome,
            f"{run.seconds:,.1f} s",
            run.requests,
            run.accounts,
            run.rows_new,
            run.rows_changed,
            run.late,
        )
        for run in report.runs
    ]
    marks = tuple(
        (place, "look") for place, run in enumerate(report.runs) if run.outcome not in {"complete", "planned"}
    )
    columns = ("began", "outcome", "took", "requests", "accounts", "new rows", "changed", "late")
    return Table("The latest runs of sync", columns, tuple(lines), frozenset(range(2, 8)), marks=marks)


def _more(lines: Sequence[object], extent: Extent) -> str:
    more = len(lines) - extent.lines
    return f"And {more:,} more: --json." if more > 0 else ""
