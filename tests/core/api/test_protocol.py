"""How a request is written and what a response means."""

from __future__ import annotations

from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.protocol import Response, decipher, encode_query
from connector.errors import (
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
)

KEY = "sk_test_51abcdefghijklmnop1234"


def answer(status: int, error: object = None, **headers: str) -> Response:
    body = b"" if error is None else orjson.dumps({"error": error}, option=orjson.OPT_INDENT_2) + b"\n"
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


names = st.text("abcdef_", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.booleans() | st.integers() | texts
parameters = st.dictionaries(
    names,
    st.none() | scalars | st.lists(texts, max_size=3) | st.dictionaries(names, st.integers(), max_size=3),
    max_size=5,
)


def flattened(values) -> list[tuple[str, str]]:
    """The pairs Stripe's own SDKs would send, with unnumbered brackets for lists."""
    pairs = []
    for name, value in values.items():
        if isinstance(value, dict):
            pairs += [(f"{name}[{key}]", str(one)) for key, one in value.items()]
        elif isinstance(value, list):
            pairs += [(f"{name}[]", one) for one in value]
        elif isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif value is not None:
            pairs.append((name, str(value)))
    return pairs


@given(parameters)
def test_a_query_decodes_to_what_was_asked_and_nothing_of_it_needs_escaping_again(values):
    query = encode_query(values)
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)) == flattened(values)
    assert query.isascii()
    assert not set(query) & set(' "<>\\^`{|}#')


def test_a_window_is_written_as_stripe_documents_it():
    asked = {"created": {"gte": 1, "lt": 2}, "limit": 100, "starting_after": None, "expand": ("data.source",)}
    assert encode_query(asked) == "created[gte]=1&created[lt]=2&limit=100&expand[]=data.source"


NO_KEY = "You did not provide an API key."
REVOKED = "The provided key 'sk_test_***' does not have access to account 'acct_1' (or that account does not exist)."
MORE = "The provided key 'rk_test_***' does not have the required permissions"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"type": "invalid_request_error", "message": NO_KEY}, AuthenticationError),
        (401, {"type": "invalid_request_error", "message": "Expired", "code": "api_key_expired"}, AuthenticationError),
        (403, {"type": "invalid_request_error", "message": MORE}, PermissionDeniedError),
        (
            403,
            {"type": "invalid_request_error", "message": "No access", "code": "account_invalid"},
            PermissionDeniedError,
        ),
        (
            401,
            {"type": "invalid_request_error", "message": REVOKED},
            PermissionDeniedError,
        ),
        (
            400,
            {"type": "invalid_request_error", "message": "No access", "code": "account_invalid"},
            PermissionDeniedError,
        ),
        (
            401,
            {"type": "invalid_request_error", "message": "Expired", "code": "platform_api_key_expired"},
            AuthenticationError,
        ),
        (
            400,
            {"type": "invalid_request_error", "message": "Unknown", "code": "parameter_unknown"},
            InvalidRequestError,
        ),
        (400, {"type": "invalid_request_error", "message": "Received both cursors"}, InvalidRequestError),
        (402, {"type": "card_error", "message": "Declined", "code": "card_declined"}, InvalidRequestError),
        (404, {"type": "invalid_request_error", "message": "No such", "code": "resource_missing"}, NotFoundError),
        (429, {"type": "invalid_request_error", "message": "Slow down", "code": "rate_limit"}, RateLimitError),
        (429, {"type": "invalid_request_error", "message": "Busy", "code": "lock_timeout"}, RateLimitError),
        (400, {"type": "invalid_request_error", "message": "Slow down", "code": "rate_limit"}, RateLimitError),
        (409, {"type": "idempotency_error", "message": "In use"}, ServerError),
        (424, {"type": "api_error", "message": "Elsewhere"}, ServerError),
        (500, {"type": "api_error", "message": "An unknown error occurred"}, ServerError),
        (503, {"type": "api_error", "message": "Later"}, ServerError),
    ],
)
def test_an_error_becomes_the_class_whose_remedy_fits(status, error, kind):
    found = decipher(answer(status, error, request_id="req_1"), key=KEY)
    assert type(found) is kind
    assert found.status == status
    assert found.message == error["message"]
    assert found.code == error.get("code")
    assert found.request_id == "req_1"


def test_every_field_the_reader_can_use_is_kept():
    error = {
        "type": "x",
        "message": "No such payout: 'po_nope'",
        "param": "payout",
        "request_log_url": "https://d/req_1",
    }
    found = decipher(answer(404, error))
    assert found is not None
    assert (found.param, found.request_log_url) == ("payout", "https://d/req_1")


@pytest.mark.parametrize("name", ["message", "code", "param", "request_log_url"])
def test_a_long_text_of_an_error_is_cut(name):
    for text in ("x" * 500, "é" * 500):
        assert getattr(decipher(answer(400, {name: text})), name) == text
        assert getattr(decipher(answer(400, {name: text * 100})), name) == f"{text[:499]}…"


def test_the_link_at_the_end_of_a_refusal_is_kept():
    said = "x" * 900 + " https://dashboard.stripe.com/b/acct_1?destination=%2Fapikeys%2Fmk_1%2Fedit"
    assert decipher(answer(403, {"message": said})).message == said
    assert len(decipher(answer(403, {"message": said * 10})).message) < 2_001


@pytest.mark.parametrize("at", [480, 490, 499])
def test_a_key_that_is_cut_does_not_show_in_part(at):
    found = decipher(answer(401, {"message": "x" * at + KEY}), key=KEY)
    assert "sk_" not in str(found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"null",
        b"[]",
        b'"text"',
        b"17",
        b"{}",
        b'{"error": null}',
        b'{"error": "invalid_grant"}',
        b'{"error": ["a"]}',
        b'{"error": {"message": 7, "code": {}, "param": []}}',
        b"\xff\xfe\x00",
        b'{"error": {"message": "cut',
        b"[" * 5_000,
    ],
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, InvalidRequestError),
        (429, RateLimitError),
        (408, ServerError),
        (425, ServerError),
        (500, ServerError),
        (502, ServerError),
        (599, ServerError),
        (301, ProtocolError),
        (204, ProtocolError),
        (101, ProtocolError),
    ],
)
def test_a_body_that_is_no_error_object_still_gives_the_statuss_class_and_a_message(status, kind, body):
    found = decipher(Response(status, {}, body), key=KEY)
    assert type(found) is kind
    assert str(status) in found.message
    assert (found.code, found.param) == (None, None)


@pytest.mark.parametrize(
    ("status", "redirects"), [(204, False), (300, True), (302, True), (304, False), (399, True), (400, False)]
)
def test_a_status_from_300_to_399_is_told_to_be_a_redirect(status, redirects):
    found = decipher(Response(status, {}, b""))
    assert found is not None
    assert ("a redirect, is not followed" in found.message) == redirects


@pytest.mark.parametrize("status", [200, 203])
@pytest.mark.parametrize("body", [b"{}", b"", b"<html>"])
def test_success_is_no_error_whatever_its_body(status, body):
    assert decipher(Response(status, {}, body)) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 302])
def test_a_key_quoted_by_the_server_never_shows(status):
    error = {
        "message": f"Invalid API Key provided: {KEY}",
        "code": KEY,
        "param": f"key={KEY}",
        "request_log_url": f"https://dashboard/{KEY}",
    }
    found = decipher(answer(status, error), key=KEY)
    assert found is not None
    shown = f"{found} {found!r} {vars(found)}"
    assert KEY not in shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        ("-1", None),
        ("1.5", None),
        ("inf", None),
        ("nan", None),
        ("1e9", None),
        ("", None),
        ("9" * 400, None),
        ("٣", None),
    ],
)
def test_retry_after_is_believed_as_plain_seconds(text, seconds):
    assert Response(429, {"retry-after": text}, b"").retry_after(NOW) == seconds


NOW = 1_792_567_680
"""Wed, 21 Oct 2026 07:28:00 GMT."""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Wed, 21 Oct 2026 07:28:07 GMT", 7.0),
        ("Wednesday, 21-Oct-26 07:28:07 GMT", 7.0),
        ("Wed Oct 21 07:28:07 2026", 7.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:27:59 GMT", None),
        ("Wed, 21 Oct 2099 07:28:00 GMT", None),
        ("Wed, 21 Oct 9999 07:28:00 GMT", None),
        ("Wed, 41 Oct 2026 07:28:00 GMT", None),
        ("Wed, 21 Oct", None),
        ("Wed, ", None),
        ("21 Oct 2026 07:28:07", None),
        ("tomorrow", None),
    ],
)
def test_retry_after_may_be_a_date(text, seconds):
    assert Response(429, {"retry-after": text}, b"").retry_after(NOW) == seconds
    assert Response(429, {"retry-after": text}, b"").retry_after() is None


def test_how_far_off_a_date_is_says_the_answers_own_clock_where_it_has_one():
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:07 GMT", "date": "Wed, 21 Oct 2026 07:28:04 GMT"}
    assert Response(429, headers, b"").retry_after(NOW - 3_600) == 3.0
    assert Response(429, {**headers, "date": "Thu, 01 Jan 1970 00:00:00 GMT"}, b"").retry_after(NOW) == 7.0
    limited = decipher(Response(429, headers, b""), now=NOW)
    assert limited is not None
    assert limited.retry_after == 3.0


@given(st.text(max_size=40) | st.from_regex(r"(Wed|Wednesday),? [0-9A-Za-z :,+-]{0,30}"))
def test_no_retry_after_is_beyond_its_bounds(text):
    found = Response(429, {"retry-after": text}, b"").retry_after(NOW)
    assert found is None or 0 <= found < 1e9


def test_an_error_says_how_long_the_answer_asked_to_be_left_alone():
    asked = decipher(Response(429, {"retry-after": "7"}, b""))
    assert isinstance(asked, RateLimitError)
    assert asked.retry_after == 7.0
    silent = decipher(Response(503, {}, b""))
    assert silent is not None
    assert silent.retry_after is None


@pytest.mark.parametrize(("text", "hint"), [("true", True), ("FALSE", False), ("", None), ("maybe", None)])
def test_stripes_hint_to_retry_is_read(text, hint):
    assert Response(500, {"stripe-should-retry": text}, b"").should_retry is hint


def test_the_reason_of_a_429_is_kept_and_of_others_ignored():
    reason = {"stripe-rate-limited-reason": "endpoint-rate"}
    limited = decipher(Response(429, reason, b""))
    assert isinstance(limited, RateLimitError)
    assert limited.reason == "endpoint-rate"
    assert Response(200, reason, b"").limited_reason is None
