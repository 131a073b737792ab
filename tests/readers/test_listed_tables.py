"""Statements for Delta and Iceberg tables give them whole, and never files that do not count any more."""

from __future__ import annotations

import os
from functools import partial

import pyarrow as pa
import pytest

import connector
from connector.cli import main
from connector.core.state.partition import Granularity
from connector.errors import ConfigError
from connector.readers.described import described
from connector.readers.engines import ENGINES, is_run, statement_for
from connector.readers.views import views_for
from tests.readers import awkward
from tests.readers.running import HEAVY, made, need, plain, rows_of
from tests.support.extras import present
from tests.support.lakes import START, objects, run, sandbox, world

DAY = 86_400
KINDS = [pytest.param("delta", marks=present("deltalake")), pytest.param("iceberg", marks=present("pyiceberg"))]
RUN = ["polars", "pandas", "pyarrow", "clickhouse", "datafusion", "daft"]
WAREHOUSES = ["bigquery", "snowflake", "athena", "redshift", "databricks"]
TABLES = ("balance_transactions", "payouts", "payout_transactions", "balances")


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    """A lake of awkward rows, the same as tables, and what it holds."""
    root = tmp_path_factory.mktemp("lakes")
    awkward.make(root / "parquet", "parquet", Granularity.MONTH)

    def at(kind):
        if not (root / kind).exists():
            connector.run_convert(root / "parquet", root / kind, format=kind)
        return root / kind

    return at, partial(awkward.truth, root / "parquet")


@pytest.fixture
def lake(tmp_path):
    """A lake of tables whose newest day was replaced, so that an older file lies beside it."""

    def of(kind):
        with sandbox(world(200, days=4)) as served:
            run(tmp_path / kind, served, format=kind, until=START + 2 * DAY + 40_000)
            run(tmp_path / kind, served)
        assert len(list((tmp_path / kind / "balance_transactions").glob("account=*/*/*"))) == 5
        return tmp_path / kind

    return of


def needs(engine):
    if engine not in HEAVY:
        pytest.importorskip(engine)
    need(engine)


@pytest.mark.filterwarnings("ignore")  # what libraries say of each other
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", RUN)
def test_an_engine_gets_every_row_of_every_table_with_every_column(lakes, engine, kind, monkeypatch):
    needs(engine)
    at, truth = lakes
    place = at(kind)
    monkeypatch.chdir("/")  # ClickHouse reads these tables in no other folder than it was started in
    for table in TABLES:
        found = described(table, place)
        assert is_run(engine, found)
        statement = statement_for(engine, found)
        names = made(engine, statement) if engine == "pyarrow" else None
        rows = names[table] if names else rows_of(engine, statement, table)
        rows = rows if isinstance(rows, pa.Table) else rows.to_table()
        assert tuple(rows.column_names) == found.names == statement.columns
        expected = truth(table)
        got = awkward.in_order(plain(rows)).select(expected.column_names)
        for name in expected.column_names:
            assert got[name].to_pylist() == expected[name].to_pylist(), name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["polars", "pyarrow"])
def test_rows_of_older_files_are_not_read(lake, engine, kind):
    needs(engine)
    place = lake(kind)
    statement = statement_for(engine, described("balance_transactions", place))
    rows = made(engine, statement)["balance_transactions"]
    rows = rows.collect().to_arrow() if engine == "polars" else rows if isinstance(rows, pa.Table) else rows.to_table()
    assert sorted(rows.column("id").to_pylist()) == sorted(row["id"] for row in objects(place))


@pytest.mark.parametrize("kind", KINDS)
def test_for_duckdb_the_extension_is_named_and_the_table_not_its_files(lake, kind):
    place = lake(kind)
    statement = statement_for("duckdb", described("balance_transactions", place))
    assert f"{kind}_scan('{place}/balance_transactions" in statement.text
    assert "not run here" in statement.notes[0]
    assert kind in statement.notes[0]
    assert "part-" not in statement.text
    if kind == "iceberg":
        (name,) = [one for one in statement.text.split("'") if one.endswith(".metadata.json")]
        assert os.path.exists(name)  # noqa: PTH110 - a text
        assert "print it again" in statement.notes[-1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", [*WAREHOUSES, "spark"])
def test_for_others_it_is_written_from_the_vendors_pages_or_said_what_to_do(lake, engine, kind, capsys):
    place = lake(kind)
    table = described("balance_transactions", place)
    assert not is_run(engine, table)
    status = main(["schema", "balance_transactions", "--for", engine, str(place)])
    told = capsys.readouterr()
    if engine == "redshift" or (kind == "iceberg" and engine != "spark"):
        assert status == 78
        assert "convert" in told.err
        assert told.out == ""
    else:
        assert status == 0
        assert "not run here" in told.out.replace("\n", " ").replace("-- ", "").replace("# ", "")


@pytest.mark.parametrize("kind", KINDS)
def test_every_engine_has_a_way(lake, kind):
    table = described("balance_transactions", lake(kind))
    refused = {"redshift"} if kind == "delta" else set(WAREHOUSES)
    for engine in ENGINES.keys() - refused:
        assert statement_for(engine, table).text
    for engine in refused:
        with pytest.raises(ConfigError, match="convert"):
            statement_for(engine, table)


@pytest.mark.parametrize("kind", [KINDS[1]])
def test_an_iceberg_table_elsewhere_is_none(lake, kind):
    with pytest.raises(ConfigError, match="where they are"):
        described("balance_transactions", lake(kind), place="s3://bucket/lake")


@pytest.mark.parametrize("kind", [KINDS[0]])
def test_a_delta_table_elsewhere_is_the_same(lake, kind):
    text = statement_for("duckdb", described("balance_transactions", lake(kind), place="s3://bucket/lake")).text
    assert "delta_scan('s3://bucket/lake/balance_transactions')" in text


@pytest.mark.parametrize("kind", KINDS)
def test_views_stand_on_the_table(lake, kind, monkeypatch):
    needs("clickhouse")
    monkeypatch.chdir("/")
    place = lake(kind)
    ask = made("clickhouse", views_for("clickhouse", place))
    found = ask("select count(*) as n, sum(net_minor) as net from stripe_transactions").to_pylist()
    assert found == [{"n": len(objects(place)), "net": sum(row["net"] for row in objects(place))}]
