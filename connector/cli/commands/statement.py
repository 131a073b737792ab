"""`statement`: what an account's balance did in a month, and whether that is final."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from connector.cli.display.fitting import width_of
from connector.cli.options.from_table import given
from connector.cli.process.run_command import work
from connector.errors import UsageError
from connector.options.calls import StatementOptions
from connector.reporting.statement import csv_text, page, text
from connector.reporting.statement.calls import statement
from connector.reporting.statement.document import to_document

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.reporting.statement.facts import Statement

DATA_REFUSED = 65


def run(args: argparse.Namespace, console: Console) -> int:
    """State a period, and return the exit status."""
    form = args.format or ("json" if console.json else "text")
    if console.json and form != "json":
        raise UsageError(f"--json is --format json: it cannot be {form} as well")

    async def go(view: RunView) -> Statement:
        def on_account(name: str) -> None:
            view.account, view.phase = name, "adding up"

        return await statement(args.destination, on_account=on_account, **given(args, StatementOptions))

    stated = work(go, console)
    if form == "json":
        console.document(to_document(stated))
    elif form == "csv":
        console.data("".join(csv_text.to_text(stated)).encode())
    elif form == "html":
        console.data("".join(page.to_text(stated)).encode())
    else:
        console.text(*text.to_lines(stated, width_of(sys.stdout)))
    refused = args.strict and not (stated.final and stated.as_frozen)
    return DATA_REFUSED if refused or not stated.agrees else 0
