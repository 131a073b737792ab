"""Rows that differ from the schema, and rows of several API versions: kept, counted, told of; refused on request."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pytest

import connector
from connector.config.config import ApiKey
from connector.core.run_report import to_document
from connector.errors import PermissionDeniedError, SchemaError
from connector.sandbox import Limits, Sandbox, World
from connector.sandbox.core.kinds import ADDABLE
from tests.support import lakes
from tests.support.fitting import fits
from tests.verification.doctoring import answers, check

OLD = "2024-04-10"
HALF_PAST_FIVE = 5 * 3_600 + 1_800
"""Seconds after midnight UTC at which days start in this world, as they may in India."""
FORMATS = ["parquet", "arrow", "jsonl.zst"]


@pytest.mark.parametrize("form", FORMATS)
def test_rows_of_an_old_version_stay_right_from_end_to_end(tmp_path, form):
    with lakes.sandbox(lakes.world(600)) as served:
        sync = partial(lakes.run, tmp_path / "lake", served, format=form, settings={"api_version": OLD})
        sync(until=lakes.START + 5 * lakes.DAY + 7)
        report = sync()
        (account,) = sync(full_refresh=True).accounts
        old = [{name: value for name, value in row.items() if name != "balance_type"} for row in lakes.truth(served)]
    assert lakes.objects(tmp_path / "lake") == old
    assert (account.rows_changed, account.files_written) == (0, 0)
    assert report.accounts[0].drift == ()
    assert set(pa.table(connector.read(tmp_path / "lake"))["balance_type"].to_pylist()) == {None}


@pytest.mark.parametrize("form", FORMATS)
def test_a_lake_of_two_versions_says_so(tmp_path, form):
    with lakes.sandbox(lakes.world(600)) as served:
        middle = lakes.START + 5 * lakes.DAY
        lakes.run(tmp_path, served, format=form, until=middle, settings={"api_version": OLD})
        report = lakes.run(tmp_path, served, format=form)
        truth = lakes.truth(served)
    newest = report.api_version
    assert report.accounts[0].api_versions == (OLD, newest)
    assert lakes.state(tmp_path).api_versions == (OLD, newest)
    for row, kept in zip(truth, lakes.objects(tmp_path), strict=True):
        assert ("balance_type" in kept) == (row["created"] >= middle)
        assert row == {"balance_type": row["balance_type"], **kept}


@pytest.mark.slow
def test_what_stripe_added_in_2026_is_known_and_money_is_available_when_it_says(tmp_path):
    made = World(transactions=400, currencies=("mxn", "usd"), start_of_day=HALF_PAST_FIVE)
    with Sandbox(made, limits=Limits.none()) as served:
        for type_ in ADDABLE.keys() - {"strange_balance", "risk_reserve"}:
            served.add_rows(type=type_, created=made.end - 3 * lakes.DAY, fee=0)
        before = lakes.run(tmp_path, served, partition="month")
        served.set_clock((served.now // lakes.DAY + 1) * lakes.DAY + HALF_PAST_FIVE - 1)
        lakes.run(tmp_path, served, partition="month")
        early = pa.table(connector.read(tmp_path))
        served.advance(1)
        lakes.run(tmp_path, served, partition="month")
        verdict = check(tmp_path, served)
        assert lakes.objects(tmp_path) == lakes.truth(served)
    assert before.accounts[0].drift == ()
    assert answers(verdict) == dict.fromkeys(answers(verdict), "proved")
    late = pa.table(connector.read(tmp_path))
    assert pending(late) < pending(early)
    assert {"withheld_tax"} < {part["type"] for fees in late["fee_details"].to_pylist() for part in fees}


def pending(table: pa.Table) -> int:
    return table["status"].to_pylist().count("pending")


def test_what_differs_is_known_to_the_lake_over_several_runs(tmp_path):
    with lakes.sandbox(lakes.world(600), faults=["unknown-field", "unknown-enum"]) as served:
        middle = lakes.START + 5 * lakes.DAY
        first = lakes.run(tmp_path, served, until=middle)
        served.faults.clear()
        second = lakes.run(tmp_path, served)
    assert first.accounts[0].drift
    assert second.accounts[0].drift == ()
    kept = lakes.state(tmp_path).drift.findings
    assert [(one.kind, one.name, one.count, one.example) for one in kept] == [
        (one["kind"], one["name"], one["count"], one["example"]) for one in first.accounts[0].drift
    ]
    assert {"unknown_field", "unknown_value"} == {one.kind for one in kept}
    held = {row["id"] for row in lakes.objects(tmp_path)}
    assert {one.example for one in kept} <= held
    fits(to_document(second), "run_report")


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_a_strict_run_publishes_nothing_of_a_window_with_rows_that_differ(tmp_path, form):
    with lakes.sandbox(lakes.world(1_500), faults=["unknown-field:k=4,times=1"]) as served:
        sync = partial(lakes.run, tmp_path / "lake", served, format=form)
        with pytest.raises(SchemaError, match=r"unknown field .*, such as in txn_.*sync without `strict_schema`"):
            sync(strict_schema=True)
        documented = lakes.truth(served)[0].keys()
        assert all(row.keys() == documented for row in kept(tmp_path))
        lakes.honest(tmp_path / "lake", lakes.truth(served))
        assert lakes.state(tmp_path / "lake").drift
        served.faults.clear()
        sync(strict_schema=True)
        assert lakes.objects(tmp_path / "lake") == lakes.truth(served)


def kept(folder):
    return lakes.objects(folder / "lake") if (folder / "lake" / "balance_transactions").exists() else []


def test_a_strict_run_of_rows_as_documented_is_like_any_other(tmp_path):
    with lakes.sandbox(lakes.world(300)) as served:
        lakes.run(tmp_path / "strict", served, strict_schema=True)
        lakes.run(tmp_path / "lenient", served)
    assert lakes.data_files(tmp_path / "strict") == lakes.data_files(tmp_path / "lenient")


def test_a_key_that_lost_its_permission_leaves_the_lake_as_it_was(tmp_path):
    scope = "rak_balance_transaction_source_read"
    with lakes.sandbox(lakes.world(300), missing_scopes=[scope]) as served:
        lakes.run(tmp_path, served)
        before = lakes.touched(tmp_path)
        with pytest.raises(PermissionDeniedError, match="enable read access to Balance transaction sources") as refused:
            lakes.run(tmp_path, served, settings={"api_key": ApiKey(served.restricted_key)}, full_refresh=True)
        assert refused.value.permission == scope
        assert lakes.touched(tmp_path) == before
        with pytest.raises(PermissionDeniedError):
            lakes.run(tmp_path / "new", served, settings={"api_key": ApiKey(served.restricted_key)})
        assert not (tmp_path / "new").exists()
