"""JSON as received: what the fast readers refuse or change is kept, and everything else is what they read."""

from __future__ import annotations

import copy
import json
import pickle
import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.json_text import BrokenText, LongNumber, dumps, has_repeats, loads, plain, read
from tests.support.rows import exactly, json_values

LONG = [
    "18446744073709551616",
    "-9223372036854775809",
    "1" * 5_000,
    "0.12345678901234567890",
    "123456789012345678.5",
    "-1234567890.1234567890123e-7",
    "1e400",
    "-1E+400",
]
HALVES = [r'"\ud800"', r'"a\uDFFFb"', r'"\ude00\ud83d"', r'{"k\ud800":1}', r'["\ud800",18446744073709551616]']


@given(json_values)
def test_ordinary_json_is_what_orjson_reads(value):
    text = orjson.dumps(value)
    assert not read(text).odd or re.search(r"[0-9.]{18}|u0022", text.decode())
    assert exactly(read(text).value) == exactly(loads(text)) == exactly(value)
    assert dumps(value) == text


@pytest.mark.parametrize("number", LONG)
def test_a_long_number_keeps_its_text(number):
    text = f'{{"a":[{number}]}}'.encode()
    for value in (read(text).value, loads(text)):
        (found,) = value["a"]
        assert type(found) is LongNumber
        assert (found.text, repr(found), plain(found)) == (number, number, float(number))
        assert dumps(value) == dumps(copy.deepcopy(value)) == dumps(pickle.loads(pickle.dumps(value)))  # noqa: S301 - our own
        assert dumps(value) == text


@pytest.mark.parametrize(
    "number",
    ["18446744073709551615", "-9223372036854775808", "0.1234567890123456", "100000000000000000", "-0", "1.50", "1e300"],
)
def test_a_number_that_fits_is_the_one_that_orjson_reads(number):
    for text in (number, f"[{number}, 12345678901234567890123]"):
        found = read(text.encode()).value
        found = found if text == number else found[0]
        assert (type(found), found) == (type(orjson.loads(number)), orjson.loads(number))


def test_long_numbers_are_equal_by_their_text():
    assert LongNumber("1.0000000000000000001") == LongNumber("1.0000000000000000001")
    assert LongNumber("1.0000000000000000001") != LongNumber("1.0000000000000000002")
    assert LongNumber("1.0000000000000000001") == 1.0


@pytest.mark.parametrize("text", HALVES)
def test_half_a_surrogate_pair_is_read_and_written_as_it_came(text):
    value = read(text.encode()).value
    assert loads(dumps(value)) == value == json.loads(text) or "18446744073709551616" in text
    assert dumps(value).decode().lower() == text.lower()
    assert dumps({"b": value, "a": "é\n"}, orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE).startswith(
        '{"a":"é\\n","b":'.encode()
    )


def test_a_column_gets_the_replacement_character():
    assert plain(read(rb'"a\ud800b"').value) == "a�b"
    assert type(read(rb'"a\ud800b"').value) is BrokenText
    assert plain("ab") == "ab"


@pytest.mark.parametrize(
    "text",
    [b"NaN", b"[Infinity]", b"-Infinity", b'"\x00"', b"01", b"1.", b"[1,]", b'"\xff"', b'"\xed\xa0\x80"', b"", b"{"],
)
@pytest.mark.parametrize("beside", [b"", rb' "\ud800"', b" 12345678901234567890123"])
def test_what_is_not_json_is_refused(text, beside):
    for reader in (read, loads):
        with pytest.raises(ValueError, match=r"."):
            reader(text + beside if not beside else b"[" + text + b"," + beside + b"]")


def test_a_byte_order_mark_is_no_part_of_the_text():
    for text in (b'{"a":1}', rb'{"a":"\ud800"}', b'{"a":12345678901234567890123}'):
        assert exactly(read(b"\xef\xbb\xbf" + text).value["a"] == read(text).value["a"])
        assert loads(b"\xef\xbb\xbf" + text) == loads(text)


@pytest.mark.parametrize("levels", [300, 1_000, 1_100, 50_000])
@pytest.mark.parametrize(("left", "right"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("core", [b"1", rb'"\ud800"', b"12345678901234567890123"])
def test_what_nests_too_deeply_is_refused(levels, left, right, core):
    with pytest.raises(ValueError, match=r"deeply|depth"):
        read(left * levels + core + right * levels)


def test_what_nests_as_deeply_as_can_be_written_is_read():
    for core in (b"1", rb'"\ud800"', b"12345678901234567890123"):
        text = b"[" * 200 + core + b"]" * 200
        assert dumps(read(text).value) == text


_names = st.sampled_from(["a", "b", 'q"', "\\", "é", "$repeated", ""])
_documents = st.recursive(
    json_values, lambda inner: st.lists(st.tuples(_names, inner), max_size=4).map(tuple), max_leaves=12
)
"""JSON values in which a tuple is an object, its members given one by one."""


def written(value):
    """Write a document, and say whether an object in it has a member twice."""
    if isinstance(value, tuple):
        inside = [(name, *written(one)) for name, one in value]
        text = ",".join(
            f"{json.dumps(name, ensure_ascii=index % 2 == 0)}: {one}" for index, (name, one, _) in enumerate(inside)
        )
        return f"{{{text}}}", len({name for name, _ in value}) < len(value) or any(twice for *_, twice in inside)
    if isinstance(value, list):
        inside = [written(one) for one in value]
        return f"[ {','.join(text for text, _ in inside)} ]", any(twice for _, twice in inside)
    return orjson.dumps(value).decode(), False


@given(_documents)
def test_a_member_that_comes_twice_is_never_missed(value):
    text, twice = written(value)
    assert has_repeats(text.encode()) == twice
    found = read(text.encode())
    assert found.odd or not twice
    assert json.loads(text) == json.loads(text, object_pairs_hook=dict)
    if not twice:
        assert exactly(json.loads(text)) == exactly(found.value)


def test_a_member_that_comes_twice_is_not_hidden_by_quotation_marks_written_as_escapes():
    text = rb'{"b":1,"b":"\u0022\u0022"}'
    assert has_repeats(text)
    assert read(text).value == {"b": '""', "$repeated": {"b": [1]}}


def test_earlier_members_stand_beside_the_last():
    assert read(b'{"a":1,"b":2,"a":3,"a":4}').value == {"a": 4, "b": 2, "$repeated": {"a": [1, 3]}}


@pytest.mark.parametrize(("levels", "writes"), [(250, True), (251, False)])
def test_what_orjson_cannot_write_is_written_250_deep_and_no_deeper(levels, writes):
    value: object = BrokenText("\ud800")
    for _ in range(levels):
        value = [value]
    if writes:
        assert dumps(value) == b"[" * levels + rb'"\ud800"' + b"]" * levels
        return
    with pytest.raises(TypeError, match="deeply"):
        dumps(value)


def test_special_values_are_written_with_the_options_that_orjson_heeds():
    value = {"b": BrokenText("\ud800"), "a": 1}
    for option, text in (
        (0, rb'{"b":"\ud800","a":1}'),
        (orjson.OPT_SORT_KEYS, rb'{"a":1,"b":"\ud800"}'),
        (orjson.OPT_APPEND_NEWLINE, rb'{"b":"\ud800","a":1}' + b"\n"),
        (orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE, rb'{"a":1,"b":"\ud800"}' + b"\n"),
    ):
        assert dumps(value, option) == text


@pytest.mark.parametrize("text", [b'{"a":1,}', b"[1", b'{"a" 1}', b"nul"])
def test_what_is_not_json_is_refused_where_it_is(text):
    with pytest.raises(orjson.JSONDecodeError) as told:
        orjson.loads(text)
    for reader in (read, loads):
        with pytest.raises(ValueError, match=r"at byte") as caught:
            reader(text)
        assert str(caught.value) == f"{told.value.msg} at byte {told.value.pos}"


def test_long_numbers_of_one_value_are_found_in_the_same_place():
    assert hash(LongNumber("1.0000000000000000001")) == hash(1.0)
    assert {1.0: "one"}[LongNumber("1.0000000000000000001")] == "one"


@pytest.mark.parametrize(("left", "right"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_special_values_are_read_250_deep_and_no_deeper(left, right):
    text = left * 250 + rb'"\ud800"' + right * 250
    assert dumps(read(text).value) == text
    with pytest.raises(ValueError, match="deeply"):
        read(left + text + right)
