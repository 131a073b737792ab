from __future__ import annotations

import pytest

from connector.core.permissions import explain
from connector.errors import PermissionError_

WORDS = "Having the '{}' permission would allow this request to continue."


def explained(message, endpoint="balance_transactions.list", *, code=None, restricted=True):
    error = PermissionError_(message, status=403, code=code)
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
