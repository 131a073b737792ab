"""`fees`: three answers, each with its status, and accounts to look in."""

from __future__ import annotations

import io
import sys

import pytest

from connector.cli.display.fee_lines import lines_of
from connector.core.ledger.fees import Answer, fees_of_payment
from connector.core.ledger.payout_fees import PayoutFees
from connector.core.ledger.payout_tally import PayoutTally
from connector.sandbox import Limits, Sandbox, World
from tests.support.fakes import ENDLESS_SECONDS


def rows_of(sandbox, account=None, **members):
    return [row for row in sandbox.world.rows(account) if members.items() <= row.items()]


def minor(text):
    """The minor units of an amount as people write it."""
    number, currency = text.rsplit(" ", 1)
    return int(number.replace(",", "").replace(".", "")), currency.lower()


@pytest.fixture
def charge(sandbox):
    return rows_of(sandbox, type="charge", currency="usd", exchange_rate=None)[0]


@pytest.fixture
def payout(sandbox):
    """An automatic payout that is reconciled."""
    return rows_of(sandbox, type="payout", description="STRIPE PAYOUT", status="available")[-1]


@pytest.fixture
def passed_on(sandbox):
    """An account and a payment of it that the platform passed on, with an application fee."""
    account = sandbox.world.accounts[1]
    return account, next(row for row in rows_of(sandbox, account, type="payment") if row["fee"])


def test_a_payment_is_shown_in_its_currency(run, charge):
    done = run("fees", charge["source"])
    facts = {line.split()[0]: line.split("  ")[1:] for line in done.out.splitlines()[1:]}
    assert done.status == 0
    assert done.out.startswith(f"{charge['source']}: fees known\n")
    assert minor(next(word for word in facts["gross"] if "USD" in word).strip()) == (charge["amount"], "usd")
    assert minor(next(word for word in facts["net"] if "USD" in word).strip()) == (charge["net"], "usd")
    assert minor(next(word for word in facts["stripe_fee"] if "USD" in word).strip()) == (-charge["fee"], "usd")
    assert charge["id"] in done.out


def test_a_payment_in_another_currency_shows_its_rate(run, sandbox):
    row = next(row for row in rows_of(sandbox, type="charge") if row["exchange_rate"] is not None)
    done = run("fees", row["source"])
    assert "GBP" in done.out
    assert f"at {row['exchange_rate']}" in done.out


def test_shillings_of_uganda_have_the_decimals_of_the_api(run, environment):
    with Sandbox(World(transactions=20, currencies=("ugx",)), limits=Limits.none()) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        (added,) = sandbox.add_rows(amount=380_000, fee=11_000)
        done = run("fees", run("get", added).lines[0]["source"])
        others = rows_of(sandbox, type="charge", exchange_rate=None)
    assert "3,800.00 UGX" in done.out
    assert "110.00 UGX" in done.out
    assert {row["amount"] % 100 for row in others} == {0}  # whole shillings only, as Stripe insists


def test_with_json_amounts_are_in_minor_units(run, charge):
    done = run("fees", charge["source"], "--json")
    (found,) = done.json["data"]
    assert (done.status, done.json["rows"]) == (0, 1)
    assert (found["gross"], found["fee"], found["net"], found["currency"]) == (
        charge["amount"],
        charge["fee"],
        charge["net"],
        "usd",
    )
    assert found["answer"] == "known"


def test_under_an_old_version_it_is_the_same(run, sandbox, charge):
    intent = run("get", charge["id"], "--expand", "source").lines[0]["source"]["payment_intent"]
    new, old = (run("fees", intent, "--json", *version) for version in ([], ["--api-version", "2022-08-01"]))
    assert new.json == old.json
    assert new.json["data"][0]["fee"] == charge["fee"]


def test_several_come_in_order_and_from_stdin_too(run, sandbox, monkeypatch):
    ids = [row["source"] for row in rows_of(sandbox, type="charge")[:130]]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*ids[1:], ""])))
    done = run("fees", ids[0], "-", "--rate", 0, "--json")
    assert [found["id"] for found in done.json["data"]] == ids


def test_a_payout_adds_up_and_says_why_charges_alone_do_not(run, payout):
    done = run("fees", payout["source"])
    table = {line.split()[0]: line.split() for line in done.out.splitlines() if line.startswith("  ")}
    assert done.status == 0
    assert minor(f"{table['sum'][-1]} USD")[0] == 0
    assert "type=charge alone" in done.out
    found = run("fees", payout["source"], "--json").json["data"][0]
    assert (found["answer"], found["remainder"], found["amount"]) == ("known", 0, -payout["net"])
    assert sum(one["net"] for one in found["types"]) == found["amount"] != found["charges_alone"]


def test_a_payout_that_took_money_from_the_bank_is_called_a_debit_and_one_that_failed_does_not_arrive():
    common = {"id": "po_1", "answer": Answer.KNOWN, "currency": "usd", "arrival_date": 86_400, "account": None}
    debit = PayoutFees(**common, amount=-500, status="paid")
    failed = PayoutFees(**common, amount=500, status="failed")
    assert "  -5.00 USD a debit of the bank account, paid, arrives 1970-01-02" in lines_of(debit)
    assert "  5.00 USD failed, was to arrive 1970-01-02" in lines_of(failed)


ROW = {"id": "txn_1", "type": "charge", "amount": 1_000, "fee": 59, "net": 941, "currency": "usd", "fee_details": []}
UNCAPTURED = {"captured": False, "amount_captured": 0}


@pytest.mark.parametrize(
    ("charge", "word"),
    [
        ({}, "paid"),
        ({"balance_transaction": ROW}, "paid"),
        ({**UNCAPTURED, "status": "failed"}, "failed"),
        ({"status": "failed", "balance_transaction": ROW}, "failed"),
        ({"status": "pending"}, "processing"),
        ({"status": "pending", "balance_transaction": ROW}, "processing"),
        (UNCAPTURED, "authorised"),
        ({**UNCAPTURED, "refunded": True}, "canceled"),
        ({"status": "entangled"}, "amount"),
        ({"status": None}, "amount"),
    ],
)
def test_an_amount_is_called_paid_only_where_it_was(charge, word):
    plain = {"id": "ch_1", "object": "charge", "amount": 1_000, "currency": "usd", "status": "succeeded"}
    lines = lines_of(fees_of_payment("ch_1", plain | charge, now=0))
    (line,) = (line for line in lines if line.endswith("ch_1"))
    assert line.split() == [word, "10.00", "USD", "ch_1"]
    assert word == "paid" or not any(line.startswith("  paid") for line in lines)


def test_a_manual_payout_is_explained(run, environment):
    with Sandbox(World(transactions=1_500), limits=Limits.none()) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        manual = rows_of(sandbox, type="payout", description="Withdrawal")[0]
        done = run("fees", manual["source"])
    assert done.status == 1
    assert "not available" in done.out
    assert "manual" in done.out


def test_what_is_not_known_yet_ends_with_75_and_can_be_waited_for(run, environment):
    world = World(transactions=300, ticking=True)
    with Sandbox(world, limits=Limits.none(), faults=["async-capture:seconds=3600"]) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        row = rows_of(sandbox, type="charge")[0]
        sandbox.set_clock(row["created"])
        done = run("fees", row["source"])
        assert done.status == 75
        assert "not yet known" in done.out
        assert "gross" not in done.out
        assert run("fees", row["source"], "--json").json["data"][0]["fee"] is None
        sandbox.set_clock(row["created"] + 3_599)
        done = run("fees", row["source"], "--wait", ENDLESS_SECONDS)
        assert done.status == 0
        assert "gross" in done.out


def test_no_fee_on_the_row_is_not_available_rather_than_zero(run, environment):
    with Sandbox(World(transactions=50), limits=Limits.none()) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        (added,) = sandbox.add_rows(amount=5_000, fee=0)
        charge = run("get", added).lines[0]["source"]
        done = run("fees", charge)
        known = rows_of(sandbox, type="charge")[5]["source"]
        assert run("fees", known, charge).status == 1
    assert done.status == 1
    assert "IC+" in done.out
    assert "0.00 USD" not in done.out.replace("50.00 USD", "")


def test_a_payment_that_never_gets_its_row_ends_with_1_after_a_day(run, environment):
    with Sandbox(World(transactions=50), limits=Limits.none()) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        (payment,) = sandbox.add_rows(type="payment", amount=1, fee=0, rowless=True)
        assert run("fees", payment).status == 75
        sandbox.advance(30 * 86_400)
        done = run("fees", payment, "--wait", 600)  # which is not waited for
        (found,) = run("fees", payment, "--json").json["data"]
    assert done.status == 1
    assert "in 30 days" in done.out
    assert (found["answer"], found["reason"], found["fee"]) == ("not_available", "overdue", None)


@pytest.fixture
def at(environment):
    """A sandbox of two months, with refunds, disputes and instant payouts."""
    with Sandbox(World(transactions=4_000, end=1_741_000_000), limits=Limits.none()) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        yield sandbox


def test_what_a_refund_gave_back_is_shown_with_its_sign(run, at):
    row = next(row for row in rows_of(at, type="refund", currency="usd") if row["fee"])
    done = run("fees", row["source"])
    facts = {line.split()[0]: line for line in done.out.splitlines()[1:]}
    assert done.status == 0
    assert f" {-row['fee'] / 100:.2f} USD" in facts["stripe_fee"]
    assert f"{row['net'] / 100:,.2f} USD" in facts["net"]
    (found,) = run("fees", row["source"], "--json").json["data"]
    assert (found["object"], found["kind"], found["fee"]) == ("row_fees", "refund", row["fee"])
    assert found["fee"] < 0


def test_a_refund_without_a_fee_on_its_row_says_so_and_a_payment_without_one_shows_none(run, at):
    refund = next(row for row in rows_of(at, type="refund", currency="usd") if not row["fee"])
    (line,) = (line for line in run("fees", refund["source"]).out.splitlines() if line.split()[:1] == ["fee"])
    assert line.split() == ["fee", "0.00", "USD", "none", "on", "its", "row"]
    (added,) = at.add_rows(amount=5_000, fee=0)
    done = run("fees", added)
    assert done.status == 1
    assert "IC+" in done.out
    assert "0.00 USD" not in done.out.replace("50.00 USD", "")


def test_all_rows_of_a_dispute_are_shown_and_summed(run, at):
    won = next(row for row in rows_of(at, reporting_category="dispute_reversal", currency="usd") if not row["fee"])
    lost = next(row for row in rows_of(at, reporting_category="dispute") if row["source"] == won["source"])
    done = run("fees", won["source"])
    assert done.status == 0
    assert won["id"] in done.out
    assert lost["id"] in done.out
    (sum_,) = (line for line in done.out.splitlines() if line.split()[:2] == ["all", "fees"])
    assert sum_.split()[2:] == ["-15.00", "USD", "of", "2", "rows"]


def test_a_row_is_shown_by_its_own_id(run, at):
    row = rows_of(at, type="tax_fee")[0]
    done = run("fees", row["id"])
    assert done.status == 0
    assert "gross" in done.out
    assert row["id"] in done.out


def test_the_fee_of_an_instant_payout_is_shown_though_its_rows_are_not(run, at):
    row = next(row for row in rows_of(at, type="payout", description="Withdrawal") if row["fee"])
    done = run("fees", row["source"])
    (line,) = (line for line in done.out.splitlines() if line.split()[:1] == ["stripe_fee"])
    assert done.status == 1
    assert "manual (or instant)" in done.out
    assert minor(" ".join(line.split()[1:3])) == (-row["fee"], "usd")


def test_a_payout_whose_charges_carry_no_fee_shows_none_rather_than_zero():
    tally = PayoutTally("po_1")
    figures = {"amount": 700, "fee": 0, "net": 700, "currency": "usd", "fee_details": []}
    tally.add([figures | {"type": "charge", "source": "ch_1"}])
    tally.add([figures | {"id": "txn_1", "type": "payout", "source": "po_1", "amount": -700, "net": -700}])
    lines = lines_of(tally.conclude(None, now=0, account=None, originals=()))
    assert "not available" in lines[0]
    assert [line.split() for line in lines if "?" in line] == [
        ["charge", "1", "7.00", "?", "7.00"],
        ["sum", "?", "0.00"],
    ]


def test_a_connected_accounts_payout_shows_what_customers_paid(run, sandbox, passed_on):
    account, _ = passed_on
    payouts = [row["source"] for row in rows_of(sandbox, account, type="payout", status="available")]
    done = run("fees", *payouts, "--account", account)
    assert "what the customer paid" in done.out
    lines = [line for line in done.out.splitlines() if line.startswith("    py_")]
    assert lines
    for line in lines:
        transfer, charge = line.split("  ")[-2:]
        assert (transfer[:3], charge[:3]) == ("tr_", "ch_")


def test_an_id_is_looked_for_in_the_accounts_given(run, sandbox, passed_on):
    account, payment = passed_on
    other = sandbox.world.accounts[2]
    for words in (["--account", account], ["--account", other, "--account", account], ["--all-accounts"]):
        (found,) = run("fees", payment["source"], *words, "--json").json["data"]
        assert (found["account"], found["gross"], found["fee"]) == (account, payment["amount"], payment["fee"])


def test_an_id_of_another_account_is_not_found_with_the_hint(run, passed_on, charge):
    done = run("fees", passed_on[1]["source"], charge["source"])
    assert done.status == 1
    assert "--account" in done.err
    assert done.out.startswith(charge["source"])


@pytest.mark.parametrize(
    ("word", "hint"), [("acct_1", "--account"), ("tr_1234567890", "stream --source tr_"), ("pi", "pi_")]
)
def test_other_ids_are_refused_before_anything_is_asked(run, word, hint):
    done = run("fees", word)
    assert (done.status, done.out) == (2, "")
    assert hint in done.err
