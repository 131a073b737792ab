"""The official SDK as the client: whatever it believes about Stripe must hold here."""

from __future__ import annotations

import pytest
import stripe

LIMIT = {"limit": 100}


@pytest.fixture(scope="module")
def sandbox(open_sandbox):
    return open_sandbox(transactions=2_000, missing_scopes=["rak_payout_read"])


@pytest.fixture(scope="module")
def client(sandbox):
    return stripe.StripeClient(sandbox.key, base_addresses={"api": sandbox.url})


def test_paging_on_its_own_gives_every_row_once(sandbox, client):
    found = [row.id for row in client.v1.balance_transactions.list(LIMIT).auto_paging_iter()]
    assert found == [row["id"] for row in sandbox.world.rows()]


def test_paging_backwards_gives_what_is_newer(sandbox, client):
    ids = [row["id"] for row in sandbox.world.rows()]
    pages = client.v1.balance_transactions.list({**LIMIT, "ending_before": ids[250]})
    assert [row.id for row in pages.auto_paging_iter()] == ids[249::-1]


def test_filters_go_through(sandbox, client):
    rows = list(sandbox.world.rows())
    low, high = rows[900]["created"], rows[300]["created"]
    params = {**LIMIT, "created": {"gte": low, "lt": high}, "type": "charge", "currency": "usd"}
    found = [row.id for row in client.v1.balance_transactions.list(params).auto_paging_iter()]
    assert found == [
        row["id"]
        for row in rows
        if low <= row["created"] < high and (row["type"], row["currency"]) == ("charge", "usd")
    ]


def test_the_fees_of_a_payout_can_be_read_with_their_charges(sandbox, client):
    payout = next(p for p in client.v1.payouts.list(LIMIT).auto_paging_iter() if p.reconciliation_status == "completed")
    rows = client.v1.balance_transactions.list({"payout": payout.id, "type": "charge", "expand": ["data.source"]})
    assert rows.data
    assert all(row.source.object == "charge" and row.source.balance_transaction == row.id for row in rows.data)


def test_the_fee_of_a_payment_can_be_read_from_its_intent(sandbox, client):
    row = next(row for row in sandbox.world.rows() if row["type"] == "charge")
    charge = client.v1.charges.retrieve(row["source"])
    intent = client.v1.payment_intents.retrieve(
        charge.payment_intent, {"expand": ["latest_charge.balance_transaction"]}
    )
    assert intent.latest_charge.balance_transaction.fee == row["fee"]


def test_a_connected_accounts_payment_leads_to_the_customers_charge_on_the_platform(sandbox, client):
    connected = sandbox.world.accounts[1]
    rows = client.v1.balance_transactions.list(
        {"type": "payment", **LIMIT, "expand": ["data.source.source_transfer.source_transaction"]},
        {"stripe_account": connected},
    ).data
    passed_on = [row for row in rows if row.source.source_transfer]
    assert passed_on
    for row in passed_on:
        transfer = row.source.source_transfer
        assert (transfer.object, transfer.destination) == ("transfer", connected)
        assert transfer.destination_payment == row.source.id
        assert transfer.amount == row.amount
        assert transfer.source_transaction.object == "charge"
        assert client.v1.charges.retrieve(transfer.source_transaction.id).transfer == transfer.id


def test_the_platform_sees_its_connected_accounts(sandbox, client):
    found = [account.id for account in client.v1.accounts.list({"limit": 2}).auto_paging_iter()]
    assert found == list(sandbox.world.accounts[:0:-1])


def test_the_balance_is_the_worlds(sandbox, client):
    balance = client.v1.balance.retrieve()
    assert {entry.currency: entry.amount for entry in balance.available} == sandbox.world.net_by_currency(
        status="available"
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", stripe.InvalidRequestError),
        ("403", stripe.PermissionError),
        ("404", stripe.InvalidRequestError),
        ("409", stripe.APIError),
        ("rate-limit", stripe.RateLimitError),
        ("lock-timeout", stripe.RateLimitError),
        ("500", stripe.APIError),
        ("502", stripe.APIError),
        ("503", stripe.APIError),
        ("not-json", stripe.APIError),
        ("reset", stripe.APIConnectionError),
    ],
)
def test_trouble_is_of_the_class_the_sdk_gives_it(sandbox, client, fault, error):
    sandbox.faults.add(f"{fault}:k=1")
    try:
        with pytest.raises(error):
            client.v1.balance_transactions.list()
    finally:
        sandbox.faults.clear()


def test_keys_and_scopes_are_of_the_class_the_sdk_gives_them(sandbox):
    base = {"api": sandbox.url}
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided: sk_test_"):
        stripe.StripeClient("sk_test_nonsense1234", base_addresses=base).v1.balance.retrieve()
    with pytest.raises(stripe.PermissionError, match="rak_payout_read"):
        stripe.StripeClient(sandbox.restricted_key, base_addresses=base).v1.payouts.list()


def test_the_sdk_retries_a_lock_timeout_but_not_a_limiter(sandbox):
    client = stripe.StripeClient(sandbox.key, base_addresses={"api": sandbox.url}, max_network_retries=2)
    sandbox.faults.add("lock-timeout:k=1")
    try:
        assert client.v1.balance_transactions.list().data
        sandbox.faults.add("rate-limit:k=1")
        with pytest.raises(stripe.RateLimitError):
            client.v1.balance_transactions.list()
    finally:
        sandbox.faults.clear()
