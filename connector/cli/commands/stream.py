"""`stream`: balance transactions as JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from connector.cli.display.rows import Rows, rows_to_stdout
from connector.cli.options.accounts import accounts_of, complain_of
from connector.cli.options.settings import config_of
from connector.cli.process.run_command import work
from connector.core.suggestions import did_you_mean
from connector.errors import AccountsError, UsageError
from connector.stripe.api import Stripe
from connector.stripe.listing.query import FILTERS
from connector.tables.known_values import known_values

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.config.config import Config
    from connector.core.api.page import Row

ONLY_FOLLOWING = {"interval": "--interval", "look_back": "--look-back", "reads_per_month": "--reads-per-month"}


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the rows, and return the exit status."""
    if args.follow:
        from connector.cli import following  # noqa: PLC0415 - most streams follow nothing

        return following.run(args, console)
    for name, option in {**ONLY_FOLLOWING, "state": "--state"}.items():
        if getattr(args, name) is not None:
            raise UsageError(f"{option} goes with --follow only")
    config = config_of(args, console)
    try:
        with rows_to_stdout(console) as rows:

            async def go(view: RunView) -> None:
                await _stream(args, config, rows, view)

            # Not by itself: stdout is often read by something that writes to the same terminal.
            work(go, console, show=args.progress != "auto")
    except AccountsError as failure:
        return complain_of(failure, console)
    if not rows.count:
        console.say(f"stripe-balance: {_nothing(args)}")
    return 0


def _nothing(args: argparse.Namespace) -> str:
    """Say that there is nothing, and of what: a filter that fits nothing looks like an account that has nothing."""
    filters = [f"{name} {value}{_meant(name, value)}" for name in sorted(FILTERS) if (value := getattr(args, name))]
    within = " in that time" if args.since is not None or args.until is not None else ""
    return f"no rows{within}" + (f" of {' and '.join(filters)}" if filters else "")


def _meant(name: str, value: str) -> str:
    known = known_values().get(name, frozenset())
    if name != "type" or value in known:
        return ""
    return did_you_mean(value.lower(), known) or " (which Stripe's documents do not know)"


async def _stream(args: argparse.Namespace, config: Config, rows: Rows, view: RunView) -> None:
    accounts = await accounts_of(args, config)
    filters = {name: getattr(args, name) for name in FILTERS}
    async with Stripe(config, on_event=view.hear) as stripe:
        view.rate_limit, view.phase = config.rate, "reading"
        out = _Limited(rows, args.limit_rows)
        if len(accounts) > 1:
            own = (await stripe.account()).account if None in accounts else ""
            several = stripe.balance_transactions_of(
                accounts,
                created_gte=args.since,
                created_lt=args.until,
                expand=args.expand,
                ordered=args.ordered,
                fail_fast=args.fail_fast,
                **filters,
            )
            async with several as pages:
                async for page in pages:
                    if await out.enough([{"account": page.account or own, **row} for row in page.rows]):
                        return
            return
        opened = stripe.balance_transactions(
            created_gte=args.since,
            created_lt=args.until,
            expand=args.expand,
            account=accounts[0] if accounts else None,
            ordered=args.ordered,
            **filters,
        )
        async with opened as pages:
            async for page in pages:
                if await out.enough(page):
                    return


class _Limited:
    """Writes pages until there are rows enough."""

    def __init__(self, rows: Rows, most: int | None) -> None:
        self._rows = rows
        self._most = float("inf") if most is None else most

    async def enough(self, page: Sequence[Row]) -> bool:
        """Write what is wanted of a page, and say whether that is all there is to write."""
        left = self._most - self._rows.count
        wanted = page if len(page) <= left else page[: int(left)]
        await anyio.to_thread.run_sync(self._rows.write, wanted, abandon_on_cancel=True)
        return self._rows.count >= self._most
