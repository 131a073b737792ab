"""Runs on lakes whose files are listed by a Delta table, or by Iceberg tables: the same rows, and nothing doubled."""

from __future__ import annotations

import anyio
import pytest

import connector
from connector.balances.calls import record_balance
from connector.cli import main
from connector.core.state.publishing import Alteration
from connector.errors import ConfigError, StorageError, UnpublishedError
from connector.lake.catalogs import following
from connector.lake.catalogs.lake_tables import TableComparison, compared, publish_tables
from connector.lake.state.table_states import compare
from connector.lake.stores.local import LocalStore
from connector.payouts.calls import sync_payouts
from tests.support.extras import present
from tests.support.lakes import START, config_for, interrupted_at, objects, run, sandbox, state, truth, world
from tests.support.reading_tables import rows_in, table_of, take_out_a_day, versions_of

KINDS = [pytest.param("delta", marks=present("deltalake")), pytest.param("iceberg", marks=present("pyiceberg"))]
TABLES = ("balance_transactions", "payouts", "payout_transactions", "balances")

pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def served():
    with sandbox(world(600, days=8)) as found:
        yield found


def test_a_table_reads_as_the_lake_of_files_does(kind, served, tmp_path):
    run(tmp_path / "hive", served)
    run(tmp_path / "lake", served, format=kind)
    assert objects(tmp_path / "lake") == truth(served)
    hive = connector.read(tmp_path / "hive").to_table()
    assert rows_in(table_of(tmp_path / "lake", kind)) == rows_in(hive)
    assert rows_in(connector.read(tmp_path / "lake").to_table()) == rows_in(hive)


def test_all_four_tables_are_published(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind, balance=True)
    anyio.run(lambda: sync_payouts(tmp_path / "lake", config=config_for(served)))
    for name in TABLES:
        ours = connector.read(tmp_path / "lake", table=name).to_table()
        assert ours.num_rows
        assert rows_in(table_of(tmp_path / "lake", kind, name)) == rows_in(ours)


def test_files_that_something_else_removed_are_read_again_and_said_to_be_there_again(kind, served, tmp_path):
    run(tmp_path, served, format=kind)
    anyio.run(lambda: sync_payouts(tmp_path, config=config_for(served)))
    gone = sorted(state(tmp_path).files.values(), key=lambda file: file.path)[1:3]
    paid = min((tmp_path / "payouts").rglob("*.parquet"))
    for path in (*(tmp_path / file.path for file in gone), paid):
        path.unlink()
    (account,) = run(tmp_path, served).accounts
    assert (account.healed.files, account.healed.rows) == (2, sum(file.rows for file in gone))
    assert (account.files_damaged, account.rows_lost) == (0, 0)
    (account,) = anyio.run(lambda: sync_payouts(tmp_path, config=config_for(served))).accounts
    assert (account.healed.files, account.rows_lost) == (1, 0)
    assert objects(tmp_path) == truth(served)
    assert rows_in(table_of(tmp_path, kind)) == rows_in(connector.read(tmp_path).to_table())


def test_a_balance_recorded_by_itself_is_published_too(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind)
    for _ in range(2):
        anyio.run(lambda: record_balance(tmp_path / "lake", config=config_for(served)))
    assert rows_in(table_of(tmp_path / "lake", kind, "balances")) == rows_in(
        connector.read(tmp_path / "lake", table="balances").to_table()
    )


def test_a_run_that_finds_nothing_new_commits_nothing(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind)
    before = versions_of(tmp_path / "lake", kind), set(state(tmp_path / "lake").files)
    run(tmp_path / "lake", served)
    run(tmp_path / "lake", served, full_refresh=True)
    assert (versions_of(tmp_path / "lake", kind), set(state(tmp_path / "lake").files)) == before


def test_a_run_is_one_commit(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind, until=START + 3 * 86_400)
    run(tmp_path / "lake", served)
    assert versions_of(tmp_path / "lake", kind) == 2
    assert len(table_of(tmp_path / "lake", kind)) == len(truth(served))


def test_each_partition_has_one_file_and_older_ones_stay_for_whoever_reads_them(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind, until=START + 3 * 86_400 + 40_000)
    older = set(state(tmp_path / "lake").files)
    run(tmp_path / "lake", served)
    files = state(tmp_path / "lake").files
    assert len({path.rpartition("/")[0] for path in files}) == len(files)
    replaced = older - set(files)
    assert replaced
    assert all((tmp_path / "lake" / path).exists() for path in replaced)
    assert compare(LocalStore(tmp_path / "lake"), state(tmp_path / "lake"), full=True) == []
    run(tmp_path / "lake", served, repair=True)
    assert all((tmp_path / "lake" / path).exists() for path in replaced)
    assert rows_in(table_of(tmp_path / "lake", kind)) == rows_in(connector.read(tmp_path / "lake").to_table())


def test_an_interrupted_run_publishes_what_it_committed_and_the_next_one_the_rest(kind, tmp_path):
    with sandbox(world(3_000, days=30)) as served:
        run(tmp_path / "lake", served, format=kind, until=START + 86_400)
        interrupted_at(1_200, tmp_path / "lake", served)
        assert rows_in(table_of(tmp_path / "lake", kind)) == rows_in(connector.read(tmp_path / "lake").to_table())
        run(tmp_path / "lake", served)
        assert len(table_of(tmp_path / "lake", kind)) == len(truth(served))
        assert rows_in(table_of(tmp_path / "lake", kind)) == rows_in(connector.read(tmp_path / "lake").to_table())


def test_a_table_that_cannot_be_published_is_told_and_caught_up_with_by_the_next_run(
    kind, served, tmp_path, monkeypatch
):
    def refuse(*_, **__):
        raise StorageError("the catalog is away")

    run(tmp_path / "lake", served, format=kind, until=START + 3 * 86_400)
    with monkeypatch.context() as patch:
        patch.setattr(following, "publish_tables", refuse)
        with pytest.raises(UnpublishedError, match="the catalog is away") as caught:
            run(tmp_path / "lake", served)
    assert caught.value.exit_code == 74
    assert caught.value.report.outcome == "failed"
    assert objects(tmp_path / "lake") == truth(served)
    assert compared(LocalStore(tmp_path / "lake"))["balance_transactions"].behind > 0
    run(tmp_path / "lake", served)
    assert len(table_of(tmp_path / "lake", kind)) == len(truth(served))
    assert compared(LocalStore(tmp_path / "lake"))["balance_transactions"] == TableComparison()


def test_a_table_that_something_else_altered_is_left_alone_and_mended_by_repair(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind)
    take_out_a_day(tmp_path / "lake", kind)
    (found,) = compared(LocalStore(tmp_path / "lake"))["balance_transactions"].altered
    assert found == Alteration(found.path, "missing")
    with pytest.raises(UnpublishedError, match="altered by something else") as caught:
        run(tmp_path / "lake", served)
    assert caught.value.exit_code == 65
    run(tmp_path / "lake", served, repair=True)
    assert len(table_of(tmp_path / "lake", kind)) == len(truth(served))


def test_a_lake_keeps_its_format(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind)
    with pytest.raises(ConfigError, match=f"made with format {kind}"):
        run(tmp_path / "lake", served, format="parquet")


def test_a_statement_of_a_table_reads_the_table_and_not_all_its_files(kind, served, tmp_path, capsys):
    run(tmp_path / "lake", served, format=kind)
    assert main(["schema", "balance_transactions", str(tmp_path / "lake"), "--for", "duckdb"]) == 0
    said = capsys.readouterr().out
    assert f"{kind}_scan('{tmp_path}/lake/balance_transactions" in said
    assert "*" not in said


def test_a_month_is_a_partition_too(kind, served, tmp_path):
    run(tmp_path / "lake", served, format=kind, partition="month")
    assert len(table_of(tmp_path / "lake", kind)) == len(truth(served))
    assert set(table_of(tmp_path / "lake", kind).column("created_month").to_pylist()) == {"2026-01"}


def test_a_lake_of_files_has_no_tables(kind, served, tmp_path):
    run(tmp_path / "lake", served)
    assert publish_tables(LocalStore(tmp_path / "lake")) == ()
    assert compared(LocalStore(tmp_path / "lake")) == {}
    with pytest.raises(ConfigError, match="for Iceberg tables"):
        run(tmp_path / "lake", served, catalog="prod")
