"""`statement`: what an account's balance did in a month, and whether that is final."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

from connector.cli.display.fitting import width_of
from connector.cli.options.from_table import given
from connector.cli.process.run_command import work
from connector.core.counting import counted
from connector.errors import UsageError
from connector.options.calls import StatementOptions
from connector.reporting.statement import csv_text, page, text
from connector.reporting.statement.calls import itemized_statement, statement
from connector.reporting.statement.document import to_document

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.reporting.statement.facts import Statement

DATA_REFUSED = 65

IN_MEMORY_BYTES = 8 * 2**20
"""Of the rows behind a statement; more are kept in a temporary file until all are read."""


def run(args: argparse.Namespace, console: Console) -> int:
    """State a period, and return the exit status."""
    form = args.format or ("json" if console.json else "text")
    if console.json and form != "json":
        raise UsageError(f"--json is --format json: it cannot be {form} as well")
    stated = _itemized(args, console) if form == "itemized" else _stated(args, console, form)
    refused = args.strict and not (stated.final and stated.as_frozen)
    return DATA_REFUSED if refused or not stated.agrees else 0


def _stated(args: argparse.Namespace, console: Console, form: str) -> Statement:
    """Write the statement itself."""

    async def go(view: RunView) -> Statement:
        return await statement(args.destination, on_account=_shown_in(view), **given(args, StatementOptions))

    stated = work(go, console)
    if form == "json":
        console.document(to_document(stated))
    elif form == "csv":
        console.data("".join(csv_text.to_text(stated)).encode())
    elif form == "html":
        console.data("".join(page.to_text(stated)).encode())
    else:
        console.text(*text.to_lines(stated, width_of(sys.stdout)))
    return stated


def _itemized(args: argparse.Namespace, console: Console) -> Statement:
    """Write the rows behind it, all of one state of the lake: nothing where they cannot be read to the end."""
    if args.compare or args.against:
        raise UsageError("--format itemized has rows alone: --compare and --against go with the other formats")
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:

        async def go(view: RunView) -> tuple[Statement, int]:
            options = given(args, StatementOptions)
            return await itemized_statement(args.destination, file, on_account=_shown_in(view), **options)

        stated, count = work(go, console)
        file.seek(0)
        while part := file.read(IN_MEMORY_BYTES):
            console.data(part)
    final = "final" if stated.final else "NOT FINAL"
    console.say(f"stripe-balance: {counted(count, 'row')} of {stated.period.name} ({stated.period.zone}), {final}")
    return stated


def _shown_in(view: RunView) -> Callable[[str], None]:
    def on_account(name: str) -> None:
        view.account, view.phase = name, "adding up"

    return on_account
