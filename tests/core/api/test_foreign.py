"""Which bodies with a status of success are none of the API's."""

import pytest

from connector.core.api.foreign import foreign
from connector.core.api.page import decode_page
from connector.core.api.protocol import Response
from connector.errors import ProtocolError
from connector.tables.transaction import decode_transactions
from tests.support.fakes import KEY


@pytest.mark.parametrize(
    "body",
    [
        b'{"object": "list", "data": [], "has_more": false}',
        b'\xef\xbb\xbf{"id": "x"}',
        b' \r\n{"id": "x"}\n\n',
        b" " * 100 + b'{"id": "x"}' + b"\n" * 100,
        b'{"object": "charge", "error": {"message": "of a charge"}}',
        b'{"error": null}',
        b'{"error": "text"}',
    ],
)
def test_an_object_is_an_answer_whatever_stands_around_it(body):
    assert foreign(Response(200, {}, body)) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"  \n", "not JSON"),
        (b"<html>Sign in</html>", "HTML or XML"),
        (b"null", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"object": "list", "data": [{"id": "x"', "not JSON"),
        (b'{"id": "x"} trailing', "not JSON"),
        (b"[" * 10_000, "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
    ],
)
def test_anything_else_may_pass_and_is_named(body, said):
    found = foreign(Response(200, {"request-id": "req_1"}, body, connection=7))
    assert isinstance(found, ProtocolError)
    assert (said in found.message, found.may_pass, found.connection, found.request_id) == (True, True, 7, "req_1")
    assert (found.retryable, found.exit_code) == (True, 75)


DAMAGED = [
    b'{"object": "list", "data": [{"id": "x", "amount": 1o0}], "has_more": false}',
    b'{"object": "list", "data": [{"id": "x\xff"}], "has_more": false}',
    b'{"object": "list", "data": [{"id": "x\x00"}], "has_more": false}',
    b'{"object": "list", "data": [{"id": "x"}}, "has_more": false}',
    b'{"object": "list", "data": [{"amount": NaN}], "has_more": false}',
]
"""Bodies that begin and end as an object does."""


@pytest.mark.parametrize("body", DAMAGED)
def test_what_is_damaged_within_may_pass(body):
    found = foreign(Response(200, {"request-id": "req_1"}, body, connection=7))
    assert isinstance(found, ProtocolError)
    assert (found.may_pass, found.retryable, found.exit_code, found.connection) == (True, True, 75, 7)
    assert foreign(Response(200, {}, body), ends_only=True) is None


@pytest.mark.parametrize("body", [b'{"amount": 1, "amount": 2}', b'{"deep": %s%s}' % (b"[" * 400, b"]" * 400)])
def test_what_decodes_and_breaks_the_contract_is_left_to_who_decodes_it(body):
    assert foreign(Response(200, {}, body)) is None


@pytest.mark.parametrize("decode", [decode_page, decode_transactions])
@pytest.mark.parametrize("body", DAMAGED)
def test_a_page_that_is_damaged_within_is_told_from_one_that_breaks_the_contract(decode, body):
    with pytest.raises(ProtocolError) as caught:
        decode(body, request_id=None)
    assert (caught.value.may_pass, caught.value.exit_code) == (True, 75)
    with pytest.raises(ProtocolError) as caught:
        decode(b'{"object": "list", "data": [1], "has_more": false}', request_id=None)
    assert (caught.value.may_pass, caught.value.exit_code) == (False, 65)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (b'{"type": "api_error", "message": "Try it %s again"}' % KEY.encode(), "Try it (key) again"),
        (b'{"code": "rate_limit"}', "rate_limit"),
        (b'{"type": "api_error"}', "it has no message"),
    ],
)
def test_an_error_with_a_status_of_success_is_said_in_its_own_words(fields, said):
    found = foreign(Response(200, {}, b' { "error": %s}' % fields), key=KEY)
    assert isinstance(found, ProtocolError)
    assert found.may_pass
    assert "HTTP status 200, which something on the way must have changed" in found.message
    assert found.message.endswith(said)
