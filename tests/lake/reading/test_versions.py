"""Earlier records are read as long as their files are there; else it is said which can be, and why."""

from __future__ import annotations

import shutil

import anyio
import pytest

import connector
from connector.cli import main
from connector.core.state.tables import TRANSACTIONS
from connector.core.units import DAY
from connector.errors import ConfigError, UsageError
from connector.lake.catalogs.maintenance import maintain
from connector.lake.state import state_log
from connector.lake.state.record_files import record_path
from connector.lake.state.versions import whole_versions
from connector.lake.stores.local import LocalStore
from connector.payouts.calls import sync_payouts
from tests.support.dating import later
from tests.support.dying_store import DiedError, DyingStore
from tests.support.extras import present
from tests.support.lakes import START, config_for, objects, run, sandbox, state, sync_given, world


@pytest.fixture
def served():
    with sandbox(world(300, days=8, now=START + 30 * DAY)) as found:
        yield found


def ids(lake, **options):
    return connector.read(lake, columns=["id"], **options).to_table().column("id").to_pylist()


def test_rows_are_those_of_the_record_where_later_ones_only_added_files(tmp_path, served):
    run(tmp_path, served, until=START + 3 * DAY)
    early, then = state(tmp_path).number, ids(tmp_path)
    run(tmp_path, served, until=START + 6 * DAY)
    assert len(ids(tmp_path)) > len(then)
    assert ids(tmp_path, version=early) == then
    held = connector.read(tmp_path, version=early)
    assert held.dataset().to_table(columns=["id"]).column("id").to_pylist() == then
    ((first, last),) = held.versions[state(tmp_path).account]
    assert first <= early < last == state(tmp_path).number
    run(tmp_path, served)
    assert ids(tmp_path, version=early) == then, "a version that was asked for stays what it was"


def test_a_record_whose_files_were_replaced_is_refused_and_those_that_are_whole_are_named(tmp_path, served):
    run(tmp_path, served, until=START + 3 * DAY + 40_000)
    early, held = state(tmp_path).number, connector.read(tmp_path, version=state(tmp_path).number)
    run(tmp_path, served)
    newest = state(tmp_path).number
    for read in (lambda: connector.read(tmp_path, version=early), held.to_table):
        with pytest.raises(ConfigError, match="replaced or removed since") as failure:
            read()
        assert not failure.value.retryable
        assert f"{newest}" in failure.value.message
        assert "one file for each partition" in failure.value.message
    assert ids(tmp_path, version=newest) == ids(tmp_path)


def test_there_are_no_records_but_those_that_there_are(tmp_path, served):
    run(tmp_path, served)
    for version in (0, -1, 99):
        with pytest.raises(ConfigError, match="has no record"):
            connector.read(tmp_path, version=version)
    with pytest.raises(UsageError, match="number of a record"):
        connector.read(tmp_path, version="1")


def test_of_several_accounts_one_is_to_be_named(tmp_path):
    with sandbox(world(200, days=3, connected=1)) as served:
        run(tmp_path, served, all_accounts=True)
        one, _ = sorted(connector.read(tmp_path).versions)
        with pytest.raises(ConfigError, match="name one"):
            connector.read(tmp_path, version=2)
        number = connector.read(tmp_path, one).versions[one][-1][1]
        assert ids(tmp_path, account=one, version=number) == ids(tmp_path, account=one)


def test_other_tables_have_records_of_their_own(tmp_path, served):
    anyio.run(lambda: sync_payouts(tmp_path, config=config_for(served)))
    rows = connector.read(tmp_path, table="payouts")
    ((account, ((_, newest),)),) = rows.versions.items()
    assert connector.read(tmp_path, account, table="payouts", version=newest).to_table() == rows.to_table()


@pytest.mark.parametrize("kind", [pytest.param("delta", marks=present("deltalake"))])
def test_tables_keep_older_files_until_they_are_maintained(tmp_path, served, kind, monkeypatch):
    run(tmp_path, served, format=kind, until=START + 3 * DAY + 40_000)
    early, then = state(tmp_path).number, ids(tmp_path)
    run(tmp_path, served)
    assert ids(tmp_path, version=early) == then
    maintain(later(monkeypatch, tmp_path, 8))
    with pytest.raises(ConfigError, match="`maintain` has removed"):
        connector.read(tmp_path, version=early)


def test_records_that_were_cleared_away_are_passed_over(tmp_path, served):
    run(tmp_path, served)
    store, account = LocalStore(tmp_path), state(tmp_path).account
    for _ in range(60):
        there = state_log.load(store, TRANSACTIONS, account)
        state_log.commit(store, TRANSACTIONS, there)
    for number in range(1, 50):
        store.delete(record_path(TRANSACTIONS.name, account, number))
    newest = state(tmp_path).number
    assert whole_versions(store, TRANSACTIONS, account) == ((50, newest),)
    with pytest.raises(ConfigError, match="has no record 7"):
        connector.read(tmp_path, version=7)


def test_status_says_which_records_can_be_read(tmp_path, served, capsys):
    run(tmp_path, served, until=START + 3 * DAY)
    run(tmp_path, served, until=START + 6 * DAY)
    newest = state(tmp_path).number
    assert main(["status", str(tmp_path)]) == 0
    assert f"records   {newest}; rows can be read as of" in capsys.readouterr().out


def killed_between_file_and_record(lake, served):
    """Sync until the store dies, when files are visible that no record names; return whether there are."""
    named = dict(state(lake).files)
    shutil.copytree(lake, lake.with_name("before"))
    for step in range(2, 60):
        shutil.rmtree(lake)
        shutil.copytree(lake.with_name("before"), lake)
        try:
            anyio.run(lambda at=step: sync_given(lake, config_for(served), {"store": DyingStore(lake, dies_at=at)}))
        except (DiedError, BaseExceptionGroup):
            there = {path.relative_to(lake).as_posix() for path in lake.glob("balance_transactions/*/*/part-0.parquet")}
            changed = [name for name, file in named.items() if (lake / name).stat().st_size != file.bytes]
            if state(lake).files.keys() == named.keys() and changed and there > named.keys():
                return True
    return False


def test_files_that_a_killed_run_did_not_record_are_read_as_the_next_run_records_them(tmp_path, served):
    lake = tmp_path / "lake"
    run(lake, served, until=START + 3 * DAY + 40_000)
    assert killed_between_file_and_record(lake, served)
    seen = objects(lake)
    assert len(seen) > state(lake).rows
    everything = {row["id"]: row for row in served.world.rows()}
    assert all(everything[row["id"]] == row for row in seen)
    assert len({row["id"] for row in seen}) == len(seen)
    connector.run_convert(lake, tmp_path / "new", format="jsonl")
    assert objects(tmp_path / "new") == seen
