"""Webhooks: what Stripe signed passes, nothing else does, and an event says which row has become available."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import time
import traceback

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

import connector
from connector import webhooks
from connector.errors import ConnectorError, UsageError, WebhookError

SECRET = "whsec_thisIsTheEndpointsSigningSecret"
OTHER = "whsec_anotherEndpointsSecret"
THIRD = "whsec_theSecretThatIsBeingRolled"
NOW = 1_790_000_000


def event(type_="charge.updated", *, before=None, **about):
    """An event about a charge whose balance transaction was null before."""
    charge = {"id": "ch_1", "object": "charge", "balance_transaction": "txn_1"} | about
    previous = {"balance_transaction": None, "receipt_url": None} if before is None else before
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": NOW,
        "data": {"object": charge, "previous_attributes": previous},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
    }


def body(document=None):
    return json.dumps(event() if document is None else document).encode()


def signature(payload, secret=SECRET, at=NOW):
    return hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()


def header(payload, *secrets, at=NOW):
    return ",".join([f"t={at}", *(f"v1={signature(payload, one, at)}" for one in secrets or [SECRET])])


def parse(document=None, *, now=NOW, **options):
    payload = body(document)
    return webhooks.parse(payload, header(payload), SECRET, now=now, **options)


def test_a_signed_event_is_typed_and_kept_whole():
    found = parse(event() | {"account": "acct_1"})
    assert (found.id, found.type, found.created, found.livemode) == ("evt_1", "charge.updated", NOW, False)
    assert (found.account, found.api_version) == ("acct_1", "2026-10-28.endive")
    assert found.object["id"] == "ch_1"
    assert dict(found.previous_attributes) == {"balance_transaction": None, "receipt_url": None}
    assert dict(found.received) == event() | {"account": "acct_1"}
    with pytest.raises(TypeError):
        found.received["id"] = "evt_2"


def test_an_event_goes_to_a_queue_and_comes_back_the_same():
    found = parse(event(before={"balance_transaction": None}, balance_transaction="txn_1"))
    there = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert there == found
    assert there.balance_transaction == found.balance_transaction == "txn_1"
    with pytest.raises(TypeError):
        there.object["id"] = "another"


def test_it_is_reached_from_the_package():
    assert connector.webhooks is webhooks
    assert connector.WebhookError is WebhookError


# What has become available.


@pytest.mark.parametrize("row", ["txn_1", {"id": "txn_1", "object": "balance_transaction", "fee": 30}])
def test_a_row_that_was_null_before_has_become_available(row):
    assert parse(event(balance_transaction=row)).balance_transaction == "txn_1"


@pytest.mark.parametrize("type_", ["charge.succeeded", "charge.captured"])
def test_other_ways_to_capture_have_it_from_the_start(type_):
    assert parse(event(type_, before={})).balance_transaction == "txn_1"


@pytest.mark.parametrize(
    "document",
    [
        event(balance_transaction=None),
        event(before={}),
        event(before={"description": "old"}),
        event(before={"balance_transaction": "txn_0"}),
        event("charge.refunded"),
        event("charge.succeeded", balance_transaction=None, before={}),
        event("payout.paid", object="payout"),
        event(balance_transaction=7),
        event() | {"data": {"object": {"object": "charge", "balance_transaction": "txn_1"}}},
        event() | {"data": {"object": {}}},
    ],
)
def test_what_says_nothing_of_it_gives_none(document):
    assert parse(document).balance_transaction is None


# Signatures.


@pytest.mark.parametrize("secrets", [[SECRET], [OTHER, SECRET], (SECRET, OTHER), SECRET, f"{SECRET}\n"])
def test_one_of_several_secrets_is_enough(secrets):
    payload = body()
    assert webhooks.parse(payload, header(payload), secrets, now=NOW).id == "evt_1"


def test_one_of_several_signatures_is_enough():
    payload = body()
    assert webhooks.parse(payload, header(payload, OTHER, SECRET), SECRET, now=NOW).id == "evt_1"


def test_other_schemes_and_spaces_do_not_disturb():
    payload = body()
    words = f"t={NOW}, v0={'0' * 64}, v1={signature(payload)}, v2=x, odd"
    assert webhooks.parse(payload, words, SECRET, now=NOW).id == "evt_1"


FORGED = {
    "another secret": lambda payload: header(payload, OTHER),
    "another body": lambda payload: header(payload + b" "),
    "another time": lambda payload: header(payload).replace(f"t={NOW}", f"t={NOW - 1}"),
    "upper case": lambda payload: f"t={NOW},v1={signature(payload).upper()}",
    "cut short": lambda payload: header(payload)[:-1],
    "only an old scheme": lambda payload: f"t={NOW},v0={signature(payload)}",
    "an empty signature": lambda _: f"t={NOW},v1=",
    "no timestamp": lambda payload: f"v1={signature(payload)}",
    "two timestamps": lambda payload: f"t={NOW - 1},{header(payload)}",
    "a timestamp that is no number": lambda payload: f"t=soon,v1={signature(payload, at='soon')}",
    "a timestamp with a sign": lambda payload: f"t=-5,v1={signature(payload, at='-5')}",
    "digits of another script": lambda payload: f"t=١٢٣,v1={signature(payload, at='١٢٣')}",
    "an endless timestamp": lambda payload: f"t={'9' * 1000},v1={signature(payload, at='9' * 1000)}",
    "a thousand signatures": lambda payload: f"t={NOW}" + f",v1={'0' * 64}" * 1000,
    "forty signatures": lambda payload: header(payload) + ",v1=x" * 40,
    "nothing": lambda _: "",
    "no header": lambda _: None,
    "bytes": lambda payload: header(payload).encode(),
    "words": lambda _: "let me in",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forgeries_are_refused(forge):
    payload = body()
    with pytest.raises(WebhookError):
        webhooks.parse(payload, forge(payload), SECRET, now=NOW)


@given(st.binary(max_size=300), st.text(max_size=200))
def test_whatever_is_sent_without_the_secret_is_refused_in_one_way(payload, words):
    with pytest.raises(WebhookError):
        webhooks.parse(payload, words, SECRET, now=NOW)


@given(st.integers(0, 511), st.integers(1, 255))
def test_a_single_changed_byte_is_noticed(position, change):
    payload = body()
    changed = bytearray(payload)
    changed[position % len(payload)] ^= change
    with pytest.raises(WebhookError):
        webhooks.parse(bytes(changed), header(payload), SECRET, now=NOW)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 300])
def test_a_signature_within_the_tolerance_passes(seconds):
    assert parse(now=NOW + seconds).id == "evt_1"


@pytest.mark.parametrize(("seconds", "words"), [(301, "ago"), (300.5, "ago"), (-301, "clock"), (10**9, "ago")])
def test_what_was_signed_long_ago_or_in_the_future_is_refused(seconds, words):
    with pytest.raises(WebhookError, match=words):
        parse(now=NOW + seconds)


def test_a_clock_that_is_no_number_passes_nothing():
    with pytest.raises(WebhookError):
        parse(now=float("nan"))


def test_the_tolerance_can_be_chosen():
    assert parse(now=NOW + 900, tolerance=900).id == "evt_1"
    with pytest.raises(WebhookError):
        parse(now=NOW + 11, tolerance=10)


def test_the_machines_clock_counts_by_default():
    payload = body()
    assert webhooks.parse(payload, header(payload, at=int(time.time())), SECRET).id == "evt_1"
    with pytest.raises(WebhookError):
        webhooks.parse(payload, header(payload, at=int(time.time()) - 400), SECRET)


def test_the_secret_is_in_no_message():
    for forge in FORGED.values():
        payload = body()
        with pytest.raises(WebhookError) as raised:
            webhooks.parse(payload, forge(payload), [SECRET, THIRD], now=NOW)
        said = "".join(traceback.format_exception(raised.value)) + repr(raised.value.__dict__)
        assert SECRET not in said
        assert THIRD not in said


# Bodies that are signed, and yet no event.


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b"NaN",
        b"[" * 100_000,
        body().decode().encode("utf-16"),
        body(event() | {"object": "v2.core.event"}),
        body({"id": "evt_1", "object": "event", "type": "charge.updated", "created": 1}),
        body(event() | {"data": {}}),
        body(event() | {"data": {"object": "ch_1"}}),
        body(event() | {"id": None}),
        body(event() | {"type": 7}),
        body(event() | {"created": "now"}),
        body(event() | {"account": {}}),
        body(event() | {"created": True}),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(payload):
    with pytest.raises(WebhookError):
        webhooks.parse(payload, header(payload), SECRET, now=NOW)


@pytest.mark.parametrize("text", [b'"\\ud800"', b"1e400", b"12345678901234567890123"])
def test_an_event_is_taken_whatever_legal_json_it_is(text):
    payload = b"\xef\xbb\xbf" + body().replace(b'"pending_webhooks": 1', b'"pending_webhooks": ' + text)
    assert webhooks.parse(payload, header(payload), SECRET, now=NOW).id == event()["id"]


def test_a_huge_body_is_refused_before_it_is_hashed():
    payload = b" " * (webhooks.MAX_PAYLOAD + 1)
    with pytest.raises(WebhookError, match="bytes"):
        webhooks.parse(payload, header(b""), SECRET, now=NOW)


def test_a_body_and_a_header_may_be_as_long_as_is_said_and_no_longer():
    payload = body()
    longest = payload + b" " * (4 * 1024 * 1024 - len(payload))
    assert webhooks.parse(longest, header(longest), SECRET, now=NOW).id == "evt_1"
    with pytest.raises(WebhookError, match="4,194,305 bytes"):
        webhooks.parse(longest + b" ", header(longest + b" "), SECRET, now=NOW)
    words = header(payload)
    assert webhooks.parse(payload, f"{words},x={'y' * (4_096 - len(words) - 3)}", SECRET, now=NOW).id == "evt_1"
    with pytest.raises(WebhookError, match="not of the form"):
        webhooks.parse(payload, f"{words},x={'y' * (4_096 - len(words) - 2)}", SECRET, now=NOW)


@pytest.mark.parametrize(("others", "passes"), [(31, True), (32, False)])
def test_thirty_two_signatures_are_looked_at_and_no_more(others, passes):
    payload = body()
    words = header(payload) + ",v1=x" * others
    if passes:
        assert webhooks.parse(payload, words, SECRET, now=NOW).id == "evt_1"
        return
    with pytest.raises(WebhookError, match="more signatures"):
        webhooks.parse(payload, words, SECRET, now=NOW)


@pytest.mark.parametrize(("digits", "words"), [(12, "ago|clock"), (13, "no timestamp")])
def test_a_timestamp_has_twelve_digits_at_most(digits, words):
    payload, at = body(), "9" * digits
    with pytest.raises(WebhookError, match=words):
        webhooks.parse(payload, f"t={at},v1={signature(payload, at=at)}", SECRET, now=NOW)


@pytest.mark.parametrize(
    ("payload", "secret", "options"),
    [
        (body().decode(), SECRET, {}),
        (bytearray(body()), SECRET, {}),
        (body(), "", {}),
        (body(), [], {}),
        (body(), [SECRET, " "], {}),
        (body(), None, {}),  # os.environ.get("STRIPE_WEBHOOK_SECRET"), where it is not set
        (body(), [None], {}),
        (body(), SECRET.encode(), {}),
        (body(), {"secret": SECRET}, {}),
        (body(), "whsec_\udc80", {}),
        (body(), "sk_test_thisIsAnApiKey", {}),
        (body(), SECRET, {"tolerance": 0}),
        (body(), SECRET, {"tolerance": -1}),
        (body(), SECRET, {"tolerance": True}),
    ],
)
def test_wrong_arguments_are_the_callers(payload, secret, options):
    with pytest.raises(UsageError) as raised:
        webhooks.parse(payload, header(body()), secret, now=NOW, **options)
    assert "thisIsAnApiKey" not in str(raised.value)


# The official SDK, both ways.


def test_what_the_sdk_signs_passes():
    payload = body().decode()
    at = int(time.time())
    signed = stripe.WebhookSignature._compute_signature(f"{at}.{payload}", SECRET)
    assert webhooks.parse(payload.encode(), f"t={at},v1={signed}", SECRET).id == "evt_1"


def test_what_passes_here_passes_the_sdk():
    payload = body()
    words = header(payload, OTHER, SECRET, at=int(time.time()))
    theirs = stripe.Webhook.construct_event(payload, words, SECRET)
    ours = webhooks.parse(payload, words, SECRET)
    assert (theirs.id, theirs.type, theirs.created) == (ours.id, ours.type, ours.created)
    assert theirs.data.object.balance_transaction == ours.balance_transaction
    assert theirs.data.previous_attributes.to_dict() == dict(ours.previous_attributes)


@given(st.sampled_from([SECRET, OTHER]), st.integers(-600, 0), st.binary(max_size=3), st.booleans())
def test_the_sdk_accepts_whatever_is_accepted_here(secret, age, added, old_scheme):
    at = int(time.time()) + age
    payload = body()
    words = header(payload, secret, at=at)
    words = words.replace("v1=", "v0=") if old_scheme else words
    try:
        webhooks.parse(payload + added, words, SECRET)
    except ConnectorError:
        return
    assert stripe.WebhookSignature.verify_header((payload + added).decode(), words, SECRET, 300)


def padded(size: int) -> bytes:
    """An event of so many bytes."""
    plain = body()
    return plain + b" " * (size - len(plain))


def test_bounds_of_what_is_looked_at_are_told_from_what_is_beyond():
    largest = padded(webhooks.MAX_PAYLOAD)
    assert webhooks.parse(largest, header(largest), SECRET, now=NOW).id == "evt_1"
    with pytest.raises(WebhookError, match="no event has that many"):
        webhooks.parse(largest + b" ", header(largest), SECRET, now=NOW)
    assert webhooks.MAX_PAYLOAD >= 1 << 20  # events with many lines have some hundred kilobytes
    payload = body()
    known, unknown = header(payload), f"v1={'0' * 64}"
    rolled = ",".join([known, *[unknown] * 31])
    assert webhooks.parse(payload, rolled, SECRET, now=NOW).id == "evt_1"
    with pytest.raises(WebhookError, match="more signatures"):
        webhooks.parse(payload, f"{rolled},{unknown}", SECRET, now=NOW)
    long = f"{known},v0="
    assert webhooks.parse(payload, long + "0" * (4_096 - len(long)), SECRET, now=NOW).id == "evt_1"
    with pytest.raises(WebhookError, match="not of the form"):
        webhooks.parse(payload, long + "0" * (4_097 - len(long)), SECRET, now=NOW)


def test_a_timestamp_may_be_far_from_now_and_has_no_more_digits_than_that_takes():
    far = 10**11  # so that what is signed is not from now: that is said only once the timestamp is read
    payload = body()
    with pytest.raises(WebhookError, match="set this machine's clock"):
        webhooks.parse(payload, header(payload, at=far), SECRET, now=NOW)
    with pytest.raises(WebhookError, match="no timestamp"):
        webhooks.parse(payload, header(payload, at=far * 100), SECRET, now=NOW)


def test_a_second_is_a_tolerance_and_none_is_not():
    assert parse(now=NOW + 1, tolerance=1).id == "evt_1"
    assert parse(now=NOW - 1, tolerance=1).id == "evt_1"
    for now in (NOW + 1.5, NOW - 1.5):
        with pytest.raises(WebhookError):
            parse(now=now, tolerance=1)
    for tolerance in (0, -1, 1.0, True):
        with pytest.raises(UsageError, match="at least 1"):
            parse(tolerance=tolerance)


def test_without_a_word_signatures_of_five_minutes_pass_as_with_stripes_own_libraries():
    assert parse(now=NOW + stripe.Webhook.DEFAULT_TOLERANCE).id == "evt_1"
    with pytest.raises(WebhookError):
        parse(now=NOW + stripe.Webhook.DEFAULT_TOLERANCE + 1)
