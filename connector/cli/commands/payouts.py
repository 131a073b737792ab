"""`payouts`: payouts, and what each of them paid out, into a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.cli.display import found_payouts
from connector.cli.display.payouts import losses, summary
from connector.cli.options.accounts import accounts_of, complain_of
from connector.cli.options.from_table import given
from connector.cli.options.settings import announce, config_of
from connector.cli.process.run_command import work
from connector.errors import AccountsError, DamagedError
from connector.options.calls import PayoutsOptions
from connector.payouts.calls import sync_payouts
from connector.payouts.report import to_document

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.payouts.report import PayoutsReport


def run(args: argparse.Namespace, console: Console) -> int:
    """Bring payouts, or find some, say what was done, and return the exit status."""
    found_payouts.refuse_mixed(args)
    if args.find:
        return found_payouts.run(args, console)
    config = config_of(args, console)

    announce(args, console)

    async def go(view: RunView) -> PayoutsReport:
        options: dict[str, Any] = given(args, PayoutsOptions) | {"accounts": await accounts_of(args, config)}
        return await sync_payouts(args.destination, config=config, on_event=view.hear, **options)

    try:
        _show(work(go, console, keeps=True), console)
    except AccountsError as failure:
        _show(failure.report, console)
        return complain_of(failure, console)
    except DamagedError as failure:
        _show(failure.report, console)
        console.complain(failure)
        return failure.exit_code
    return 0


def _show(report: PayoutsReport, console: Console) -> None:
    if console.json:
        console.document(to_document(report))
    console.say(*summary(report, console))
    for line in losses(report):
        console.tell(line)
    for line in report.warnings:
        console.warn(line)
