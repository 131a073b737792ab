"""An awkward lake: valid rows that readers of files get wrong, in every format, three accounts, four tables.

The first account's first 36 days have no exchange rate, no description and no fee, in more files and rows than any
reader samples (DuckDB: 32 files, 20,480 rows); the wild rows come after them. What a reader should find is computed
here from the objects, and by pyarrow from the Parquet files.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from connector.core.state.balances_record import BalancesRecord, snapshots_folder
from connector.core.state.data_file import with_changes
from connector.core.state.partition import Granularity, partition_folder
from connector.core.state.payouts_record import PayoutsRecord, payouts_folder, transactions_folder
from connector.core.state.table_state import TableState
from connector.core.state.tables import BALANCES, PAYOUTS
from connector.core.time.intervals import Intervals
from connector.core.units import DAY, AccountId
from connector.lake.formats.formats import format_named
from connector.lake.state import state_log
from connector.lake.state.table_states import commit
from connector.lake.stores.local import LocalStore
from connector.lake.writing.rewrite import PartitionRewrite, stage
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.lake.writing.small_tables import small_table, stage_rows
from connector.tables.balance_transactions import to_batch, to_lines
from tests.support.parting import by_partition
from tests.support.samples import publish
from tests.support.states import with_files, with_payouts, with_transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Object = dict[str, Any]

START = 1_766_188_800
"""2025-12-20, so that forty days lie in two months and two years."""

DAYS = 40
TAME_DAYS = 36
ACCOUNTS = ("acct_1Tame", "acct_2Wild", "acct_3Late")
BUSY = 1_800
"""Rows a day of the first account while it is in December: more together than any reader samples."""

ODD_TEXT = 'naïve \u2028 "quoted" it\'s \\ back, comma;\ttab\nline 💶'
TABLES = ("balance_transactions", "payouts", "payout_transactions", "balances")


def transactions(account: str, *, expanded: bool = False) -> list[Object]:
    """Balance transactions of an account, by time and id."""
    number = ACCOUNTS.index(account)
    rows: list[Object] = []
    for day in range(DAYS):
        many = BUSY if number == 0 and day < 12 else 4
        rows += [_transaction(number, day, index, many) for index in range(many)]
    if expanded:
        rows = [{**row, "source": _charge(row)} if row["source"] else row for row in rows]
    return sorted(rows, key=lambda row: (row["created"], row["id"]))


def _transaction(number: int, day: int, index: int, many: int) -> Object:
    created = START + day * DAY + index * (DAY // many)
    row: Object = {
        "id": f"txn_{number}{day:02}{index:05}",
        "object": "balance_transaction",
        "amount": 1_000 + index,
        "available_on": created - created % DAY + 2 * DAY,
        "balance_type": "payments",
        "created": created,
        "currency": ("usd", "eur", "jpy")[index % 3],
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": 1_000 + index,
        "reporting_category": "charge",
        "source": f"ch_{number}{day:02}{index:05}",
        "status": "available",
        "type": "charge",
    }
    return row if day < TAME_DAYS else _WILD[index % 4](row, day)


def _converted(row: Object, day: int) -> Object:
    rate = 1 if day % 2 else 1.08342
    return {
        **row,
        "exchange_rate": rate,
        "description": ODD_TEXT,
        "a_new_field": {"deep": [1, 2**53 + 1], "it's": None},
    }


def _with_fees(row: Object, _day: int) -> Object:
    fees = [
        {"amount": 30, "application": None, "currency": "eur", "description": "Stripe fees", "type": "stripe_fee"},
        {"amount": 7, "application": "ca_1", "currency": "eur", "description": None, "type": "application_fee"},
    ]
    if row["id"].startswith("txn_1"):
        fees[1]["a_new_key"] = "of a fee"
    return {**row, "exchange_rate": 0.1 + 0.2, "fee": 37, "net": row["amount"] - 37, "fee_details": fees}


def _huge(row: Object, day: int) -> Object:
    amount = (2**53 + 1) * (-1 if day % 2 else 1)
    return {**row, "amount": amount, "net": amount, "source": None, "status": "pending", "type": "adjustment"}


def _largest(row: Object, day: int) -> Object:
    amount = (2**62 + 1) * (1 if day % 2 else -1)
    old = {name: value for name, value in row.items() if name != "balance_type"}
    return {**old, "currency": "gbp", "amount": amount, "net": amount, "exchange_rate": 1.9, "type": "a_new_type"}


_WILD: tuple[Callable[[Object, int], Object], ...] = (_converted, _with_fees, _huge, _largest)


def _charge(row: Object) -> Object:
    return {
        "id": row["source"],
        "object": "charge",
        "amount": row["amount"],
        "metadata": {"note": ODD_TEXT},
        "paid": True,
        "outcome": None,
    }


def payouts(account: str) -> list[Object]:
    """Payouts of an account, one a day."""
    number = ACCOUNTS.index(account)
    return [_payout(number, day) for day in range(DAYS)]


def _payout(number: int, day: int) -> Object:
    wild = day >= TAME_DAYS
    payout: Object = {
        "id": f"po_{number}{day:03}",
        "object": "payout",
        "amount": 2**53 + 1 if wild else 500 + day,
        "application_fee": None,
        "application_fee_amount": 2**53 + 3 if wild else None,
        "arrival_date": START + (day + 2) * DAY,
        "automatic": not wild,
        "balance_transaction": f"txn_po{number}{day:03}",
        "created": START + day * DAY + 3_600,
        "currency": "eur" if wild else "usd",
        "description": ODD_TEXT if wild else None,
        "destination": "ba_1",
        "failure_balance_transaction": None,
        "failure_code": "account_closed" if wild else None,
        "failure_message": None,
        "livemode": False,
        "metadata": {"order": 'it\'s "1"'} if wild else {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": {"status": "supported", "value": "abc"} if wild else None,
        "type": "bank_account",
    }
    return {**payout, "a_new_field": [1]} if day == DAYS - 1 else payout


def pairs(account: str) -> list[Object]:
    """What each payout of an account paid out, moments in UTC seconds."""
    number = ACCOUNTS.index(account)
    return [row for day in range(DAYS) for row in _pair(number, day)]


def _pair(number: int, day: int) -> Iterable[Object]:
    wild = day >= TAME_DAYS
    amount = 2**53 + 1 if wild else 500 + day
    common = {"payout_id": f"po_{number}{day:03}", "currency": "eur" if wild else "usd", "fee": 0}
    created = START + day * DAY
    yield {
        **common,
        "balance_transaction_id": f"txn_ch{number}{day:03}",
        "created": created,
        "amount": amount,
        "net": amount,
        "type": "charge",
        "reporting_category": "charge",
        "source": "ch_1" if wild else None,
    }
    yield {
        **common,
        "balance_transaction_id": f"txn_po{number}{day:03}",
        "created": created + 3_600,
        "amount": -amount,
        "net": -amount,
        "type": "payout",
        "reporting_category": "payout",
        "source": common["payout_id"],
    }


def snapshots(account: str) -> list[Object]:
    """Snapshots of an account's balance, one a day."""
    number = ACCOUNTS.index(account)
    return [{"snapshot_at": START + day * DAY + number, "snapshot": _balance(day)} for day in range(DAYS)]


def _balance(day: int) -> Object:
    wild = day >= TAME_DAYS
    amount = 2**53 + 1 if wild else day
    balance: Object = {
        "object": "balance",
        "available": [{"amount": amount, "currency": "usd", "source_types": {"card": amount}}],
        "livemode": False,
        "pending": [{"amount": -amount, "currency": "eur", "source_types": {}}],
    }
    instant = [
        {
            "amount": 5,
            "currency": "usd",
            "net_available": [{"amount": 4, "destination": "ba_1", "source_types": {"card": 4}}],
            "source_types": {"card": 5},
        }
    ]
    return {**balance, "instant_available": instant, "note": ODD_TEXT} if wild else balance


def make(root: Path, format_name: str, granularity: Granularity = Granularity.DAY, *, expanded: bool = False) -> None:
    """Write the lake: all four tables, through the writers that a run uses."""
    write_transactions(root, format_name, granularity, expanded=expanded)
    write_payouts(root, format_name)
    write_balances(root, format_name)


def write_transactions(
    root: Path,
    format_name: str,
    granularity: Granularity = Granularity.DAY,
    *,
    expanded: bool = False,
    source_columns: bool = False,
) -> None:
    """Write the balance transactions of all accounts, and their states."""
    store = LocalStore(root)
    form = format_named(format_name, source_columns=source_columns)
    make_batch = to_lines if format_name.startswith("jsonl") else partial(to_batch, source_columns=source_columns)
    options = {**({"expand": ["source"]} if expanded else {}), **({"source_columns": True} if source_columns else {})}
    for account in map(AccountId, ACCOUNTS):
        state = replace(TableState(account, form.name, granularity), options=options)
        with RowBuffer(store.scratch, memory=Memory(1 << 26)) as buffer:
            for key, part in by_partition(make_batch(transactions(account, expanded=expanded)), granularity):
                buffer.put(key, part)
            for key in buffer.partitions():
                whole = Intervals((key.bounds,))
                with buffer.take(key, whole) as runs:
                    folder = partition_folder("balance_transactions", account, key)
                    staged = stage(store, form, PartitionRewrite(folder, None, whole), runs)
                    publish(store, staged)
                state = with_files(state, [staged.file], whole)
        commit(store, state)


def written_rows(store, form, folder, rows):
    """Make rows the file of a folder, whatever is there."""
    file, staged = stage_rows(store, form, folder, rows)
    store.publish(staged, file.path)
    return file


def write_payouts(root: Path, format_name: str) -> None:
    """Write the payouts of all accounts and what each paid out, and their records."""
    shutil.copytree(_payouts_written(format_name).name, root, dirs_exist_ok=True)


@cache
def _payouts_written(format_name: str) -> TemporaryDirectory[str]:
    """Write them once, into a folder that lasts as long as the process."""
    written = TemporaryDirectory()
    store = LocalStore(Path(written.name))
    made, paid = small_table("payouts", format_name), small_table("payout_transactions", format_name)
    for account in map(AccountId, ACCOUNTS):
        record = PayoutsRecord(account, made.form.name)
        for one in payouts(account):
            folder = payouts_folder(account, one["created"])
            record = with_payouts(record, [written_rows(store, made.form, folder, made.encode([one]))], [])
        for day, group in groupby(pairs(account), lambda one: one["created"] // DAY * DAY):
            arrival = day + 2 * DAY
            folder = transactions_folder(account, arrival)
            stored = written_rows(store, paid.form, folder, paid.encode(list(group)))
            record = with_transactions(record, with_changes(stored, listings={}))
        state_log.commit(store, PAYOUTS, record)
    return written


def write_balances(root: Path, format_name: str) -> None:
    """Write the snapshots of all accounts, and their records."""
    store = LocalStore(root)
    made = small_table("balances", format_name)
    for account in map(AccountId, ACCOUNTS):
        record = BalancesRecord(account, made.form.name)
        for one in snapshots(account):
            folder = snapshots_folder(account, one["snapshot_at"])
            record = record.with_file(written_rows(store, made.form, folder, made.encode([one])))
        state_log.commit(store, BALANCES, record)


def truth(parquet_lake: Path, table: str) -> pa.Table:
    """What pyarrow reads from the Parquet files of a table."""
    folder = parquet_lake / table
    labels = sorted({part.name for part in folder.glob("account=*/*")})
    column = labels[0].split("=")[0]
    kind = {"created_month": pa.string(), "created_year": pa.int32()}.get(column, pa.date32())
    hive = ds.partitioning(pa.schema([("account", pa.string()), (column, kind)]), flavor="hive")
    return in_order(ds.dataset(folder, format="parquet", partitioning=hive).to_table())


def in_order(table: pa.Table) -> pa.Table:
    """Sort rows by what tells them apart, and leave out what a schema carries besides names and types."""
    keys = [name for name in ("account", "id", "payout_id", "balance_transaction_id", "snapshot_at", "kind",
            "currency", "source_type", "destination") if name in table.column_names]  # fmt: skip
    plain = pa.schema([pa.field(one.name, one.type) for one in table.schema])
    return table.cast(plain).sort_by([(name, "ascending") for name in keys]).combine_chunks()
