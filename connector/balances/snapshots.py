"""The balance as it was: each time it is asked for, a snapshot of every bucket is added to a lake's `balances`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import anyio
import anyio.to_thread

from connector.accounts.choice import Guest, at_home, chosen_accounts, introduced, keep_account
from connector.config.config import Config
from connector.core.account_failures import OWN, FailedAccounts
from connector.core.api.page import decode_object
from connector.core.api.protocol import seconds_of
from connector.core.ledger.balance import Balance, to_balance
from connector.core.state.balances_record import BalancesRecord, snapshots_folder
from connector.core.state.intent import IntendedFile, file_in, folder_of
from connector.core.state.tables import BALANCES
from connector.errors import (
    CommitConflictError,
    ConnectorError,
    DamagedError,
    SchemaError,
    StorageError,
    UnpublishedError,
)
from connector.events import AccountEnded, AccountFailed, AccountIdentified, AccountsFound, AccountStarted
from connector.lake.catalogs.following import follow
from connector.lake.formats.formats import HIVE
from connector.lake.state.commits import Commits, Write
from connector.lake.state.destination import Destination, destination_as_it_is
from connector.lake.state.file_check import changed_files
from connector.lake.state.lake_identity import load_balances, refuse_new
from connector.lake.state.lease import at_work
from connector.lake.writing.rewrite import condition_of
from connector.lake.writing.small_tables import read_rows, sheet, stage_rows, stored_file
from connector.options.calls import BalanceOptions, RunBalanceOptions
from connector.options.given import arguments_of
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.running.concurrency import in_turn
from connector.services import Services, carried_out, observed, opened
from connector.stripe.client import BALANCE, Client
from connector.stripe.identity import as_account

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.state.data_file import DataFile
    from connector.core.units import AccountId
    from connector.events import OnEvent
    from connector.lake.stores.base import Store
    from connector.lake.writing.small_tables import Sheet

ACCOUNTS_AT_ONCE = 16
"""Accounts asked for at once; the pace holds their requests back further."""

ROUNDS = 8
"""Times that a snapshot is added to what others have made of its day meanwhile."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A balance that was added to a lake.

    Attributes:
        account: whose it is.
        snapshot_at: when it was, UTC seconds by Stripe's clock.
        balance: what there was.
        path: the file it is in, relative to the destination; empty for a balance without any amount, which has no rows.
        rows: how many rows it has there.
        lost: files of earlier snapshots of the account that were found gone, or not as they were written.
    """

    account: AccountId
    snapshot_at: int
    balance: Balance
    path: str
    rows: int
    lost: tuple[str, ...] = ()


@takes(BalanceOptions)
async def record_balance(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[BalanceOptions],
) -> tuple[Snapshot, ...]:
    """Add a snapshot of the balance to a lake, for each account.

    Args:
        destination: a folder; that of `connector.sync`, or one of its own.
        config: whom to ask; from the environment by default.
        on_event: is told what happens, as by `connector.sync`.
        options: see below.

    Returns:
        The snapshots, in the order of the accounts.

    Raises:
        AccountsError: some of several accounts failed; the others' snapshots are in the lake, and are its `report`.
        DamagedError: earlier snapshots are lost; the new ones are in the lake, and are its `report`. Said once.
        StoppedError: it was stopped, by its canceller or deadline.
        ConnectorError: what ended it.
    """
    account_id = options.get("account_id")
    chosen = BalanceChoice(
        chosen_accounts(options.get("accounts", ()), account_id=account_id),
        account_id,
        fail_fast=options.get("fail_fast", False),
        existing=options.get("existing", False),
    )
    settings = config or Config.from_env()
    return await carried_out(
        opened(destination, settings, on_event),
        lambda services: record_balance_with(services, settings, chosen, wait=options.get("wait", 0.0)),
        options,
    )


@dataclass(frozen=True, slots=True)
class BalanceChoice:
    """Whose balances to record; the fields are those of `record_balance`.

    Attributes:
        accounts: connected accounts to read, None standing for the key's own.
        account_id: name of the key's own account.
        fail_fast: end with the first account that fails.
        existing: refuse to make a new lake.
    """

    accounts: Sequence[str | None] = (None,)
    account_id: str | None = None
    fail_fast: bool = False
    existing: bool = False


async def record_balance_with(
    services: Services, config: Config, options: BalanceChoice, *, wait: float = 0.0
) -> tuple[Snapshot, ...]:
    """Do what `record_balance` does, with services that are open already."""

    async def work(services: Services) -> tuple[Snapshot, ...]:
        return await services.when_free(lambda: _once(services, config, options), wait=wait)

    return await observed("record_balance", services, work, rate_limit=config.rate)


async def _once(services: Services, config: Config, options: BalanceChoice) -> tuple[Snapshot, ...]:
    if options.existing:
        refuse_new(services.store, services.destination)
    client = services.client(config)
    try:
        return await _record(services, client, options)
    finally:
        await client.end()


@takes(RunBalanceOptions)
def run_record_balance(destination: str | PathLike[str], **options: Unpack[RunBalanceOptions]) -> list[dict[str, Any]]:
    """Call `record_balance` from ordinary code.

    Args:
        destination: as for `record_balance`.
        options: see below.

    Returns:
        For each account `account`, `snapshot_at` in UTC seconds, `balance` as received, `path` and `rows`.

    Raises:
        ConnectorError: as `record_balance`.
    """

    async def main() -> tuple[Snapshot, ...]:
        return await record_balance(destination, **arguments_of(options))

    snapshots = run_blocking(main, instead="await connector.record_balance(…)")
    return [
        {
            "account": one.account,
            "snapshot_at": one.snapshot_at,
            "balance": dict(one.balance.received),
            "path": one.path,
            "rows": one.rows,
        }
        for one in snapshots
    ]


async def ask_balance(client: Client, account: str | None, named_account: AccountId) -> Snapshot:
    """Ask for the balance; it is nowhere yet.

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the key's own.
        named_account: whose balance it is.

    Raises:
        ApiError: see `connector.errors`.
    """
    response = await as_account(client, account, lambda: client.get(BALANCE, account=account))
    with client.judging(response):
        balance = to_balance(decode_object(response.body, request_id=response.request_id))
    sent = seconds_of(response.headers.get("date", ""))  # by the server's clock; by ours where it does not say
    return Snapshot(named_account, client.clock.utc() if sent is None else sent, balance, "", 0)


@dataclass(frozen=True, slots=True)
class Made:
    """What is recorded with a snapshot.

    Attributes:
        format: that the lake's files have; an account with snapshots already keeps theirs.
        livemode: whether it is of live mode; None where the key's form does not say.
        run: id of the run.
    """

    format: str
    livemode: bool | None
    run: str


async def keep_balance(store: Store, made: Made, snapshot: Snapshot) -> Snapshot:
    """Add a snapshot to the lake, and say where it is. The account must belong there.

    A snapshot is only ever added: what a file of the day holds already is kept. No two have one moment: of different
    ones taken within a second, the later has the next.

    Args:
        store: the destination.
        made: what is recorded with it.
        snapshot: from `ask_balance`.

    Raises:
        SchemaError: an entry of the balance cannot be kept.
        StorageError: the destination cannot be read or written; what was there is then still whole.
    """
    return await anyio.to_thread.run_sync(_add, store, made, snapshot)


def _add(store: Store, made: Made, snapshot: Snapshot, *, rounds: int = ROUNDS) -> Snapshot:
    """Make the day's file with the snapshot in it visible, and record it. Blocks.

    Args:
        store: the destination.
        made: what is recorded with it.
        snapshot: to be added.
        rounds: times that it is added to what others have made of the day meanwhile.
    """
    commits = Commits(store, BALANCES, snapshot.account, made.run)
    record = load_balances(store, snapshot.account)
    record = (
        BalancesRecord(snapshot.account, made.format, made.livemode) if record is None else commits.catch_up(record)
    )
    balances = sheet("balances", record.format)
    folder = snapshots_folder(snapshot.account, snapshot.snapshot_at)
    old = balances.form.file_of(record.files, folder)
    merged = f"{folder}/{balances.form.file_name}" if old is None else old.path
    adopted, lost = _without_lost(store, _with_unrecorded(store, record, balances), balances, merged)
    snapshot = replace(snapshot, lost=lost or snapshot.lost)
    old = balances.form.file_of(adopted.files, folder)
    condition = condition_of(store, f"{folder}/{balances.form.file_name}", old)
    there = None if old is None else read_rows(store, balances.form, old.path)
    new: dict[str, Any] = {"snapshot_at": snapshot.snapshot_at, "snapshot": dict(snapshot.balance.received)}
    before = [] if there is None else balances.objects(there)
    rows = balances.to_batch([new]).num_rows
    if new in before or rows == 0:
        if adopted != record:
            commits.commit(adopted)
        return snapshot
    if any(one["snapshot_at"] == snapshot.snapshot_at for one in before):  # `Date` has no fractions: the next second
        return _add(store, made, replace(snapshot, snapshot_at=snapshot.snapshot_at + 1))
    every = sorted([*before, new], key=lambda one: one["snapshot_at"])
    file, staged = stage_rows(store, balances.form, folder, balances.encode(every))
    replaced = None if old is None else _recorded_sha256(record, old)
    intended = IntendedFile(folder=folder, file=file, replaces=replaced)
    outcome = commits.commit(adopted, [Write(intended, staged, condition, _others_came_first, snapshot)])
    for _, failure in outcome.failed:
        if isinstance(failure, CommitConflictError) and rounds:
            return _add(store, made, snapshot, rounds=rounds - 1)
        raise failure
    commits.end()
    return replace(snapshot, path=file.path, rows=rows)


def _recorded_sha256(record: BalancesRecord, old: DataFile) -> str | None:
    """Return what is recorded of a file that may be there otherwise."""
    recorded = file_in(record.recorded.files, folder_of(old.path))
    return None if recorded is None else recorded.sha256


def _others_came_first(newest: DataFile | None) -> Write[Snapshot]:
    """Have the snapshot added anew to what others have made of the day."""
    raise CommitConflictError(f"another run has written {'the day' if newest is None else newest.path} meanwhile")


def _without_lost(
    store: Store, record: BalancesRecord, balances: Sheet, merged: str
) -> tuple[BalancesRecord, tuple[str, ...]]:
    """Return the record as files of earlier days are now, and the paths of those that lost something.

    Stripe tells no past balance again: what is gone is said once, and stays in the record, until the file is back. A
    file that can be read is kept as it is.
    """
    for file in list(record.lost.values()):
        if not changed_files(store, [file]):
            record = record.with_found(file)
    lost = changed_files(store, record.files.values(), full=False)
    if (old := record.files.get(merged)) is not None and old not in lost:
        lost += changed_files(store, [old])
    for file in lost:
        record = record.without_file(file.path)
        with suppress(StorageError, SchemaError):
            rows = read_rows(store, balances.form, file.path)
            if rows is not None and rows.num_rows:
                record = record.with_file(stored_file(store, file.path, rows.num_rows))
    return record, tuple(file.path for file in lost)


def _with_unrecorded(store: Store, record: BalancesRecord, balances: Sheet) -> BalancesRecord:
    """Return the record with what a run wrote that was killed before it could say so: Stripe does not tell it again.

    Of a table it is left aside, as any file of it may be an older one. Else that can only be the newest file, or one
    that is newer than all the record names. One that cannot be read is damaged: it stays as it is, and `status` names
    it.
    """
    if balances.form.catalog != HIVE:
        return record
    newest = max(record.files, default="")
    for info in list(store.list(f"balances/account={record.account}")):
        known = record.files.get(info.path)
        mine = info.path >= newest and info.path.endswith(f"/{balances.form.file_name}")
        if mine and (known is None or changed_files(store, [known])):
            with suppress(StorageError, SchemaError):
                rows = read_rows(store, balances.form, info.path)
                if rows is not None and rows.num_rows:
                    record = record.with_file(stored_file(store, info.path, rows.num_rows))
    return record


async def _record(services: Services, client: Client, options: BalanceChoice) -> tuple[Snapshot, ...]:
    """Ask for each account, a request each; the destination is held from the first answer on."""
    tell, accounts, account_id = services.on_event, options.accounts, options.account_id
    run = services.new_run(services.clock.now())
    store, lease = services.store.of_run(run), services.lease(run, "balance", client)
    taken: dict[int, Snapshot] = {}
    held: list[Destination] = []
    holding = anyio.Lock()
    names: set[AccountId] = set()
    livemode = client.config.api_key.livemode
    failed = FailedAccounts(len(accounts), fail_fast=options.fail_fast or len(accounts) == 1)
    tell(AccountsFound(len(accounts)))
    async with at_work(lease):

        async def record(position: int) -> None:
            account = accounts[position]
            met = held[0].facts.accounts if held else ()
            identity = await introduced(client, account, account_id=account_id, met=met)
            if identity.account in names:  # under another name
                return
            names.add(identity.account)
            snapshot = await ask_balance(client, account, identity.account)
            lease.about(identity.account)
            async with holding:
                if not held:
                    there = await anyio.to_thread.run_sync(destination_as_it_is, store, lease, livemode)
                    await there.come_to()
                    held.append(there)
            identity, known = await at_home(client, store, held[0].facts, Guest(identity, account, account_id))
            made, snapshot = Made(held[0].format, livemode, run), replace(snapshot, account=identity.account)
            taken[position] = await keep_balance(store, made, snapshot)
            await anyio.to_thread.run_sync(keep_account, store, held[0].facts, known)
            tell(AccountIdentified(account, identity.account))

        async def work(position: int) -> None:
            tell(AccountStarted(accounts[position]))
            try:
                await record(position)
                failed.went_well()
                tell(AccountEnded(accounts[position]))
            except ConnectorError as error:
                tell(AccountFailed(accounts[position], error))
                if not failed.spare(accounts[position] or OWN, error):
                    raise

        try:
            await work(0)  # goes ahead until it is known what time Stripe has, and whether the key serves
            await in_turn(range(1, len(accounts)), work, at_once=ACCOUNTS_AT_ONCE)
        finally:
            unpublished = await follow(store)
    return _ended(tuple(one for _, one in sorted(taken.items())), failed, unpublished)


def _ended(
    snapshots: tuple[Snapshot, ...], failed: FailedAccounts, unpublished: UnpublishedError | None
) -> tuple[Snapshot, ...]:
    """Return the snapshots that were taken, or raise what else there is to say, with them as its report."""
    if failed.errors:
        raise failed.summed_up(snapshots)
    if lost := [path for one in snapshots for path in one.lost]:
        error = DamagedError(lost_snapshots(lost))
        error.report = snapshots
        raise error
    if unpublished is not None:
        unpublished.report = snapshots
        raise unpublished
    return snapshots


def lost_snapshots(paths: Sequence[str]) -> str:
    """Say which files of earlier snapshots are lost, and what to do."""
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")  # noqa: PLR2004 - a line
    files = "1 file of earlier balances is" if len(paths) == 1 else f"{len(paths):,} files of earlier balances are"
    return f"{files} gone or not as written ({named}): Stripe tells no past balance again, look in a backup"
