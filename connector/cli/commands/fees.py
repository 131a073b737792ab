"""`fees`: what payments, payouts, refunds, disputes and single balance transactions cost."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from connector.cli.display.fee_lines import lines_of
from connector.cli.display.rows import Rows, rows_to_stdout
from connector.cli.find_by_id import Search, ids_of
from connector.cli.options.accounts import accounts_of
from connector.cli.options.settings import config_of
from connector.cli.process.run_command import work
from connector.core.documents import to_line
from connector.core.ledger.fees import Answer
from connector.errors import ApiError, exit_code_of
from connector.stripe.api import Stripe
from connector.stripe.fees import PREFIXES_IN_WORDS, checked_fees_id

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.config.config import Config
    from connector.stripe.fees import Fees

NOT_AVAILABLE, NOT_YET = 1, 75


def run(args: argparse.Namespace, console: Console) -> int:
    """Say what each id cost, in the order of the ids, and return the exit status."""
    config = config_of(args, console)
    ids = ids_of(args.ids, checked_fees_id, prefixes=PREFIXES_IN_WORDS)
    with rows_to_stdout(console) as rows:
        report = Report(rows, console)

        async def go(view: RunView) -> None:
            await _ask(args, ids, config, view, report)

        work(go, console, show=args.progress != "auto")
    return report.status


class Report:
    """Takes the fees of each id, in order, and knows what the process should end with."""

    def __init__(self, rows: Rows, console: Console) -> None:
        self._rows, self._console = rows, console
        self._answers: set[Answer] = set()

    def take(self, got: Fees | ApiError, view: RunView) -> None:
        """Write them down, or say why there are none."""
        view.steps_done += 1
        if isinstance(got, ApiError):
            self._console.complain(got)
            self._rows.refused = self._rows.refused or got
            return
        self._answers.add(got.answer)
        if self._console.json:
            self._rows.write([got.document()], dump=to_line)
        else:
            self._console.text(*lines_of(got))

    @property
    def status(self) -> int:
        """75 while something may still come, so that a scheduler asks again; else that of what did not work out."""
        if Answer.NOT_YET in self._answers:
            return NOT_YET
        if self._rows.refused is not None:
            return exit_code_of(self._rows.refused)
        return NOT_AVAILABLE if Answer.NOT_AVAILABLE in self._answers else 0


async def _ask(args: argparse.Namespace, ids: Sequence[str], config: Config, view: RunView, report: Report) -> None:
    accounts = await accounts_of(args, config) or (None,)
    until = monotonic() + args.wait
    async with Stripe(config, on_event=view.hear) as stripe:
        view.rate_limit, view.phase, view.steps = config.rate, "reading", len(ids)

        async def fetch(object_id: str, account: str | None) -> Fees:
            return await stripe.fees(object_id, wait=max(0.0, until - monotonic()), account=account)

        await Search(fetch, accounts, lambda got: report.take(got, view)).run(ids)
