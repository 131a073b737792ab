"""`schema TABLE --for ENGINE [DEST]`."""

from __future__ import annotations

import duckdb
import pytest

from tests.readers import awkward


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    awkward.write_payouts(root, "jsonl.zst")
    return root


def test_what_is_printed_is_run_as_it_is(run, lake):
    done = run("schema", "payouts", "--for", "duckdb", lake)
    assert (done.status, done.err) == (0, "")
    with duckdb.connect() as connection:
        connection.execute(done.out)
        found = connection.sql("select count(*), sum(amount), count(description), any_value(metadata) from payouts")
        rows = [one for account in awkward.ACCOUNTS for one in awkward.payouts(account)]
        described = sum(one["description"] is not None for one in rows)
        assert found.fetchall()[0][:3] == (len(rows), sum(one["amount"] for one in rows), described)


@pytest.mark.parametrize(
    "words",
    [
        ["payouts", "--for", "duckdb", "DEST"],
        ["payouts", "DEST", "--for", "duckdb"],
        ["--for", "duckdb", "payouts", "DEST"],
        ["tables/payouts", "--for", "duckdb", "DEST"],
    ],
)
def test_the_words_come_in_any_order(run, lake, words):
    done = run("schema", *[lake if word == "DEST" else word for word in words])
    assert f"'{lake}/payouts/**/*.jsonl.zst'" in done.out


def test_without_a_lake_it_is_one_in_the_folder_lake(run):
    assert "from read_parquet('lake/balances/**/*.parquet'" in run("schema", "balances", "--for", "duckdb").out


def test_the_place_is_that_of_the_engine(run, lake):
    done = run("schema", "payouts", "--for", "athena", lake, "--at", "s3://bucket/lake/")
    assert "location 's3://bucket/lake/payouts/'" in done.out
    assert done.out.startswith("-- Athena: not run here")


def test_as_json_it_is_one_object_that_says_whether_it_is_run(run, lake):
    found = run("schema", "payouts", "--for", "polars", lake, "--json").json
    assert (found["table"], found["engine"], found["format"]) == ("payouts", "polars", "jsonl.zst")
    assert (found["language"], found["is_run"]) == ("python", True)
    assert found["columns"][-2:] == ["account", "created_date"]
    assert "metadata" not in found["columns"]
    assert "metadata" in found["notes"][0]
    compile(found["statement"], "<statement>", "exec")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["payouts", "--for", "excel"], 2, "no engine is called 'excel'; engines: duckdb, polars"),
        (["--for", "duckdb"], 2, "schema TABLE --for ENGINE [DEST]"),
        (["payouts", "a", "--for", "duckdb", "b"], 2, "schema TABLE --for ENGINE [DEST]"),
        (["payouts", "--for", "duckdb", "--arrow"], 2, "without --arrow"),
        (["source_columns", "--for", "duckdb"], 2, "no table is called 'source_columns'; tables: balance_transactions"),
        (["payouts", "somewhere"], 2, "name an engine with --for"),
        (["payouts", "--at", "s3://x"], 2, "name an engine with --for"),
        (["payouts", "--for", "duckdb", "nowhere"], 78, "no payouts are there"),
        (["balances", "--for", "bigquery", "DEST"], 78, "no balance was recorded"),
        (["payouts", "--for", "bigquery", "DEST"], 78, "BigQuery cannot read payouts of format jsonl.zst"),
        (["payouts", "--for", "daft", "--at", "a*b"], 78, "Daft takes '*' in 'a*b' for part of a pattern"),
    ],
)
def test_what_cannot_be_is_said(run, lake, words, status, said):
    done = run("schema", *[lake if word == "DEST" else word for word in words])
    assert (done.status, done.out) == (status, "")
    assert said in done.err


def test_views_that_are_printed_are_run_as_they_are(run, tmp_path):
    made = tmp_path / "lake"
    assert run("sync", made, "--rate", 0, "-q").status == 0
    done = run("views", made, "--for", "duckdb")
    assert (done.status, done.err) == (0, "")
    with duckdb.connect() as connection:
        connection.execute(done.out)
        fees, rows = (
            dict(connection.sql(f"select currency, sum({what}) from {view} group by all").fetchall())  # noqa: S608 - ours
            for what, view in (("amount", "stripe_fees"), ("fee", "stripe_transactions"))
        )
        own = connection.sql("select count(*) from stripe_fees where place = 'row of its own'").fetchall()
    assert rows.keys() == fees.keys()
    assert own > [(0,)]
    assert fees != rows
