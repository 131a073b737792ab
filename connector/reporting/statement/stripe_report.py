"""A report of Stripe's, read from its file and laid beside the lake."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.ledger.ledger import PAYOUT_CATEGORIES, UNNAMED
from connector.core.ledger.stripe_reports import (
    Comparison,
    Itemized,
    compare_balance,
    compare_summary,
    differences,
    form_of,
    itemized,
)
from connector.core.units import PAYMENTS
from connector.errors import ConfigError
from connector.lake.stores.temporary import temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.time.intervals import Interval
    from connector.reporting.scan import AccountScan

MOST_LINES = 200
"""Rows of an itemized report that differ, of which each is named."""

_NO_CATEGORY = "no category"

_COLUMNS = ("id", "currency", "balance_type", "reporting_category", "amount", "fee", "net")
_ADD = "insert or replace into report values (?, ?, ?, ?, ?, ?)"
_FIND = "delete from report where id = ? returning currency, category, gross, fee, net"


def compare_report(
    path: str | PathLike[str], account: AccountStatement, rows: AccountScan, bounds: Interval
) -> Comparison:
    """Compare a report with what the lake says of one account in a period. Blocks.

    Args:
        path: of the CSV file.
        account: its statement.
        rows: its rows, for an itemized report.
        bounds: of the period, UTC seconds.

    Raises:
        ConfigError: the file cannot be read, or is none of the reports that can be compared.
    """
    name = Path(path).name
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            form = form_of(reader.fieldnames, name)
            lines = ({key: value for key, value in row.items() if isinstance(value, str)} for row in reader)
            others: Counter[str] = Counter()
            if form == "balance summary":
                return compare_balance(lines, account, name)
            if form == "summary by category":
                return compare_summary(lines, account, name)
            found = _compare_rows(itemized(_of_payments(lines, others), name), rows, bounds, name)
            found.notes.extend(
                f"{counted(others[balance], 'row')} of {balance} not compared: Stripe's reports are about the payments"
                " balance"
                for balance in sorted(others)
            )
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"the report {path} cannot be read: {error}") from error


def _of_payments(lines: Iterable[dict[str, str]], others: Counter[str]) -> Iterator[dict[str, str]]:
    """Yield the lines of the payments balance: `statement --format itemized` has those of the others, too."""
    for line in lines:
        balance = line.get("balance_type", "").strip() or PAYMENTS
        if balance == PAYMENTS:
            yield line
        else:
            others[balance] += 1


def _compare_rows(report: Iterable[Itemized], rows: AccountScan, bounds: Interval, name: str) -> Comparison:
    """Compare row by row, the report's in a temporary file of its own."""
    comparison = Comparison("itemized")
    with temporary_database("keeping the report's lines") as there:
        there.execute(
            "create table report (id text primary key, currency text, category text, gross int, fee int, net int)"
        )
        for line in report:
            if there.execute("select 1 from report where id = ?", (line.id,)).fetchone():
                raise ConfigError(f"the report has {line.id} twice")
            try:
                there.execute(_ADD, line)
            except OverflowError as error:
                raise ConfigError(f"{name}: the amounts of {line.id} are beyond all that Stripe has") from error
        currencies = {row[0] for row in there.execute("select distinct currency from report")}
        categories = {row[0] for row in there.execute("select distinct category from report") if row[0]}
        without: Counter[str] = Counter()
        for mine in _mine(rows, bounds):
            hit = there.execute(_FIND, (mine.id,)).fetchone()
            if hit is None and not (mine.currency in currencies and _belongs(mine.category, categories)):
                without[mine.currency if mine.currency not in currencies else "" if categories else _NO_CATEGORY] += 1
                continue
            theirs = None if hit is None else Itemized(mine.id, *hit)
            _note(comparison, theirs, mine)
        left = there.execute("select * from report order by id")
        for row in left:
            _note(comparison, Itemized(*row), None)
    if comparison.differing > len(comparison.lines):
        comparison.notes.append(
            f"the first {len(comparison.lines):,} of {comparison.differing:,} differences are shown"
        )
    comparison.notes.extend(_not_compared(without))
    return comparison


def _not_compared(without: Mapping[str, int]) -> Iterator[str]:
    """Say of which rows a report says nothing, and why that is no difference.

    Args:
        without: rows of the lake by their currency, where the report has none of it, or by `_NO_CATEGORY`; empty for
            those of a category that has a report of its own.
    """
    for currency in sorted(without.keys() - {"", _NO_CATEGORY}):
        rows = counted(without[currency], "row")
        yield f"the report has no lines of {currency.upper()}: {rows} of the lake not compared"
    if unnamed := without.get(_NO_CATEGORY):
        rows = counted(unnamed, "row")
        yield f"the report does not say the reporting_category: {rows} that only the lake has not compared"


def _note(comparison: Comparison, report: Itemized | None, lake: Itemized | None) -> None:
    differing = differences(report, lake)
    if not differing:
        comparison.compared += 1
    for compared in differing:
        comparison.add(compared, keep=len(comparison.lines) < MOST_LINES)


def _belongs(category: str | None, categories: set[str]) -> bool:
    """Say whether a report with these categories should have a row of this one: payouts have reports of their own."""
    if not categories:
        return False
    of_payouts = categories <= PAYOUT_CATEGORIES
    with_payouts = bool(categories & PAYOUT_CATEGORIES)
    return category in PAYOUT_CATEGORIES if of_payouts else with_payouts or category not in PAYOUT_CATEGORIES


def _mine(rows: AccountScan, bounds: Interval) -> Iterator[Itemized]:
    for table in rows.between(bounds.start, bounds.stop, _COLUMNS):
        for row in table.to_pylist():
            if (row["balance_type"] or PAYMENTS) == PAYMENTS:
                category = row["reporting_category"] or UNNAMED
                yield Itemized(row["id"], row["currency"], category, row["amount"], row["fee"], row["net"])
