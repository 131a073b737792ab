"""What a lake knows of an account besides its rows: its record, read strictly, and when it went stale."""

from __future__ import annotations

import pytest

from connector.core.state.account_record import (
    AccountRecord,
    KeyPrint,
    Refusal,
    Retired,
    from_document,
    stale_since,
    to_document,
)
from connector.core.units import DAY, AccountId
from connector.errors import StateError
from tests.support.fitting import fits

BARE = AccountRecord(AccountId("default"))
FULL = AccountRecord(
    AccountId("acct_1"),
    owner=AccountId("acct_2"),
    key=KeyPrint("ab" * 16, "cd" * 32),
    context="acct_3/acct_4",
    retired=Retired(5, "sold"),
    refused=Refusal(6, "no"),
)


@pytest.mark.parametrize("record", [BARE, FULL])
def test_a_record_is_read_back_and_fits_its_schema(record):
    document = to_document(record)
    fits(document, "account_record")
    assert from_document(document, where="x") == record


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        ({"account": "../x"}, "x is damaged"),
        ({"owner": "x"}, "damaged"),
        ({"context": "acct_1//acct_2"}, "damaged"),
        ({"context": 5}, "damaged"),
        ({"key": {"salt": "x"}}, "damaged"),
        ({"retired": {"at": "soon", "reason": "x"}}, "damaged"),
        ({"refused": []}, "damaged"),
        ({"table": "payouts"}, "about 'payouts', not accounts"),
        ({"record_version": 2}, "version 2, and this program knows up to 1"),
        ({"record_version": 0}, "version 0"),
        ({"record_version": True}, "version True"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused_with_what_to_do(harm, word):
    with pytest.raises(StateError, match=word):
        from_document({**to_document(FULL), **harm}, where="x")


@pytest.mark.parametrize("document", [None, [], "x", {}, {"account": "acct_1"}])
def test_what_is_no_record_is_left_alone(document):
    with pytest.raises(StateError, match="not a record of stripe-balance"):
        from_document(document, where="x")


def test_an_account_is_stale_where_runs_are_refused_or_others_were_read_a_day_later():
    assert stale_since(BARE, 100, 100 + DAY) is None
    assert stale_since(BARE, 100, 101 + DAY) == 100
    assert stale_since(AccountRecord(AccountId("default"), refused=Refusal(6, "no")), 100, 100) == 100
    assert stale_since(FULL, 100, 101 + DAY) is None  # retired: nobody expects it to be read
