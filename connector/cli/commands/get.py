"""`get`: balance transactions by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.rows import Rows, rows_to_stdout
from connector.cli.find_by_id import Search, ids_of
from connector.cli.options.accounts import accounts_of
from connector.cli.options.settings import config_of
from connector.cli.process.run_command import work
from connector.errors import ApiError, exit_code_of
from connector.stripe.api import Stripe, checked_transaction_id
from connector.stripe.listing.query import checked_expansion

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.config.config import Config
    from connector.core.api.page import Row


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the rows in the order of the ids, and return the exit status."""
    config = config_of(args, console)
    for path in args.expand:
        checked_expansion(path)
    ids = ids_of(args.ids, checked_transaction_id, prefixes="txn_")
    with rows_to_stdout(console) as rows:

        async def go(view: RunView) -> None:
            await _get(args, ids, config, view, Report(rows, console, view))

        work(go, console, show=args.progress != "auto")
    return exit_code_of(rows.refused) if rows.refused else 0


class Report:
    """Takes what became of each id, in order."""

    def __init__(self, rows: Rows, console: Console, view: RunView) -> None:
        self._rows, self._console, self._view = rows, console, view

    def take(self, got: Row | ApiError) -> None:
        """Write a row, or say why there is none."""
        self._view.steps_done += 1
        if isinstance(got, ApiError):
            self._console.complain(got)
            self._rows.refused = self._rows.refused or got
        else:
            self._rows.write([got])


async def _get(args: argparse.Namespace, ids: Sequence[str], config: Config, view: RunView, report: Report) -> None:
    accounts = await accounts_of(args, config) or (None,)
    async with Stripe(config, on_event=view.hear) as stripe:
        view.rate_limit, view.phase, view.steps = config.rate, "reading", len(ids)

        async def fetch(transaction_id: str, account: str | None) -> Row:
            return await stripe.balance_transaction(transaction_id, expand=args.expand, account=account)

        await Search(fetch, accounts, report.take).run(ids)
