"""A statement agrees with the rows, with Stripe's balance at both ends, and with DuckDB over the files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connector
from connector.options.lake import DEFAULT_SETTLE
from connector.sandbox.core.ledger import TIES
from connector.sandbox.core.shapes import SHAPES
from tests.support.examples import examples, slow_but
from tests.support.fitting import fits
from tests.support.lakes import DAY, START, run, sandbox
from tests.support.statements import CURRENCIES, agrees, asked_balance, balances, fill, plainly, world

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "America/St_Johns")
ALL_FORMATS = ("parquet", "arrow", "jsonl.zst")


@pytest.fixture(scope="module")
def served():
    with sandbox(world(1_500, days=100, connected=2)) as running:
        yield running


@pytest.fixture(scope="module")
def lake(served, tmp_path_factory):
    made = tmp_path_factory.mktemp("statement") / "lake"
    fill(made, served, expand=["source"], source_columns=True, partition="month")
    return made


def validated(document):
    fits(document, "statement")
    return document


@given(
    seed=st.integers(0, 10_000),
    shape=st.sampled_from(SHAPES),
    ties=st.sampled_from(TIES),
    zone=st.sampled_from(ZONES),
    since=st.integers(-3 * DAY, 40 * DAY),
    days=st.integers(1, 45),
    form=st.sampled_from(ALL_FORMATS),
    partition=st.sampled_from(["day", "month"]),
)
@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_period_of_any_ledger_adds_up_and_agrees_with_its_rows(  # noqa: PLR0917 - what is drawn
    seed, shape, ties, zone, since, days, form, partition
):
    made = world(300, days=40, seed=seed, shape=shape, ties=ties, connected=0, hot=40)
    with sandbox(made) as served, TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        run(lake, served, format=form, partition=partition)
        stop = START + since + days * DAY
        document = connector.run_statement(lake, since=START + since, until=stop, timezone=zone)
        agrees(validated(document), served.account, list(served.world.rows()))
        assert document["final"] is (stop <= served.now - DEFAULT_SETTLE)


@pytest.mark.parametrize("zone", slow_but(["Europe/Paris"], ["UTC", "Europe/Paris", "America/Los_Angeles"]))
@pytest.mark.parametrize("month", ["2026-02", "2026-03"])
def test_the_balance_asked_at_both_ends_is_the_opening_and_the_closing(served, lake, zone, month):
    document = validated(connector.run_statement(lake, month=month, timezone=zone))
    clock = served.now
    try:
        for account in served.world.accounts:
            rows = list(served.world.rows(account))
            for name, second in (("opening", document["period"]["start"]), ("closing", document["period"]["stop"])):
                assert not any(row["created"] == second for row in rows)  # else it would be in the balance, not before
                served.set_clock(second)
                stated = {
                    key: (one[name]["computed"]["available"], one[name]["computed"]["pending"])
                    for key, one in balances(document, account)
                    if key[0] != "risk_reserved"
                }
                asked = asked_balance(served, account if account != served.account else None)
                assert {key: pair for key, pair in stated.items() if any(pair)} == asked
                served.set_clock(clock)
    finally:
        served.set_clock(clock)


def test_duckdb_over_the_files_says_the_same(lake):
    document = connector.run_statement(lake, month="2026-03", timezone="Europe/Paris")
    with duckdb.connect() as connection:  # one's own: the zone of the shared one is everybody's
        connection.execute("set timezone = 'Europe/Paris'")
        rows = connection.sql(
            f"""
            select account, balance_type, currency, reporting_category, count(*), sum(amount), sum(fee), sum(net)
            from read_parquet('{lake}/balance_transactions/**/*.parquet', hive_partitioning = true)
            where date_trunc('month', created) = timestamptz '2026-03-01 00:00:00'
            group by all
            """  # noqa: S608 - the path is the test's own
        ).fetchall()
    figures = ("category", "count", "gross", "fee", "net")
    stated = {
        (one["account"], balance["balance_type"], balance["currency"], *(line[name] for name in figures))
        for one in document["accounts"]
        for balance in one["balances"]
        for line in (*balance["activity"], *balance["payouts"])
    }
    assert stated == set(rows)
    assert {row[2] for row in rows} == set(CURRENCIES)


@pytest.mark.slow
def test_months_follow_each_other_without_a_gap(lake):
    documents = [
        connector.run_statement(lake, month=f"2026-0{month}", timezone="America/New_York") for month in (1, 2, 3, 4)
    ]
    for one, following in pairwise(documents):
        assert one["period"]["stop"] == following["period"]["start"]
        for account in (account["account"] for account in one["accounts"]):
            ends = {key: balance["closing"] for key, balance in balances(one, account)}
            starts = {key: balance["opening"] for key, balance in balances(following, account)}
            for key in ends.keys() & starts.keys():
                assert starts[key]["amount"] == ends[key]["amount"]
                assert starts[key]["computed"] == ends[key]["computed"]
    year = connector.run_statement(lake, year=2026, timezone="America/New_York")
    quarter = connector.run_statement(lake, quarter="2026-Q1", timezone="America/New_York")
    assert quarter["period"]["stop"] == documents[2]["period"]["stop"]
    for document in (year, quarter):
        fits(document, "statement")
    assert sum(one["rows"] for one in year["accounts"]) == sum(
        account["rows"] for one in documents for account in one["accounts"]
    ) + sum(
        account["rows"]
        for account in connector.run_statement(
            lake, since="2026-05-01", until="2027-01-01", timezone="America/New_York"
        )["accounts"]
    )


def test_accounts_and_currencies_are_chosen(lake, served):
    whole = connector.run_statement(lake, month="2026-03")
    one = connector.run_statement(lake, month="2026-03", accounts=[served.account], currency="JPY")
    assert [account["account"] for account in one["accounts"]] == [served.account]
    assert {currency for _, currency in dict(balances(one))} == {"jpy"}
    assert {payout["currency"] for payout in one["accounts"][0]["payouts"]} == {"jpy"}
    assert dict(balances(one)) == {key: v for key, v in balances(whole, served.account) if key[1] == "jpy"}
    with pytest.raises(connector.ConfigError, match="acct_nope"):
        connector.run_statement(lake, month="2026-03", accounts=["acct_nope"])
    with pytest.raises(connector.ConfigError, match="not a currency"):
        connector.run_statement(lake, month="2026-03", currency="euro")


@pytest.mark.slow
def test_what_was_paid_is_known_where_sources_were_expanded(served, lake, tmp_path):
    with_columns = connector.run_statement(lake, quarter="2026-Q1", accounts=[served.account])
    run(tmp_path / "texts", served, expand=["source"], accounts=[None])
    with_texts = connector.run_statement(tmp_path / "texts", quarter="2026-Q1")
    run(tmp_path / "bare", served, accounts=[None])
    bare = connector.run_statement(tmp_path / "bare", quarter="2026-Q1")
    converted = {key: one["conversions"] for key, one in balances(with_columns) if one["conversions"]}
    assert converted
    assert converted == {key: one["conversions"] for key, one in balances(with_texts) if one["conversions"]}
    ((key, (line,)),) = list(converted.items())[:1]
    sources = [
        row
        for row in truth_of(served, "2026-01-01", "2026-04-01")
        if row["exchange_rate"] and row["currency"] == key[1]
    ]
    assert line["paid_currency"] == "gbp"
    assert line["count"] == len(sources)
    assert abs(line["gross"] / line["paid"] - sources[0]["exchange_rate"]) < 0.4
    unknown = dict(balances(bare))[key]["conversions"]
    assert unknown == [{"paid_currency": None, "count": line["count"], "paid": None, "gross": line["gross"]}]
    fee = sum(one["amount"] for one in dict(balances(bare))[key]["fees"] if one["conversion"])
    assert fee == dict(balances(bare))[key]["conversion_fees"] == sum(row["amount"] // 100 for row in sources) > 0


def truth_of(served, since, until):
    from datetime import UTC, datetime  # noqa: PLC0415 - a helper of one test

    start, stop = (int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) for day in (since, until))
    return [row for row in served.world.rows() if start <= row["created"] < stop]


def test_disputes_have_their_reason_where_the_lake_has_it(served, lake, tmp_path):
    run(tmp_path / "bare", served, accounts=[None])
    for made, expanded in ((lake, True), (tmp_path / "bare", False)):
        document = connector.run_statement(made, quarter="2026-Q1", accounts=[served.account])
        disputes = [dispute for _, one in balances(document) for dispute in one["disputes"]]
        assert disputes
        assert all((one["reason"] is not None) == expanded for one in disputes)
        assert all((one["charge"] or "").startswith("ch_") == expanded for one in disputes)
        assert all((one["evidence_due"] is not None) == expanded for one in disputes)


def test_refunds_say_what_fees_they_gave_back(served, lake):
    document = connector.run_statement(lake, year="2026", accounts=[served.account])
    given = 0
    for (_, currency), one in balances(document):
        for line in one["refunds"]:
            rows = [
                row
                for row in served.world.rows()
                if (row["currency"], row["reporting_category"]) == (currency, line["category"])
            ]
            assert line["fee_returned"] == -sum(min(0, row["fee"]) for row in rows)
            assert line["fee_returned_count"] == sum(row["fee"] < 0 for row in rows)
            given += line["fee_returned"]
    assert given > 0


def test_a_month_that_is_not_over_or_not_covered_or_pending_is_not_final(served, tmp_path):
    made = world(900, days=60, connected=0, now=START + 45 * DAY)
    with sandbox(made) as early:
        run(tmp_path / "early", early)
        document = connector.run_statement(tmp_path / "early", month="2026-02")
        (account,) = document["accounts"]
        assert not document["final"]
        assert account["complete_to"] == early.now - 600
        assert account["pending_rows"] > 0
        assert len(account["not_final_because"]) == 2
        assert connector.run_statement(tmp_path / "early", month="2026-01")["final"]
        assert not connector.run_statement(tmp_path / "early", month="2026-03")["final"]
    run(tmp_path / "part", served, since=START + 40 * DAY, until=START + 50 * DAY, accounts=[None])
    (account,) = connector.run_statement(tmp_path / "part", month="2026-02")["accounts"]
    assert "begins within it" in account["not_final_because"][0]
    assert account["complete_to"] is None
    (account,) = connector.run_statement(tmp_path / "part", month="2026-01")["accounts"]
    assert "none of its time" in account["not_final_because"][0]
    run(tmp_path / "part", served, since=START + 52 * DAY, until=START + 53 * DAY, accounts=[None])
    (account,) = connector.run_statement(tmp_path / "part", since=START + 41 * DAY, until=START + 60 * DAY)["accounts"]
    assert "gaps after it" in account["not_final_because"][0]


def test_the_library_call_tells_of_each_account_it_reads(served, lake):
    import anyio  # noqa: PLC0415 - for one test

    told = []

    async def go():
        return await connector.statement(lake, month="2026-03", on_account=told.append)

    stated = anyio.run(go)
    assert sorted(told) == sorted(served.world.accounts) == [one.account for one in stated.accounts]
    assert isinstance(stated, connector.Statement)
    assert stated.period.clocks == ZoneInfo("UTC")
    with pytest.raises(connector.UsageError, match="no option 'moth'"):
        connector.run_statement(lake, moth="2026-03")
    with pytest.raises(connector.ConfigError, match="no lake"):
        connector.run_statement(lake / "nothing", month="2026-03")


@pytest.mark.parametrize("hidden", slow_but([{"hash": ["source"]}], [{"hash": ["source"]}, {"omit": ["source"]}]))
def test_where_sources_are_hidden_payouts_are_told_by_their_table_and_none_twice(served, lake, tmp_path, hidden):
    salt = {"salt": connector.Salt("s" * 32)} if "hash" in hidden else {}
    fill(tmp_path / "lake", served, partition="month", **hidden, **salt)
    document = validated(connector.run_statement(tmp_path / "lake", month="2026-03"))
    whole = connector.run_statement(lake, month="2026-03")
    for one, other in zip(document["accounts"], whole["accounts"], strict=True):
        assert one["bridge"] == other["bridge"]
        assert [payout["payout"] for payout in one["payouts"]] == [payout["payout"] for payout in other["payouts"]]
        assert sum(line["arrived"] for line in one["bank"]) == sum(line["arrived"] for line in other["bank"])


def test_without_categories_and_parts_of_fees_payouts_are_still_apart_and_fees_whole(served, tmp_path):
    run(tmp_path / "lake", served, accounts=[None], omit=["reporting_category", "fee_details", "balance_type"])
    document = validated(connector.run_statement(tmp_path / "lake", month="2026-03"))
    rows = [row | {"balance_type": "payments"} for row in served.world.rows()]
    start, stop = document["period"]["start"], document["period"]["stop"]
    for key, balance in balances(document):
        truth = plainly(rows, start, stop)[key]
        assert {line["category"] for line in balance["activity"]} <= {"uncategorized"}
        payouts = [truth.categories[name] for name in truth.categories if name.startswith("payout")]
        assert balance["payouts_total"]["net"] == sum(sums[3] for sums in payouts)
        assert balance["closing"]["amount"] == truth.closing
        assert balance["fees_total"] == sum(sums[2] for sums in truth.categories.values())
        assert {fee["type"] for fee in balance["fees"]} <= {None}


def test_the_way_to_each_bank_account_adds_up_to_what_left_the_balance(lake):
    for month in ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05"):
        document = connector.run_statement(lake, month=month, timezone="America/New_York")
        for account in document["accounts"]:
            payouts = dict(balances(document, account["account"]))
            for bridge in account["bridge"]:
                balance = payouts["payments", bridge["currency"]]
                lines = [line for line in account["bank"] if line["currency"] == bridge["currency"]]
                sent = sum(sum(line["sent"].values()) for line in lines)
                back = sum(line["failed"] + line["returned"] + line["canceled"] for line in lines)
                assert sent - back == bridge["left"] == -balance["payouts_total"]["gross"]
                assert bridge["apart"] == 0
                moved = bridge["opening"] + bridge["activity"] - bridge["payout_fees"] - bridge["closing"]
                assert moved == bridge["left"]
    kinds = {kind for account in document["accounts"] for line in account["bank"] for kind in line["sent"]}
    assert kinds <= {"automatic", "manual", "instant"}


def test_payouts_that_the_bank_refused_or_sent_back_are_apart_and_their_rows_tell_which(tmp_path):
    made = world(1_500, days=100, connected=0, currencies=("eur",))
    with sandbox(made) as served:
        fill(tmp_path / "lake", served, partition="month")
        rows = {row["source"]: row for row in served.world.rows() if row["type"] == "payout"}
        back = [row for row in served.world.rows() if row["type"] == "payout_failure"]
    document = connector.run_statement(tmp_path / "lake", year="2026")
    truth = {True: 0, False: 0}
    for row in back:
        truth[row["created"] >= rows[row["source"]]["available_on"]] += row["amount"]
    lines = document["accounts"][0]["bank"]
    assert sum(line["returned"] for line in lines) == truth[True] > 0
    assert sum(line["failed"] for line in lines) == truth[False] > 0
    assert (
        sum(line["arrived"] + line["on_the_way_after"] for line in lines)
        == document["accounts"][0]["bridge"][0]["left"]
    )
