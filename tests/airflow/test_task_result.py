"""What goes into XCom: one shape for every task, small, and exact for readers that know only floats."""

from __future__ import annotations

import json

import anyio
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import connector
from connector import schemas
from connector.airflow import task_result
from connector.airflow.task_result import EXACT, MOST_ACCOUNTS, event_of, exact
from connector.core.run_report import to_document
from connector.sandbox.sandbox import NewRows
from tests.support.lakes import config_for, run, sandbox, world

SCHEMA = jsonschema.Draft202012Validator(schemas.load("task_result"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@pytest.fixture(scope="module")
def stripe_():
    with sandbox(world(600, connected=2)) as served:
        yield served


@pytest.fixture(scope="module")
def lake(stripe_, tmp_path_factory):
    return tmp_path_factory.mktemp("lake") / "lake"


@pytest.fixture(scope="module")
def synced(stripe_, lake):
    return to_document(run(lake, stripe_))


def called(call, *args, **options):
    return anyio.run(lambda: call(*args, **options))


def test_a_runs_result_says_what_its_report_says(synced):
    result = task_result.of_sync(synced).to_document()
    SCHEMA.validate(result)
    (account,) = synced["accounts"]
    assert (result["outcome"], result["run_id"]) == ("complete", synced["run_id"])
    assert result["rows_new"] == account["rows_new"] > 0
    assert result["accounts"][0]["net"] == {currency: str(net) for currency, net in account["net"].items()}
    assert result["requests"] == synced["requests"]["total"]
    assert result["accounts"][0]["lake_record"] == account["lake_record"] > 0


def test_the_results_of_all_other_calls_have_the_same_shape(stripe_, lake, synced):
    config = config_for(stripe_)
    payouts = called(connector.sync_payouts, lake, config=config)
    verdict = called(connector.verify, lake, config=config)
    snapshots = called(connector.record_balance, lake, config=config)
    statement = connector.run_statement(lake, month="2026-01")
    taken = [{"account": one.account, "snapshot_at": one.snapshot_at, "rows": one.rows} for one in snapshots]
    from connector.payouts.report import to_document as of_payouts  # noqa: PLC0415 - beside the others of its name
    from connector.verification.verdict import to_document as of_verdict  # noqa: PLC0415 - as above

    results = [
        task_result.of_payouts(of_payouts(payouts)),
        task_result.of_verdict(of_verdict(verdict)),
        task_result.of_balance(str(lake), taken),
        task_result.of_statement(statement),
        task_result.of_status(connector.run_status(lake)),
    ]
    for result in results:
        SCHEMA.validate(result.to_document())
    assert results[0].rows_new == payouts.accounts[0].payouts_new > 0
    assert results[1].outcome == verdict.verdict
    assert results[3].details["statement"]["accounts"]
    assert results[4].lake_rows == synced["accounts"][0]["lake_rows"]


def test_a_check_that_finds_something_says_it_of_the_account(stripe_, lake, synced, tmp_path):
    other = tmp_path / "lake"
    run(other, stripe_)
    stripe_.add_rows(NewRows(3, created=synced["accounts"][0]["covered"][0][1] - 86_400 * 4))
    from connector.verification.verdict import to_document as of_verdict  # noqa: PLC0415 - beside others of its name

    verdict = called(connector.verify, other, config=config_for(stripe_), layers=["windows"], sample=None)
    result = task_result.of_verdict(of_verdict(verdict))
    assert result.outcome == "residual"
    assert result.accounts[0].error
    assert len(result.accounts[0].error) <= task_result.MOST_CHARACTERS


def of_accounts(synced, count, *, failed=()):
    one = synced["accounts"][0]
    return {
        **synced,
        "accounts": [
            {**one, "account": f"acct_{number}", "error": "refused" if number in failed else None}
            for number in range(count)
        ],
        "warnings": ["w" * 10_000] * 50,
    }


def test_of_many_accounts_all_are_counted_and_the_failed_ones_are_named(synced):
    result = task_result.of_sync(of_accounts(synced, 2_000, failed={1_500, 1_999}))
    SCHEMA.validate(result.to_document())
    assert result.accounts_total == 2_000
    assert [one.account for one in result.accounts[:2]] == ["acct_1500", "acct_1999"]
    assert len(result.accounts) == MOST_ACCOUNTS
    assert result.rows_new == 2_000 * synced["accounts"][0]["rows_new"]
    assert len(json.dumps(result.to_document())) < 16_384


def test_what_is_covered_until_is_where_the_first_hole_begins_in_any_account(synced):
    report = of_accounts(synced, 2)
    report["accounts"][0]["covered"] = [[0, 1_767_225_600], [1_767_312_000, 1_767_398_400]]
    assert task_result.of_sync(report).covered_until == "2026-01-01T00:00:00Z"
    report["accounts"][1]["covered"] = []
    assert task_result.of_sync(report).covered_until is None


def test_an_event_of_an_asset_has_rows_covered_until_and_the_lakes_record(synced):
    event = event_of(task_result.of_sync(synced))
    assert event["rows_new"] == synced["accounts"][0]["rows_new"]
    assert event["covered_until"]
    assert list(event["lake_records"].values()) == [synced["accounts"][0]["lake_record"]]


def test_a_statement_that_is_too_long_is_left_out_and_that_is_said(lake, synced):
    statement = connector.run_statement(lake, month="2026-01")
    result = task_result.of_statement({**statement, "accounts": statement["accounts"] * 500})
    assert result.details == {}
    assert "too many for XCom" in result.warnings[0]


def walked(value):
    yield value
    if isinstance(value, dict):
        for one in value.values():
            yield from walked(one)
    if isinstance(value, list):
        for one in value:
            yield from walked(one)


@given(json_values)
def test_no_whole_number_goes_out_that_a_float_does_not_hold_and_none_changes_its_value(value):
    out = exact(value)
    found = list(walked(out))
    assert not [one for one in found if isinstance(one, int) and abs(one) > EXACT]
    assert not [one for one in found if isinstance(one, tuple)]
    assert json.loads(json.dumps(out)) == out


@given(st.integers())
def test_a_large_number_is_its_own_text(number):
    assert int(exact(number)) == number
