"""A page decoded, and held to the contract of a list."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.page import Page, StrictOrder, decode_asked, decode_object, decode_page, in_file_order
from connector.core.time.intervals import Interval
from connector.errors import ProtocolError

WINDOW = Interval(100, 200)


def row(name: str, created: int) -> dict[str, object]:
    return {"id": name, "created": created}


def page(*rows: dict[str, object], has_more: bool = True) -> Page:
    return Page(list(rows), has_more, "req_1")


def test_a_list_is_decoded_as_it_came():
    body = orjson.dumps({"object": "list", "data": [row("a", 5)], "has_more": False, "url": "/v1/x"})
    assert decode_page(body, request_id="req_9") == Page([row("a", 5)], has_more=False, request_id="req_9")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"object": "balance"}',
        b'{"object": "list", "data": []}',
        b'{"object": "list", "has_more": false}',
        b'{"object": "list", "data": {}, "has_more": false}',
        b'{"object": "list", "data": [], "has_more": 0}',
        b'{"object": "list", "data": [], "has_more": "false"}',
        b'{"object": "list", "data": [null], "has_more": false}',
        b'{"object": "list", "data": [[1]], "has_more": false}',
        b'{"object": "list", "data": [{"id": "a"}, "b"], "has_more": false}',
        b'{"object": "list", "data": [{"id": "a"',
        b'{"data": [], "has_more": false}',
        b'{"object": "list", "data": [], "has_more": false} trailing',
        b"\xff",
        b"[" * 5_000,
    ],
)
def test_whatever_is_no_list_ends_the_window(body):
    with pytest.raises(ProtocolError) as caught:
        decode_page(body, request_id="req_1")
    assert caught.value.request_id == "req_1"


@pytest.mark.parametrize("body", [b"<html>", b" \r\n<!DOCTYPE html>", b"<?xml version='1.0'?>"])
def test_a_page_of_something_on_the_way_is_called_so(body):
    for decode in (decode_page, decode_object):
        with pytest.raises(ProtocolError, match="something on the way answers in Stripe's place") as caught:
            decode(body, request_id="req_1")
        assert caught.value.request_id == "req_1"


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'"x"', b"{", b"\x00"])
def test_whatever_is_no_object_is_refused(body):
    with pytest.raises(ProtocolError):
        decode_object(body)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"error": {"message": "no"}},
        {"object": "charge", "id": "ch_2"},
        {"object": "refund", "id": "ch_1"},
        {"object": "charge"},
        {"object": None, "id": None},
        {"object": ["charge"], "id": "ch_1"},
    ],
)
def test_an_object_that_is_not_the_one_asked_for_is_refused(other):
    with pytest.raises(ProtocolError, match="the charge ch_1 was asked for, and something else came") as caught:
        decode_asked(orjson.dumps(other), "ch_1", kind="charge", request_id="req_1")
    assert caught.value.request_id == "req_1"


@given(st.lists(st.integers(100, 199), max_size=30), st.integers(1, 7))
def test_a_sound_window_is_admitted_whole_whatever_the_page_size(seconds, size):
    rows = [row(f"txn_{number}", created) for number, created in enumerate(sorted(seconds, reverse=True))]
    order, admitted = StrictOrder(WINDOW), []
    for start in range(0, len(rows), size):
        admitted += order.admit(page(*rows[start : start + size]))
        assert (order.last_id, order.oldest) == (admitted[-1]["id"], admitted[-1]["created"])
    assert admitted == rows


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ([row("a", 150)], [row("b", 151)], "newest first"),
        ([row("a", 150), row("b", 151)], [], "newest first"),
        ([row("a", 150), row("b", 140), row("c", 145)], [], "newest first"),
        ([row("a", 200)], [], "outside the window"),
        ([row("a", 100), row("b", 99)], [], "outside the window"),
        ([row("a", 150)], [row("b", 99)], "outside the window"),
        ([row("a", 150)], [row("a", 150)], "twice"),
        ([row("a", 150), row("b", 150), row("a", 150)], [], "twice"),
        ([row("a", 150), row("b", 149)], [row("c", 148), row("a", 140)], "twice"),
        ([{"created": 150}], [], "id"),
        ([{"id": "a"}], [], "created"),
        ([row("a", 150), row("", 149)], [], "has no 'id'"),
        ([row("a", 150), {"id": None, "created": 149}], [], "not a string"),
        ([{"id": 7, "created": 150}], [], "not a string"),
        ([{"id": "a", "created": "150"}], [], "not a string"),
        ([{"id": "a", "created": 150.0}], [], "not a string"),
        ([{"id": "a", "created": True}], [], "not a string"),
        ([{"id": ["a"], "created": 150}], [], "not a string"),
    ],
)
def test_every_breach_ends_the_window_and_names_it(first, second, what):
    order = StrictOrder(WINDOW)

    def walk() -> None:
        order.admit(page(*first))
        order.admit(page(*second))

    with pytest.raises(ProtocolError, match=what) as caught:
        walk()
    assert caught.value.window == (100, 200)
    assert caught.value.request_id == "req_1"


@given(st.data(), st.lists(st.integers(100, 110), min_size=2, max_size=20))
def test_two_rows_in_each_others_place_are_noticed(data, seconds):
    created = sorted(seconds, reverse=True)
    left, right = sorted(data.draw(st.lists(st.integers(0, len(created) - 1), min_size=2, max_size=2, unique=True)))
    if created[left] == created[right]:
        return
    rows = [row(f"txn_{number}", second) for number, second in enumerate(created)]
    rows[left], rows[right] = rows[right], rows[left]
    with pytest.raises(ProtocolError, match="newest first"):
        StrictOrder(WINDOW).admit(page(*rows))


def test_the_boundary_second_asked_for_again_gives_only_what_is_new():
    order = StrictOrder(WINDOW)
    order.admit(page(row("a", 151), row("b", 150)))
    again = order.admit(page(row("x", 150), row("b", 150), row("c", 150), row("d", 149)), again=True)
    assert again == [row("x", 150), row("c", 150), row("d", 149)]
    assert (order.oldest, order.last_id) == (149, "d")
    assert order.admit(page(row("e", 149))) == [row("e", 149)]


def test_the_boundary_second_asked_for_again_with_nothing_new_is_empty():
    order = StrictOrder(WINDOW)
    order.admit(page(row("a", 151), row("b", 150)))
    assert order.admit(page(row("b", 150)), again=True) == []
    assert order.last_id == "b"


def test_an_object_that_was_asked_for_is_returned_as_it_came():
    body = orjson.dumps({"object": "charge", "id": "ch_1", "amount": 5})
    assert decode_asked(body, "ch_1", kind="charge", request_id=None) == {"object": "charge", "id": "ch_1", "amount": 5}


def test_amounts_written_with_a_fraction_of_nothing_are_integers_in_each_row_alone():
    rows = '{"id": "a", "amount": 5.0, "created": 7}, {"id": "b", "amount": 6, "rate": 2.0, "more": {"fee": 3.0}}'
    found = decode_page(f'{{"object": "list", "has_more": false, "data": [{rows}]}}'.encode())
    assert [type(one["amount"]) for one in found.rows] == [int, int]
    assert type(found.rows[1]["more"]["fee"]) is float  # nothing in this row made it worth a second look


def test_ties_are_those_of_the_last_second_alone_and_add_up_over_pages():
    order = StrictOrder(WINDOW)
    order.admit(page(row("a", 150), row("b", 149), row("c", 149)))
    assert (order.oldest, order.last_id, order.ties) == (149, "c", {"b", "c"})
    known = order.ties
    order.admit(page(row("d", 149)))
    assert order.ties == {"b", "c", "d"}
    assert order.ties is known  # a second may have a million rows: with each page they would be copied once more
    order.admit(page(row("e", 148)))
    assert (order.oldest, order.ties) == (148, {"e"})
    order.also(148, ["f"])
    assert order.ties == {"e", "f"}
    order.also(149, ["g"])
    assert order.ties == {"e", "f"}
    with pytest.raises(ProtocolError, match="came twice"):
        order.admit(page(row("g", 148)))


def test_rows_are_put_into_the_order_of_files_by_second_and_id():
    rows = [row("z", 7), row("a", 7), row("m", 8), row("b", 7), row("c", 9)]
    for some in (rows, rows[::-1], sorted(rows, key=lambda one: (-one["created"], one["id"]))):
        expected = sorted(some, key=lambda one: (one["created"], one["id"].encode()))
        assert in_file_order(sorted(some, key=lambda one: -one["created"])) == expected
    assert in_file_order([]) == []


def held_by(order: StrictOrder, pages: list[Page]) -> int:
    tracemalloc.start()
    try:
        for one in pages:
            order.admit(one)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def long_window(count: int) -> tuple[Interval, list[Page]]:
    rows = [row(f"txn_{number}", count - number) for number in range(count)]
    return Interval(0, count + 1), [page(*rows[start : start + 100]) for start in range(0, count, 100)]


def test_a_long_window_is_held_in_a_few_bytes_a_row():
    window, pages = long_window(20_000)
    assert held_by(StrictOrder(window), pages) < 12 * 20_000


def test_a_row_of_a_long_window_that_comes_again_in_its_own_second_is_found_at_once():
    window, (*before, after) = long_window(1_200)
    for rows in ([before[-1].rows[-1]], [after.rows[0], after.rows[0]]):
        order = StrictOrder(window)
        for one in before:
            order.admit(one)
        with pytest.raises(ProtocolError, match="twice"):
            order.admit(page(*rows))


@given(twice=st.integers(0, 2_998), at=st.integers(1, 2_999))
def test_a_row_of_a_long_window_that_comes_in_two_seconds_is_found_by_its_end(twice, at):
    window, pages = long_window(3_000)
    at = max(at, twice + 1)
    pages[at // 100].rows[at % 100] = row(f"txn_{twice}", 3_000 - at)
    order = StrictOrder(window)

    def walk() -> None:
        for one in pages:
            order.admit(one)
        order.look_back(pages[-1])

    with pytest.raises(ProtocolError, match="twice"):
        walk()
