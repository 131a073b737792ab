"""`sync`: from Stripe into a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.summary import losses, small_files, summary
from connector.cli.options.accounts import complain_of
from connector.cli.options.from_table import given
from connector.cli.options.settings import announce, config_of, salt_of
from connector.cli.process.run_command import work
from connector.core.run_report import Report, to_document
from connector.errors import AccountsError, DamagedError
from connector.ingest.calls import sync
from connector.options.calls import SyncOptions

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView


def run(args: argparse.Namespace, console: Console) -> int:
    """Sync, say what was done, and return the exit status."""
    config, salt = config_of(args, console), salt_of(args, console)
    announce(args, console)

    async def go(view: RunView) -> Report:
        return await sync(args.destination, config=config, on_event=view.hear, salt=salt, **given(args, SyncOptions))

    try:
        show(work(go, console, keeps=True), console)
    except AccountsError as failure:
        show(failure.report, console)
        return complain_of(failure, console)
    except DamagedError as failure:
        show(failure.report, console)
        console.complain(failure)
        return failure.exit_code
    return 0


def show(report: Report, console: Console) -> None:
    """Say what was done: to programs as the run report, to people in a few lines; and what was lost, in any case."""
    if console.json:
        console.document(to_document(report))
    console.say(*summary(report, console))
    if (hint := small_files(report)) is not None:
        console.say(hint)
    for line in losses(report):
        console.tell(line)
    for line in report.warnings:
        console.warn(line)
