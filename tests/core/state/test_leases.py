"""Who is at work on a lake, as leases tell; and what may be cleared away of those who are not."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import schemas
from connector.core.state.account_record import KeyPrint
from connector.core.state.leases import (
    FRESH_SECONDS,
    LEASE_VERSION,
    STALE_SECONDS,
    Holder,
    Lease,
    Others,
    Sign,
    lease_in,
    moment_of,
    to_bytes,
    with_changes,
)

NOW = 1_790_000_000.0
HOUR = STALE_SECONDS


def lease(run: str = "one", **fields) -> Lease:
    """A lease of some run."""
    holder = Holder(host="here", boot="b", pid=7, started="1")
    known = {"lease_version": LEASE_VERSION, "id": run, "command": "sync", "holder": holder, "begun": 1, "renewed": 2}
    return Lease(**(known | fields))


def sign(run: str = "one", age: float = 0.0, **fields) -> Sign:
    """A lease as it was found, so many seconds after it was written."""
    return Sign(run, NOW - age, lease(run), **fields)


def others(*signs: Sign) -> Others:
    return Others(NOW, {one.run: one for one in signs})


def ns(age: float) -> int:
    return int((NOW - age) * 1e9)


def test_a_lease_is_read_as_it_was_written():
    written = lease(accounts=("acct_a",), asked=(1, 2), key=KeyPrint("s", "d"))
    assert lease_in(to_bytes(written), "one") == written


@pytest.mark.parametrize("fields", [{}, {"accounts": ("acct_a",), "asked": (1, 2), "key": KeyPrint("s", "d")}])
def test_a_lease_fits_its_schema_which_describes_every_field(fields):
    schema = schemas.load("lease")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(to_bytes(lease(**fields))), schema)
    assert schema["properties"].keys() == set(Lease.__struct_fields__)
    assert schema["properties"]["holder"]["properties"].keys() == set(Holder.__struct_fields__)
    for shape in (schema, *schema["properties"].values()):
        assert shape["description"]
        assert all(member["description"] for member in shape.get("properties", {}).values())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"id": "one"}',
        to_bytes(with_changes(lease(), lease_version=LEASE_VERSION + 1)),
        to_bytes(lease("another")),
        msgspec.json.encode(msgspec.to_builtins(lease()) | {"holder": {"host": "h", "boot": None, "pid": 0}}),
        msgspec.json.encode(msgspec.to_builtins(lease()) | {"accounts": 3}),
    ],
)
def test_what_is_no_lease_of_this_run_tells_nothing_of_it(data):
    assert lease_in(data, "one") is None


def test_a_lease_with_fields_of_a_later_version_is_read():
    document = msgspec.to_builtins(lease()) | {"more": 1}
    assert lease_in(msgspec.json.encode(document), "one") == lease()


def test_a_run_is_at_work_until_an_hour_after_its_last_sign_of_life():
    assert others(sign(age=HOUR)).at_work("one")
    assert not others(sign(age=HOUR + 1)).at_work("one")
    assert not others(sign(age=0, ended=True)).at_work("one")
    assert not others().at_work("one")


def test_a_damaged_lease_is_a_run_at_work_as_long_as_any():
    assert others(Sign("one", NOW - 5)).at_work("one")
    assert not others(Sign("one", NOW - HOUR - 1)).at_work("one")


def test_a_lease_from_the_future_counts_no_longer_than_one_from_the_past():
    assert others(sign(age=-60)).at_work("one")
    assert not others(sign(age=-HOUR - 1)).at_work("one")


def test_what_a_run_at_work_has_written_is_left_alone_however_old_it_is():
    assert not others(sign()).may_take("one", ns(10 * HOUR))


def test_what_a_run_left_that_is_known_to_have_ended_may_be_taken_at_once():
    assert others(sign(ended=True)).may_take("one", ns(0))


@pytest.mark.parametrize("there", [others(), others(sign(age=2 * HOUR)), others(sign("another"))])
def test_what_a_run_left_that_gives_no_sign_of_life_may_be_taken_after_an_hour(there):
    assert not there.may_take("one", ns(HOUR - 1))
    assert there.may_take("one", ns(HOUR + 1))
    assert there.may_take("one", ns(-HOUR - 1))  # of a time that is still to come: the clock was wrong


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.booleans())
def test_nothing_stays_for_ever_and_nothing_of_a_live_run_goes(lease_age, file_age, ended):
    there = others(sign(age=lease_age, ended=ended))
    if there.at_work("one"):
        assert not there.may_take("one", ns(file_age))
        assert not ended
    elif abs(file_age) > HOUR + 1 or ended:
        assert there.may_take("one", ns(file_age))


def test_runs_at_work_are_those_that_live_the_first_to_begin_first():
    there = others(sign("b"), sign("a"), sign("c", age=2 * HOUR), sign("d", ended=True))
    assert [one.run for one in there.live] == ["a", "b"]


def test_runs_share_the_rate_that_ask_about_the_same_account_or_with_the_same_key():
    ours = KeyPrint("salt", "ours")
    there = others(
        Sign("same account", NOW, lease(accounts=("acct_a", "acct_b"))),
        Sign("same key", NOW, lease(accounts=("acct_c",), key=ours)),
        Sign("another", NOW, lease(accounts=("acct_d",), key=KeyPrint("salt", "theirs"))),
        Sign("asks nothing", NOW, lease()),
        Sign("unknown", NOW),
        Sign("gone", NOW - 2 * HOUR, lease(accounts=("acct_a",))),
    )
    assert there.sharing(frozenset({"acct_b"}), lambda key: key == ours) == 2
    assert there.sharing(frozenset(), lambda _: False) == 0


def test_the_stores_time_is_that_of_our_own_lease_while_it_is_fresh():
    own = Sign("own", 500.0, lease("own", renewed=int(NOW)))  # the store's clock is decades behind ours
    assert moment_of([NOW], own, NOW + 60) == 500.0


def test_without_a_fresh_lease_it_is_no_earlier_than_any_lease_was_written():
    stale = Sign("own", 500.0, lease("own", renewed=int(NOW - HOUR)))
    for own in (stale, Sign("own", 500.0), None):
        assert moment_of([NOW - 50, NOW + 100], own, NOW) == NOW + 100
        assert moment_of([], own, NOW) == NOW


def test_our_own_lease_tells_the_time_for_two_minutes_on_either_side():
    own = Sign("own", 500.0, lease("own", renewed=int(NOW)))
    for away in (-FRESH_SECONDS, FRESH_SECONDS):
        assert moment_of([], own, NOW + away) == 500.0
        assert moment_of([], own, NOW + away * 1.01) == NOW + away * 1.01
