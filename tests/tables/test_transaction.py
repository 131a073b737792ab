"""Rows decoded as documented are, for all that follows, the rows that orjson reads."""

from __future__ import annotations

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.json_text import has_repeats
from connector.core.api.page import Page, StrictOrder, created_of, decode_page, ids_of, in_file_order
from connector.core.time.intervals import Interval
from connector.errors import ProtocolError, SchemaError
from connector.tables.balance_transactions import to_batch, to_lines, to_objects
from connector.tables.columnize import BALANCE_TRANSACTION, FEE_PART, columnize
from connector.tables.drift import drift
from connector.tables.transaction import (
    FeePart,
    Transaction,
    are_documented,
    as_documented,
    decode_transactions,
    have_known_values,
    to_line,
    to_object,
)
from tests.support.rows import OFFICIAL_ROW, exactly, ordinary_rows, pages, received

PART = {"amount": 59, "application": None, "currency": "usd", "description": "Stripe fees", "type": "stripe_fee"}
KNOWN = {**OFFICIAL_ROW, "fee_details": [PART]}


def body_of(*rows):
    return orjson.dumps({"object": "list", "data": list(rows), "has_more": True, "url": "/v1/balance_transactions"})


def decoded(*rows):
    page = decode_transactions(body_of(*rows), request_id="req_1")
    assert (page.has_more, page.request_id) == (True, "req_1")
    return page.rows


def outcome(convert, rows):
    try:
        return convert(rows)
    except SchemaError as error:
        return str(error)


def typed(name, created):
    (row,) = decoded({**OFFICIAL_ROW, "id": name, "created": created})
    return row


@given(pages)
def test_whatever_a_page_holds_both_ways_give_the_same_columns_lines_and_drift(page):
    objects, rows = decode_page(body_of(*page)).rows, decoded(*page)
    for convert in (to_batch, to_lines, drift, lambda some: to_batch(columnize(some))):
        assert outcome(convert, rows) == outcome(convert, objects)


@given(st.lists(ordinary_rows, min_size=1, max_size=4))
def test_rows_of_documented_types_are_decoded_as_such_and_lose_nothing(page):
    rows = decoded(*page)
    assert are_documented(rows)
    assert [exactly(to_object(row)) for row in rows] == [exactly(row) for row in received(page)]
    assert ids_of(rows) == [row["id"] for row in page]
    assert created_of(rows) == [row["created"] for row in page]


@given(ordinary_rows)
def test_a_row_is_the_same_line_whatever_is_beside_it_on_the_page(row):
    alone, *_ = to_lines(decoded(row)).column("line").to_pylist()
    for beside in ({**OFFICIAL_ROW, "livemode": True}, {**OFFICIAL_ROW, "type": "teleport"}, OFFICIAL_ROW):
        assert to_lines(decoded(row, beside)).column("line")[0].as_py() == alone
        assert to_lines(decode_page(body_of(row, beside)).rows).column("line")[0].as_py() == alone
    assert exactly(orjson.loads(alone)) == exactly(received(row))


def test_a_line_has_the_fields_in_documented_order_however_they_came():
    shuffled = dict(sorted(KNOWN.items(), reverse=True))
    (line,) = to_lines(decoded(shuffled)).column("line").to_pylist()
    assert list(orjson.loads(line)) == list(BALANCE_TRANSACTION.tests)
    assert line == to_line(as_documented(KNOWN))


@pytest.mark.parametrize(
    ("row", "known"),
    [
        (KNOWN, True),
        ({name: value for name, value in KNOWN.items() if name != "balance_type"}, True),
        ({**KNOWN, "type": "teleport"}, False),
        ({**KNOWN, "balance_type": "teleport"}, False),
        ({**KNOWN, "fee_details": [{**PART, "type": "toll"}]}, False),
    ],
)
def test_values_that_are_not_documented_are_told_apart(row, known):
    rows = decoded(row)
    assert are_documented(rows)
    assert have_known_values(rows) is known
    assert bool(drift(rows)) is not known


@pytest.mark.parametrize(
    "change",
    [
        {"livemode": True},
        {"id": ""},
        {"amount": 1.0},
        {"amount": True},
        {"net": 2**63},
        {"created": 253_402_300_800},
        {"available_on": None},
        {"balance_type": None},
        {"source": {"id": "ch_1"}},
        {"exchange_rate": "1"},
        {"exchange_rate": 2**53 + 1},
        {"fee_details": None},
        {"fee_details": [{**PART, "rate": 1}]},
        {"fee_details": [{"amount": 1}]},
    ],
)
def test_anything_else_makes_objects_of_the_whole_page(change):
    assert decoded(KNOWN, {**KNOWN, **change}) == received([KNOWN, {**KNOWN, **change}])
    assert as_documented({**KNOWN, **change}) is None


def test_a_page_without_rows_is_just_that():
    assert decode_transactions(body_of()) == Page([], has_more=True)
    assert not are_documented([])


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"object": "list", "data": [], "has_more": 0}', b'{"object": "balance"}', b"\xff", b"[" * 5_000],
)
def test_what_is_no_list_is_refused_in_the_same_words(body):
    said = []
    for decode in (decode_page, decode_transactions):
        with pytest.raises(ProtocolError) as caught:
            decode(body, request_id="req_1")
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_text_is_read_and_written_as_it_was_sent():
    row = {**KNOWN, "description": 'é \U0001f600 / \\ " \x00\x1f\x7f\u2028\n'}
    (line,) = to_lines(decoded(row)).column("line").to_pylist()
    assert orjson.loads(line) == row
    assert line == orjson.dumps({name: row[name] for name in BALANCE_TRANSACTION.tests}) + b"\n"


def test_the_types_have_the_fields_of_the_columns():
    assert Transaction.__struct_fields__ == tuple(BALANCE_TRANSACTION.tests)
    assert FeePart.__struct_fields__ == tuple(FEE_PART.tests)


def test_they_are_held_to_the_order_of_a_list_as_objects_are():
    order = StrictOrder(Interval(100, 200))
    first = [typed("a", 151), typed("b", 150)]
    assert order.admit(Page(first, has_more=True)) == first
    again = [typed("x", 150), typed("b", 150), typed("c", 150), typed("d", 149)]
    assert order.admit(Page(again, has_more=True), again=True) == [again[0], *again[2:]]
    assert (order.oldest, order.last_id) == (149, "d")
    for row, what in ((typed("e", 150), "newest first"), (typed("d", 149), "twice"), (typed("e", 99), "outside")):
        with pytest.raises(ProtocolError, match=what):
            order.admit(Page([row], has_more=True))


@given(st.lists(st.integers(0, 6), max_size=40), st.randoms(use_true_random=False))
def test_they_are_put_in_the_order_of_files_whatever_the_order_of_ties(seconds, chance):
    names = [f"txn_{number}" for number in range(len(seconds))]
    chance.shuffle(names)
    rows = [typed(name, second) for name, second in zip(names, sorted(seconds, reverse=True), strict=True)]
    assert in_file_order(rows) == sorted(rows, key=lambda one: (one.created, one.id))


@given(st.lists(ordinary_rows, min_size=1, max_size=3), st.data())
def test_a_member_that_comes_twice_is_never_missed_on_a_page(page, data):
    """Whatever texts are in it: escaped quotation marks, backslashes, nulls."""
    text = body_of(*page).decode()
    name = data.draw(st.sampled_from([*OFFICIAL_ROW, *(PART if any(row["fee_details"] for row in page) else ())]))
    at = data.draw(st.sampled_from([found.start() for found in re.finditer(f'"{name}":', text)]))
    spoilt = f'{text[:at]}"{name}":0,{text[at:]}'.encode()
    if not has_repeats(spoilt):
        return  # that was inside a text
    if name not in {"description", "application"}:
        with pytest.raises(ProtocolError, match="came more than once"):
            decode_transactions(spoilt)
        return
    assert any("$repeated" in row for row in decode_transactions(spoilt).rows)


def test_members_of_the_page_that_are_not_known_are_no_repetition():
    body = orjson.dumps({"object": "list", "data": [KNOWN], "has_more": False, "total_count": 1, "next": None})
    assert are_documented(decode_transactions(body).rows)


@pytest.mark.parametrize("description", ['say "hi"', "C:\\x", '\\"', '"'])
def test_quotation_marks_in_texts_are_no_repetition(description):
    body = body_of({**KNOWN, "description": description})
    assert are_documented(decode_transactions(body).rows)
    assert are_documented(decode_transactions(body.replace(b'\\"', b"\\u0022")).rows)


def test_a_member_of_the_page_that_comes_twice_is_refused():
    body = body_of(KNOWN).replace(b'"has_more":true', b'"has_more":false,"has_more":true')
    with pytest.raises(ProtocolError, match="has_more came more than once"):
        decode_transactions(body)


@pytest.mark.parametrize("name", ["amount", "fee", "net", "created", "available_on"])
@pytest.mark.parametrize("text", ["{}.0", "{}e0", "{}.00E+0"])
def test_a_whole_number_may_be_written_with_a_fraction_or_an_exponent(name, text):
    body = body_of(KNOWN)
    spelt = re.sub(rf'("{name}"):(-?\d+)', lambda found: f"{found[1]}:{text.format(found[2])}", body.decode()).encode()
    assert spelt != body
    assert exactly(decode_transactions(spelt).rows[0]) == exactly(decode_page(body).rows[0])


@pytest.mark.parametrize("value", ["100.5", "1e17", "9007199254740993.0", "1e400", "NaN"])
def test_what_is_no_exact_whole_number_is_refused_as_an_amount(value):
    body = body_of(KNOWN).replace(b'"amount":100,', f'"amount":{value},'.encode())
    with pytest.raises((SchemaError, ProtocolError)):
        to_batch(decode_transactions(body).rows)


@pytest.mark.parametrize("text", ["1e400", "-1e400"])
def test_a_rate_beyond_a_double_keeps_its_text_in_files_of_every_format(text):
    body = body_of({**KNOWN, "exchange_rate": 7.25}).replace(b"7.25", text.encode())
    rows = decode_transactions(body).rows
    assert f'"exchange_rate":{text},'.encode() in to_lines(rows).column("line")[0].as_py()
    assert [repr(row["exchange_rate"]) for row in to_objects(to_batch(rows))] == [text]
