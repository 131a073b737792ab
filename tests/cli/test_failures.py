"""What to do about a refusal: by what was refused, not by what is mostly asked for."""

from __future__ import annotations

import pytest

from connector.cli.display.failures import line_of
from connector.core.api.permissions import explain
from connector.errors import PermissionDeniedError


@pytest.mark.parametrize(
    ("endpoint", "permission"),
    [
        ("balance.retrieve", "rak_balance_read"),
        ("payouts.list", "rak_payout_read"),
        ("payment_intents.retrieve", "rak_payment_intent_read"),
        ("balance_transactions.list", "rak_balance_transaction_source_read"),
    ],
)
def test_a_restricted_key_is_told_what_that_command_needs_and_nothing_else(endpoint, permission):
    error = PermissionDeniedError("no", status=403)
    explain(error, endpoint, restricted=True)
    line = line_of(error)
    assert permission in line
    assert line.count("rak_") == 1
    assert "use a key" not in line


def test_an_account_out_of_reach_is_about_its_id_and_not_about_permissions():
    error = PermissionDeniedError("no access to acct_1", status=403, code="account_invalid")
    explain(error, "payouts.list", restricted=True)
    assert "check the account's id" in line_of(error)
    assert "rak_" not in line_of(error)


def test_any_other_refusal_is_about_the_key():
    error = PermissionDeniedError("not for you", status=403)
    explain(error, "payouts.list", restricted=False)
    assert line_of(error).endswith("use a key that may do this")
