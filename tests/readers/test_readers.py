"""What is written for each engine gives the table whole: rows, values and types, whatever the lake."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from connector.core.state.partition import Granularity
from connector.errors import ConfigError
from connector.lake.reading.dataset import read
from connector.readers.described import described
from connector.readers.engines import ENGINES, statement_for
from tests.readers import awkward
from tests.readers.running import HEAVY, LIGHT, TO_ARROW, made, need, plain, rows_of, spark
from tests.support.examples import slow_but

DAY, MONTH, YEAR = Granularity
LAKES = [
    *[(form, granularity) for form in ("parquet", "arrow", "jsonl.zst") for granularity in Granularity],
    ("jsonl.gz", MONTH),
    ("jsonl.plain", MONTH),
]
SOME_LAKES = [("parquet", DAY), ("arrow", MONTH), ("jsonl.zst", DAY), ("jsonl.gz", MONTH)]
WITHOUT_ARROW = {"duckdb", "spark", "daft"}
WITHOUT_OBJECTS = {"polars", "pandas", "pyarrow", "datafusion", "daft"}
OF_OBJECTS = {"payouts": ["metadata", "trace_id"], "balance_transactions": ["source", "source_object"]}

each_engine = pytest.mark.parametrize("engine", [*LIGHT, *HEAVY])


@dataclass
class Lakes:
    """Lakes made when they are first asked for, and what they should read as."""

    root: object
    made: dict

    def at(self, form, granularity=DAY, *, expanded=False):
        name = f"{form}-{granularity.value}{'-expanded' if expanded else ''}"
        if name not in self.made:
            awkward.make(self.root / name, form, granularity, expanded=expanded)
            self.made[name] = self.root / name
        return self.made[name]

    def truth(self, table, granularity=DAY, *, expanded=False):
        key = (table, granularity, expanded)
        if key not in self.made:
            self.made[key] = awkward.truth(self.at("parquet", granularity, expanded=expanded), table)
        return self.made[key]


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    return Lakes(tmp_path_factory.mktemp("lakes"), {})


def same(found, expected):
    """Compare everything: names and their order, types, rows and values."""
    found = awkward.in_order(plain(found))
    assert found.schema == expected.schema
    assert found.num_rows == expected.num_rows
    for name in expected.column_names:
        assert found[name].equals(expected[name]), name


def in_lines(engine, table, expected, *, expanded=False):
    """Leave out what an engine does not get from lines, as its notes say."""
    parts = ["trace_id_status", "trace_id_value"]  # which lines have inside `trace_id`
    lost = {"extra", *parts, *([] if expanded else ["source_object"])}
    if engine in WITHOUT_OBJECTS and (table != "balance_transactions" or expanded):
        lost |= set(OF_OBJECTS.get(table, []))
    return expected.drop_columns([name for name in expected.column_names if name in lost])


def test_the_truth_is_what_was_received(lakes):
    rows = [(one, account) for account in awkward.ACCOUNTS for one in awkward.transactions(account)]
    table = lakes.truth("balance_transactions")
    assert table.num_rows == len(rows) > 20_480
    assert len(list(lakes.at("parquet").glob("balance_transactions/*/*/*"))) == 3 * awkward.DAYS
    for name, test in (("exchange_rate", None), ("description", None), ("fee_details", [])):
        tame = [one[name] for one, account in rows if account == "acct_1Tame"][: 36 * 4]
        assert set(map(str, tame)) == {str(test)}
    for currency in ("usd", "eur", "jpy", "gbp"):
        held = table.filter(pc.equal(table["currency"], currency))
        assert sum(held["net"].to_pylist()) == sum(one["net"] for one, _ in rows if one["currency"] == currency)
    assert max(table["net"].to_pylist()) > 2**53
    rates = [one["exchange_rate"] for one, _ in rows if one["exchange_rate"] is not None]
    assert sorted(table["exchange_rate"].drop_null().to_pylist()) == sorted(rates)
    fees = [fee["amount"] for part in table["fee_details"].to_pylist() for fee in part]
    assert sum(fees) == sum(one["fee"] for one, _ in rows)
    assert table["extra"].null_count < table.num_rows
    assert table["account"].unique().to_pylist() == list(awkward.ACCOUNTS)


@each_engine
@pytest.mark.parametrize(
    ("form", "granularity"), slow_but(SOME_LAKES, LAKES), ids=lambda one: getattr(one, "value", one)
)
def test_balance_transactions_are_read_whole(lakes, engine, form, granularity):
    need(engine)
    table = described("balance_transactions", lakes.at(form, granularity))
    expected = lakes.truth("balance_transactions", granularity)
    if form == "arrow" and engine in WITHOUT_ARROW:
        with pytest.raises(ConfigError, match="format arrow"):
            statement_for(engine, table)
        return
    if table.is_lines:
        expected = in_lines(engine, table.name, expected)
    same(rows_of(engine, statement_for(engine, table), table.name), expected)


@each_engine
@pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl.zst"])
@pytest.mark.parametrize("name", ["payouts", "payout_transactions", "balances"])
def test_the_small_tables_are_read_whole(lakes, engine, form, name):
    need(engine)
    table, expected = described(name, lakes.at(form)), lakes.truth(name)
    if form == "arrow" and engine in WITHOUT_ARROW:
        with pytest.raises(ConfigError, match="format arrow"):
            statement_for(engine, table)
        return
    if table.is_lines and name == "balances":
        snapshots_in_lines(engine, table, expected)
        return
    if table.is_lines:
        expected = in_lines(engine, name, expected)
    same(rows_of(engine, statement_for(engine, table), name), expected)


def snapshots_in_lines(engine, table, expected):
    """A line is a snapshot, which has several rows; engines that cannot give an object as text say so."""
    if engine in WITHOUT_OBJECTS:
        with pytest.raises(ConfigError, match=r"format jsonl\.zst"):
            statement_for(engine, table)
        return
    columns = ["snapshot_at", "snapshot", "account", "snapshot_date"]
    once = expected.select(columns).group_by(columns, use_threads=False).aggregate([])
    same(rows_of(engine, statement_for(engine, table), "balances"), once.sort_by([(one, "ascending") for one in
         ("account", "snapshot_at")]).combine_chunks())  # fmt: skip


@each_engine
@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_an_expanded_source_is_an_id_and_a_text_or_left_out(lakes, engine, form):
    need(engine)
    table = described("balance_transactions", lakes.at(form, expanded=True))
    expected = lakes.truth("balance_transactions", expanded=True)
    if table.is_lines:
        expected = in_lines(engine, table.name, expected, expanded=True)
    statement = statement_for(engine, table)
    assert ("source, source_object" in " ".join(statement.notes)) == (table.is_lines and engine in WITHOUT_OBJECTS)
    same(rows_of(engine, statement, table.name), expected)


ODD = {
    "it's": "", "two words": "", 'say "hi"': "", "50% off": "", "a%20b": "", "br[a]cket": "bracket", "cur{l,y}": "curl",
    "st*r": "star", "q?m": "qam", "ha#sh": "", "back\\slash": "backslash", "dol$lar": "", "tick`s": "", "ünï 💶": "",
    "comma,b": "", "semi;c": "", "amp&e=f": "", "a:b": "", "~t": "", "file:x": "", "x=y": "", "account=no": "",
    "-- x": "", "{0}": "", "%s": "",
}  # fmt: skip
"""Names of folders, and of others beside them that a pattern would take as well."""

REFUSED = {
    "duckdb": "\\",
    "clickhouse": "*?{}",
    "datafusion": "*?[]",
    "daft": "*?[]{}\\",
}
STATE = "_stripe_balance/state/payouts"
LOOKS_ABOVE = {"duckdb", "clickhouse", "daft"}
"""Engines that take a folder above the lake for a partition."""


@pytest.fixture(scope="module")
def odd_lakes(lakes, tmp_path_factory):
    """A lake of six files in folders of odd names, and once more in those beside them."""
    root, small = tmp_path_factory.mktemp("odd"), tmp_path_factory.mktemp("small")
    for form in ("parquet", "jsonl.zst"):
        shutil.copytree(lakes.at(form) / STATE, small / form / STATE)
        for day in ("2025-12-22", "2026-01-29"):
            for folder in lakes.at(form).glob(f"payout_transactions/*/arrival_date={day}"):
                shutil.copytree(folder, small / form / folder.relative_to(lakes.at(form)))
    for name in {*ODD, *filter(None, ODD.values())}:
        shutil.copytree(small, root / name)
    return root


ODD_CASES = [
    *[("parquet", name) for name in ODD],
    *[("jsonl.zst", name) for name in ("it's", "50% off", "q?m", "br[a]cket", "~t")],
]


@each_engine
@pytest.mark.parametrize(("form", "name"), slow_but([("parquet", "it's")], ODD_CASES))
def test_odd_paths_are_quoted_or_refused(odd_lakes, engine, form, name, monkeypatch):
    need(engine)
    monkeypatch.chdir(odd_lakes)
    expected = awkward.truth(odd_lakes / name / "parquet", "payout_transactions")
    refused = set(name) & set(REFUSED.get(engine, "")) or (name == "account=no" and engine in LOOKS_ABOVE)
    for place in (odd_lakes / name / form, f"{name}/{form}"):
        if engine == "spark" and not str(place).startswith("/"):
            continue  # relative to where its machine was started, before this test
        table = described("payout_transactions", f"./{place}" if str(place).startswith("~") else place)
        if refused:
            with pytest.raises(ConfigError, match="by another path"):
                statement_for(engine, table)
            continue
        same(rows_of(engine, statement_for(engine, table), table.name), expected)


def test_every_engine_that_is_said_to_run_is_run_here():
    assert {name for name, one in ENGINES.items() if one.is_run} == {*LIGHT, *HEAVY}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_not_run_says_so_and_what_is_does_not(lakes, engine):
    statement = statement_for(engine, described("balance_transactions", lakes.at("parquet")))
    assert ("not run here" in statement.commented) == (not ENGINES[engine].is_run)


@each_engine
def test_text_for_a_number_in_a_line_is_an_error_but_in_daft(engine, tmp_path):
    need(engine)
    awkward.write_payouts(tmp_path, "jsonl.plain")
    table = described("payout_transactions", tmp_path)
    file = tmp_path / table.paths[5]
    file.write_text(file.read_text("utf-8").replace('"fee":0', '"fee":"none"', 1), "utf-8")
    statement = statement_for(engine, table)
    if engine == "daft":
        assert rows_of(engine, statement, table.name)["fee"].null_count == 1
    else:
        with pytest.raises(Exception, match=r"(?i)fee|none|malformed"):
            rows_of(engine, statement, table.name)


@each_engine
@pytest.mark.parametrize("position", slow_but([-1], [0, -1]))
def test_a_column_that_older_files_lack_is_null_there_or_refused(engine, tmp_path, position):
    need(engine)
    awkward.write_payouts(tmp_path, "parquet")
    table = described("payouts", tmp_path)
    expected = awkward.truth(tmp_path, "payouts")
    file = tmp_path / sorted(table.paths)[position]
    rows = pq.ParquetFile(file).read()
    (gone,) = rows["id"].to_pylist()
    pq.write_table(rows.drop_columns(["trace_id_value"]), file)
    statement = statement_for(engine, table)
    if engine in {"duckdb", "polars"}:
        with pytest.raises(Exception, match="trace_id_value"):
            rows_of(engine, statement, "payouts")
        return
    found = awkward.in_order(plain(rows_of(engine, statement, "payouts")))
    assert found.schema == expected.schema
    values = zip(expected["id"].to_pylist(), expected["trace_id_value"].to_pylist(), strict=True)
    assert found["trace_id_value"].to_pylist() == [None if one == gone else value for one, value in values]
    assert found.drop_columns("trace_id_value").equals(expected.drop_columns("trace_id_value"))


def test_daft_is_told_every_column_and_its_type(tmp_path):
    # It takes them of whichever file it comes to first, which may be one that was written before a column came.
    awkward.write_payouts(tmp_path, "parquet")
    table = described("payouts", tmp_path)
    told = statement_for("daft", table).text.partition(").select(")[0]
    assert "infer_schema=False" in told
    for column in table.columns:
        assert f'"{column.name}": T.' in told


PAGE = Path(__file__).parent.parent.parent / "docs" / "local-days.md"
IN_SQL = {"DuckDB": "duckdb", "ClickHouse": "clickhouse", "DataFusion": "datafusion"}
IN_PYTHON = {"Polars": "polars", "pandas": "pandas", "Daft": "daft"}


@pytest.mark.parametrize("named", [*IN_SQL, *IN_PYTHON, "Spark"])
def test_the_local_days_of_the_page_are_those_of_read(lakes, named):
    engine = {**IN_SQL, **IN_PYTHON, "Spark": "spark"}[named]
    need(engine)
    (day,) = re.findall(rf"^\| {named} \| `([^`]+)`", PAGE.read_text("utf-8"), re.MULTILINE)
    lake = lakes.at("parquet")
    statement = statement_for(engine, described("balance_transactions", lake))
    expected = pa.table(read(lake, columns=["id"], timezone="Europe/Paris")).sort_by("id")
    found = plain(local_days(engine, statement, day)).cast(expected.schema).sort_by("id")
    assert found.equals(expected)
    utc = pa.table(read(lake, columns=["id", "created_date"])).sort_by("id")["created_date"]
    assert sum(day != there for day, there in zip(utc, found["local_date"], strict=True)) > 100


def local_days(engine, statement, day):
    """Return the id and the local day of each row, as the page has it for an engine."""
    names = made(engine, statement)
    table = names["balance_transactions"] if engine not in {"duckdb", "clickhouse"} else None
    query = f"select id, {day} as local_date from balance_transactions"  # noqa: S608 - of a page of ours
    if engine in {"duckdb", "clickhouse"}:
        return names(query)
    if engine == "datafusion":
        return names["ctx"].sql(query).to_arrow_table()
    if engine == "spark":
        zone = spark().conf.get("spark.sql.session.timeZone")
        spark().conf.set("spark.sql.session.timeZone", "Europe/Paris")
        table.createOrReplaceTempView("balance_transactions")
        try:
            return TO_ARROW["spark"](spark().sql(query))
        finally:
            spark().conf.set("spark.sql.session.timeZone", zone)
    column = eval(day, {**names, "frame": table})  # noqa: S307 - of a page of ours
    if engine == "pandas":
        return TO_ARROW["pandas"](table[["id"]].assign(local_date=column))
    return TO_ARROW[engine](table.select("id", column.alias("local_date")))


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata"])
@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_in_duckdb_partitions_and_moments_do_not_follow_the_session(lakes, form, zone):
    table = described("balance_transactions", lakes.at(form))
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = '{zone}'")
        connection.execute(statement_for("duckdb", table).text)
        found = connection.sql("select * from balance_transactions").to_arrow_table()
    expected = lakes.truth("balance_transactions")
    moments = [pa.field(one.name, pa.timestamp("us", tz="UTC") if one.name in {"created", "available_on"} else one.type)
               for one in found.schema]  # fmt: skip
    if form != "parquet":
        expected = in_lines("duckdb", "balance_transactions", expected)
    same(found.cast(pa.schema(moments)), expected)
