from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from connector.core.state.data_file import with_changes
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.errors import ConfigError
from connector.lake.state.file_check import FileDifference
from connector.lake.state.table_states import accounts, check_destination, commit, compare, load
from connector.lake.stores.local import LocalStore
from tests.support.samples import PARQUET, START, WHOLE, Row, write
from tests.support.states import with_files

ACCOUNT = AccountId("acct_1")


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


@pytest.fixture
def state(store) -> TableState:
    file = write(store, PARQUET, [[Row(START, "txn_a", status="pending")]]).file
    empty = TableState(ACCOUNT, "parquet", Granularity.DAY, read_until=START + 99, api_versions=("2026-01-01.x",))
    return commit(store, replace(with_files(empty, [file], WHOLE), options=MappingProxyType({"expand": ["source"]})))


def test_an_empty_destination_has_no_state(store):
    assert load(store, ACCOUNT) is None
    assert accounts(store) == []
    check_destination(store, "jsonl.zst", Granularity.DAY, {})
    assert not store.root.exists()


def test_sums_beyond_64_bits_survive(store, state):
    large = with_changes(next(iter(state.files.values())), net={"usd": 2**70})
    commit(store, with_files(state, [large], Intervals()))
    assert load(store, ACCOUNT).net() == {"usd": 2**70}


def test_accounts_are_those_with_a_state(store, state):
    commit(store, TableState(AccountId("acct_0"), "parquet", Granularity.DAY))
    assert accounts(store) == ["acct_0", "acct_1"]


def test_a_destination_keeps_the_format_partition_and_options_it_was_made_with(store, state):
    check_destination(store, "parquet", Granularity.DAY)
    check_destination(store, "parquet", Granularity.DAY, {"expand": ["source"]})
    with pytest.raises(ConfigError, match="made with format parquet, and arrow was asked for"):
        check_destination(store, "arrow", Granularity.DAY)
    with pytest.raises(ConfigError, match="made with partition day"):
        check_destination(store, "parquet", Granularity.MONTH)
    with pytest.raises(ConfigError, match="was made with `expand=source`, and is now asked for without `expand`"):
        check_destination(store, "parquet", Granularity.DAY, {})


def test_files_are_compared_by_existence_and_size_and_fully_by_their_bytes(store, state):
    path = next(iter(state.files))
    assert compare(store, state) == compare(store, state, full=True) == []
    data = store.read(path).data
    store.write(path, data[:-1] + b"x")
    assert compare(store, state) == []
    assert compare(store, state, full=True) == [FileDifference(path, "changed")]
    store.write(path, data + b"x")
    assert compare(store, state) == [FileDifference(path, "changed")]
    store.delete(path)
    extra = "balance_transactions/account=acct_1/created_date=2020-01-01/other.parquet"
    store.write(extra, b"")
    assert compare(store, state) == [FileDifference(extra, "extra"), FileDifference(path, "missing")]
