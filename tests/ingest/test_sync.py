"""A lake holds what Stripe has: every row, every field, the same bytes however it was read."""

from __future__ import annotations

import duckdb
import pytest
import stripe

from connector.core.planning.survey.expected import PROBES
from tests.support.examples import slow_but
from tests.support.lakes import data_files, in_order, objects, run, sandbox, strays, touched, truth, world

FORMATS = ["parquet", "jsonl", "jsonl.gz", "arrow"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_lake_equals_what_stripe_has_field_by_field(tmp_path, form):
    with sandbox() as stripe_:
        report = run(tmp_path, stripe_, format=form)
        assert objects(tmp_path) == truth(stripe_)
    (account,) = report.accounts
    assert report.outcome == "complete"
    assert account.rows_received == account.rows_new == account.lake_rows == 800
    assert account.late.rows == account.rows_changed == account.rows_disappeared == 0
    assert account.lake_files == account.files_written == len(data_files(tmp_path))
    assert strays(tmp_path) == []


def test_the_lake_equals_what_the_official_sdk_reads(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        client = stripe.StripeClient(stripe_.key, base_addresses={"api": stripe_.url})
        listed = client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()
        assert objects(tmp_path) == in_order(row.to_dict() for row in listed)


@pytest.mark.parametrize("partition", slow_but(["day", "month"], ["day", "month", "year"]))
def test_sums_by_currency_are_the_ledgers_when_duckdb_reads_the_files_as_they_are(tmp_path, partition):
    with sandbox(world(900, days=45, currencies=("usd", "jpy", "kwd"))) as stripe_:
        report = run(tmp_path, stripe_, partition=partition)
        expected = stripe_.world.net_by_currency()
        pattern = f"{tmp_path}/balance_transactions/**/*.parquet"
        found = duckdb.sql(
            "select currency, sum(net)::hugeint as net, count(*) as rows, count(distinct id) as ids,"  # noqa: S608 - a path
            f" min(account) as account from read_parquet('{pattern}', hive_partitioning=true)"
            " where balance_type = 'payments' group by 1"
        ).fetchall()
    assert {currency: net for currency, net, *_ in found} == expected
    assert all(rows == ids and account == report.accounts[0].account for _, _, rows, ids, account in found)
    count = {"day": 45, "month": 2, "year": 1}[partition]
    assert len(data_files(tmp_path)) == report.accounts[0].lake_files <= count


def test_every_row_lies_in_the_folder_of_its_day(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
    wrong = duckdb.sql(
        "select count(*) from read_parquet(  "  # noqa: S608 - a path
        f"'{tmp_path}/balance_transactions/**/*.parquet', hive_partitioning=true)"
        " where (created at time zone 'UTC')::date <> created_date"
    ).fetchall()
    assert wrong == [(0,)]


@pytest.mark.parametrize(
    ("shape", "ties", "options"),
    slow_but(
        [
            ("burst", "reversed", {}),
            ("second", "reversed", {"hot": 500, "transactions": 900}),
        ],
        [
            ("steady", "id", {}),
            ("burst", "reversed", {}),
            ("second", "insertion", {"hot": 3_000, "transactions": 4_000}),
            ("second", "reversed", {"hot": 500, "transactions": 900}),
            ("sparse", "insertion", {"days": 40}),
            ("dead", "insertion", {"days": 60}),
            ("growth", "insertion", {}),
            ("launch", "id", {"days": 40}),
            ("seasonal", "insertion", {"days": 60, "transactions": 300}),
        ],
    ),
)
def test_files_are_the_same_bytes_whatever_the_concurrency_for_every_shape(tmp_path, shape, ties, options):
    files = []
    for in_flight in (1, 40):
        with sandbox(world(**({"transactions": 900, "shape": shape, "ties": ties} | options))) as stripe_:
            lake = tmp_path / str(in_flight)
            run(lake, stripe_, settings={"max_in_flight": in_flight})
            files.append(data_files(lake))
            assert objects(lake) == truth(stripe_)
    assert files[0] == files[1]
    assert files[0]


@pytest.mark.parametrize("form", ["jsonl", "arrow"])
def test_other_formats_are_the_same_bytes_whatever_the_concurrency(tmp_path, form):
    files = []
    for in_flight in (1, 40):
        with sandbox(world(900, shape="burst")) as stripe_:
            run(tmp_path / str(in_flight), stripe_, format=form, settings={"max_in_flight": in_flight})
            files.append(data_files(tmp_path / str(in_flight)))
    assert files[0] == files[1]


def test_the_order_of_ties_at_stripe_does_not_change_the_files(tmp_path):
    files = []
    for ties in ("insertion", "id", "reversed"):
        with sandbox(world(1_000, shape="second", hot=400, ties=ties)) as stripe_:
            run(tmp_path / ties, stripe_)
            files.append(data_files(tmp_path / ties))
    assert files[0] == files[1] == files[2]


def test_a_second_run_asks_little_and_touches_no_data(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        before = touched(tmp_path)
        stripe_.reset_stats()
        report = run(tmp_path, stripe_)
        assert stripe_.stats()["requests"] <= 3
        assert report.requests.total <= 3
        after = touched(tmp_path)
        assert {path: at for path, at in after.items() if not path.startswith("_stripe")} == {
            path: at for path, at in before.items() if not path.startswith("_stripe")
        }
        assert report.accounts[0].files_written == 0
        assert report.accounts[0].lake_rows == 800


def test_asked_for_what_it_holds_a_run_writes_nothing_but_its_report(tmp_path):
    with sandbox() as stripe_:
        until = stripe_.world.end
        run(tmp_path, stripe_, until=until)
        before, reports = touched(tmp_path), len(list((tmp_path / "_stripe_balance/runs").iterdir()))
        stripe_.reset_stats()
        report = run(tmp_path, stripe_, until=until, audit=0)
        assert stripe_.stats()["requests"] <= 1
    assert touched(tmp_path) == before
    assert len(list((tmp_path / "_stripe_balance/runs").iterdir())) == reports + 1
    assert report.accounts[0].fetched == ()


def test_an_account_without_rows_makes_a_lake_without_files(tmp_path):
    with sandbox(world(0)) as stripe_:
        report = run(tmp_path, stripe_)
        assert report.requests.by_endpoint == {"account.retrieve": 1, "balance_transactions.list": 2}
        again = run(tmp_path, stripe_)
    assert data_files(tmp_path) == {}
    assert report.outcome == again.outcome == "complete"
    assert objects(tmp_path) == []


def test_expanded_sources_are_kept_and_come_back(tmp_path):
    with sandbox(world(300)) as stripe_:
        run(tmp_path, stripe_, expand=["source"])
        client = stripe.StripeClient(stripe_.key, base_addresses={"api": stripe_.url})
        listed = client.v1.balance_transactions.list({"limit": 100, "expand": ["data.source"]}).auto_paging_iter()
        assert objects(tmp_path) == in_order(row.to_dict() for row in listed)


def test_only_what_is_asked_for_is_read(tmp_path):
    with sandbox() as stripe_:
        since, until = stripe_.world.start + 100_000, stripe_.world.end - 200_000
        run(tmp_path, stripe_, since=since, until=until)
        assert objects(tmp_path) == [row for row in truth(stripe_) if since <= row["created"] < until]


def test_a_dry_run_says_what_it_would_read_and_makes_nothing(tmp_path):
    lake = tmp_path / "lake"
    with sandbox() as stripe_:
        report = run(lake, stripe_, dry_run=True)
        assert report.outcome == "planned"
        assert not lake.exists()
        assert stripe_.stats()["rows"] <= PROBES * 100  # pages to expect from
        run(lake, stripe_, until=stripe_.world.end)
        before = touched(lake)
        assert run(lake, stripe_, until=stripe_.world.end, dry_run=True).accounts[0].fetched == ()
        assert touched(lake) == before
