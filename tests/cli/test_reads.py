"""What `status` says of the read allocation."""

from __future__ import annotations

import json
import time

from connector.cli.display.read_allocation import reads_of
from connector.core.api.allocation import MONTH
from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.lake.state import table_states
from connector.lake.stores.base import open_store


def test_the_status_adds_up_the_requests_of_its_runs(run, lake, sandbox):
    assert run("sync", lake, "--rate", 0).status == 0
    reports = [json.loads(path.read_text()) for path in (lake / "_stripe_balance" / "runs").iterdir()]
    sent = sum(report["requests"]["total"] for report in reports)
    reads = run("status", lake, "--json").json["reads"]
    assert (reads["days"], reads["runs"], reads["requests"]) == (30, 2, sent)
    since = (int(time.time()) - MONTH) // 86_400 * 86_400
    rows = sum(row["created"] >= since + 86_400 for row in sandbox.world.rows())
    assert rows <= reads["rows"] <= rows + 30
    assert reads["allocation"] == max(10_000, 500 * reads["rows"])
    assert f"{sent:,} requests by 2 runs of sync" in run("status", lake).out


def test_a_report_says_what_share_of_the_least_allocation_it_took(run, lake):
    requests = run("sync", lake, "--rate", 0, "--json").json["requests"]
    assert requests["allocation_share"] == round(requests["total"] / 10_000, 4) > 0


def test_old_runs_and_reports_that_cannot_be_read_do_not_count(lake):
    store = open_store(lake)
    for name, text in (("20200101T000000Z-aaaaaaaa", b'{"requests": {"total": 7}}'), ("29990101T000000Z-b", b"{")):
        store.write(f"_stripe_balance/runs/{name}.json", text)
    found = list(table_states.states(store))
    now = reads_of(store, found, now=time.time())
    assert now.runs == 1
    later = reads_of(store, found, now=time.time() + 2 * MONTH)
    assert (later.runs, later.requests, later.rows, later.allowed) == (0, 0, 0, 10_000)


def test_rows_of_the_month_are_counted_of_files_that_hold_more_time_too(tmp_path):
    path, stop = "balance_transactions/account=acct_1/created_year=2026/part-0.parquet", 1_790_000_000
    file = DataFile(path, 100_000, 900, "0" * 64, stop - 10 * MONTH, stop - 1, {"usd": 5})
    year = TableState(AccountId("acct_1"), "parquet", Granularity.YEAR, Intervals(), files={path: file})
    store = open_store(tmp_path)
    assert reads_of(store, [year], now=stop).rows == 10_000
    assert reads_of(store, [year, year], now=stop + MONTH // 2).rows == 10_000
    assert reads_of(store, [year], now=stop + MONTH).rows == 0


def test_the_status_says_how_long_a_round_over_the_past_takes(run, lake):
    first = run("status", lake, "--json").json["accounts"][0]["audit"]
    assert (first["never"], first["round_days"], first["oldest"]) == (first["pages"], None, None)
    assert "nothing asked about again of late" in run("status", lake).out
    for _ in range(3):
        assert run("sync", lake, "--rate", 0).status == 0
    after = run("status", lake, "--json").json["accounts"][0]["audit"]
    assert after["pages_a_day"] == 3 * 24  # the first run is less than an hour ago
    assert after["round_days"] == round((after["pages"] + after["waiting"]) / 72, 1)
    assert after["never"] <= first["never"]
    said = run("status", lake).out
    assert "a round takes about 1 day, at 72 pages a day" in said
    assert after["lacking"] == []
