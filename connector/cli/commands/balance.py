"""`balance`: what an account has, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.settings import config_of
from connector.cli.working import work
from connector.core import money
from connector.stripe.resources import Stripe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.balance import Balance
    from connector.cli.console import Console
    from connector.report import Progress

HEADINGS = ("bucket", "amount", "", "of which")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the balance, and return the exit status."""
    config = config_of(args, console)

    async def go(_progress: Progress) -> Balance:
        async with Stripe(config) as stripe:
            return await stripe.balance()

    balance = work(go, console, show=False)
    if console.json:
        console.document(dict(balance.received))
    else:
        console.text(*table(balance))
        console.say("" if balance.livemode else "Test mode: no real money.")
    return 0


def table(balance: Balance) -> list[str]:
    """Return the balance as lines: a bucket and currency each, with the currency's decimals."""
    cells: list[tuple[str, str, str, str]] = [HEADINGS]
    for bucket, amounts in balance.buckets():
        for position, one in enumerate(amounts):
            number, currency = money.to_text(one.amount, one.currency).rsplit(" ", 1)
            parts = [
                f"{name} {money.to_text(amount, one.currency).rsplit(' ', 1)[0]}"
                for name, amount in one.source_types.items()
            ]
            cells.append(("" if position else bucket, number, currency, ", ".join(parts)))
    return _aligned(cells)


def _aligned(cells: Sequence[tuple[str, str, str, str]]) -> list[str]:
    bucket, number = (max(len(row[column]) for row in cells) for column in (0, 1))
    return [f"{row[0]:<{bucket}}  {row[1]:>{number}} {row[2]:<3}  {row[3]}".rstrip() for row in cells]
