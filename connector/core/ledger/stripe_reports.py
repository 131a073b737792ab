"""Stripe's own reports beside a statement, line by line.

The forms are those of docs.stripe.com/reports/report-types: amounts in major units as decimals. In summaries a fee is
negative where it was taken (`net = gross + fee`), in itemized reports positive (`net = gross - fee`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from connector.core.ledger.ledger import PAYOUT_CATEGORIES, Purse, Sums
from connector.core.ledger.money import decimals
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from connector.core.ledger.statement import AccountStatement, Part, PurseStatement

_BALANCE = frozenset({"category", "net_amount", "currency"})
_SUMMARY = frozenset({"reporting_category", "currency", "gross", "fee", "net"})
_ITEMIZED = frozenset({"balance_transaction_id", "currency", "gross", "fee", "net"})

_AMOUNT = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
"""Thousands apart, by a comma or by a point, decimals by the other."""

FIGURES = ("gross", "fee", "net")


class Itemized(NamedTuple):
    """A row of an itemized report, minor units; `category` None where the report does not say."""

    id: str
    currency: str
    category: str | None
    gross: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A line of the report beside the lake's.

    Attributes:
        name: of the line: `starting_balance`, a category, an id.
        currency: lower-case ISO code.
        figure: `net`, `gross`, `fee`, `count`, `category`, or `row` where one side has none.
        report: what the report says; None where it has no such line.
        lake: what the lake says; None where it is not known.
    """

    name: str
    currency: str
    figure: str
    report: int | str | None
    lake: int | str | None

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.report == self.lake and self.report is not None


@dataclass(slots=True)
class Comparison:
    """A report beside the lake.

    Attributes:
        form: `balance summary`, `summary by category` or `itemized`.
        compared: lines compared.
        lines: of a summary all, of an itemized report those that differ, up to a number.
        differing: lines that differ, all of them.
        notes: what was not compared, and why.
    """

    form: str
    compared: int = 0
    lines: list[Compared] = field(default_factory=list[Compared])
    differing: int = 0
    notes: list[str] = field(default_factory=list[str])

    def add(self, *found: Compared, keep: bool = True) -> None:
        """Take lines in."""
        for compared in found:
            self.compared += 1
            self.differing += not compared.agrees
            if keep:
                self.lines.append(compared)


def form_of(columns: Iterable[str] | None, name: str) -> str:
    """Say which form a report has, by its columns.

    Raises:
        ConfigError: none that is known.
    """
    there = frozenset(columns or ())
    for form, needed in (("itemized", _ITEMIZED), ("summary by category", _SUMMARY), ("balance summary", _BALANCE)):
        if needed <= there:
            return form
    raise ConfigError(
        f"{name} is none of Stripe's reports that can be compared: its columns must be those of balance.summary.1, "
        "balance_change_from_activity.summary.1, payouts.summary.1, or of an itemized report with "
        "balance_transaction_id, currency, gross, fee and net"
    )


def minor(text: str, currency: str, where: str) -> int:
    """Return an amount in major units, `-1234.50`, in minor units; never through a float.

    Raises:
        ConfigError: it is no such amount, or has more decimals than the currency.
    """
    places = decimals(currency)
    plain = _ungrouped(text.strip(), places)
    if not _AMOUNT.fullmatch(plain):
        raise ConfigError(f"{where}: {text!r} is not an amount such as -1234.50")
    whole, _, part = plain.lstrip("+-").replace(",", ".").partition(".")
    if part[places:].strip("0"):
        raise ConfigError(f"{where}: {text!r} has more decimals than {currency.upper()} has")
    value = int(whole + part[:places].ljust(places, "0"))
    return -value if plain.startswith("-") else value


def _ungrouped(text: str, places: int) -> str:
    """Return an amount without what parts its thousands.

    A single point comes before decimals, as in all of Stripe's documented reports. So does a single comma with as many
    digits after it as the currency has decimals, which reports always print.
    """
    marks = [character for character in text if character in ",."]
    if marks == ["."] or not _GROUPED.fullmatch(text) or (marks == [","] and places == len("000")):
        return text
    return text.replace(marks[0], "").replace(",", ".")


def compare_balance(rows: Iterable[Mapping[str, str]], account: AccountStatement, name: str) -> Comparison:
    """Compare a `balance.summary.1` with the statement of the payments balance.

    Raises:
        ConfigError: an amount is none, or a line is there twice.
    """
    comparison = Comparison("balance summary")
    by_currency: dict[str, dict[str, int]] = {}
    for number, row in enumerate(rows, start=2):
        currency, category, where = row["currency"].strip().lower(), row["category"].strip(), f"{name}, line {number}"
        lines = by_currency.setdefault(currency, {})
        _refuse_twice(category, currency, lines, where)
        lines[category] = minor(row["net_amount"], currency, where)
    for currency, report in by_currency.items():
        _signed(report)
        purse = _purse(account, currency)
        mine = {} if purse is None else _balance_lines(purse)
        for line, value in report.items():
            comparison.add(Compared(line, currency, "net", value, mine.get(line) if purse else _of_nothing(line)))
    _missing(comparison, account, by_currency)
    return comparison


def compare_summary(rows: Iterable[Mapping[str, str]], account: AccountStatement, name: str) -> Comparison:
    """Compare a summary by category with the statement of the payments balance.

    Raises:
        ConfigError: an amount is none, or a category is there twice.
    """
    comparison = Comparison("summary by category")
    report = [_summed(row, f"{name}, line {number}") for number, row in enumerate(rows, start=2)]
    part: Part = "payouts" if any(line.category in PAYOUT_CATEGORIES for line in report) else "activity"
    seen: dict[str, set[str]] = {}
    for number, summed in enumerate(report, start=2):
        _refuse_twice(
            summed.category, summed.currency, seen.setdefault(summed.currency, set()), f"{name}, line {number}"
        )
        seen[summed.currency].add(summed.category)
        _compare_sums(comparison, summed, _purse(account, summed.currency), part)
    for currency, categories in seen.items():
        purse = _purse(account, currency)
        for line in () if purse is None else purse.lines:
            if line.part == part and line.category not in categories:
                comparison.add(Compared(line.category, currency, "net", None, line.sums.net))
    _missing(comparison, account, seen)
    return comparison


class _Summed(NamedTuple):
    """A line of a summary; fees positive where they were taken, `rows` None where the report has none."""

    category: str
    currency: str
    gross: int
    fee: int
    net: int
    rows: int | None


def _summed(row: Mapping[str, str], where: str) -> _Summed:
    currency, count = row["currency"].strip().lower(), row.get("count", "").strip()
    gross, fee, net = (minor(row[figure], currency, where) for figure in FIGURES)
    fee = fee if gross - fee == net and gross + fee != net else -fee
    return _Summed(
        row["reporting_category"].strip(), currency, gross, fee, net, int(count) if count.isdecimal() else None
    )


def _compare_sums(comparison: Comparison, report: _Summed, purse: PurseStatement | None, part: Part) -> None:
    """Compare a line with the lake's; a category that has no rows there has sums of nothing."""
    sums = Sums()
    if purse is not None:
        lines = [line for line in purse.lines if line.part == part and report.category in {"total", line.category}]
        sums = sum((line.sums for line in lines), Sums())
    for figure in FIGURES:
        comparison.add(
            Compared(report.category, report.currency, figure, getattr(report, figure), getattr(sums, figure))
        )
    if report.rows is not None:
        comparison.add(Compared(report.category, report.currency, "count", report.rows, sums.count))


def itemized(rows: Iterable[Mapping[str, str]], name: str) -> Iterator[Itemized]:
    """Read the rows of an itemized report; raises ConfigError for an amount that is none."""
    for number, row in enumerate(rows, start=2):
        currency, where = row["currency"].strip().lower(), f"{name}, line {number}"
        gross, fee, net = (minor(row[figure], currency, where) for figure in FIGURES)
        if gross - fee != net and gross + fee == net:
            fee = -fee
        yield Itemized(
            row["balance_transaction_id"].strip(),
            currency,
            row.get("reporting_category", "").strip() or None,
            gross,
            fee,
            net,
        )


def differences(report: Itemized | None, lake: Itemized | None) -> list[Compared]:
    """Compare one row; a side that has none is None."""
    if report is None or lake is None:
        side = report or lake
        if side is None:
            return []
        sides = (None if report is None else report.net, None if lake is None else lake.net)
        return [Compared(side.id, side.currency, "row", *sides)]
    compared: list[Compared] = []
    if report.currency != lake.currency:
        compared.append(Compared(report.id, report.currency, "currency", report.currency, lake.currency))
    if report.category is not None and report.category != lake.category:
        compared.append(Compared(report.id, report.currency, "category", report.category, lake.category))
    for figure in FIGURES:
        values = getattr(report, figure), getattr(lake, figure)
        if values[0] != values[1]:
            compared.append(Compared(report.id, report.currency, figure, *values))
    return compared


def _refuse_twice(category: str, currency: str, there: Container[str], where: str) -> None:
    """Refuse a second line about the same, as where two reports were put together: which of them counts?"""
    if category in there:
        raise ConfigError(f"{where}: {category or 'a line without a name'} of {currency.upper()} is there twice")


def _signed(report: dict[str, int]) -> None:
    """Give fees the sign with which the lines add up: some exports print what was taken without its minus."""
    for part in ("activity", "payouts"):
        whole, gross, fee = (report.get(name) for name in (part, f"{part}_gross", f"{part}_fee"))
        if whole is not None and gross is not None and fee is not None and gross + fee != whole == gross - fee:
            report[f"{part}_fee"] = -fee


def _of_nothing(line: str) -> int | None:
    """Return what a currency without rows and without a known opening has: nothing moved, and the rest is not known."""
    return None if line.endswith("_balance") else 0


def _balance_lines(purse: PurseStatement) -> dict[str, int | None]:
    lines: dict[str, int | None] = {"starting_balance": purse.opening.amount, "ending_balance": purse.closing}
    for part in ("activity", "payouts"):
        sums = purse.total(part)
        lines |= {f"{part}_gross": sums.gross, f"{part}_fee": -sums.fee, part: sums.net}
    return lines


def _purse(account: AccountStatement, currency: str) -> PurseStatement | None:
    wanted = Purse("payments", currency)
    return next((purse for purse in account.purses if purse.purse == wanted), None)


def _missing(comparison: Comparison, account: AccountStatement, currencies: Iterable[str]) -> None:
    """Note what the lake has and the report has no line of."""
    there = set(currencies)
    payments = [purse for purse in account.purses if purse.purse.balance_type == "payments"]
    without = sorted(payment.purse.currency.upper() for payment in payments if payment.purse.currency not in there)
    if without:
        comparison.notes.append(f"the report has no lines of {', '.join(without)}")
    others = sorted({purse.purse.balance_type for purse in account.purses} - {"payments"})
    if others:
        comparison.notes.append(f"Stripe's reports are about the payments balance: {', '.join(others)} not compared")
