"""What a bucket's store refuses for good ends at once, with the store's own words and what is to be done."""

from __future__ import annotations

import secrets
import sys
from types import SimpleNamespace

import pytest

from connector.errors import CommitConflictError, StorageError
from connector.lake.stores.conditions import ABSENT
from tests.support.bucket_server import FakeTime, bucket_server, refusal

pytest.importorskip("obstore", reason="an extra")

from connector.lake.stores.bucket_errors import client_message
from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore

PAGE = b"<!DOCTYPE html><html><body>Welcome. Log in to go on.</body></html>"
BROKEN_PAGE = b"<!DOCTYPE html><html><body>Welcome.<br>Log in to go on.</body></html>"

ACTS = {
    "LIST": lambda store: list(store.list("b")),
    "GET": lambda store: store.read("a"),
    "PUT": lambda store: store.write("b", b"1", condition=ABSENT),
    "DELETE": lambda store: store.delete("a"),
}
"""Acts of a store, by what the stand-in is asked for them."""


@pytest.fixture
def served():
    with bucket_server() as server:
        yield server


@pytest.fixture
def clock():
    return FakeTime()


@pytest.fixture(params=["s3", "gs"])
def store(request, served, clock):
    url = f"{request.param}://lake/{secrets.token_hex(4)}"
    bucket = open_bucket(url, getattr(served, request.param)(), environ={}, patience=clock.patience(30))
    made = ObjectStore(bucket)
    made.write("a", b"1", condition=ABSENT)
    made.write("a", b"2", condition=made.read("a").version)
    return made


def told_of(store, served, act, answer):
    """Return what an act ends with where the store gives an answer to such requests alone."""
    served.choose = lambda _method, _about: answer if served.order[-1].startswith(act) else None
    with pytest.raises(StorageError) as raised:
        ACTS[act](store)
    assert not raised.value.retryable
    assert "not-a-real" not in str(raised.value)
    assert "<" not in str(raised.value)
    served.choose = lambda _method, _about: None
    return str(raised.value)


def test_a_right_that_is_lacking_is_named(store, served, clock):
    rights = {
        "s3": {"LIST": "s3:ListBucket", "GET": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"},
        "gs": dict(zip(ACTS, (f"storage.objects.{act}" for act in ("list", "get", "create", "delete")), strict=True)),
    }
    for act in ACTS:
        told = told_of(store, served, act, refusal(403, "AccessDenied", "x is not authorized to perform that"))
        assert f"allow them {rights[store.bucket.url[:2]][act]}" in told
        assert "403 Forbidden, AccessDenied: x is not authorized to perform that" in told
        assert "AWS_ACCESS_KEY_ID" not in told
    assert clock.seconds == 0


REFUSALS = {
    "a token that has run out": (
        refusal(400, "ExpiredToken", "The provided token has expired."),
        "get credentials anew, then run again",
    ),
    "a signature of another time": (
        refusal(403, "RequestTimeTooSkewed", "The difference between the times is too large."),
        "set the clock of this machine",
    ),
    "a signature that has run out": (
        (
            403,
            (
                b'<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate.'
                b"\nRequestId:1\nTime:2</Message><AuthenticationErrorDetail>Signature not valid in the specified time"
                b" frame: Start [1] - Expiry [2]</AuthenticationErrorDetail></Error>"
            ),
        ),
        "get credentials anew",
    ),
    "a key that is none": (refusal(403, "InvalidAccessKeyId", "There is no such key."), "refuses these credentials"),
    "a signature that is none": (  # as Azurite says it
        refusal(403, "AuthorizationFailure", "Server failed to authenticate the request."),
        "refuses these credentials",
    ),
    "another region": (
        refusal(400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-west-1'"),
        "look at the storage options: endpoint, region",
    ),
    "a lease": (
        refusal(412, "LeaseIdMissing", "There is currently a lease on the blob."),
        "somebody has a lease on it",
    ),
    "a blob that nobody may change": (
        refusal(409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable."),
        "keeps objects from being replaced or removed",
    ),
    "a time that objects are kept for": (
        refusal(403, "AccessDenied", "Object is subject to the bucket's retention policy."),
        "keeps objects from being replaced or removed",
    ),
    "an archive": (
        refusal(403, "InvalidObjectState", "Not valid for its storage class"),
        "has been moved to an archive",
    ),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_no_other_attempt_would_mend_says_what_does(store, served, clock, why):
    answer, remedy = REFUSALS[why]
    for act in ("GET", "PUT", "DELETE"):
        told = told_of(store, served, act, answer)
        assert remedy in told, act
        assert "RequestId" not in told
    assert clock.seconds == 0


@pytest.mark.parametrize("status", [304, 409, 412])
def test_an_answer_to_no_question_of_ours_is_an_error_of_ours(store, served, status):
    for act in ("GET", "DELETE", "LIST"):
        assert store.bucket.url in told_of(store, served, act, refusal(status, "Odd", "by the test"))


def test_a_profile_whose_session_ends_meanwhile_says_to_log_in(served, clock, monkeypatch):
    class Session:
        region_name, asked = "us-east-1", 0

        def __init__(self, profile_name):
            del profile_name

        def get_credentials(self):
            return self

        def get_frozen_credentials(self):
            self.asked += 1
            if self.asked > 1:
                raise RuntimeError("Token for default has expired and refresh failed")
            return SimpleNamespace(access_key="AKIDEXAMPLE", secret_key="not-a-real-secret-0001", token=None)

    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(Session=Session))
    options = {"endpoint": served.url, "profile": "finance"}
    store = ObjectStore(open_bucket("s3://lake/x", options, environ={}, patience=clock.patience()))
    with pytest.raises(StorageError, match=r"Token for default has expired.*log in anew, then run again"):
        store.read("a")
    assert clock.seconds == 0


def test_a_put_that_a_lease_stands_against_is_no_other_writers(store, served):
    version = store.read("a").version
    answer = refusal(412, "LeaseIdMissing", "There is currently a lease on the blob.")
    served.choose = lambda method, _about: answer if method == "PUT" else None
    with pytest.raises(StorageError, match="somebody has a lease on it") as raised:
        store.write("a", b"3", condition=version)
    assert not isinstance(raised.value, CommitConflictError)
    served.choose = lambda _method, _about: None
    assert store.read("a").data == b"2"


def test_a_bucket_that_is_removed_is_not_taken_for_an_empty_one(store, served):
    answer = refusal(404, "NoSuchBucket", "The specified bucket does not exist")
    for act in ACTS:
        assert "there is no such bucket" in told_of(store, served, act, answer), act


# What is no store -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [PAGE, BROKEN_PAGE])
@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_an_endpoint_that_answers_with_pages_is_no_empty_lake_and_told_within_seconds(served, clock, scheme, page):
    served.choose = lambda _method, _about: (200, page)
    bucket = open_bucket(f"{scheme}://lake/x", getattr(served, scheme)(), environ={}, patience=clock.patience())
    for act in (
        lambda store: list(store.list("_stripe_balance")),
        lambda store: store.write("a", b"1", condition=ABSENT),
    ):
        began = clock.seconds
        with pytest.raises(StorageError, match=r"not a bucket's store.*look at the endpoint"):
            act(ObjectStore(bucket))
        assert clock.seconds - began < 10


def test_a_store_that_has_answered_is_waited_for_behind_a_page(store, served, clock):
    began = clock.seconds
    served.choose = lambda method, _about: (
        (200, BROKEN_PAGE) if method == "GET" and clock.seconds < began + 20 else None
    )
    assert list(store.list("b")) == []
    assert clock.seconds >= began + 20


def test_lines_that_deltalake_breaks_in_colour_are_one_sentence():
    told = "<Error><Code>AccessDenied</Code><Message>not authorized to perform \x1b[31m↳\x1b[0m s3:PutObject</Message>"
    assert client_message(ValueError(told)) == "AccessDenied: not authorized to perform s3:PutObject"


def test_what_a_client_says_has_no_query_of_an_address_in_it():
    told = client_message(ValueError("Error performing GET http://x/y?sig=abc in 1 ms - <?xml version='1.0'?><a>b</a>"))
    assert told == "Error performing GET http://x/y in 1 ms - <?xml version='1.0'?><a>b</a>"
