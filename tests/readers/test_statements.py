"""What is said of places and formats that an engine cannot read, and statements for engines that are not run here."""

from __future__ import annotations

import pytest

from connector.cli.options import command_options
from connector.core.state.partition import Granularity
from connector.core.state.tables import TABLES
from connector.errors import ConfigError, UsageError
from connector.lake.reading.table_files import file_schema
from connector.readers.described import described
from connector.readers.engines import ENGINES, statement_for
from tests.readers import awkward

WAREHOUSES = [name for name, engine in ENGINES.items() if not engine.is_run]
PLACES = {"bigquery": "gs://bucket/it's a \\ lake"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    awkward.make(root, "jsonl.gz", Granularity.MONTH)
    return root


def test_the_command_line_offers_the_engines_there_are():
    assert tuple(ENGINES) == command_options.ENGINES


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("table", TABLES)
def test_without_a_lake_it_is_parquet_by_day_in_the_folder_lake(engine, table):
    found = described(table)
    statement = statement_for(engine, found)
    assert (found.format, found.place) == ("parquet", "lake")
    names = [one.name for one in found.all_columns]
    assert names == file_schema(table, Granularity.DAY).names
    assert f"{table}" in statement.text
    if engine in WAREHOUSES:
        assert "YOUR-BUCKET" in statement.text
        assert "not run here" in statement.notes[0]
        assert any("`at=" in note for note in statement.notes)


@pytest.mark.parametrize("engine", WAREHOUSES)
def test_a_bucket_is_named_as_it_is_and_quoted(engine):
    place = PLACES.get(engine, "s3://bucket/it's a \\ lake")
    text = statement_for(engine, described("payouts", place=place)).text
    quoted = {"redshift": place.replace("'", "''")}.get(engine, place.replace("\\", "\\\\").replace("'", "\\'"))
    if engine == "databricks":
        quoted = quoted.replace("\\\\", "\\\\\\\\")  # the backslash is one of its patterns, too
    assert f"'{quoted}/" in text
    assert "YOUR-BUCKET" not in text


@pytest.mark.parametrize("engine", WAREHOUSES)
def test_another_kind_of_bucket_is_refused(engine):
    with pytest.raises(ConfigError, match="does not read ftp://"):
        statement_for(engine, described("payouts", place="ftp://bucket/lake"))


@pytest.mark.parametrize("engine", ["bigquery", "snowflake", "athena", "databricks"])
def test_lines_have_all_columns_but_what_is_unknown(lake, engine):
    table = described("payouts", lake)
    assert table.format == "jsonl.gz"
    assert table.missing == ("trace_id_status", "trace_id_value", "extra")  # the parts are in `trace_id`
    text = statement_for(engine, table).text
    assert all(one.name in text for one in table.all_columns)


@pytest.mark.parametrize("engine", ["bigquery", "redshift"])
@pytest.mark.parametrize(("form", "readable"), [("jsonl.gz", True), ("jsonl.plain", True), ("jsonl.zst", False)])
def test_zstd_is_not_for_bigquery_and_redshift(tmp_path, engine, form, readable):
    awkward.write_balances(tmp_path, form)
    awkward.write_payouts(tmp_path, form)
    table = described("payouts", tmp_path)
    if readable:
        assert statement_for(engine, table).text
    else:
        with pytest.raises(ConfigError, match=r"format jsonl\.zst: of these formats it reads Parquet"):
            statement_for(engine, table)


def test_redshift_is_told_every_partition_there_is(lake):
    table = described("balance_transactions", lake, place="s3://bucket/lake")
    text = statement_for("redshift", table).text
    for account in awkward.ACCOUNTS:
        for month in ("2025-12", "2026-01"):
            folder = f"balance_transactions/account={account}/created_month={month}/"
            assert f"(account = '{account}', created_month = '{month}') location 's3://bucket/lake/{folder}'" in text


def test_more_partitions_than_one_statement_takes_are_added_by_several(lake):
    text = statement_for("redshift", described("payout_transactions", lake)).text
    assert text.count("alter table") == 2  # of 120
    assert text.count("  partition (") == 120


@pytest.fixture(scope="module")
def expanded(tmp_path_factory):
    root = tmp_path_factory.mktemp("expanded")
    awkward.write_transactions(root, "parquet", source_columns=True)
    return root


@pytest.mark.parametrize("engine", ENGINES)
def test_the_columns_of_expanded_sources_are_read_where_the_lake_has_them(engine, expanded):
    table = described("balance_transactions", expanded)
    assert "charge_card_brand" in [one.name for one in table.columns]
    assert statement_for(engine, table)


def test_a_place_that_no_statement_can_have_is_said():
    for place, kind in (("a\nb", ConfigError), ("bad\udcff", ConfigError), ("  ", UsageError)):
        with pytest.raises(kind):
            described("payouts", place=place)


def test_a_path_that_looks_like_a_url_or_a_home_is_written_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert described("payouts", place="s3:x").place == f"{tmp_path}/s3:x"
    assert described("payouts", place="./~x").place == f"{tmp_path}/~x"
    assert described("payouts", place="~/lake").place == "/home/someone/lake"
    assert described("payouts", place="lake/").place == "lake"


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="no table is called 'payout'; tables: balance_transactions, payouts"):
        described("payout")
    with pytest.raises(ConfigError, match="no payouts are there"):
        described("payouts", tmp_path)
    with pytest.raises(UsageError, match="no engine is called 'excel'; engines: duckdb"):
        statement_for("excel", described("payouts"))
