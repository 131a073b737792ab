"""`report`: whether everything is here, up to when, and whether it adds up, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.options.from_table import given
from connector.cli.process.run_command import work
from connector.options.calls import ReportOptions
from connector.reporting.lake_report.calls import report
from connector.reporting.lake_report.document import to_document
from connector.reporting.lake_report.text import to_lines

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.reporting.lake_report.facts import LakeReport

DATA_REFUSED = 65


def run(args: argparse.Namespace, console: Console) -> int:
    """Report on a lake, and return the exit status."""

    async def go(view: RunView) -> LakeReport:
        def on_account(name: str) -> None:
            view.account, view.phase = name, "adding up"

        return await report(args.destination, on_account=on_account, **given(args, ReportOptions))

    found = work(go, console)
    if console.json:
        console.document(to_document(found))
    else:
        console.report(*to_lines(found), well=found.grade == "well")
    return DATA_REFUSED if args.strict and not (found.grade == "well" and found.proof == "proved") else 0
