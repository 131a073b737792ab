"""Accounts that fail among others: the others go on, unless what failed is everybody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.failed_accounts import OUTAGE, FailedAccounts
from connector.errors import (
    AuthenticationError,
    LockedError,
    ManifestError,
    PermissionError_,
    ProtocolError,
    SchemaError,
    ServerError,
    StorageError,
)

OUTCOMES = st.sampled_from([None, ServerError("down"), PermissionError_("no")])


@pytest.mark.parametrize("kind", [PermissionError_, ProtocolError, ManifestError, SchemaError, ServerError])
def test_what_is_an_accounts_own_spares_the_others(kind):
    failed = FailedAccounts(3)
    assert failed.spare("acct_1", kind("so it is"))
    assert failed.summed_up("report").errors["acct_1"].account == "acct_1"
    assert failed.summed_up("report").report == "report"


@pytest.mark.parametrize("kind", [AuthenticationError, StorageError, LockedError])
def test_what_is_everybodys_ends_the_run_and_is_no_accounts_error(kind):
    failed = FailedAccounts(3)
    assert not failed.spare("acct_1", kind("so it is"))
    assert not failed.errors


def test_fail_fast_spares_nobody():
    assert not FailedAccounts(3, fail_fast=True).spare("acct_1", PermissionError_("no"))


@given(st.lists(OUTCOMES, max_size=40))
def test_the_run_ends_with_the_fifth_account_in_a_row_that_fails_by_what_may_pass(outcomes):
    failed, streak = FailedAccounts(len(outcomes)), 0
    for position, error in enumerate(outcomes):
        if error is None:
            failed.went_well()
            streak = 0
            continue
        streak = streak + 1 if error.retryable else 0
        assert failed.spare(f"acct_{position}", error) == (streak < OUTAGE)
        if streak >= OUTAGE:
            return
    assert len(failed.errors) == sum(error is not None for error in outcomes)
