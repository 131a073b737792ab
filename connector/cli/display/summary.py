"""What a run did, in a few lines for people."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from connector.cli.display.words import intervals, lasting, moment, nets
from connector.core.counting import counted, sized
from connector.core.mode import mode_of
from connector.core.planning.survey.expected import Expected
from connector.core.run_report import damage_of
from connector.core.state.drift import DriftFinding
from connector.core.state.table_state import add_net

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.cli.display.console import Console
    from connector.core.run_report import AccountReport, Report, Requests

ACCOUNTS_IN_FULL = 3
ACCOUNTS_NAMED = 20
DRIFT_NAMED = 3
MANY_FILES, FEW_ROWS = 100, 10
"""Files from which on a lake has many, and rows a file on average below which they are small."""
MANY_ROWS = 100
"""Rows in which what is to be left out should have been met, if it is spelt right."""


def summary(report: Report, console: Console) -> list[str]:
    """Return what there is to say about a run that is complete, was only planned, or failed for some accounts."""
    planned = any(account.expected is not None for account in report.accounts)  # also where another account failed
    mark, headline = _headline(report, console)
    facts = filter(None, [mode_of(report.livemode), lasting(report.duration_seconds)])
    lines = [f"{mark} {console.paint(headline, 'bold')} ({', '.join(facts)})"]
    shown = report.accounts if len(report.accounts) <= ACCOUNTS_IN_FULL else ()
    for account in shown:
        facts = (_planned if planned else _done)(account, report)
        lines += [f"  {account.account}", *table(facts, console, indent=4)]
    if not shown:
        lines += [f"  {_short(account, report)}" for account in report.accounts[:ACCOUNTS_NAMED]]
        more = len(report.accounts) - ACCOUNTS_NAMED
        lines += [f"  and {counted(more, 'more account')}"] if more > 0 else []
        totals = [_cost(report)] if planned else [("all", _all(report.accounts)), *_net(report.accounts)]
        lines += table(totals, console, indent=4)
    if report.not_found and sum(account.rows_received for account in report.accounts) >= MANY_ROWS:
        lines += table(
            [("no such", f"{', '.join(report.not_found)}: in no row; spelt as Stripe has it?")], console, indent=4
        )
    if not planned:
        lines += table([("requests", _requests(report.requests))], console, indent=4)
    return lines


def _headline(report: Report, console: Console) -> tuple[str, str]:
    failed = sum(account.error is not None for account in report.accounts)
    if failed:
        fine = len(report.accounts) - failed
        rest = "planned" if any(account.expected for account in report.accounts) else "up to date"
        others = f", {fine:,} {rest}" if fine else ""
        headline = f"{report.destination}: {counted(failed, 'account')} failed{others}"
        return console.paint(console.symbol("✗", "!"), "red"), headline
    if report.outcome == "planned":
        return console.paint(
            console.symbol("○", "-"), "green"
        ), f"{report.destination}: a dry run, which reads nothing into it"
    if report.outcome == "damaged":
        headline = f"{report.destination} has lost something that could not be mended; all else is up to date"
        return console.paint(console.symbol("✗", "!"), "red"), headline
    return console.paint(console.symbol("✓", "*"), "green"), f"{report.destination} is up to date"


def table(facts: Sequence[tuple[str, str]], console: Console, *, indent: int, width: int = 9) -> list[str]:
    """Return names and values in two columns."""
    return [f"{' ' * indent}{console.paint(f'{name:<{width}}', 'dim')} {value}" for name, value in facts]


def differs(findings: Sequence[DriftFinding], *, most: int, rest: str) -> list[tuple[str, str]]:
    """Say how rows differ from the schema, the most frequent first; where there is more to say, where it is said."""
    ordered = sorted(findings, key=lambda finding: -finding.count)
    said = [
        f"{finding.described}, {counted(finding.count, 'time')}, such as in {finding.example}"
        for finding in ordered[:most]
    ]
    more = len(ordered) - most
    said += [f"and {counted(more, 'more kind')} of difference: see {rest}"] if more > 0 else []
    return [("" if position else "differs", line) for position, line in enumerate(said)]


def _done(account: AccountReport, report: Report) -> list[tuple[str, str]]:
    late = account.late
    facts = [("rows", _counts(account)), ("written", counted(account.files_written, "file"))]
    if account.asked[0] >= account.asked[1]:
        facts.append(("", f"what was asked for is still to come: now it is {moment(account.asked[1])}"))
    if late.rows:
        facts.append(("", f"the latest of them came {lasting(late.longest_lag_seconds)} after it was created"))
    if account.rows_disappeared:
        facts.append(
            ("", f"{account.rows_disappeared:,} no longer listed by Stripe; kept, unless their file was damaged")
        )
    if account.contradicted:
        answers = "1 answer was" if account.contradicted == 1 else f"{account.contradicted:,} answers were"
        facts.append(
            ("", f"{answers} contradicted by another: Stripe had shown nothing where there was more; read again")
        )
    if account.unstable_ties:
        facts.append(("", f"rows of {counted(account.unstable_ties, 'second')} came in another order when asked again"))
    pending = f", {account.lake_pending:,} still pending" if account.lake_pending else ""
    files = counted(account.lake_files, f"{report.format} file")
    mixed = len(account.api_versions) > 1
    return [
        *facts,
        ("lake", f"{counted(account.lake_rows, 'row')} in {files}, {sized(account.lake_bytes)}{pending}"),
        *([("parked", parked(account.lake_parked))] if account.lake_parked else []),
        *([("sources", bare(account.lake_bare))] if account.lake_bare else []),
        *([("audit", _audit(account))] if account.audit.requests else []),
        *([("lost", damage)] if (damage := damage_of(account)) else []),
        *nets(account.net, account.net_by_balance),
        ("covered", intervals(account.covered)),
        *differs([DriftFinding(**finding) for finding in account.drift], most=DRIFT_NAMED, rest="the run report"),
        *([("versions", f"{', '.join(account.api_versions)}: rows of the lake come from more than one")] * mixed),
    ]


def parked(rows: int) -> str:
    """Say how many rows wait for the rest of their partitions."""
    return (
        f"{counted(rows, 'row')} read besides, and not visible until the rest of their files is: the next run reads it"
    )


def bare(rows: int) -> str:
    """Say how many rows wait to be read again for what the lake expands."""
    return f"up to {counted(rows, 'row')} from before what is expanded now: `--backfill` reads on"


def _audit(account: AccountReport) -> str:
    audit = account.audit
    pages, rows = counted(audit.requests, "page"), counted(audit.rows, "row")
    differing = f"{audit.differing:,} of them not as in the lake" if audit.differing else "as in the lake"
    return f"{pages} of the past asked for again, {rows}: {differing}"


def small_files(report: Report) -> str | None:
    """Say once, of a lake that this run made, that its files are many and small, and what makes fewer of them."""
    accounts = report.accounts
    files, rows = (sum(getattr(account, name) for account in accounts) for name in ("lake_files", "lake_rows"))
    longer = {"day": "month", "month": "year"}.get(report.partition)
    made = all(account.rows_new == account.lake_rows for account in accounts)
    if longer is None or not made or files < MANY_FILES or rows >= FEW_ROWS * files:
        return None
    held = f"{counted(rows, 'row')} are in {counted(files, 'file')}, one a {report.partition} and account"
    command = f"stripe-balance convert {shlex.quote(report.destination)} NEW --partition {longer}"
    return f"{held}: `{command}` makes a lake with fewer of them, asking Stripe nothing"


def losses(report: Report) -> list[str]:
    """Say what had been lost and was mended, account by account: known loss is never passed over."""
    return mended(f"{account.account}: {healed}" for account in report.accounts if (healed := _healed(account)))


def mended(lines: Iterable[str]) -> list[str]:
    """Return what was mended, a line an account: the first of many."""
    all_lines = list(lines)
    more = len(all_lines) - ACCOUNTS_NAMED
    return [*all_lines[:ACCOUNTS_NAMED], *([f"and {counted(more, 'more account')} mended"] if more > 0 else [])]


def _healed(account: AccountReport) -> str:
    healed, audit = account.healed, account.audit
    said: list[str] = []
    if healed.files:
        said.append(f"{counted(healed.files, 'data file')} gone or not as written")
    if audit.missing:
        said.append(f"{counted(audit.missing, 'row')} of the past that the lake did not have")
    if audit.gone:
        said.append(f"{counted(audit.gone, 'row')} of the past that a page did not show")
    if not said and not healed.rows:
        return ""
    return f"{', '.join(said) or 'seconds known to lack rows'}: read again, {counted(healed.rows, 'lost row')} found"


def _planned(account: AccountReport, report: Report) -> list[tuple[str, str]]:
    lost = f"{counted(account.files_damaged, 'data file')} gone or not as written: a run reads them again"
    return [
        ("to read", "not known, since asking failed" if account.error is not None else intervals(account.fetched)),
        *([("expected", _expected(account.expected, report))] if account.expected is not None else []),
        ("covered", intervals(account.covered)),
        *([("lake", f"{counted(account.lake_rows, 'row')} so far")] if account.lake_rows else []),
        *([("parked", parked(account.lake_parked))] if account.lake_parked else []),
        *([("lost", lost)] if account.files_damaged else []),
    ]


def _cost(report: Report) -> tuple[str, str]:
    """Return what reading all accounts is going to take."""
    expected = sum((account.expected for account in report.accounts if account.expected is not None), Expected())
    return "expected", f"{counted(len(report.accounts), 'account')}, {_expected(expected, report)}"


def _expected(expected: Expected, report: Report) -> str:
    """Say what reading is going to take: rows, requests, and the time they take at the run's pace."""
    rate = report.requests.rate_limit
    time = "" if rate is None else f", {lasting(expected.requests / rate)} at {rate:g} requests/s"
    about = "" if expected.exact else "about "
    seen = f" (by {counted(expected.probes, 'request')} of this dry run)"
    return f"{about}{counted(expected.rows, 'row')}, {counted(expected.requests, 'request')}{time}{seen}"


def _short(account: AccountReport, report: Report) -> str:
    if account.expected is not None and account.error is None:
        return f"{account.account}  {_expected(account.expected, report)}"
    damage = damage_of(account)
    return f"{account.account}  {_counts(account)}{f'; lost: {damage}' if damage else ''}"


def _counts(account: AccountReport) -> str:
    """Count rows by what became of them; late ones are among the new."""
    if account.error is not None:
        return f"failed after {counted(account.rows_received, 'row')}"
    if not account.rows_received:
        return "nothing new"
    if not (account.rows_new or account.rows_changed):
        return f"nothing new; {account.rows_unchanged:,} read again and the same"
    late = f" ({account.late.rows:,} of them late)" if account.late.rows else ""
    same = f", {account.rows_unchanged:,} read again and the same" if account.rows_unchanged else ""
    return f"{account.rows_new:,} new{late}, {account.rows_changed:,} changed{same}"


def _all(accounts: Sequence[AccountReport]) -> str:
    rows, files = sum(account.lake_rows for account in accounts), sum(account.lake_files for account in accounts)
    size = sum(account.lake_bytes for account in accounts)
    return f"{counted(len(accounts), 'account')}, {counted(rows, 'row')} in {counted(files, 'file')}, {sized(size)}"


def _net(accounts: Sequence[AccountReport]) -> list[tuple[str, str]]:
    """Return what all accounts add up to, by balance where every one of them tells."""
    told = [account.net_by_balance for account in accounts if account.lake_rows]
    names = {name: None for counts in told for name in counts or ()}
    by_balance = {name: add_net((counts or {}).get(name, {}) for counts in told) for name in names}
    return nets(add_net(account.net for account in accounts), None if None in told else by_balance)


def _requests(requests: Requests) -> str:
    refused = f"{requests.limited_total:,} refused (429)" if requests.limited_total else "none refused (429)"
    retried = f", {requests.retries:,} tried again" if requests.retries else ""
    if requests.utilisation is None or requests.rate_limit is None:
        return f"{requests.total:,}, {refused}{retried}"
    return (
        f"{requests.total:,}, {refused}{retried}; {requests.utilisation:.0%} of the pace of {requests.rate_limit:g}/s"
    )
