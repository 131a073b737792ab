"""Accounts that fail among others: the others go on, unless what failed is everybody's."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.core.account_failures import OUTAGE, AccountFailures
from connector.errors import (
    AuthenticationError,
    LockedError,
    PermissionDeniedError,
    ProtocolError,
    SchemaError,
    ServerError,
    StateError,
    StorageError,
)

OUTCOMES = st.sampled_from([None, ServerError("down"), PermissionDeniedError("no")])


@pytest.mark.parametrize("kind", [PermissionDeniedError, ProtocolError, StateError, SchemaError, ServerError])
def test_what_is_an_accounts_own_spares_the_others(kind):
    failed = AccountFailures(3)
    assert failed.tolerate("acct_1", kind("so it is"))
    assert failed.summed_up("report").errors["acct_1"].account == "acct_1"
    assert failed.summed_up("report").report == "report"


@pytest.mark.parametrize("kind", [AuthenticationError, StorageError, LockedError])
def test_what_is_everybodys_ends_the_run_and_is_no_accounts_error(kind):
    failed = AccountFailures(3)
    assert not failed.tolerate("acct_1", kind("so it is"))
    assert not failed.errors


def test_fail_fast_spares_nobody():
    assert not AccountFailures(3, fail_fast=True).tolerate("acct_1", PermissionDeniedError("no"))


class Rows(list):
    """A page's rows; a plain list knows no weak references."""


def raised_from(how, held):
    """Fail at reading, with rows in the frame of the error and of the one before it."""

    def broken():
        rows = Rows([{"id": "txn_1"}])
        held.append(weakref.ref(rows))
        raise ValueError(len(rows))

    rows = Rows()
    held.append(weakref.ref(rows))
    try:
        broken()
    except ValueError as error:
        if how == "a cause":
            raise PermissionDeniedError("no") from error
        if how == "a context":
            raise PermissionDeniedError("no")  # noqa: B904 - what came before is the context
        if how == "a context not shown":
            raise PermissionDeniedError("no") from None
        raise PermissionDeniedError("no") from ExceptionGroup("several", [error, ValueError()])


@pytest.mark.parametrize("how", ["a cause", "a context", "a context not shown", "a group"])
def test_an_error_that_is_noted_keeps_no_rows_of_what_was_being_read(how):
    failed, held = AccountFailures(3), []
    try:
        raised_from(how, held)
    except PermissionDeniedError as error:
        failed.tolerate("acct_1", error)
    gc.collect()
    assert [one() for one in held] == [None, None]
    assert str(failed.errors["acct_1"]) == "no"


def test_an_error_that_ends_the_run_says_where_it_came_from():
    with pytest.raises(PermissionDeniedError) as caught:
        raised_from("a cause", [])
    assert not AccountFailures(3, fail_fast=True).tolerate("acct_1", caught.value)
    assert caught.value.__traceback__ is not None
    assert caught.value.__cause__.__traceback__ is not None


def test_errors_that_are_each_others_context_are_forgotten_too():
    first, second = PermissionDeniedError("no"), ValueError()
    first.__context__, second.__context__ = second, first
    assert AccountFailures(3).tolerate("acct_1", first)


@example([ServerError("down")] * OUTAGE)
@example([*[ServerError("down")] * (OUTAGE - 1), None, *[ServerError("down")] * OUTAGE])
@given(st.lists(OUTCOMES, max_size=40))
def test_the_run_ends_with_the_fifth_account_in_a_row_that_fails_by_what_may_pass(outcomes):
    failed, streak = AccountFailures(len(outcomes)), 0
    for position, error in enumerate(outcomes):
        if error is None:
            failed.succeeded()
            streak = 0
            continue
        streak = streak + 1 if error.retryable else 0
        assert failed.tolerate(f"acct_{position}", error) == (streak < OUTAGE)
        if streak >= OUTAGE:
            return
    assert len(failed.errors) == sum(error is not None for error in outcomes)


def test_accounts_that_fail_while_rows_come_of_others_are_no_outage():
    failed = AccountFailures(40)
    assert all(failed.tolerate(f"acct_1{position}", ServerError("down"), quiet=False) for position in range(20))
    assert all(failed.tolerate(f"acct_2{position}", ServerError("down")) for position in range(OUTAGE - 1))
    assert failed.tolerate("acct_3", ServerError("down"), quiet=False)
    assert all(failed.tolerate(f"acct_4{position}", ServerError("down")) for position in range(OUTAGE - 1))
    last = ServerError("down")
    assert not failed.tolerate("acct_5", last)
    assert "5 accounts in a row failed" in str(last)
