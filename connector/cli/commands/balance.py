"""`balance`: what accounts have, now; into a lake, when one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.accounts import accounts_of
from connector.cli.settings import config_of
from connector.cli.words import moment
from connector.cli.working import work
from connector.core import money
from connector.errors import AccountsError
from connector.stripe.resources import Stripe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.balance import Balance
    from connector.cli.console import Console
    from connector.config import Config
    from connector.report import Progress
    from connector.snapshots import Snapshot

HEADINGS = ("bucket", "amount", "", "of which")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the balance of each account, and return the exit status."""
    config = config_of(args, console)
    several = args.all_accounts or len(set(args.account)) > 1
    if args.destination is None:

        async def go(_progress: Progress) -> dict[str, Balance]:
            return await _ask(args, config, named=several)

        _show(work(go, console, show=False), console, several=several)
        return 0

    async def record(_progress: Progress) -> tuple[Snapshot, ...]:
        from connector.snapshots import record_balance  # noqa: PLC0415 - files need Arrow, and asking does not

        accounts = await accounts_of(args, config)
        return await record_balance(args.destination, config=config, accounts=accounts, account_id=args.account_id)

    try:
        _show_recorded(work(record, console, show=False), console, several=several)
    except AccountsError as failure:
        _show_recorded(failure.report, console, several=several)
        for error in failure.errors.values():
            console.complain(error)
        return failure.exit_code
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


async def _ask(args: argparse.Namespace, config: Config, *, named: bool) -> dict[str, Balance]:
    """Return the balances by account; by nothing for one alone, which is not asked for its name."""
    accounts = await accounts_of(args, config) or (None,)
    async with Stripe(config) as stripe:
        found: dict[str, Balance] = {}
        for account in accounts:
            name = account or ((await stripe.account()).account if named else "")
            found[name] = await stripe.balance(account=account)
        return found


def _show_recorded(snapshots: Sequence[Snapshot], console: Console, *, several: bool) -> None:
    _show({one.account: one.balance for one in snapshots}, console, several=several)
    for one in snapshots:
        where = f"recorded in {one.path}, as of {moment(one.snapshot_at)} UTC" if one.rows else "nothing to record"
        console.say(f"{one.account}: {where}")


def _show(balances: dict[str, Balance], console: Console, *, several: bool) -> None:
    """Print the balances: to programs as received, to people as tables, with headings where there are several."""
    if console.json:
        received = {name: dict(balance.received) for name, balance in balances.items()}
        console.document({"accounts": received} if several else next(iter(received.values())))
        return
    for position, (name, balance) in enumerate(balances.items()):
        heading = [*([""] if position else []), name] if several else []
        console.text(*heading, *table(balance))
    if not all(balance.livemode for balance in balances.values()):
        console.say("Test mode: no real money.")


def _aligned(cells: Sequence[tuple[str, str, str, str]]) -> list[str]:
    bucket, number = (max(len(row[column]) for row in cells) for column in (0, 1))
    return [f"{row[0]:<{bucket}}  {row[1]:>{number}} {row[2]:<3}  {row[3]}".rstrip() for row in cells]
