"""What finance asks at a month's end has an answer, whatever the accounts, the currencies and the zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import anyio
import duckdb
import pytest

import connector
from connector.readers.views import views_for
from connector.verification.calls import verify
from connector.verification.verdict import to_document
from tests.support.lakes import config_for, sandbox, truth
from tests.support.statements import CURRENCIES, fill, plainly, world

ZONE = "Europe/Paris"
MONTH = {"month": "2026-03", "timezone": ZONE}
"""Its clocks go forward on the 29th."""


@pytest.fixture(scope="module")
def served():
    with sandbox(world(1_200, days=100, connected=2)) as running:
        yield running


@pytest.fixture(scope="module")
def lake(served, tmp_path_factory):
    made = tmp_path_factory.mktemp("questions") / "lake"
    fill(made, served, expand=["source"], source_columns=True, partition="month")
    return made


@pytest.fixture(scope="module")
def stated(lake):
    return connector.run_statement(lake, compare="2026-02", freeze=True, **MONTH)


@pytest.fixture(scope="module")
def rows(served):
    """Rows of the month by account, as Stripe has them."""
    start, stop = (int(datetime(2026, month, 1, tzinfo=ZoneInfo(ZONE)).timestamp()) for month in (3, 4))
    accounts = {name: truth(served, None if place == 0 else name) for place, name in enumerate(served.world.accounts)}
    return {name: plainly(found, start, stop) for name, found in accounts.items()}


def balances(stated):
    for account in stated["accounts"]:
        for one in account["balances"]:
            yield account["account"], (one["balance_type"], one["currency"]), one


def test_the_month_is_that_of_the_zone_and_all_of_three_accounts_and_four_currencies_is_there(stated, rows):
    assert (stated["period"]["stop"] - stated["period"]["start"]) == 31 * 86_400 - 3_600
    assert len(stated["accounts"]) == 3
    assert {key[1] for _, key, _ in balances(stated)} == set(CURRENCIES)
    for account, key, one in balances(stated):
        plain = rows[account][key]
        lines = (*one["activity"], *one["payouts"])
        assert sum(line["count"] for line in lines) == sum(sums[0] for sums in plain.categories.values())
        assert one["closing"]["amount"] == plain.closing


def test_fees_and_why_they_changed_add_up(stated, rows):
    for account, key, one in balances(stated):
        assert one["fees_total"] == sum(rows[account][key].fees.values())
    for changed in stated["changes"]:
        for one in changed["balances"]:
            assert sum(why["amount"] for why in one["fees_changed_by"]) == one["fees_after"] - one["fees_before"]


def test_what_is_in_a_payout_adds_up_to_it(lake):
    with duckdb.connect() as session:
        session.execute(views_for("duckdb", lake, zone=ZONE).text)
        found = session.sql(
            "select p.amount, sum(t.net), sum(t.net) filter (t.type <> 'payout')"
            " from stripe_payouts p join stripe_transactions t on t.payout_id = p.id and t.account = p.account"
            " where p.automatic and p.status = 'paid' group by p.id, p.amount"
        ).fetchall()
    assert len(found) > 20
    assert all(rest == 0 and amount == brought for amount, rest, brought in found)


def test_the_way_from_the_balance_to_the_bank_adds_up(stated):
    for account in stated["accounts"]:
        for bridge in account["bridge"]:
            told = [one for one in account["bank"] if one["currency"] == bridge["currency"]]
            left = sum(sum(one["sent"].values()) - one["failed"] - one["returned"] - one["canceled"] for one in told)
            assert bridge["opening"] + bridge["activity"] - bridge["payout_fees"] - bridge["closing"] == bridge["left"]
            assert bridge["left"] - bridge["apart"] == left
            for one in told:
                came = one["on_the_way_before"] + sum(one["sent"].values()) - one["on_the_way_after"] - one["unknown"]
                assert one["arrived"] == came - one["failed"] - one["returned"] - one["canceled"]


def test_pending_refunds_disputes_and_conversion_are_those_of_the_rows(stated, rows):
    for account, key, one in balances(stated):
        plain = rows[account][key]
        assert sum(day["net"] for day in one["pending"]) == plain.waiting[1]
        assert {each["dispute"]: each["cost"] for each in one["disputes"]} == dict(plain.disputes)
        refunds = plain.categories.get("refund", [0, 0, 0, 0])
        assert sum(each["gross"] for each in one["refunds"] if each["category"] == "refund") == refunds[1]
        assert sum(each["gross"] for each in one["conversions"]) == plain.converted[1]
        conversion = [amount for fee, amount in plain.fees.items() if fee[1] == "Stripe currency conversion fee"]
        assert one["conversion_fees"] == sum(conversion)


def test_it_is_final_and_frozen_and_the_auditor_gets_every_balance(stated, served, lake):
    assert stated["final"]
    assert all(one["frozen"]["written_now"] for one in stated["accounts"])
    document = to_document(anyio.run(lambda: verify(lake, config=config_for(served), sample=2, seed=1)))
    assert document["verdict"] == "proved"
    compared = [one for account in document["accounts"] for layer in account["layers"] for one in layer["balances"]]
    assert {one["currency"] for one in compared} == set(CURRENCIES)
    assert datetime.fromisoformat(document["checked"]).tzinfo == UTC
