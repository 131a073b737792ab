"""Lines to tables with titles and columns, for those who read them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.planning.rereading.backfill import unlinked_words
from connector.reporting.statement.lines import lines_of
from connector.reporting.statement.statement_line import AMOUNTS, TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.ledger.ledger import Purse
    from connector.core.ledger.since_frozen import SinceFrozen
    from connector.core.ledger.statement import AccountStatement
    from connector.core.time.periods import Period
    from connector.reporting.statement.facts import Statement
    from connector.reporting.statement.statement_line import Line

TITLES = {
    "balance": "Balance",
    "fees": "Fees and taxes by kind",
    "refunds": "Refunds and disputes, and their fees",
    "disputes": "Disputes, one by one",
    "conversion": "Conversion from other currencies",
    "pending": "Pending at the end, by the day it becomes available",
    "payouts": "Payouts",
    "bridge": "From the balance to the bank",
    "bank": "On the way to the bank",
    "since_frozen": "Changed since it was frozen",
    "frozen_rows": "Rows that are new or changed since it was frozen",
    "changes": "Change",
    "why": "Why fees changed",
    "report": "Stripe's report beside the lake",
}

_SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "balance": (("name", ""), ("count", "rows"), ("gross", "gross"), ("fee", "fees"), ("net", "net"), ("note", "")),
    "fees": (("name", "kind"), ("kind", "taken"), ("count", "times"), ("fee", "amount"), ("note", "")),
    "refunds": (
        ("name", "category"),
        ("count", "rows"),
        ("gross", "gross"),
        ("fee", "fees charged"),
        ("fee_returned", "fees given back"),
        ("net", "net"),
        ("note", ""),
    ),
    "disputes": (
        ("id", "dispute"),
        ("at", "first row"),
        ("gross", "gross"),
        ("fee", "fees"),
        ("net", "net"),
        ("state", "state"),
        ("day", "evidence due"),
        ("note", "reason"),
    ),
    "conversion": (
        ("name", "paid in"),
        ("count", "rows"),
        ("paid", "paid"),
        ("gross", "came to"),
        ("fee", "fees"),
        ("note", ""),
    ),
    "pending": (("day", "day"), ("net", "net")),
    "payouts": (
        ("id", "payout"),
        ("at", "sent"),
        ("day", "arrives"),
        ("kind", "kind"),
        ("state", "state"),
        ("name", "at the end"),
        ("gross", "amount"),
        ("fee", "fee"),
        ("bank", "bank account"),
        ("note", ""),
    ),
    "bridge": (("name", ""), ("net", "amount"), ("note", "")),
    "bank": (("bank", "bank account"), ("name", ""), ("count", "payouts"), ("net", "amount")),
    "since_frozen": (("name", "category"), ("count", "rows"), ("gross", "gross"), ("fee", "fees"), ("net", "net")),
    "frozen_rows": (
        ("id", "row"),
        ("at", "created"),
        ("name", "category"),
        ("state", ""),
        ("gross", "gross"),
        ("fee", "fees"),
        ("net", "net"),
    ),
    "changes": (("name", "category"), ("count", "rows"), ("gross", "gross"), ("fee", "fees"), ("net", "net")),
    "why": (("name", ""), ("fee", "fees"), ("note", "")),
    "report": (("name", "line"), ("kind", "figure"), ("report", "report"), ("lake", "lake"), ("state", "")),
}

NUMBERS = frozenset({*AMOUNTS, "count", "report", "lake", "opening", "payouts", "closing"})
"""Columns that are read from the right."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table.

    Attributes:
        account: whose.
        title: what it is about, with its balance and currency.
        columns: names of cells, each with its heading.
        lines: its rows.
        note: what is said below it.
    """

    account: str
    title: str
    columns: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    note: str = ""


def sections_of(statement: Statement) -> Iterator[Section]:
    """Yield the tables of a statement, in order; columns in which no line has anything are left out."""
    accounts = {account.account: account for account in statement.accounts}
    tables: dict[tuple[str, Purse, str], list[Line]] = {}
    for line in lines_of(statement):  # payouts come as they were sent, whatever their currencies
        tables.setdefault((line.account, line.purse, line.group), []).append(line)
    for (name, purse, group), table in tables.items():
        lines = tuple(table)
        columns = tuple(
            (column, heading)
            for column, heading in _SHOWN[group]
            if any(line.cells.get(column) not in {None, ""} for line in lines)
        )
        whose = " ".join(filter(None, (purse.balance_type, purse.currency.upper())))
        title = f"{TITLES[group]}{_since(statement, group)}: {whose}"
        yield Section(name, title, columns, lines, _note(statement, accounts[name], group))


def is_total(line: Line) -> bool:
    """Say whether a line adds others up."""
    return line.line in ({"left"} if line.group == "bridge" else TOTALS)


def headline(statement: Statement) -> str:
    """Return what a statement is of, in one line."""
    period = statement.period
    ends = f"{period.minute(period.bounds.start)} to {period.minute(period.bounds.stop)}"
    return f"{statement.destination}: statement of {period.name if period.is_named else ends} ({period.zone})"


def standing(statement: Statement, account: AccountStatement) -> list[str]:
    """Say how far an account's statement can be relied on: whether it is final, and up to when the lake is complete."""
    period = statement.period
    lines = ["final" if account.final else "NOT FINAL"]
    lines[0] += f": {counted(account.rows, 'row')}"
    lines += [f"not final: {reason}" for reason in account.reasons]
    if account.complete_to is not None:
        lines.append(f"the lake is complete up to {period.moment(account.complete_to)}")
    if account.retired is not None:
        lines.append(f"retired {period.moment(account.retired.at)}: {account.retired.reason}")
    if account.since_frozen is not None:
        lines += _frozen(period, account.since_frozen)
    said = statement.comparison
    if said is not None and said.differing:
        lines.append(f"DIFFERS from {statement.report}: {said.differing:,} of {said.compared:,} compared")
    if account.livemode is False:
        lines.append("test mode: no real money")
    if not account.purses:
        what = "nothing" if statement.currency is None else f"nothing in {statement.currency.upper()}"
        lines.append(f"{what} in this period, and nothing before it that is known")
    return lines


def unlinked(statement: Statement) -> str:
    """Say once what adds the links of refunds and disputes, where there are such rows and the lake has no links."""
    purses = [purse for account in statement.accounts for purse in account.purses]
    if not any(purse.refunds or purse.dispute_lines for purse in purses):
        return ""
    return unlinked_words(statement.destination, [account.options for account in statement.accounts])


def _frozen(period: Period, since: SinceFrozen) -> list[str]:
    """Say when a period was frozen, and whether it is as it was then."""
    frozen = since.frozen
    said = "frozen now" if since.written_now else f"frozen {period.moment(frozen.frozen_at)}"
    of = f"record {frozen.lake_record} (SHA-256 {frozen.lake_record_sha256[:12]}…)"
    first = f"{said}, revision {frozen.revision}, of {of}; figures SHA-256 {frozen.figures_sha256[:12]}…"
    if since.written_now:
        return [first]
    if not since.differs:
        return [first, "nothing has changed since it was frozen"]
    counts = [(since.new, "new"), (since.changed, "changed"), (since.gone, "gone")]
    rows = ", ".join(f"{counted(count, 'row')} {kind}" for count, kind in counts if count)
    return [first, f"CHANGED since it was frozen: {rows or 'sums by category, below'}"]


def _since(statement: Statement, group: str) -> str:
    if group in {"changes", "why"} and statement.compared_with is not None:
        return f" since {statement.compared_with.name}"
    return ""


def _note(statement: Statement, account: AccountStatement, group: str) -> str:
    if group == "payouts" and account.payouts_as_of is not None:
        read_at = statement.period.minute(account.payouts_as_of)
        return f"states as of {read_at}, when payouts were last read"
    if group in {"payouts", "bank", "bridge"} and account.payouts_as_of is None:
        again = shlex.join(["stripe-balance", "payouts", statement.destination])
        return f"payouts were not read: `{again}` brings their states"
    if group == "balance":
        return "available and pending at a past moment are computed from the rows, not observed"
    if group in {"changes", "why"} and any(
        not change.final for change in statement.changes if change.account == account.account
    ):
        return f"{statement.compared_with.name if statement.compared_with else 'the earlier period'} is not final"
    if group == "report" and statement.comparison is not None:
        comparison = statement.comparison
        said = f"{comparison.form}: {comparison.compared:,} compared, {comparison.differing:,} differ"
        return "; ".join([said, *comparison.notes])
    return ""
