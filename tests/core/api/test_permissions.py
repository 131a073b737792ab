from __future__ import annotations

import pytest

from connector.cli.display.failures import line_of
from connector.core.api.permissions import account_named, explain
from connector.core.api.protocol import Response, decipher
from connector.errors import AuthenticationError, PermissionDeniedError

WORDS = "Having the '{}' permission would allow this request to continue."


def explained(message, endpoint="balance_transactions.list", *, code=None, restricted=True):
    error = PermissionDeniedError(message, status=403, code=code)
    explain(error, endpoint, restricted=restricted)
    return error


@pytest.mark.parametrize(
    ("endpoint", "permission", "command"),
    [
        ("balance_transactions.list", "rak_balance_transaction_source_read", "`sync`"),
        ("balance_transactions.retrieve", "rak_balance_transaction_source_read", "`get`"),
        ("balance.retrieve", "rak_balance_read", "`balance`"),
        ("payouts.list", "rak_payout_read", "`payouts`"),
        ("charges.retrieve", "rak_charge_read", "`fees ch_…`"),
        ("payment_intents.retrieve", "rak_payment_intent_read", "`fees pi_…`"),
    ],
)
def test_a_restricted_key_is_told_what_to_enable_and_for_what(endpoint, permission, command):
    for message in (WORDS.format(permission), "no"):
        error = explained(message, endpoint)
        assert error.permission == permission
        assert error.message.startswith(message.rstrip("."))
        assert f"({permission}) for this key at https://dashboard.stripe.com/apikeys" in error.message
        assert command in error.message


def test_what_stripe_names_counts_more_than_what_was_asked():
    error = explained(WORDS.format("rak_customer_read"))
    assert error.permission == "rak_customer_read"
    assert "balance_transactions.list" in error.message
    assert explained(WORDS.format("rak_payout_read")).permission == "rak_payout_read"


def test_another_reason_is_left_as_it_is():
    for error in (explained("No access.", code="account_invalid"), explained("No.", restricted=False)):
        assert error.permission is None
        assert error.message in {"No access.", "No."}


OLDER = (
    "The provided key 'rk_test_***' does not have the required permissions for this endpoint on account"
    " 'acct_1GxquwFqjXnd5PPh'. Having the '{}' permission would allow this request to continue."
)
NEWER = (
    "Permission denied. The provided key 'rk_live_...4vaq' does not have the required permissions for this endpoint on"
    " account 'acct_1GxquwFqjXnd5PPh'. Enabling {} ('{}') permissions on this key would allow this request to continue."
)
LINK = "https://dashboard.stripe.com/b/acct_1GxquwFqjXnd5PPh?destination=%2Fapikeys%2Fmk_1Abc%2Fedit"
EDIT = f" You can edit permissions at {LINK}"


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ('"Customers Read"', "customer_read"),
        ("Checkout Sessions Read", "checkout_session_read"),
        ('"P"', "payout_read"),
    ],
)
@pytest.mark.parametrize("restricted", [True, False])
def test_the_words_of_2026_stand_as_stripe_says_them(shown, name, restricted):
    said = NEWER.format(shown, name) + EDIT
    error = explained(said, "payouts.list", code="more_permissions_required", restricted=restricted)
    assert (error.permission, error.message) == (name, said)
    assert line_of(error).count("https://") == 1
    assert "use a key" not in line_of(error)


def test_a_link_is_added_where_stripe_gives_none():
    error = explained(NEWER.format('"Customers Read"', "customer_read"), "payouts.list")
    assert error.permission == "customer_read"
    assert error.message.endswith("continue: edit the key at https://dashboard.stripe.com/apikeys")


@pytest.mark.parametrize(
    "message",
    [
        "The API key provided does not allow requests from your IP address (203.0.113.7).",
        "The API key provided does not allow requests from your IP address.",
        "This application does not have the required permissions for this endpoint on account 'acct_1'.",
        "Only Stripe Connect platforms can work with other accounts.",
        "The provided key '***' does not have access to account 'acct_1'. Application access may have been revoked.",
    ],
)
@pytest.mark.parametrize("restricted", [True, False])
def test_what_is_no_matter_of_the_keys_permissions_brings_no_advice_about_them(message, restricted):
    error = explained(message, restricted=restricted)
    assert (error.permission, error.message) == (None, message)
    assert "use a key" not in line_of(error)
    assert "enable" not in line_of(error)


def test_a_refusal_of_an_address_says_so_whatever_its_status():
    error = AuthenticationError("The API key provided does not allow requests from your IP address.", status=401)
    assert "check the key" not in line_of(error)
    assert "address" in line_of(error).partition(";")[2]


def test_both_wordings_name_the_account_and_a_revoked_one_is_not_it():
    for said in (OLDER.format("rak_x_read"), NEWER.format('"X Read"', "x_read") + EDIT):
        assert account_named(PermissionDeniedError(said, status=403)) == "acct_1GxquwFqjXnd5PPh"
    revoked = "The provided key 'sk_test_***' does not have access to account 'acct_1Gone'."
    assert account_named(PermissionDeniedError(revoked, status=403)) is None


@pytest.mark.parametrize("restricted", [True, False])
def test_a_refusal_that_is_not_stripes_brings_no_advice_about_the_key(restricted):
    error = decipher(Response(403, {}, b"<html>Forbidden</html>"))
    explain(error, "balance.retrieve", restricted=restricted)
    assert error.permission is None
    assert "firewall" in line_of(error)
    assert "use a key" not in line_of(error)
    assert "enable" not in line_of(error)
