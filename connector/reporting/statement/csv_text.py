"""A statement as one table of comma-separated values (RFC 4180): one header, dates as in ISO 8601, amounts twice."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from connector.reporting.cells import Cell, Money, decimal
from connector.reporting.csv_lines import to_line, words
from connector.reporting.statement.lines import lines_of
from connector.reporting.statement.statement_line import AMOUNTS, COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.statement import AccountStatement
    from connector.reporting.statement.facts import Statement
    from connector.reporting.statement.statement_line import Line

HEADER = (
    "account",
    "balance_type",
    "currency",
    "timezone",
    "period_start",
    "period_end",
    "final",
    "complete_to",
    "payouts_as_of",
    "table",
    "line",
    *COLUMNS,
    "paid_currency",
    *(f"{name}_minor" for name in AMOUNTS),
)
"""Amounts in major units with the currency's decimals; those ending in `_minor` in minor units."""


def to_text(statement: Statement) -> Iterator[str]:
    """Yield the table line by line, each with its line break."""
    accounts = {account.account: account for account in statement.accounts}
    yield to_line(HEADER)
    for line in lines_of(statement):
        row = {**_about(statement, accounts[line.account], line), **_values(line)}
        yield to_line(row.get(name, "") for name in HEADER)


def _about(statement: Statement, account: AccountStatement, line: Line) -> dict[str, str]:
    period = statement.period
    upto, read_at = account.complete_to, account.payouts_as_of
    return {
        "account": account.account,
        "balance_type": line.purse.balance_type,
        "currency": line.purse.currency,
        "timezone": period.zone,
        "period_start": period.local(period.bounds.start).isoformat(),
        "period_end": period.local(period.bounds.stop).isoformat(),
        "final": "true" if account.final else "false",
        "complete_to": "" if upto is None else period.local(upto).isoformat(),
        "payouts_as_of": "" if read_at is None else period.local(read_at).isoformat(),
        "table": line.group,
        "line": line.line,
    }


def _values(line: Line) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, cell in line.cells.items():
        values[name] = _plain(cell)
        if isinstance(cell, Money) and cell.amount is not None:
            values[f"{name}_minor"] = str(cell.amount)
        if isinstance(cell, Money) and name == "paid":
            values["paid_currency"] = cell.currency
    for name in ("report", "lake"):  # figures, or words; no formula
        if name in line.cells:
            values[name] = str(line.cells[name])
    return values


def _plain(cell: Cell) -> str:
    if cell is None or (isinstance(cell, Money) and cell.amount is None):
        return ""
    if isinstance(cell, Money):
        return decimal(cell.amount or 0, cell.currency)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, int):
        return str(cell)
    return words(cell)
