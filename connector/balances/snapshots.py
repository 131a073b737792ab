"""The balance as it was: each time it is asked for, a snapshot of every bucket is added to a lake's `balances`."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.core.api.protocol import seconds_of
from connector.core.metrics import ReportFigures
from connector.core.state.balances_record import BalancesRecord, snapshots_folder
from connector.core.state.data_file import folder_of
from connector.core.state.intent import IntendedFile, file_in
from connector.core.state.tables import BALANCES
from connector.errors import (
    CommitConflictError,
    SchemaError,
    StorageError,
)
from connector.lake.formats.formats import HIVE
from connector.lake.reading.unnamed_files import beside
from connector.lake.state.commits import Commits
from connector.lake.state.file_check import changed_files
from connector.lake.state.lake_identity import load_balances
from connector.lake.state.writes import Write
from connector.lake.writing.rewrite import condition_of
from connector.lake.writing.small_tables import read_rows, small_table, stage_rows, stored_file
from connector.stripe.balance import balance_in
from connector.stripe.client import BALANCE, Client
from connector.stripe.identity import as_account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.ledger.balance import Balance
    from connector.core.state.data_file import DataFile
    from connector.core.state.unnamed import Unnamed
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store
    from connector.lake.writing.small_tables import SmallTable

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
        beside: files in its folder that no record names.
    """

    account: AccountId
    snapshot_at: int
    balance: Balance
    path: str
    rows: int
    lost: tuple[str, ...] = ()
    beside: tuple[Unnamed, ...] = ()


def figures_of(snapshots: Sequence[Snapshot]) -> ReportFigures:
    """Return what taking snapshots comes to, for whoever watches."""
    return ReportFigures(
        covered={snapshot.account: snapshot.snapshot_at for snapshot in snapshots},
        accounts=len(snapshots),
        rows_new=sum(snapshot.rows for snapshot in snapshots),
    )


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
    balance = balance_in(client, response)
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
    added = await anyio.to_thread.run_sync(_add, store, made, snapshot)
    return replace(added, beside=await anyio.to_thread.run_sync(_beside, store, added.account))


def _beside(store: Store, account: AccountId) -> tuple[Unnamed, ...]:
    record = load_balances(store, account) if store.at_once == 1 else None  # a bucket is not asked for this alone
    return () if record is None else beside(store, BALANCES, account, record.files)


def _add(store: Store, made: Made, snapshot: Snapshot, *, rounds: int = ROUNDS) -> Snapshot:
    """Make the day's file with the snapshot in it visible, and record it. Blocks.

    Args:
        store: the destination.
        made: what is recorded with it.
        snapshot: to be added.
        rounds: times that it is added to what others have made of the day meanwhile.
    """
    commits = Commits(store, BALANCES, snapshot.account, made.run)
    looked, record = time.time(), load_balances(store, snapshot.account)
    record = (
        BalancesRecord(snapshot.account, made.format, made.livemode, seen=looked)
        if record is None
        else commits.catch_up(record)
    )
    balances = small_table("balances", record.format)
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
    if any(row["snapshot_at"] == snapshot.snapshot_at for row in before):  # `Date` has no fractions: the next second
        return _add(store, made, replace(snapshot, snapshot_at=snapshot.snapshot_at + 1))
    every = sorted([*before, new], key=lambda row: row["snapshot_at"])
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
    store: Store, record: BalancesRecord, balances: SmallTable, merged: str
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


def _with_unrecorded(store: Store, record: BalancesRecord, balances: SmallTable) -> BalancesRecord:
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
