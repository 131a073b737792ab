"""`report`: whether everything is here, up to when, and whether it adds up, on one page."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli.options.from_table import given
from connector.cli.options.settings import config_of
from connector.cli.process.run_command import work
from connector.errors import UsageError
from connector.options.calls import ReportOptions
from connector.reporting.lake_report.calls import report
from connector.reporting.lake_report.document import to_document
from connector.reporting.lake_report.page import to_page
from connector.reporting.lake_report.page_file import refuse_no_file, write_page
from connector.reporting.lake_report.text import to_lines
from connector.verification.calls import verify

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.reporting.lake_report.facts import LakeReport
    from connector.verification.verdict import Verdict

DATA_REFUSED = 65

PAGE = "stripe-balance-report.html"
"""Name of the page, in the current folder, where none was given."""

STDOUT = "-"


def run(args: argparse.Namespace, console: Console) -> int:
    """Report on a lake, and return the exit status."""
    if args.output == STDOUT and (console.json or args.open):
        raise UsageError("the page on stdout leaves no room for --json there, and nothing to --open: name a file")
    if args.output not in {None, STDOUT}:
        refuse_no_file(Path(args.output))
    config = config_of(args, console) if args.verify else None

    async def go(view: RunView) -> tuple[LakeReport, Verdict | None]:
        def on_account(name: str) -> None:
            view.account, view.phase = name, "adding up"

        checked = None
        if config is not None:
            checked = await verify(args.destination, config=config, on_event=view.hear, accounts=args.accounts)
        options = {name: value for name, value in given(args, ReportOptions).items() if name != "output"}
        return await report(args.destination, on_account=on_account, **options), checked

    lake_report, verdict = work(go, console)
    if verdict is not None and (lake_report.verified_at is None or lake_report.verified_at < verdict.checked):
        console.warn(
            "the lake kept no verdict of what was just verified, and this tells of the one before", always=True
        )
    _show(lake_report, console, args)
    if verdict is not None and verdict.verdict == "residual":
        return DATA_REFUSED
    return DATA_REFUSED if args.strict and not (lake_report.grade == "well" and lake_report.proof == "proved") else 0


def _show(lake_report: LakeReport, console: Console, args: argparse.Namespace) -> None:
    """Write the page and the lines or the document, each where it was asked for."""
    page = to_page(lake_report, console.secrets)
    if args.output == STDOUT:
        console.data(page.encode("utf-8", "backslashreplace"))
        return
    path = Path(args.output or PAGE)
    if args.output or args.open or not console.json:
        write_page(path, page)
        console.say(f"stripe-balance: the page is {path}")
    if console.json:
        console.document(to_document(lake_report))
    else:
        console.report(*to_lines(lake_report), well=lake_report.grade == "well")
    if args.open and not webbrowser.open(path.resolve().as_uri()):
        console.warn(f"no browser was found: open {path}")
