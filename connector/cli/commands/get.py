"""`get`: balance transactions by id."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import TYPE_CHECKING

from connector.cli.rows import Rows, rows_to_stdout
from connector.cli.settings import config_of
from connector.cli.working import work
from connector.errors import InvalidRequestError, UsageError
from connector.stripe.resources import Stripe, checked_transaction_id
from connector.tasks import tasks_with_one_error

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.cli.console import Console
    from connector.config import Config
    from connector.core.page import Row
    from connector.report import Progress

AHEAD = 100
"""Rows asked for ahead of the one to be written next; the pace holds them back further."""

NOT_FOUND = 1


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the rows in the order of the ids, and return the exit status."""
    config = config_of(args, console)
    ids = _ids(args.ids)
    with rows_to_stdout(console) as rows:

        async def go(progress: Progress) -> None:
            await _get(ids, args.expand, config, progress, Report(rows, console))

        work(go, console, show=args.progress != "auto")
    return NOT_FOUND if rows.refused else 0


class Report:
    """Takes what became of each id, in order."""

    def __init__(self, rows: Rows, console: Console) -> None:
        self._rows = rows
        self._console = console

    def take(self, got: Row | InvalidRequestError) -> None:
        """Write a row, or say why there is none."""
        if isinstance(got, InvalidRequestError):
            self._console.complain(got)
            self._rows.refused = self._rows.refused or got
        else:
            self._rows.write([got])


def _ids(words: Sequence[str]) -> list[str]:
    """Return the ids, those of stdin where `-` stands.

    Raises:
        UsageError: when one cannot be an id, or there is none.
    """
    found: list[str] = []
    for word in words:
        lines = sys.stdin.read().splitlines() if word == "-" else [word]
        found += [checked_transaction_id(line) for line in lines if line.strip()]
    if not found:
        raise UsageError("no ids on stdin: write one a line, each beginning with txn_")
    return found


async def _get(ids: Sequence[str], expand: Sequence[str], config: Config, progress: Progress, report: Report) -> None:
    async with Stripe(config) as stripe, tasks_with_one_error() as tasks:
        progress.meter, progress.rate_limit, progress.phase = stripe.client.meter, config.rate, "reading"

        async def fetch(transaction_id: str, answer: asyncio.Future[Row | InvalidRequestError]) -> None:
            try:
                answer.set_result(await stripe.balance_transaction(transaction_id, expand=expand))
            except InvalidRequestError as error:
                answer.set_result(error)

        waiting: deque[asyncio.Future[Row | InvalidRequestError]] = deque()
        for transaction_id in ids:
            if len(waiting) >= AHEAD:
                report.take(await waiting.popleft())
                progress.rows += 1
            waiting.append(asyncio.get_running_loop().create_future())
            tasks.start_soon(fetch, transaction_id, waiting[-1])
        while waiting:
            report.take(await waiting.popleft())
            progress.rows += 1
