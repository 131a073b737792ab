"""Statement, bridge and views of any month of any ledger are what plain sums over what Stripe lists come to."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connector
from connector.readers.views import views_for
from tests.support.examples import examples
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import START, sandbox
from tests.support.statements import agrees, asked_balance, balances, fill, world

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu")
EXPONENTS = {"eur": 2, "kwd": 3, "jpy": 0}
DAYS = 52


def listed_payouts(served):
    """Every payout, as Stripe lists it."""
    found, after = [], ""
    while True:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{served.url}/v1/payouts?limit=100{after}", headers={"Authorization": f"Bearer {served.key}"}
        )
        with urllib.request.urlopen(request, timeout=ENDLESS_SECONDS) as answer:  # noqa: S310 - loopback
            page = json.load(answer)
        found += page["data"]
        if not page["has_more"]:
            return found
        after = f"&starting_after={found[-1]['id']}"


def kinds_of(rows):
    """Name what of a ledger a statement has to tell apart, by its rows."""
    sent = {row["source"]: row for row in rows if row["type"] == "payout"}
    for row in rows:
        yield row["reporting_category"]
        yield from (part["description"] for part in row["fee_details"])
        if row["type"] in {"refund", "dispute_reversal"} and row["fee"] < 0:
            yield "fee given back"
        if row["type"] == "payout":
            automatic = row["description"] == "STRIPE PAYOUT"
            yield "automatic" if automatic else "instant" if row["fee"] else "manual"
        if row["type"] == "payout_cancel":
            yield "canceled"
        if row["type"] == "payout_failure":
            yield "returned" if row["created"] >= sent[row["source"]]["available_on"] else "failed"


ALL_KINDS = {
    *("charge", "refund", "dispute", "dispute_reversal", "fee", "tax", "payout", "payout_reversal", "fee given back"),
    *("Stripe processing fees", "Stripe currency conversion fee", "Dispute fee", "VAT"),
    *("automatic", "manual", "instant", "failed", "returned", "canceled"),
}


def world_with_all(seed):
    """Return the first world from a seed on whose ledger has all that there is to get wrong."""
    for one in count(seed):
        made = world(2_100, days=DAYS, seed=one, connected=0, currencies=tuple(EXPONENTS))
        if set(kinds_of(list(made.rows()))) >= ALL_KINDS:
            return made
    raise AssertionError


def ways_to_the_bank(rows, payouts, zone):
    """Yield each payout with when it left, when it came to its end, and how it was taken back, if it was."""
    sent = {row["id"]: row["created"] for row in rows if row["type"] == "payout"}
    back = {row["id"]: row["created"] for row in rows if row["type"] in {"payout_failure", "payout_cancel"}}
    for one in payouts:
        left = sent[one["balance_transaction"]]
        day = datetime.fromtimestamp(one["arrival_date"], UTC)
        arrives = max(left, int(day.replace(tzinfo=zone).timestamp()))
        if (undone := one["failure_balance_transaction"]) is None:
            yield one, left, arrives if one["status"] == "paid" else None, None
        elif one["status"] == "canceled":
            yield one, left, back[undone], "canceled"
        else:
            yield one, left, back[undone], "returned" if back[undone] >= arrives else "failed"


def bank_plainly(rows, payouts, zone, start, stop):
    """Add up, by bank account and currency, what became of payouts in a period."""
    found = defaultdict(Counter)
    for one, left, ended, way in ways_to_the_bank(rows, payouts, zone):
        if left >= stop or (ended is not None and ended < start):
            continue
        line = found[one["destination"], one["currency"]]
        kind = "automatic" if one["automatic"] else "instant" if one["method"] == "instant" else "manual"
        line["on_the_way_before" if left < start else f"sent {kind}"] += one["amount"]
        line["on_the_way_after" if ended is None or ended >= stop else way or "arrived"] += one["amount"]
    return found


def bank_agrees(document, rows, payouts, zone):
    start, stop = document["period"]["start"], document["period"]["stop"]
    (account,) = document["accounts"]
    told = {}
    for line in account["bank"]:
        names = ("on_the_way_before", "on_the_way_after", "arrived", "failed", "returned", "canceled")
        sums = {name: line[name] for name in names} | {f"sent {kind}": sum_ for kind, sum_ in line["sent"].items()}
        told[line["destination"], line["currency"]] = {name: sum_ for name, sum_ in sums.items() if sum_}
        assert line["unknown"] == 0
    plain = bank_plainly(rows, payouts, zone, start, stop)
    assert told == {key: {name: sum_ for name, sum_ in line.items() if sum_} for key, line in plain.items()}
    for bridge in account["bridge"]:
        mine = [row for row in rows if (row["balance_type"], row["currency"]) == ("payments", bridge["currency"])]
        inside = [row for row in mine if start <= row["created"] < stop]
        out = [row for row in inside if row["type"] in {"payout", "payout_failure", "payout_cancel"}]
        assert bridge == {
            "currency": bridge["currency"],
            "opening": sum(row["net"] for row in mine if row["created"] < start),
            "activity": sum(row["net"] for row in inside if row not in out),
            "payout_fees": sum(row["fee"] for row in out),
            "closing": sum(row["net"] for row in mine if row["created"] < stop),
            "left": -sum(row["amount"] for row in out),
            "apart": 0,
        }


def fees_given_back_agree(document, rows):
    start, stop = document["period"]["start"], document["period"]["stop"]
    given = Counter()
    for row in rows:
        if start <= row["created"] < stop and row["fee"] < 0:
            given[row["balance_type"], row["currency"], row["reporting_category"]] -= row["fee"]
    told = Counter()
    for key, balance in balances(document):
        for line in (*balance["activity"], *balance["payouts"]):
            told[*key, line["category"]] += line["fee_returned"]
    assert +told == given


def around_what_came_back(rows, payouts, zone):
    """Return periods that end just before and just after a payout came back, one of each way."""
    days = {}
    for _, _, ended, way in ways_to_the_bank(rows, payouts, zone):
        if way is not None:
            days[way] = datetime.fromtimestamp(ended, zone).date()
    day = timedelta(days=1)
    return [part for at in days.values() for part in ((at - 4 * day, at), (at - 4 * day, at + day), (at, at + day))]


def views_agree(lake, zone, rows, payouts, first, last):
    """Hold the views to the rows of some local days."""
    local = {row["id"]: datetime.fromtimestamp(row["created"], ZoneInfo(zone)).date() for row in rows}
    inside = [row for row in rows if first <= local[row["id"]] <= last]
    money, fees = defaultdict(lambda: [Decimal(0)] * 3), Counter()
    for row in inside:
        scale = EXPONENTS[row["currency"]]
        key = row["balance_type"], row["currency"], row["reporting_category"]
        figures = [Decimal(row[name]).scaleb(-scale) for name in ("amount", "fee", "net")]
        money[key] = [before + more for before, more in zip(money[key], figures, strict=True)]
        for part in row["fee_details"]:
            fees[row["currency"], part["type"], part["description"]] += Decimal(part["amount"]).scaleb(-scale)
        if row["reporting_category"] in {"fee", "tax"}:
            fees[row["currency"], row["type"], row["description"]] -= Decimal(row["amount"]).scaleb(-scale)
    with duckdb.connect() as session:
        session.execute(views_for("duckdb", lake, zone=zone).text)
        days = [first, last]
        found = session.execute(
            "select balance_type, currency, reporting_category, sum(amount), sum(fee), sum(net)"
            " from stripe_transactions where created_day between ? and ? group by all",
            days,
        ).fetchall()
        assert {one[:3]: list(one[3:]) for one in found} == money
        found = session.execute(
            "select currency, type, description, sum(amount) from stripe_fees"
            " where created_day between ? and ? group by all",
            days,
        ).fetchall()
        assert {one[:3]: one[3] for one in found if one[3]} == {key: sum_ for key, sum_ in fees.items() if sum_}
        found = session.execute("select id, amount, currency, status, arrival_day from stripe_payouts").fetchall()
        assert sorted(found) == sorted(
            (
                one["id"],
                Decimal(one["amount"]).scaleb(-EXPONENTS[one["currency"]]),
                one["currency"],
                one["status"],
                datetime.fromtimestamp(one["arrival_date"], UTC).date(),
            )
            for one in payouts
        )


def balance_agrees(document, served, rows):
    """Hold opening and closing to what `/v1/balance` says at each end."""
    clock = served.now
    try:
        for name, second in (("opening", document["period"]["start"]), ("closing", document["period"]["stop"])):
            if any(row["created"] == second for row in rows):  # it would be in the balance, and is not before
                continue
            served.set_clock(second)
            stated = {
                key: (one[name]["computed"]["available"], one[name]["computed"]["pending"])
                for key, one in balances(document)
            }
            assert {key: pair for key, pair in stated.items() if any(pair)} == asked_balance(served)
    finally:
        served.set_clock(clock)


@pytest.mark.slow
@given(
    seed=st.integers(0, 10_000),
    zone=st.sampled_from(ZONES),
    since=st.integers(-2, DAYS - 10),
    days=st.integers(1, 45),
)
@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_month_of_any_ledger_is_what_plain_sums_come_to(seed, zone, since, days):
    with sandbox(world_with_all(seed)) as served, TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        fill(lake, served, partition="month")
        rows, payouts = list(served.world.rows()), listed_payouts(served)
        ways = {way for *_, way in ways_to_the_bank(rows, payouts, ZoneInfo(zone))}
        assert ways == {None, "failed", "returned", "canceled"}
        first = datetime.fromtimestamp(START, UTC).date() + timedelta(days=since)
        last = first + timedelta(days=days - 1)
        period = {"since": f"{first}", "until": f"{last + timedelta(days=1)}", "timezone": zone}
        document = connector.run_statement(lake, **period)
        agrees(document, served.account, rows)
        bank_agrees(document, rows, payouts, ZoneInfo(zone))
        fees_given_back_agree(document, rows)
        balance_agrees(document, served, rows)
        for begins, ends in around_what_came_back(rows, payouts, ZoneInfo(zone)):
            document = connector.run_statement(lake, since=f"{begins}", until=f"{ends}", timezone=zone)
            bank_agrees(document, rows, payouts, ZoneInfo(zone))
        views_agree(lake, zone, rows, payouts, first, last)
