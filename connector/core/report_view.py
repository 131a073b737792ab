"""A run report for people at a prompt or in a notebook: one line, or a small table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from connector.core.counting import counted

if TYPE_CHECKING:
    from connector.core.run_report import AccountReport, Report

MOST_ACCOUNTS = 20
"""Accounts that have a line of their own in a table."""

_HEAD = ("account", "new", "changed", "unchanged", "late", "in the lake", "error")


def in_one_line(report: Report) -> str:
    """Return `<Report complete: 1 account, 1,500 rows new, 42 requests, 1.9 s>`."""
    new = sum(account.rows_new for account in report.accounts)
    facts = (
        counted(len(report.accounts), "account"),
        f"{counted(new, 'row')} new",
        counted(report.requests.total, "request"),
        f"{report.duration_seconds:.1f} s",
    )
    error = "" if report.error is None else f"; {report.error}"
    return f"<Report {report.outcome}: {', '.join(facts)}{error}>"


def in_html(report: Report) -> str:
    """Return a table with a line for each account, the first `MOST_ACCOUNTS` of them."""
    shown = report.accounts[:MOST_ACCOUNTS]
    more = len(report.accounts) - len(shown)
    lines = [_line(_cells(account)) for account in shown]
    if more:
        lines.append(f'<tr><td colspan="{len(_HEAD)}">and {counted(more, "more account")}</td></tr>')
    head = "".join(f"<th>{escape(name)}</th>" for name in _HEAD)
    title = escape(f"{in_one_line(report)[1:-1]}, {report.destination}")
    return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _cells(account: AccountReport) -> tuple[str, ...]:
    counts = (account.rows_new, account.rows_changed, account.rows_unchanged, account.late.rows, account.lake_rows)
    return (account.account, *(f"{count:,}" for count in counts), account.error or "")


def _line(cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
