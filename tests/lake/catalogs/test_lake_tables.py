"""Which tables a lake has, in which catalog, and what its state says that they are to hold: no library is needed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import anyio
import pytest

from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.errors import ConfigError, StateError, StorageError, UnpublishedError, UsageError
from connector.lake.catalogs.base import Published
from connector.lake.catalogs.following import follow
from connector.lake.catalogs.lake_tables import (
    SETTINGS,
    States,
    check_tables,
    compared,
    kind_of,
    publish_tables,
    settled_catalog,
)
from connector.lake.catalogs.maintenance import TableUpkeep, Upkeep, maintain, to_document
from connector.lake.catalogs.newest_metadata import CATALOG_FILE, newest_metadata
from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from tests.support.states import with_files

pytestmark = pytest.mark.anyio
ONE, TWO = AccountId("acct_1"), AccountId("acct_2")


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "a lake #1")


def file(account: str, day: int, sha: str = "0") -> DataFile:
    path = f"balance_transactions/account={account}/created_date=2026-01-{day:02d}/part-{sha * 12}-r1.parquet"
    return DataFile(path, 1, 9, sha * 64, 1_767_225_600, 1_767_225_600)


def recorded(store, state: TableState, *files: DataFile) -> TableState:
    return table_states.commit(store, with_files(state, files, Intervals()))


def new(account: AccountId, form: str = "delta") -> TableState:
    return TableState(account, form, Granularity.DAY)


# The catalog ----------------------------------------------------------------------------------------------------------


def test_the_catalog_that_is_asked_for_first_is_that_of_the_lake(store):
    assert settled_catalog(store) is None
    assert settled_catalog(store, "glue") == "glue"
    assert json.loads(store.read(SETTINGS).data) == {"catalog": "glue"}
    assert [settled_catalog(store), settled_catalog(store, "glue")] == ["glue", "glue"]
    with pytest.raises(ConfigError, match="in the catalog glue, and rest was asked for"):
        settled_catalog(store, "rest")


class Overtaken(LocalStore):
    """Another run names a catalog between the look and the write."""

    theirs: str = "glue"

    def write(self, path, data, **options):
        LocalStore(self.root).write(path, json.dumps({"catalog": self.theirs}).encode())
        return super().write(path, data, **options)


def test_of_two_runs_that_name_a_catalog_at_once_the_first_decides(store):
    overtaken = Overtaken(store.root)
    with pytest.raises(ConfigError, match="in the catalog glue, and rest was asked for"):
        settled_catalog(overtaken, "rest")
    store.delete(SETTINGS)
    assert settled_catalog(overtaken, "glue") == "glue"


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"7"])
def test_a_damaged_note_of_the_catalog_is_not_guessed_at(store, content):
    store.write(SETTINGS, content)
    with pytest.raises(StateError, match="is damaged"):
        settled_catalog(store)


@pytest.mark.parametrize("kind", ["hive", "delta"])
def test_only_tables_of_iceberg_are_in_a_catalog_that_can_be_named(store, kind):
    with pytest.raises(ConfigError, match=f"a lake of the format {kind} has none"):
        check_tables(store, kind, "glue")


def test_a_lake_of_files_needs_nothing(store):
    check_tables(store, "hive", None)
    assert not store.root.exists()


def test_tables_stay_in_the_catalog_that_they_are_in(store):
    settled_catalog(store, "glue")
    with pytest.raises(ConfigError, match="in the catalog glue, and rest was asked for"):
        check_tables(store, "iceberg", "rest")


# What the state says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "kind"), [("parquet", "hive"), ("jsonl.zst", "hive"), ("delta", "delta"), ("iceberg", "iceberg")]
)
def test_what_makes_a_lake_of_the_files_goes_by_their_format(store, form, kind):
    assert kind_of(store) == "hive"
    recorded(store, new(ONE, form))
    assert kind_of(store) == kind


def test_a_lake_of_files_has_no_tables(store):
    recorded(store, new(ONE, "parquet"), file("acct_1", 1))
    assert (publish_tables(store), compared(store)) == ((), {})


def test_a_table_is_to_hold_the_files_of_every_account_by_its_newest_record(store):
    first, second = file("acct_1", 1), file("acct_2", 2)
    one, two = recorded(store, new(ONE), first), recorded(store, new(TWO), second)
    wanted = States(store).wanted("balance_transactions")({})
    assert dict(wanted.files) == {first.path: first, second.path: second}
    assert dict(wanted.revisions) == {ONE: one.number, TWO: two.number}
    assert dict(wanted.published) == {}
    assert dict(States(store).wanted("payouts")({}).files) == {}


def test_what_was_published_is_told_by_the_record_of_then(store):
    older, newer = file("acct_1", 1), file("acct_1", 1, "1")
    before = recorded(store, new(ONE), older)
    after = recorded(store, before, newer)
    states = States(store)
    wanted = states.wanted("balance_transactions")
    assert dict(wanted({ONE: before.number}).published) == {ONE: {older.path: older}}
    assert dict(wanted({ONE: after.number}).published) == {ONE: {newer.path: newer}}
    assert dict(wanted({ONE: after.number + 9, TWO: 1}).published) == {}
    assert dict(wanted({ONE: before.number}).files) == {newer.path: newer}
    last = recorded(store, after, third := file("acct_1", 3))  # what came meanwhile is taken up
    assert dict(wanted({}).files) == {newer.path: newer, third.path: third}
    assert dict(wanted({}).revisions) == {ONE: last.number}


def test_the_kind_of_lake_is_told_by_the_state_of_any_account(store):
    assert States(store).any() is None
    recorded(store, new(TWO))
    assert States(store).any().account == TWO


async def test_what_keeps_tables_from_following_is_told_and_raised_by_nobody(tmp_path):
    store = LocalStore(tmp_path / "a[b")  # no table can be there, and no library may be
    recorded(store, new(ONE), file("acct_1", 1))
    failure = await follow(store)
    assert isinstance(failure, UnpublishedError)
    assert failure.exit_code == ConfigError.exit_code


async def test_tables_follow_though_the_run_was_cancelled(store):
    recorded(store, new(ONE, "parquet"), file("acct_1", 1))
    with anyio.CancelScope() as scope:
        scope.cancel()
        assert await follow(store) is None
        ended = True
    assert ended


async def test_a_lake_without_tables_has_nothing_that_follows(store):
    recorded(store, new(ONE, "parquet"), file("acct_1", 1))
    assert await follow(store) is None


@pytest.mark.parametrize("days", [0, -1, True, 1.5, "7"])
def test_upkeep_keeps_what_is_younger_than_a_day(store, days):
    recorded(store, new(ONE, "parquet"))
    with pytest.raises(UsageError, match="whole number of days, at least 1"):
        maintain(store.root, keep_days=days)
    assert maintain(store.root, keep_days=1).tables == ()


def test_a_table_of_which_nothing_was_to_be_done_is_told_in_noughts():
    (table,) = to_document(Upkeep("lake", "delta", dry_run=True, tables=(TableUpkeep("payouts"),)))["tables"]
    assert table.pop("table") == "payouts"
    assert set(table.values()) == {0}
    assert (Published("payouts").added, Published("payouts").removed, Published("payouts").mended) == (0, 0, 0)


# Iceberg's own catalog in the lake ------------------------------------------------------------------------------------


def catalog_with(store, *tables: tuple[str, str]) -> None:
    store.root.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(store.root / CATALOG_FILE)) as made, made:
        made.execute("create table iceberg_tables (table_name text, metadata_location text)")
        made.executemany("insert into iceberg_tables values (?, ?)", tables)


def test_the_newest_metadata_of_a_table_is_named_by_the_catalog_in_the_lake(store):
    catalog_with(store, ("payouts", "file:///x/metadata/1.json"), ("balances", "file:///x/metadata/00007-a.json"))
    assert newest_metadata(store, "balances") == "00007-a.json"
    assert newest_metadata(store, "balance_transactions") is None


def test_without_a_catalog_nothing_is_named_and_a_damaged_one_is_said(store):
    assert newest_metadata(store, "balances") is None
    store.root.mkdir(parents=True)
    (store.root / CATALOG_FILE).write_bytes(b"no database, whatever it is called" * 40)
    with pytest.raises(StorageError, match=f"reading {CATALOG_FILE}"):
        newest_metadata(store, "balances")
