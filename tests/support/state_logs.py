"""States of one account as its log records them, and what of them is in a store."""

from __future__ import annotations

import json
from pathlib import Path

from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity
from connector.core.state.record import SMALL
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import DAY, AccountId
from connector.lake.state.record_files import FOLDER, record_path
from tests.support.states import with_files

ACCOUNT = AccountId("acct_1")
NOWHERE = Path("/nowhere")
SECOND = 10**9


def file(day: int, content: str = "a", *, rows: int = 1) -> DataFile:
    """A data file of a day of January 2026."""
    path = f"balance_transactions/account={ACCOUNT}/created_date=2026-01-{day:02d}/part-0.parquet"
    return DataFile(path, rows, 10, content.encode().hex().ljust(64, "0"), day * DAY, day * DAY + 1, {"usd": 5})


def new_state() -> TableState:
    return TableState(ACCOUNT, "parquet", Granularity.DAY)


def large_state() -> TableState:
    """A state too large to be written as a whole every time."""
    names = (f"created_date=20{number // 12:02d}-{1 + number % 12:02d}" for number in range(SMALL + 1))
    return with_files(new_state(), [replace_path(file(1), name) for name in names], Intervals())


def grown(state: TableState, *files: DataFile) -> TableState:
    seconds = Intervals.of(part for one in files for part in Intervals.span(one.first_created, one.last_created))
    return with_files(state, files, seconds)


def numbers(store) -> list[int]:
    folder = f"{FOLDER}/balance_transactions/{ACCOUNT}"
    return [int(info.path.rpartition("/")[2].removesuffix(".json")) for info in store.list(folder)]


def document(store, number: int) -> dict:
    return json.loads(store.read(record_path("balance_transactions", ACCOUNT, number)).data)


def replace_path(one: DataFile, label: str) -> DataFile:
    day = one.path.split("/")[-2][-2:]
    return DataFile(
        one.path.replace(one.path.split("/")[-2], f"{label}-{day}"), one.rows, one.bytes, one.sha256, net=one.net
    )
