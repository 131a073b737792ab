"""What tasks report comes together as one run: what each did is added up, what the lake has the last one says."""

from __future__ import annotations

from dataclasses import fields

import pytest

from connector.core.planning.rereading.mended import Audit, Healed
from connector.core.run_report import AccountReport, Late, Report, Requests
from connector.errors import AccountsError, AuthenticationError, ConfigError, DamagedError, ServerError
from connector.spark.task_reports import _SUMS, failure_of, gathered


def requests(total, **facts):
    given = {"by_endpoint": {"balance_transactions.list": total}, "statuses": {"200": total}, "limited": {}}
    return Requests(total=total, retries=1, received_bytes=10, rate_limit=5.0, utilisation=0.5, **(given | facts))


def report(number, *accounts, outcome="complete", **facts):
    return Report(
        run_id=f"20260101T00000{number}Z-0000000{number}", outcome=outcome, destination="lake", format="parquet",
        partition="day", api_version="v", connector_version="0", started=f"2026-01-01T00:00:0{number}Z",
        duration_seconds=3.0, requests=requests(10), accounts=accounts, **facts,
    )  # fmt: skip


def account(name="acct_1", **facts):
    return AccountReport(name, **{"asked": (0, 10), **facts})


def test_what_each_task_did_is_added_up_and_the_lake_is_as_the_last_record_says():
    first = account(
        asked=(0, 10), fetched=((0, 10),), rows_new=5, lake_rows=5, lake_record=3, net={"usd": 5}, lacking=((1, 2),),
        late=Late(2, 4, 6, 9), healed=Healed(1, 2), audit=Audit(1, 100, 0, 0, 0),
        drift=({"kind": "unknown_field", "name": "x", "count": 2, "example": "txn_1"},),
    )  # fmt: skip
    second = account(
        asked=(10, 30), fetched=((10, 20),), rows_new=7, lake_rows=12, lake_record=4, net={"usd": 12},
        late=Late(1, 11, 11, 3), healed=Healed(0, 1), audit=Audit(2, 50, 1, 1, 0),
        drift=({"kind": "unknown_field", "name": "x", "count": 1, "example": "txn_9"},),
    )  # fmt: skip
    whole = gathered([report(2, second), report(1, first)], seconds=4.0, rate=10.0)
    (one,) = whole.accounts
    assert (one.rows_new, one.lake_rows, one.net, one.lake_record) == (12, 12, {"usd": 12}, 4)
    assert (one.asked, one.fetched, one.lacking) == ((0, 30), ((0, 20),), ((1, 2),))
    assert (one.late, one.healed, one.audit) == (Late(3, 4, 11, 9), Healed(1, 3), Audit(3, 150, 1, 1, 0))
    assert [(each["count"], each["example"]) for each in one.drift] in ([(3, "txn_1")], [(3, "txn_9")])
    assert (whole.run_id, whole.started) == ("20260101T000001Z-00000001", "2026-01-01T00:00:01Z")
    assert (whole.requests.total, whole.requests.by_endpoint) == (20, {"balance_transactions.list": 20})
    assert (whole.requests.utilisation, whole.requests.rate_limit, whole.duration_seconds) == (0.5, 10.0, 4.0)


def test_every_number_of_an_account_either_counts_what_a_run_did_or_is_of_the_lake():
    numbers = {one.name for one in fields(AccountReport) if one.type == "int"}
    assert len(numbers) > len(_SUMS)
    assert {name for name in numbers if not name.startswith("lake_")} == set(_SUMS)


def test_the_worst_outcome_is_the_outcome_and_warnings_are_said_once():
    parts = [report(1, warnings=("a", "b")), report(2, outcome="failed", error="no", warnings=("b",))]
    whole = gathered(parts, seconds=1.0, rate=float("inf"))
    assert (whole.outcome, whole.error, whole.warnings) == ("failed", "no", ("a", "b"))
    assert (whole.requests.rate_limit, whole.requests.utilisation) == (None, None)


def test_names_that_no_task_found_are_not_found():
    parts = [report(1, not_found=("a", "b")), report(2, not_found=("b",))]
    assert gathered(parts, seconds=1.0, rate=1.0).not_found == ("b",)


def test_accounts_that_fail_are_named_together_with_how_many_there_are():
    several = AccountsError({"acct_1": ServerError("down")}, of=2)
    failure = failure_of([("acct_1", several), ("acct_3", ServerError("too"))], report(1), of=5)
    assert isinstance(failure, AccountsError)
    assert list(failure.errors) == ["acct_1", "acct_3"]
    assert "2 of 5 accounts failed" in str(failure)
    assert failure.report == report(1)
    assert failure.retryable


@pytest.mark.parametrize("error", [ConfigError("no lake"), AuthenticationError("no key")])
def test_what_is_no_accounts_own_error_is_the_whole_syncs(error):
    assert failure_of([("acct_1", ServerError("x")), ("acct_2", error)], None, of=3) is error


def test_of_one_account_the_error_is_the_error():
    error = ServerError("down")
    assert failure_of([("acct_1", error)], None, of=1) is error


def test_what_is_lost_is_said_and_nothing_where_all_is_well():
    lost = report(1, account(rows_lost=2))
    failure = failure_of([("acct_1", DamagedError("x"))], lost, of=1)
    assert isinstance(failure, DamagedError)
    assert failure.report is lost
    assert failure_of([], report(1, account()), of=1) is None
