"""What a run's report comes to for whoever watches, and what it says of the lake."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from connector.core.api.allocation import Savings
from connector.core.metrics import ReportFigures
from connector.core.run_report import (
    AccountReport,
    Late,
    Report,
    Requests,
    figures_of,
    holdings_of,
    to_document,
)
from connector.core.state.data_file import DataFile, ParkedFile
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

REQUESTS = Requests(7, {}, {"200": 7}, {"lock_timeout": 1, "global-rate": 2}, 3, 99, 25.0, 0.5)
ONE = AccountReport(
    "acct_1", (0, 9), covered=((0, 5), (7, 9)), rows_new=1, rows_changed=2, lake_rows=30, late=Late(rows=4)
)
TWO = AccountReport(
    "acct_2", (0, 9), covered=((0, 9),), rows_new=10, rows_changed=20, lake_rows=300, late=Late(rows=40)
)


def report(*accounts: AccountReport, **facts) -> Report:
    told = {"outcome": "complete", "duration_seconds": 1.23456, **facts}
    return Report("run", told.pop("outcome"), "lake", "parquet", "day", "v", "0.1.0", "2026-01-01T00:00:00Z",
                  told.pop("duration_seconds"), REQUESTS, accounts, **told)  # fmt: skip


def test_a_run_comes_to_the_sums_of_its_accounts():
    assert figures_of(report(ONE, TWO)) == ReportFigures(
        covered={"acct_1": 5, "acct_2": 9}, accounts=2, rows_new=11, rows_changed=22, rows_late=44, lake_rows=330
    )
    assert REQUESTS.limited_total == 3


def test_of_accounts_that_failed_the_lakes_rows_are_not_known():
    failed = replace(TWO, error="no", covered=())
    found = figures_of(report(ONE, failed))
    assert (found.accounts_failed, found.lake_rows, found.covered) == (1, None, {"acct_1": 5, "acct_2": None})
    assert figures_of(report(outcome="planned")).planned
    assert not figures_of(report()).planned


def test_a_document_has_its_seconds_rounded_to_a_thousandth():
    document = to_document(report(ONE, savings=Savings(5, 1.00049), warnings=("w",), not_found=("x",)))
    assert (document["report_version"], document["duration_seconds"]) == (1, 1.235)
    assert document["audits"] == {"counted_at": 5, "in_hand": 1.0}
    assert (document["warnings"], document["not_found"]) == (["w"], ["x"])
    assert [one["account"] for one in document["accounts"]] == ["acct_1"]


def test_what_the_lake_has_of_an_account_is_told_of_its_state():
    def file(day: int, rows: int, pending: int) -> DataFile:
        path = f"balance_transactions/account=acct_1/created_date=1970-01-0{day + 1}/part-0.parquet"
        return DataFile(path, rows, 10 * rows, "0" * 64, day * DAY, day * DAY + 5, {"usd": rows}, pending, apart={})

    files = [file(0, 3, 1), file(1, 4, 0)]
    parked = ParkedFile(replace_path(files[0], "parked"), "run")
    state = TableState(
        AccountId("acct_1"),
        "parquet",
        Granularity.DAY,
        Intervals.of([Interval(0, 5), Interval(9, 12)]),
        files=MappingProxyType({one.path: one for one in files}),
        parked=MappingProxyType({parked.path: parked}),
        api_versions=("v",),
        number=9,
    )
    found = holdings_of(state)
    assert found["covered"] == ((0, 5), (9, 12))
    assert (found["lake_rows"], found["lake_files"], found["lake_bytes"], found["lake_pending"]) == (7, 2, 70, 1)
    assert (found["lake_record"], found["lake_parked"], found["lake_bare"]) == (9, 3, 0)
    assert (found["net"], found["net_by_balance"], found["api_versions"]) == (
        {"usd": 7},
        {"payments": {"usd": 7}},
        ("v",),
    )


def replace_path(file: DataFile, path: str) -> DataFile:
    return DataFile(path, file.rows, file.bytes, file.sha256, file.first_created, file.last_created)
