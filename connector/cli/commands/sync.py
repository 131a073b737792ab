"""`sync`: from Stripe into a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.summary import losses, small_files, summary
from connector.cli.options.accounts import complain_of
from connector.cli.options.settings import announce, config_of, lake_options
from connector.cli.process.run_command import work
from connector.config.salt import Salt
from connector.core.privacy import Privacy
from connector.core.run_report import Report, to_document
from connector.errors import AccountsError, DamagedError
from connector.ingest.calls import sync

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView


def run(args: argparse.Namespace, console: Console) -> int:
    """Sync, say what was done, and return the exit status."""
    config = config_of(args, console)
    Privacy(tuple(args.omit), tuple(args.hash))  # what cannot be hashed is told before it is missed what to hash with
    salt = Salt.find(file=args.hash_salt_file) if args.hash else None
    if salt is not None:
        console.secrets.add(salt.reveal())

    if not args.existing:
        announce(args.destination, console)

    async def go(view: RunView) -> Report:
        return await sync(
            args.destination,
            config=config,
            on_event=view.hear,
            accounts=tuple(dict.fromkeys(args.account)),
            all_accounts=args.all_accounts,
            expand=args.expand,
            source_columns=args.source_columns,
            omit=args.omit,
            hash=args.hash,
            salt=salt,
            strict_schema=args.strict_schema,
            dry_run=args.dry_run,
            balance=args.balance,
            fail_fast=args.fail_fast,
            existing=args.existing,
            wait=args.wait,
            repair=args.repair,
            **lake_options(args, "format", "settle"),
        )

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
