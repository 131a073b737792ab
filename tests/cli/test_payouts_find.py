"""`payouts --find`: from a line of the bank's statement to the payout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

import connector
from connector.core.ledger import money
from tests.cli.conftest import program
from tests.support.fitting import fits


@pytest.fixture(scope="module")
def paid(sandbox, tmp_path_factory):
    """A lake with payouts in it."""
    made = tmp_path_factory.mktemp("paid") / "lake"
    environ = {"STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key}
    assert program("payouts", made, "--all-accounts", "--rate", 0, "-q", env=environ).returncode == 0
    return made


@pytest.fixture(scope="module")
def payouts(paid):
    return [row for row in pa.table(connector.read(paid, table="payouts")).to_pylist() if row["status"] == "paid"]


def test_a_line_of_the_bank_leads_to_its_payout_without_a_key(environment, run, paid, payouts):
    environment.delenv("STRIPE_API_KEY")
    environment.delenv("STRIPE_API_BASE")
    for one in payouts[-2:]:
        amount = money.to_text(one["amount"], one["currency"]).split(" ")[0]
        day = f"{one['arrival_date']:%Y-%m-%d}"
        done = run("payouts", paid, "--find", "--amount", amount, "--arrives", day, "--currency", one["currency"])
        assert done.status == 0
        assert done.out.startswith(one["id"])
        found = run("payouts", paid, "--find", "--amount", amount, "--arrives", day, "--json")
        fits(found.json, "found_payouts")
        assert one["id"] in [entry["payout"] for entry in found.json["data"] if entry["days_apart"] == 0]


def test_the_day_of_a_line_may_be_yesterday(run, paid):
    def found(day):
        return run("payouts", paid, "--find", "--amount", "0.01", "--arrives", day)

    def date(back):
        return f"{datetime.now(UTC) - timedelta(days=back):%Y-%m-%d}"

    for word, back in (("yesterday", 1), ("today", 0)):
        before, by_word = date(back), found(word)
        assert by_word in (found(before), found(date(back)))  # a day may end in between
    assert "today or yesterday" in run("payouts", paid, "--find", "--amount", "1", "--arrives", "soon").err


def test_its_trace_id_alone_is_enough_and_is_a_column(run, paid, payouts):
    one = next(row for row in payouts if row["trace_id_value"])
    assert one["trace_id_status"] == "supported"
    done = run("payouts", paid, "--find", "--trace", f"STRIPE {one['trace_id_value']}", "--json")
    assert [entry["trace_id"] for entry in done.json["data"]].count(one["trace_id_value"]) == len(done.json["data"])
    assert one["id"] in [entry["payout"] for entry in done.json["data"]]


def test_what_is_not_there_ends_with_1_and_names_what_arrives_that_day(run, paid, payouts):
    day = payouts[-1]["arrival_date"].astimezone(UTC).date()
    done = run("payouts", paid, "--find", "--amount", "0.01", "--arrives", day)
    assert done.status == 1
    assert payouts[-1]["id"] in done.out
    nowhere = run("payouts", paid, "--find", "--amount", "0.01", "--arrives", "2001-01-01", "--json")
    assert (nowhere.status, nowhere.json["data"], nowhere.json["others"]) == (1, [], [])
    assert nowhere.json["looked_at"] >= len(payouts)


@pytest.mark.parametrize(
    "words",
    [
        ["--find"],
        ["--find", "--amount", "lots"],
        ["--find", "--amount", "5", "--arrives", "soon"],
        ["--find", "--amount", "5", "--since", "2026-01-01"],
        ["--amount", "5"],
        ["--arrives", "2026-10-01"],
    ],
)
def test_what_makes_no_sense_together_is_a_matter_of_usage(run, paid, words):
    done = run("payouts", paid, *words)
    assert (done.status, done.out) == (2, "")


def test_only_where_a_day_was_named_is_it_said_how_near_to_it_was_looked(run, paid):
    assert "days of that day" not in run("payouts", paid, "--find", "--amount", "0.01").out
    assert (
        "within 5 days of that day" in run("payouts", paid, "--find", "--amount", "0.01", "--arrives", "2001-01-01").out
    )


def test_the_library_finds_the_same(paid, payouts):
    one = payouts[-1]
    day = datetime.fromtimestamp(one["arrival_date"].timestamp(), UTC).date()
    amount = money.to_text(one["amount"], one["currency"]).split(" ")[0]
    found = connector.find_payouts(paid, amount=amount, arrives=day)
    assert one["id"] in [entry.match.known.id for entry in found.payouts]
    with pytest.raises(connector.ConfigError, match="acct_nope"):
        connector.find_payouts(paid, amount="5", accounts=["acct_nope"])
    with pytest.raises(connector.ConfigError, match="no payouts"):
        connector.find_payouts(paid / "nothing", amount="5")
    for wrong in ({"amount": 5}, {"amount": Decimal("1199.11")}, {"trace": 1}, {"amount": "5", "currency": 978}):
        with pytest.raises(connector.UsageError, match="must be text, as the bank writes it"):
            connector.find_payouts(paid, **wrong)
