from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import socket
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest

from connector.sandbox import Limits, Sandbox, World
from connector.sandbox.core.kinds import DAY
from connector.sandbox.http.faults import KINDS
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.waiting import wait_until

LIST = "/v1/balance_transactions"


def test_the_clock_turns_pending_rows_available_and_moves_the_balance(open_sandbox, get):
    sandbox = open_sandbox(transactions=2_000)
    pending = [row for row in get(sandbox, f"{LIST}?limit=100").json["data"] if row["status"] == "pending"]
    before = get(sandbox, "/v1/balance").json
    assert pending
    assert before["pending"][0]["amount"] == sandbox.world.net_by_currency(status="pending")["usd"]
    sandbox.advance(10 * DAY)
    assert get(sandbox, f"{LIST}/{pending[0]['id']}").json == pending[0] | {"status": "available"}
    after = get(sandbox, "/v1/balance").json
    assert [entry["amount"] for entry in after["pending"]] == [0, 0, 0]
    assert after["available"][0]["amount"] == before["available"][0]["amount"] + before["pending"][0]["amount"]


def test_rows_of_the_future_do_not_exist_yet(open_sandbox, get):
    sandbox = open_sandbox(transactions=1_000)
    rows = list(sandbox.world.rows())
    sandbox.set_clock(rows[400]["created"])
    newest = get(sandbox, f"{LIST}?limit=1").json["data"][0]
    assert newest["created"] <= rows[400]["created"]
    assert get(sandbox, f"{LIST}/{rows[0]['id']}").status == 404
    assert get(sandbox, f"{LIST}?starting_after={rows[0]['id']}").status == 400


def test_rows_can_be_added_anywhere_and_hidden_until_later(open_sandbox, get):
    sandbox = open_sandbox(transactions=100)
    past = sandbox.now - 30 * DAY
    (hidden,) = sandbox.add_rows(created=past, type="topup", amount=5, fee=0, visible_at=sandbox.now + 60)
    (shown,) = sandbox.add_rows(created=past, currency="eur", amount=700, fee=7)
    assert get(sandbox, f"{LIST}?created={past}").ids == [shown]
    sandbox.advance(60)
    rows = get(sandbox, f"{LIST}?created={past}").json["data"]
    assert [(row["id"], row["type"], row["net"]) for row in rows] == [(shown, "charge", 693), (hidden, "topup", 5)]


def test_rows_of_the_types_of_2026_can_be_added(open_sandbox, get):
    sandbox = open_sandbox(transactions=10)
    types = (
        "inbound_transfer",
        "inbound_transfer_reversal",
        "fee_credit_funding",
        "tax_fund",
        "issuing_dispute_provisional_credit",
        "issuing_dispute_provisional_credit_reversal",
    )
    for type_ in types:
        sandbox.add_rows(type=type_, fee=0)
        (row,) = get(sandbox, f"{LIST}?type={type_}").json["data"]
        provisional = "provisional" in type_
        assert (row["reporting_category"] == type_) == provisional
        assert row["balance_type"] == ("issuing" if provisional else "payments")


def test_every_knob_works_over_http_for_another_process(open_sandbox, get):
    sandbox = open_sandbox(transactions=100)
    get(sandbox, LIST)
    stats = get(sandbox, "/_sandbox/stats").json
    assert stats == sandbox.stats()
    assert (stats["requests"], stats["rows"], stats["by_status"]) == (1, 10, {"200": 1})
    now = sandbox.now
    assert get(sandbox, "/_sandbox/clock", method="POST", body={"advance": 5}).json["now"] == now + 5
    assert get(sandbox, "/_sandbox/clock", method="POST", body={"set": now}).json["now"] == now
    ids = get(sandbox, "/_sandbox/rows", method="POST", body={"count": 2, "amount": 10}).json["ids"]
    assert get(sandbox, f"{LIST}?limit=2").ids == ids[::-1]
    get(sandbox, "/_sandbox/faults", method="POST", body={"add": "500:k=1"})
    assert get(sandbox, LIST).status == 500
    assert get(sandbox, "/_sandbox/faults", method="POST", body={"clear": True}).json["faults"] == []
    assert get(sandbox, "/_sandbox/requests").json[0] == {"path": LIST, "query": "", "status": 200}
    get(sandbox, "/_sandbox/stats/reset", method="POST")
    assert get(sandbox, "/_sandbox/stats").json["requests"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [("faults", {"add": "nope"}), ("clock", {}), ("rows", {"colour": 1}), ("rows", {"type": "refund"})],
)
def test_a_control_that_makes_no_sense_is_a_400_that_says_why(quiet, get, path, body):
    reply = get(quiet, f"/_sandbox/{path}", method="POST", body=body)
    assert (reply.status, set(reply.json)) == (400, {"error"})


def test_the_limiter_answers_429_with_its_reason_and_counts_it(open_sandbox, get):
    sandbox = open_sandbox(limits=Limits(endpoint_rate=3, global_rate=5))
    replies = [get(sandbox, LIST) for _ in range(4)] + [get(sandbox, "/v1/balance") for _ in range(3)]
    seen, admitted, expected = sandbox.requests(), [], []
    for one in seen:  # within a second on most machines; then the 4th and the 7th are too many
        recent = [other.endpoint for other in admitted if one.at - other.at < 1.0]
        reason = "endpoint-rate" if recent.count(one.endpoint) >= 3 else "global-rate" if len(recent) >= 5 else ""
        expected.append(reason)
        if not reason:
            admitted.append(one)
    assert [reply.headers.get("Stripe-Rate-Limited-Reason", "") for reply in replies] == expected
    assert [reply.status for reply in replies] == [429 if reason else 200 for reason in expected]
    assert sandbox.stats()["rate_limited"] == Counter(reason for reason in expected if reason)
    together = max(sum(0.0 <= other.at - one.at < 1.0 for other in seen) for one in seen)
    assert sandbox.stats()["peak_requests_per_second"] == together
    assert sandbox.stats()["seconds"] >= seen[-1].at - seen[0].at


def test_requests_beyond_the_cap_in_flight_are_refused_at_once(open_sandbox, get):
    sandbox = open_sandbox(limits=Limits(0, 0, 2, 0), faults=["hang:k=1,times=2"])
    with contextlib.ExitStack() as waiting:
        for _ in range(2):
            connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=ENDLESS_SECONDS)
            waiting.callback(connection.close)
            connection.request("GET", LIST, headers={"Authorization": f"Bearer {sandbox.key}"})
        wait_until(lambda: sandbox.stats()["max_in_flight"] == 2)
        assert [get(sandbox, LIST).status for _ in range(2)] == [429, 429]
        assert sandbox.stats()["max_in_flight"] == 2
        assert sandbox.stats()["rate_limited"] == {"endpoint-concurrency": 2}
    wait_until(lambda: get(sandbox, LIST).status == 200)  # they have gone away


def test_an_answer_takes_as_long_as_was_said(open_sandbox, get):
    sandbox = open_sandbox(latency=0.3, latency_sigma=0.0)
    began = time.monotonic()
    assert get(sandbox, LIST).status == 200
    assert time.monotonic() - began >= 0.3


def test_a_port_that_is_taken_is_an_error_at_once(quiet):
    with pytest.raises(OSError, match="address"):
        Sandbox(World(transactions=1), port=int(quiet.url.rpartition(":")[2])).start()


def test_whatever_keeps_it_from_listening_is_raised_where_it_was_started(monkeypatch):
    def none_left():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(asyncio.events, "new_event_loop", none_left)
    with pytest.raises(OSError, match="Too many open files"):
        Sandbox(World(transactions=1)).start()


def test_a_sandbox_can_stop_twice_and_start_again(get):
    sandbox = Sandbox(World(transactions=20), limits=Limits.none())
    for _ in range(2):
        with sandbox:
            assert len(get(sandbox, LIST).ids) == 10
        sandbox.stop()


@pytest.mark.parametrize(
    "wrong", [{"shape": "x"}, {"ties": "x"}, {"connected": 10_001}, {"currencies": ()}, {"start": 5, "end": 5}]
)
def test_a_world_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r".+"):
        World(**wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_can_be_ordered_while_it_runs(quiet, get, kind):
    said = get(quiet, "/_sandbox/faults", method="POST", body={"add": f"{kind}:times=1", "clear": True}).json["faults"]
    assert [one["kind"] for one in said] == [kind]
    assert get(quiet, "/_sandbox/faults", method="POST", body={"clear": True}).json["faults"] == []


def test_a_connection_made_while_the_sandbox_stops_is_closed_too():
    world = World(transactions=10)
    for _ in range(20):
        sandbox = Sandbox(world).start()
        address = urlsplit(sandbox.url)
        callers = [socket.create_connection((address.hostname, address.port), timeout=5) for _ in range(6)]
        sandbox.stop()
        for caller in callers:
            with caller, contextlib.suppress(ConnectionResetError):
                assert caller.recv(1) == b""
    gc.collect()  # what had been forgotten would warn here
