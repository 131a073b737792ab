"""`balance`: what accounts have, now; into a lake, when one is named."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

from connector.cli.display.failures import document_of
from connector.cli.display.fitting import width_of
from connector.cli.display.words import moment
from connector.cli.options.accounts import accounts_of, complain_of
from connector.cli.options.from_table import given
from connector.cli.options.settings import announce, config_of
from connector.cli.process.run_command import work
from connector.core.account_failures import OWN, AccountFailures
from connector.core.api.fields import object_of
from connector.core.ledger import money
from connector.core.state.unnamed import said_of
from connector.errors import AccountsError, ApiError, DamagedError
from connector.options.calls import BalanceOptions
from connector.running.concurrency import in_turn
from connector.stripe.api import Stripe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from connector.balances.snapshots import Snapshot
    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.config.config import Config
    from connector.core.ledger.balance import Balance, BalanceAmount

HEADINGS = ("bucket", "amount", "", "of which")

ACCOUNTS_AT_ONCE = 20
"""Accounts asked for at once; the pace holds their requests back further."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the balance of each account, and return the exit status."""
    config = config_of(args, console)
    several = args.all_accounts or len(set(args.accounts)) > 1
    if args.destination is None:

        async def go(_view: RunView) -> dict[str, Balance]:
            return await _ask(args, config, several=several)

        try:
            _show(work(go, console, show=False), console, several=several)
        except AccountsError as failure:
            _show(failure.report, console, several=several, failure=failure)
            return complain_of(failure, console)
        return 0

    announce(args, console)

    async def record(view: RunView) -> tuple[Snapshot, ...]:
        from connector.balances.calls import record_balance  # noqa: PLC0415 - files need Arrow, and asking does not

        options: dict[str, Any] = given(args, BalanceOptions) | {"accounts": await accounts_of(args, config)}
        return await record_balance(args.destination, config=config, on_event=view.hear, **options)

    try:
        _show_recorded(work(record, console, show=False), console, several=several)
    except AccountsError as failure:
        _show_recorded(failure.report, console, several=several, failure=failure)
        return complain_of(failure, console)
    except DamagedError as failure:
        _show_recorded(failure.report, console, several=several)
        console.complain(failure)
        return failure.exit_code
    return 0


def table(balance: Balance, width: int | None = None) -> list[str]:
    """Return the balance as lines: a bucket and currency each, with the currency's decimals.

    Args:
        balance: of an account.
        width: columns there are, below which each bucket has a line of its own; None for as many as it takes.
    """
    cells: list[tuple[str, str, str, str]] = [HEADINGS]
    for bucket, amounts in [*balance.buckets(), *balance.others()]:
        cells += _named(bucket, [_cells(amount.amount, amount.currency, amount.source_types) for amount in amounts])
        cells += _named(f"{bucket}.net_available", [net for amount in amounts for net in _nets(amount)])
    lines = _aligned(cells)
    return lines if width is None or max(map(len, lines)) <= width else _below(cells)


def _named(bucket: str, lines: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str, str]]:
    """Return lines with the bucket's name before the first."""
    return [("" if position else bucket, *line) for position, line in enumerate(lines)]


def _cells(amount: int, currency: str, parts: Mapping[str, object], *words: str) -> tuple[str, str, str]:
    """Return an amount, its currency, and what more there is to say: the words, and the parts it is made of."""
    number, code = money.to_text(amount, currency).rsplit(" ", 1)
    shares = [
        f"{name} {money.to_text(share, currency).rsplit(' ', 1)[0]}"
        for name, share in parts.items()
        if _is_whole(share)
    ]
    return number, code, ", ".join([*words, *shares])


def _nets(balance: BalanceAmount) -> Iterator[tuple[str, str, str]]:
    """Yield what each destination of an instant payout could get of an amount."""
    for net in filter(None, map(object_of, balance.net_available)):
        if _is_whole(amount := net.get("amount")):
            yield _cells(
                amount, balance.currency, object_of(net.get("source_types")) or {}, f"to {net.get('destination')}"
            )


def _is_whole(value: object) -> TypeGuard[int]:
    return type(value) is int


async def _ask(args: argparse.Namespace, config: Config, *, several: bool) -> dict[str, Balance]:
    """Return the balances by account; by nothing for one alone, which is not asked for its name.

    Raises:
        AccountsError: some of several accounts failed; the others' balances are its `report`.
        ApiError: what ended everything.
    """
    accounts = await accounts_of(args, config) or (None,)
    by_account: dict[str | None, Balance] = {}
    failed = AccountFailures(len(accounts), fail_fast=args.fail_fast)
    async with Stripe(config) as stripe:

        async def ask(account: str | None) -> None:
            try:
                by_account[account] = await stripe.balance(account=account)
            except ApiError as error:
                if not (several and failed.tolerate(account or OWN, error)):
                    raise
            else:
                failed.succeeded()

        await in_turn(accounts, ask, at_once=ACCOUNTS_AT_ONCE)
        own = (await stripe.account()).account if several and None in by_account else ""
    balances = {account or own: by_account[account] for account in accounts if account in by_account}
    if failed.errors:
        raise failed.summed_up(balances)
    return balances


def _show_recorded(
    snapshots: Sequence[Snapshot], console: Console, *, several: bool, failure: AccountsError | None = None
) -> None:
    if console.json or not console.quiet:  # then the balance was asked for to be kept, not to be seen
        _show({snapshot.account: snapshot.balance for snapshot in snapshots}, console, several=several, failure=failure)
    for snapshot in snapshots:
        where = (
            f"recorded in {snapshot.path}, as of {moment(snapshot.snapshot_at)} UTC"
            if snapshot.rows
            else "nothing to record"
        )
        console.say(f"{snapshot.account}: {where}")
    for line in said_of([file for snapshot in snapshots for file in snapshot.beside]):
        console.warn(line)


def _show(
    balances: dict[str, Balance], console: Console, *, several: bool, failure: AccountsError | None = None
) -> None:
    """Print the balances: to programs as received, to people as tables, with headings where there are several."""
    if console.json:
        received = {name: dict(balance.received) for name, balance in balances.items()}
        error = document_of(failure) if failure else {}
        console.document({"accounts": received, **error} if several else next(iter(received.values())))
        return
    for position, (name, balance) in enumerate(balances.items()):
        heading = [*([""] if position else []), name] if several else []
        console.text(*heading, *table(balance, width_of(sys.stdout)))
    if not all(balance.livemode for balance in balances.values()):
        console.say("Test mode: no real money.")


def _aligned(cells: Sequence[tuple[str, str, str, str]]) -> list[str]:
    bucket, number = (max(len(row[column]) for row in cells) for column in (0, 1))
    return [f"{row[0]:<{bucket}}  {row[1]:>{number}} {row[2]:<3}  {row[3]}".rstrip() for row in cells]


def _below(cells: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Return the lines with the buckets' names above their amounts, for where there is little room."""
    number = max(len(row[1]) for row in cells)
    lines: list[str] = []
    for bucket, amount, currency, parts in cells[1:]:
        lines += [bucket] if bucket else []
        lines.append(f"  {amount:>{number}} {currency:<3}  {parts}".rstrip())
    return lines
