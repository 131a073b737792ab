"""Values that a row can have and nobody expects: what is kept of them leaves a lake that the next run goes on from."""

from __future__ import annotations

import pytest

from connector.core.time.times import END_OF_TIME, START_OF_TIME
from connector.lake.state.table_states import states
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.lakes import objects
from tests.support.twisted import TwistedStripe

DATES = ["Mon, 01 Jan 1900 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]


@pytest.mark.parametrize("second", slow_but([START_OF_TIME], [-5, START_OF_TIME, 0, END_OF_TIME - 1]))
def test_a_pending_row_may_become_available_at_any_moment_there_is(tmp_path, second):
    stripe = TwistedStripe()
    stripe.rows[4] |= {"status": "pending", "available_on": second}
    stripe.sync(tmp_path)
    assert stripe.sync(tmp_path).outcome == "complete"
    assert objects(tmp_path) == stripe.rows[::-1]


@pytest.mark.parametrize(
    "date",
    slow_but(["Mon, 01 Jan 1900 00:00:00 GMT"], ["Mon, 01 Jan 1900 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]),
)
def test_a_date_that_no_clock_that_is_set_shows_is_none(tmp_path, date):
    stripe = TwistedStripe(date=date)
    stripe.rows[4]["status"] = "pending"
    for _ in range(2):
        assert stripe.sync(tmp_path).outcome == "complete"
    (found,) = states(LocalStore(tmp_path))
    assert stripe.rows[0]["created"] - 600 <= found.covered.parts[-1].stop <= stripe.now


@pytest.mark.parametrize("created", slow_but([10**12], [-5, 10**12, 2 * 10**9]))
def test_an_account_that_was_made_when_no_account_can_have_been_does_not_say_when(tmp_path, created):
    def twist(path, _query, document):
        return document | {"created": created} if path == "/v1/account" else document

    stripe = TwistedStripe(twist=twist)
    for _ in range(2):
        stripe.sync(tmp_path)
    (found,) = states(LocalStore(tmp_path))
    assert found.account_created == 0
