"""Differences that a run makes while a lake is looked at are none; those that something else made stay ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.core.state.intent import IntendedFile
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.lake.state.intents import RunIntents
from connector.lake.state.standing_differences import standing
from connector.lake.state.table_states import TABLE, commit, compare
from tests.support.memory_store import MemoryStore
from tests.support.samples import PARQUET, START, WHOLE, Row, write
from tests.support.states import with_files

ACCOUNT = AccountId("acct_1")


@pytest.fixture
def store(tmp_path) -> MemoryStore:
    return MemoryStore(tmp_path)


def of_rows(store, *ids, old=None):
    return write(store, PARQUET, [[Row(START, f"txn_{one}") for one in ids]], old=old).file


@pytest.fixture
def state(store) -> TableState:
    empty = TableState(ACCOUNT, "parquet", Granularity.DAY)
    return commit(store, with_files(empty, [of_rows(store, "a")], WHOLE))


def left(store, state):
    found = compare(store, state)
    assert found
    return standing(store, TRANSACTIONS, ACCOUNT, state.files, found)


def test_a_file_that_a_run_has_replaced_and_recorded_since_is_none(store, state):
    (old,) = state.files.values()
    commit(store, with_files(state, [of_rows(store, "a", "b", old=old)], Intervals()))
    assert left(store, state) == []


def test_a_file_that_a_run_has_announced_and_not_recorded_yet_is_none(store, state):
    (old,) = state.files.values()
    file = of_rows(store, "a", "b", old=old)
    RunIntents(store, TABLE, ACCOUNT, "20260101T000000Z-aa").write(1, [IntendedFile(folder="", file=file)])
    assert left(store, state) == []


def test_what_nobody_has_said_stays_one_also_where_a_run_records_other_files(store, state):
    (path,) = state.files
    store.write(path, b"something else")
    commit(store, with_files(state, [], Intervals.span(0, 9)))
    assert [(one.path, one.kind) for one in left(store, state)] == [(path, "changed")]


def test_where_nothing_differs_nothing_is_asked_for():
    assert standing(MemoryStore(Path("/nowhere")), TRANSACTIONS, ACCOUNT, {}, []) == []
