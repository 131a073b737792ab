"""`stream`: balance transactions as JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from connector.cli.rows import Rows, rows_to_stdout
from connector.cli.settings import config_of
from connector.cli.working import work
from connector.stripe.resources import FILTERS, Stripe

if TYPE_CHECKING:
    import argparse

    from connector.cli.console import Console
    from connector.config import Config
    from connector.report import Progress


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the rows, and return the exit status."""
    config = config_of(args, console)
    with rows_to_stdout(console) as rows:

        async def go(progress: Progress) -> None:
            await _stream(args, config, rows, progress)

        # Not by itself: stdout is often read by something that writes to the same terminal.
        work(go, console, show=args.progress != "auto")
    return 0


async def _stream(args: argparse.Namespace, config: Config, rows: Rows, progress: Progress) -> None:
    most = args.limit_rows if args.limit_rows is not None else float("inf")
    filters = {name: getattr(args, name) for name in FILTERS}
    async with Stripe(config) as stripe:
        progress.meter, progress.rate_limit, progress.phase = stripe.client.meter, config.rate, "reading"
        query = stripe.balance_transactions(
            created_gte=args.since, created_lt=args.until, expand=args.expand, ordered=args.ordered, **filters
        )
        async with query as pages:
            async for page in pages:
                wanted = page if len(page) + rows.count <= most else page[: int(most) - rows.count]
                await anyio.to_thread.run_sync(rows.write, wanted, abandon_on_cancel=True)
                progress.rows, progress.pages = rows.count, progress.pages + 1
                if rows.count >= most:
                    return
