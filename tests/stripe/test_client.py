"""One GET: its headers, its retries, and an error that never shows the key."""

from __future__ import annotations

import asyncio
import traceback
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

import anyio
import pytest

from connector.core.api.content import undo
from connector.core.api.protocol import API_VERSION, Response
from connector.core.api.retry import RetryPolicy
from connector.errors import (
    AuthenticationError,
    InvalidRequestError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    TooLargeError,
    TransportError,
)
from connector.stripe.client import ACCOUNT, BALANCE, GET_TRANSACTION, LIST_TRANSACTIONS
from connector.stripe.identity import identify
from tests.support.fakes import ENDLESS_SECONDS, KEY, NOW, Clock, FakeTransport, client_over, ok, refused, turns

pytestmark = pytest.mark.anyio


async def test_a_request_carries_the_key_the_version_and_who_is_asking():
    transport = FakeTransport([ok({})])
    await client_over(transport).get(LIST_TRANSACTIONS, parameters={"limit": 3, "created": {"gte": 5}})
    (request,) = transport.sent
    assert request.url.startswith("https://api.stripe.com/v1/balance_transactions?")
    assert parse_qsl(urlsplit(request.url).query) == [("limit", "3"), ("created[gte]", "5")]
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Stripe-Version"] == API_VERSION
    assert request.headers["User-Agent"].startswith("stripe-balance-connector/")
    assert "Stripe-Account" not in request.headers
    assert "Stripe-Context" not in request.headers
    assert "Idempotency-Key" not in request.headers
    assert KEY not in repr(request)


@pytest.mark.parametrize(
    ("configured", "asked", "sent"),
    [(None, None, None), ("acct_a", None, "acct_a"), (None, "acct_b", "acct_b"), ("acct_a", "acct_b", "acct_b")],
)
async def test_the_connected_account_asked_for_goes_before_the_configured_one(configured, asked, sent):
    transport = FakeTransport([ok({}), refused(403)])
    await client_over(transport, account=configured, context="ctx", api_version="2022-11-15").get(
        BALANCE, account=asked
    )
    headers = transport.sent[0].headers
    assert headers.get("Stripe-Account") == sent
    assert headers["Stripe-Context"] == "ctx"
    assert headers["Stripe-Version"] == "2022-11-15"


async def test_an_id_cannot_leave_its_place_in_the_path():
    transport = FakeTransport([ok({})])
    await client_over(transport).get(GET_TRANSACTION, "txn_1/../../x?y=1#é")
    assert transport.sent[0].url.endswith("/v1/balance_transactions/txn_1%2F..%2F..%2Fx%3Fy%3D1%23%C3%A9")


@pytest.mark.parametrize(
    "failure",
    [
        TransportError("reset"),
        refused(500),
        refused(503),
        refused(409),
        refused(429, headers={"stripe-rate-limited-reason": "endpoint-rate"}),
        refused(429, code="lock_timeout"),
        Response(502, {}, b"<html>Bad Gateway</html>"),
    ],
)
async def test_what_may_pass_is_tried_again_until_it_does(failure):
    transport, clock = FakeTransport([failure, failure, ok({"id": "x"})]), Clock()
    client = client_over(transport, clock=clock)
    response = await client.get(BALANCE)
    assert response.body == b'{"id":"x"}'
    assert len(transport.sent) == 3
    assert len(clock.slept) == 2
    assert clock.slept[0] < clock.slept[1]
    assert client.meter.retries == 2
    assert client.meter.requests == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidRequestError), (401, AuthenticationError), (403, PermissionDeniedError), (404, InvalidRequestError)],
)
async def test_what_will_not_pass_is_asked_once(status, kind):
    transport = FakeTransport([refused(status, "no such thing", param="x")])
    with pytest.raises(kind, match="no such thing"):
        await client_over(transport).get(BALANCE)
    assert len(transport.sent) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_refused_since_the_key_would_follow_it(status):
    transport = FakeTransport([Response(status, {"location": "https://elsewhere/"}, b"")])
    with pytest.raises(ProtocolError):
        await client_over(transport).get(BALANCE)
    assert len(transport.sent) == 1


FOREIGN = [
    Response(200, {}, b""),
    Response(200, {}, b"<html>We will be back soon</html>"),
    Response(203, {}, b'{"object": "list", "data": [{"id'),
    Response(200, {}, b'{"error": {"type": "api_error", "message": "An unknown error occurred"}}'),
    Response(200, {}, b'{"object": "balance", "livemode": tr?e}'),
    Response(200, {}, b'{"object": "bal\xffnce"}'),
    Response(204, {}, b""),
    Response(206, {}, b'{"object": "balance"}'),
    Response(304, {}, b""),
]
"""What something on the way answers in the API's place."""


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_what_is_none_of_the_apis_answers_is_asked_for_again_on_connections_of_their_own(foreign):
    transport = FakeTransport([ok({"id": "first"}), *[foreign] * 5, ok({"id": "x"})])
    client = client_over(transport, retry=RetryPolicy(attempts=8))
    await client.get(BALANCE)
    assert (await client.get(BALANCE)).body == b'{"id":"x"}'
    assert [request.fresh for request in transport.sent] == [False, False, True, True, True, True, True]
    assert not transport.distrusted


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_an_address_that_never_was_the_api_is_said_to_be_none_after_three_attempts(foreign):
    transport = FakeTransport([foreign] * 4)
    with pytest.raises(ProtocolError):
        await client_over(transport, retry=RetryPolicy(attempts=8)).get(BALANCE)
    assert len(transport.sent) == 3


async def test_a_coding_that_was_not_asked_for_may_be_another_next_time_and_what_is_too_large_stays_so():
    with pytest.raises(ProtocolError, match="'br'") as caught:
        undo(b"", "br", most=10)
    transport = FakeTransport([caught.value, ok({"id": "x"}), TooLargeError("too large")])
    client = client_over(transport)
    assert (await client.get(BALANCE)).body == b'{"id":"x"}'
    with pytest.raises(TooLargeError):
        await client.get(BALANCE)
    assert len(transport.sent) == 3


async def test_what_is_none_of_the_apis_answers_has_as_many_attempts_as_any_failure():
    transport = FakeTransport([ok({}), *FOREIGN])
    client = client_over(transport, retry=RetryPolicy(attempts=4))
    await client.get(BALANCE)
    with pytest.raises(ProtocolError, match="An unknown error occurred"):
        await client.get(BALANCE)
    assert len(transport.sent) == 5


@pytest.mark.parametrize(("failure", "kind"), [(refused(429), RateLimitError), (refused(500), ServerError)])
async def test_after_the_last_attempt_the_error_is_the_last_answers(failure, kind):
    transport = FakeTransport([failure] * 4)
    with pytest.raises(kind):
        await client_over(transport).get(BALANCE)
    assert len(transport.sent) == 4


async def test_stripes_hint_decides_both_ways():
    transport = FakeTransport([refused(400, headers={"stripe-should-retry": "true"}), ok({})])
    await client_over(transport).get(BALANCE)
    assert len(transport.sent) == 2
    transport = FakeTransport([refused(500, headers={"stripe-should-retry": "false"})])
    with pytest.raises(ServerError):
        await client_over(transport).get(BALANCE)


@pytest.mark.parametrize("value", ["999999999", "-5", "soon", "1e400", "nan", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_a_hostile_retry_after_cannot_stop_us(value):
    clock = Clock()
    await client_over(FakeTransport([refused(429, headers={"retry-after": value}), ok({})]), clock=clock).get(BALANCE)
    assert 0 < clock.slept[0] <= RetryPolicy().longest


async def test_a_date_to_try_again_at_is_waited_for_up_to_the_longest_wait():
    at = NOW + 1_000
    for later, slept in ((15, 15.0), (3_600, RetryPolicy().longest)):
        clock = Clock()
        answer = refused(503, headers={"retry-after": formatdate(at + later, usegmt=True)})
        await client_over(FakeTransport([answer, ok({})]), clock=clock).get(BALANCE)
        assert clock.slept == [slept]


async def test_no_slot_is_held_while_waiting_to_try_again():
    release = asyncio.Event()

    class Slow(Clock):
        async def sleep(self, seconds: float) -> None:
            await release.wait()

    transport = FakeTransport([refused(500), ok({"second": 1}), ok({"first": 1})])
    client = client_over(transport, clock=Slow(), max_in_flight=1)
    first = asyncio.create_task(client.get(BALANCE))
    await turns()
    async with asyncio.timeout(ENDLESS_SECONDS):
        second = await client.get(BALANCE)
    assert second.body == b'{"second":1}'
    assert client.gate.pace.cap.flying == 0
    release.set()
    assert (await first).body == b'{"first":1}'


async def test_each_429_reaches_the_pace_by_its_reason_and_is_counted():
    reasons = ["endpoint-rate", "global-rate", "endpoint-concurrency"]
    answers = [refused(429, headers={"stripe-rate-limited-reason": one}) for one in reasons]
    answers += [refused(429, code="lock_timeout"), refused(429, code="rate_limit")]
    client = client_over(FakeTransport([*answers, ok({})]), retry=RetryPolicy(attempts=9))
    await client.get(BALANCE)
    assert client.meter.limited == dict.fromkeys([*reasons, "lock_timeout", "unnamed"], 1)
    assert client.gate.pace.endpoint(BALANCE.name).current < 100_000.0
    assert client.gate.pace.cap.current < 20
    assert client.meter.statuses == {429: 5, 200: 1}


@pytest.mark.parametrize(
    ("refusal", "slows"),
    [
        (refused(429, code="lock_timeout"), False),
        (refused(429, code="rate_limit"), True),
        (refused(400, code="rate_limit"), True),
        (Response(429, {}, b"<html>Too Many Requests</html>"), True),
    ],
)
async def test_a_429_that_names_no_limiter_slows_its_endpoint_unless_it_is_a_lock_timeout(refusal, slows):
    client = client_over(FakeTransport([refusal, ok({})]))
    await client.get(BALANCE)
    assert (client.gate.pace.endpoint(BALANCE.name).current < 100_000.0) is slows
    assert client.gate.pace.endpoint(ACCOUNT.name).current == 100_000.0


async def test_only_an_answer_tells_of_the_servers_latency():
    client = client_over(FakeTransport([TransportError("timeout"), refused(500), ok({})]))
    await client.get(BALANCE)
    assert client.gate.pace.latency.count == 1


@pytest.mark.parametrize(
    "failure",
    [
        refused(401, f"Invalid API Key provided: {KEY}"),
        refused(403, f"The provided key '{KEY}' does not have access", code="account_invalid"),
        refused(400, "bad", param=KEY),
        Response(302, {"location": f"https://x/?key={KEY}"}, KEY.encode()),
        Response(500, {}, f"<html>{KEY}</html>".encode()),
    ],
)
async def test_the_key_shows_in_no_error_no_cause_and_no_trace(failure):
    client = client_over(FakeTransport([failure] * 4))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        await client.get(BALANCE)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(vars(caught.value))
    assert KEY not in shown
    assert KEY not in repr(client.config)


async def test_cancelling_a_request_gives_its_slot_back():
    async def never(_request: object) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = client_over(FakeTransport(by=never))
    task = asyncio.create_task(client.get(BALANCE))
    await turns()
    assert client.gate.pace.cap.flying == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.gate.pace.cap.flying == 0


async def test_what_was_begun_is_taken_by_the_same_get_and_by_nobody_else():
    transport = FakeTransport(by=lambda request: ok({"url": request.url}))
    client = client_over(transport)
    client.begin(ACCOUNT)
    await turns()
    assert len(transport.sent) == 1
    await client.get(ACCOUNT, account="acct_1")
    assert len(transport.sent) == 2
    await client.get(ACCOUNT)
    assert len(transport.sent) == 2
    await client.get(ACCOUNT)
    assert len(transport.sent) == 3


async def test_an_error_begun_is_raised_where_it_is_taken_and_lost_where_it_is_not():
    client = client_over(FakeTransport(by=lambda _: refused(401, "no key")))
    client.begin(ACCOUNT)
    client.begin(BALANCE)
    await turns()
    with pytest.raises(AuthenticationError):
        await client.get(ACCOUNT)
    before = asyncio.all_tasks()
    await client.end()
    assert asyncio.all_tasks() <= before


async def test_the_end_of_a_client_ends_what_was_begun():
    async def never(_request: object) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    transport = FakeTransport(by=never)
    client = client_over(transport)
    before = asyncio.all_tasks()
    client.begin(BALANCE)
    await asyncio.sleep(0)
    await client.end()
    assert not transport.closed, "whoever opened it closes it"
    assert asyncio.all_tasks() <= before
    assert client.gate.pace.cap.flying == 0


async def test_a_client_ends_while_everything_around_it_is_cancelled():
    async def stubborn(_request: object) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)  # as a connection that is closed in order
        raise AssertionError

    transport = FakeTransport(by=stubborn)
    client = client_over(transport)
    with anyio.CancelScope() as scope:
        client.begin(BALANCE)
        await turns()
        scope.cancel()
        try:
            await anyio.sleep(1)
        finally:
            await client.end()
    assert client.gate.pace.cap.flying == 0


@pytest.mark.parametrize(
    ("date", "now"),
    [
        ("Sun, 22 Nov 2026 00:00:00 GMT", 1_795_305_600),
        ("Sun, 22 Nov 2026 00:00:00 -0000", 1_795_305_600),
        ("Sun, 22 Nov 2026 00:00:00", 1_795_305_600),
        ("Sun, 22 Nov 2026 01:00:00 +0100", 1_795_305_600),
        ("", None),
        ("yesterday", None),
        ("Sun, 99 Nov 2026", None),
        ("Sun, 22 Nov 99999999999999999999 00:00:00 GMT", None),
    ],
)
async def test_the_servers_clock_is_read_from_its_date_wherever_we_are(far_west, date, now):
    client = client_over(FakeTransport([ok({}, date=date) if date else ok({})]))
    assert client.server_now is None
    await client.get(BALANCE)
    assert client.server_now == now


DATE = "Sun, 22 Nov 2026 00:00:00 GMT"


async def test_an_identity_comes_from_the_account_and_the_servers_clock():
    answer = ok({"id": "acct_9", "created": 5}, date=DATE)
    found = await identify(client_over(FakeTransport([answer])))
    assert (found.account, found.created, found.now) == ("acct_9", 5, 1_795_305_600)


@pytest.mark.parametrize(
    ("document", "account"),
    [
        ({"id": "acct_9"}, "acct_9"),
        ({"id": "acct_9", "created": None}, "acct_9"),
        ({"id": "acct_9", "created": -4}, "acct_9"),
    ],
)
async def test_an_account_may_keep_things_to_itself(document, account):
    found = await identify(client_over(FakeTransport([ok(document, date=DATE)])))
    assert (found.account, found.created) == (account, 0)


@pytest.mark.parametrize("answer", [ok({"id": "acct_9"}), ok({"id": "acct_9"}, date="soon"), refused(403)])
async def test_the_machines_clock_stands_in_where_no_answer_has_a_date(answer):
    found = await identify(client_over(FakeTransport([answer]), clock=(clock := Clock())))
    assert (found.now, found.sure) == (clock.utc(), 0)


async def test_a_key_that_may_not_read_its_account_is_no_error():
    no = refused(403, headers={"date": DATE})
    client = client_over(FakeTransport([no, no]))
    assert (await identify(client)).account == "default"
    assert (await identify(client, account_id="acct_named")).account == "acct_named"


async def test_a_connected_account_that_cannot_be_reached_is_an_error():
    with pytest.raises(PermissionDeniedError):
        await identify(client_over(FakeTransport([refused(403, code="account_invalid")])), account="acct_1")


@pytest.mark.parametrize("hostile", ["../../etc/passwd", "acct_1/../x", "", "acct_1\n"])
async def test_an_account_id_that_could_leave_its_folder_is_refused(hostile):
    with pytest.raises(ProtocolError, match="cannot become a folder"):
        await identify(client_over(FakeTransport([ok({"id": hostile})])))
