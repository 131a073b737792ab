"""What a run over payouts did, in a few lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.summary import ACCOUNTS_IN_FULL, ACCOUNTS_NAMED, mended, table
from connector.cli.display.words import intervals, lasting
from connector.core.counting import counted, sized
from connector.core.ledger import money
from connector.core.mode import mode_of
from connector.payouts.report import damage_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.cli.display.console import Console
    from connector.core.planning.rereading.mended import Healed
    from connector.payouts.report import AccountPayoutsReport, PayoutsReport

NAMED = 3
"""Ids shown of those there is something to say about."""


def summary(report: PayoutsReport, console: Console) -> list[str]:
    """Return what there is to say about a run."""
    failed = sum(account.error is not None for account in report.accounts)
    fine = len(report.accounts) - failed
    if failed:
        mark = console.paint(console.symbol("✗", "!"), "red")
        headline = f"{report.destination}: payouts of {counted(failed, 'account')} failed, of {fine:,} up to date"
    elif report.outcome == "damaged":
        mark = console.paint(console.symbol("✗", "!"), "red")
        headline = (
            f"payouts in {report.destination} have lost something that could not be mended; all else is up to date"
        )
    else:
        mark = console.paint(console.symbol("✓", "*"), "green")
        headline = f"payouts in {report.destination} are up to date"
    facts = filter(None, [mode_of(report.livemode), lasting(report.duration_seconds)])
    lines = [f"{mark} {console.paint(headline, 'bold')} ({', '.join(facts)})"]
    if len(report.accounts) <= ACCOUNTS_IN_FULL:
        for account in report.accounts:
            lines += [f"  {account.account}", *table(_facts(account, report.format), console, indent=4, width=12)]
    else:
        lines += [f"  {first.account}  {_payouts(first)}" for first in report.accounts[:ACCOUNTS_NAMED]]
        more = len(report.accounts) - ACCOUNTS_NAMED
        lines += [f"  and {counted(more, 'more account')}"] if more > 0 else []
        lines += table(_totals(report.accounts), console, indent=4, width=12)
    refused = f"{report.requests.limited_total:,}" if report.requests.limited_total else "none"
    return [
        *lines,
        *table([("requests", f"{report.requests.total:,}, {refused} refused (429)")], console, indent=4, width=12),
    ]


def _facts(account: AccountPayoutsReport, form: str) -> list[tuple[str, str]]:
    """Return what there is to say of an account, the exceptions only where there are any."""
    size = f"{counted(account.lake_files, f'{form} file')}, {sized(account.lake_bytes)}"
    facts = [
        ("payouts", _payouts(account)),
        (
            "listed",
            f"{counted(account.payouts_listed, 'payout')}, {counted(account.transactions_listed, 'transaction')}",
        ),
        ("lake", f"{_holding(account)} in {size}"),
        ("covered", intervals(account.covered)),
    ]
    if account.manual:
        facts.append(("manual", f"{_named(account.manual)}: Stripe assigns them no transactions"))
    if account.waiting:
        facts.append(("waiting", f"{_named(account.waiting)}: not reconciled yet, listed by a later run"))
    for payout in account.unbalanced[:NAMED]:
        rows, net = counted(payout.rows, "row"), money.to_text(payout.net, payout.currency)
        facts.append(("unbalanced", f"{payout.payout}: its {rows} add up to {net}"))
    if (more := len(account.unbalanced) - NAMED) > 0:
        facts.append(("", f"and {counted(more, 'more payout')} that do not add up to nothing"))
    if account.payouts_disappeared or account.transactions_disappeared:
        gone = f"{counted(account.payouts_disappeared, 'payout')}, {account.transactions_disappeared:,} transactions"
        facts.append(("disappeared", f"{gone}: no longer listed by Stripe, and kept"))
    if (damage := damage_of(account)) is not None:
        facts.append(("lost", damage))
    return facts


def losses(report: PayoutsReport) -> list[str]:
    """Say what had been lost and was mended, account by account: known loss is never passed over."""
    return mended(healed_line(account.account, account.healed) for account in report.accounts if account.healed.files)


def healed_line(account: str, healed: Healed) -> str:
    """Say what had been lost of an account's payouts, and was mended."""
    files, rows = counted(healed.files, "file"), counted(healed.rows, "lost row")
    return f"{account}: {files} of payouts gone or not as written: read again, {rows} found"


def _payouts(account: AccountPayoutsReport) -> str:
    if account.error is not None:
        return f"failed: {account.error}"
    if not (account.payouts_new or account.payouts_changed):
        again = f"; {account.payouts_unchanged:,} read again and the same" if account.payouts_unchanged else ""
        return f"nothing new{again}"
    return f"{account.payouts_new:,} new, {account.payouts_changed:,} changed"


def _holding(account: AccountPayoutsReport) -> str:
    return (
        f"{counted(account.lake_payouts, 'payout')}, {account.lake_listed:,} of them with their"
        f" {counted(account.lake_transactions, 'transaction')},"
    )


def _totals(accounts: Sequence[AccountPayoutsReport]) -> list[tuple[str, str]]:
    payouts = sum(account.lake_payouts for account in accounts)
    rows = sum(account.lake_transactions for account in accounts)
    files, size = sum(account.lake_files for account in accounts), sum(account.lake_bytes for account in accounts)
    unbalanced = [purse.payout for account in accounts for purse in account.unbalanced]
    held = f"{counted(len(accounts), 'account')}, {counted(payouts, 'payout')}, {counted(rows, 'transaction')}"
    facts = [("all", f"{held} in {counted(files, 'file')}, {sized(size)}")]
    return facts + ([("unbalanced", _named(unbalanced))] if unbalanced else [])


def _named(ids: Sequence[str]) -> str:
    """Return a count and the latest of some ids in order of time."""
    shown = ", ".join(ids[-NAMED:][::-1])
    more = f", and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
    return f"{len(ids):,} ({shown}{more})"
