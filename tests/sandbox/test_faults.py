from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.core.ledger import TIES
from connector.sandbox.http.edits import SPOILING, refusal
from connector.sandbox.http.faults import KINDS, REASONS, STANDING, Faults, parse
from connector.sandbox.http.rewrite import REWRITES
from tests.support.waiting import wait_until

LIST = "/v1/balance_transactions"


@pytest.fixture
def sandbox(shared):
    """A sandbox without faults in force."""
    shared.faults.clear()
    return shared


@pytest.fixture(scope="module")
def shared(open_sandbox):
    return open_sandbox(transactions=600)


def fired(spec, requests, endpoint="balance_transactions"):
    faults = Faults((spec,), seed=3)
    return [at for at in range(1, requests + 1) if faults.befalling(endpoint)]


# When faults happen.


@pytest.mark.parametrize(
    ("spec", "when"),
    [
        ("500:k=3", [3]),
        ("500:k=3,times=2", [3, 4]),
        ("500:every=4", [4, 8]),
        ("500:every=4,times=1", [4]),
        ("500:k=2,every=3,times=3", [2, 5, 8]),
        ("500", list(range(1, 10))),
        ("500:times=2", [1, 2]),
        ("500:p=0", []),
        ("500:p=1", list(range(1, 10))),
        ("500:endpoint=balance", []),
        ("late-rows", []),
    ],
)
def test_a_fault_happens_when_it_was_ordered_for(spec, when):
    assert fired(spec, 9) == when


@given(st.floats(0.2, 0.8))
def test_chance_is_seeded_and_about_as_likely_as_asked(p):
    found = fired(f"500:p={p}", 400)
    assert found == fired(f"500:p={p}", 400)
    assert abs(len(found) / 400 - p) < 0.15


def test_faults_of_a_page_befall_only_lists_of_rows_unless_told():
    assert fired("empty-page", 2, "payouts") == []
    assert fired("empty-page:endpoint=payouts", 2, "payouts") == [1, 2]
    assert fired("cut", 2, "payouts") == [1, 2]


@pytest.mark.parametrize(
    "spec",
    [
        "nope",
        "500:nope=1",
        "500:k",
        "500:k=x",
        "slow:seconds=x",
        "rate-limit:reason=nope",
        "500:p=x",
        "hot-second:ties=nope",
        "encoded:how=nope",
        "stray:how=nope",
    ],
)
def test_an_order_that_makes_no_sense_is_refused(spec):
    with pytest.raises(ValueError, match=r".+"):
        parse(spec)


def test_every_kind_is_carried_out_somewhere():
    on_the_wire = {"502", "reset", "hang", "cut", "slow", "not-json", "stuck-cursor", "boundary-quirk"}
    on_the_wire |= {"heavy-page", "mid-walk", "hot-second", "clock-moves", "encoded", "non-authoritative", "stray"}
    on_the_wire |= {"hostile-error", "moving-ties", "other-version"}
    refusing = {kind for kind in KINDS if refusal(parse(kind)) is not None}
    assert set(KINDS) == on_the_wire | refusing | SPOILING | STANDING | REWRITES.keys()


# What they do: refusals.


@pytest.mark.parametrize("reason", REASONS)
def test_a_limiter_429_says_its_reason(sandbox, get, reason):
    sandbox.faults.add(f"rate-limit:k=1,reason={reason}")
    reply = get(sandbox, LIST)
    assert (reply.status, reply.headers["Stripe-Rate-Limited-Reason"]) == (429, reason)
    assert reply.error["code"] == "rate_limit"
    assert reply.error["message"].startswith("Request rate limit exceeded.")
    assert get(sandbox, LIST).status == 200


def test_a_lock_timeout_has_no_reason_and_no_request_id_and_asks_for_a_retry(sandbox, get):
    sandbox.faults.add("lock-timeout:k=1")
    reply = get(sandbox, LIST)
    assert (reply.status, reply.error["code"]) == (429, "lock_timeout")
    assert reply.headers["Stripe-Should-Retry"] == "true"
    assert not {"Request-Id", "Stripe-Rate-Limited-Reason"} & reply.headers.keys()


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 503])
def test_any_status_can_be_ordered(sandbox, get, status):
    sandbox.faults.add(f"{status}:k=1")
    reply = get(sandbox, LIST)
    assert (reply.status, "Stripe-Should-Retry" in reply.headers) == (status, False)
    assert reply.error["type"]


@pytest.mark.parametrize("hint", ["true", "false"])
def test_a_5xx_can_say_whether_to_retry(sandbox, get, hint):
    for status in (500, 502, 503):
        sandbox.faults.add(f"{status}:k=1,should_retry={hint}")
        reply = get(sandbox, LIST)
        sandbox.faults.clear()
        assert (reply.status, reply.headers["Stripe-Should-Retry"]) == (status, hint)


def test_a_502_is_html(sandbox, get):
    sandbox.faults.add("502:k=1")
    reply = get(sandbox, LIST)
    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert reply.body.startswith(b"<html>")


def test_retry_after_can_be_hostile(sandbox, get):
    sandbox.faults.add("retry-after:k=1,value=-3e400")
    assert get(sandbox, LIST).headers["Retry-After"] == "-3e400"


# What they do: the connection.


def test_a_reset_is_a_reset(sandbox, get):
    sandbox.faults.add("reset:k=1")
    with pytest.raises(ConnectionError):
        get(sandbox, LIST)
    assert sandbox.requests()[-1].status == 0
    assert get(sandbox, LIST).status == 200


def test_a_cut_body_ends_before_its_length(sandbox, get):
    sandbox.faults.add("cut:k=1")
    with pytest.raises(http.client.IncompleteRead):
        get(sandbox, LIST)


def test_a_slow_body_arrives_whole_in_the_end(sandbox, get):
    sandbox.faults.add("slow:k=1,seconds=0.2")
    began = time.monotonic()
    assert len(get(sandbox, LIST).ids) == 10
    assert time.monotonic() - began >= 0.15


def test_a_hang_ends_without_an_answer(sandbox, get):
    sandbox.faults.add("hang:k=1,seconds=0.1")
    with pytest.raises(ConnectionError):
        get(sandbox, LIST)


def test_a_client_that_gives_up_frees_its_place(sandbox, get):
    sandbox.faults.add("hang:k=1")
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=0.1)
    connection.request("GET", LIST, headers={"Authorization": f"Bearer {sandbox.key}"})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    wait_until(lambda: not sandbox._server.limiter.in_flight)


def test_a_body_can_be_no_json(sandbox, get):
    sandbox.faults.add("not-json:k=1")
    reply = get(sandbox, LIST)
    assert reply.status == 200
    with pytest.raises(orjson.JSONDecodeError):
        _ = reply.json


# What they do: pages.


def test_an_empty_page_can_promise_more(sandbox, get):
    sandbox.faults.add("empty-page:k=1")
    assert get(sandbox, LIST).json == {"object": "list", "data": [], "has_more": True, "url": LIST}


def test_a_cursor_can_stick(sandbox, get):
    first = get(sandbox, f"{LIST}?limit=5").ids
    second = get(sandbox, f"{LIST}?limit=5&starting_after={first[-1]}").ids
    sandbox.faults.add("stuck-cursor:k=1")
    stuck = get(sandbox, f"{LIST}?limit=5&starting_after={second[-1]}")
    assert (stuck.ids, stuck.json["has_more"]) == (second, True)


def test_a_page_can_be_empty_when_the_cursors_second_is_inside_the_window(sandbox, get):
    sandbox.faults.add("boundary-quirk")
    rows = get(sandbox, f"{LIST}?limit=3").json["data"]
    cursor, second = rows[-1]["id"], rows[-1]["created"]
    inside = get(sandbox, f"{LIST}?starting_after={cursor}&created[lte]={second}")
    assert (inside.json["data"], inside.json["has_more"]) == ([], False)
    assert get(sandbox, f"{LIST}?starting_after={cursor}&created[lt]={second}").ids
    assert get(sandbox, f"{LIST}?starting_after={cursor}").ids
    assert cursor in get(sandbox, f"{LIST}?created[lte]={second}").ids


def test_rows_can_be_out_of_order(sandbox, get):
    straight = get(sandbox, LIST).ids
    sandbox.faults.add("out-of-order:k=1")
    assert get(sandbox, LIST).ids == [straight[-1], *straight[1:-1], straight[0]]


def test_a_row_can_come_twice(sandbox, get):
    straight = get(sandbox, LIST).ids
    sandbox.faults.add("duplicate-row:times=2")
    assert get(sandbox, LIST).ids == [*straight[:-1], straight[-2]]
    assert get(sandbox, f"{LIST}?limit=1").ids == [straight[0]] * 2


def test_a_row_can_lie_outside_the_window(sandbox, get):
    rows = get(sandbox, f"{LIST}?limit=9").json["data"]
    sandbox.faults.add("outside-window:times=2")
    floor = rows[-1]["created"]
    assert get(sandbox, f"{LIST}?created[gte]={floor}").json["data"][-1]["created"] < floor
    assert get(sandbox, f"{LIST}?created[lt]={floor}").json["data"][-1]["created"] >= floor


def test_answers_can_hold_what_we_have_not_heard_of(sandbox, get):
    truth = get(sandbox, LIST).json["data"]
    sandbox.faults.add("unknown-field:k=1")
    rows = get(sandbox, LIST).json["data"]
    assert all("settlement_rail" in row for row in rows)
    details = [detail for row in rows for detail in row["fee_details"]]
    assert details
    assert all(detail["tax_rate"] == "txr_unknown" for detail in details)
    assert [{k: v for k, v in row.items() if k in truth[0] and k != "fee_details"} for row in rows] == [
        {k: v for k, v in row.items() if k != "fee_details"} for row in truth
    ]
    sandbox.faults.add("unknown-enum:k=1")
    assert get(sandbox, LIST).json["data"][0]["type"] == "quantum_settlement"
    sandbox.faults.add("no-balance-type:k=1")
    assert "balance_type" not in get(sandbox, LIST).json["data"][0]


def test_values_can_be_huge_or_of_the_wrong_type(sandbox, get):
    sandbox.faults.add("huge-amount:k=1")
    row = get(sandbox, LIST).json["data"][0]
    assert row["amount"] == 2**53 + 1
    assert row["net"] == row["amount"] - row["fee"]
    sandbox.faults.add("huge-description:k=1")
    assert len(get(sandbox, LIST).json["data"][0]["description"]) == 1 << 20
    sandbox.faults.add("wrong-type:k=1")
    assert isinstance(get(sandbox, LIST).json["data"][0]["amount"], str)


# What they do: time.


def test_late_rows_are_listed_only_after_a_while(open_sandbox, get):
    sandbox = open_sandbox(transactions=50)
    sandbox.faults.add("late-rows:seconds=120,p=1")
    new = sandbox.add_rows(count=3)
    assert not set(new) & set(get(sandbox, LIST).ids)
    sandbox.advance(119)
    assert not set(new) & set(get(sandbox, LIST).ids)
    sandbox.advance(1)
    assert get(sandbox, LIST).ids[:3] == new[::-1]


def test_only_some_rows_need_be_late(open_sandbox, get):
    sandbox = open_sandbox(transactions=0, connected=0)
    sandbox.faults.add("late-rows:seconds=120,p=0.4")
    sandbox.add_rows(count=100)
    assert 30 <= len(get(sandbox, f"{LIST}?limit=100").ids) <= 90


def test_rows_can_arrive_during_a_walk_without_disturbing_it(open_sandbox, get):
    sandbox = open_sandbox(transactions=300)
    before = [row["id"] for row in sandbox.world.rows()]
    first = get(sandbox, f"{LIST}?limit=100")
    sandbox.faults.add("mid-walk:rows=2")
    ids, more = first.ids, first.json["has_more"]
    while more:
        page = get(sandbox, f"{LIST}?limit=100&starting_after={ids[-1]}")
        ids, more = ids + page.ids, page.json["has_more"]
    assert ids == before
    assert len(list(sandbox.world.rows())) == len(before) + 4


@pytest.mark.parametrize("ties", TIES)
def test_a_second_can_get_hot_in_every_order_of_ties(open_sandbox, get, ties):
    sandbox = open_sandbox(transactions=50)
    sandbox.faults.add(f"hot-second:rows=30,ties={ties}")
    listed = get(sandbox, f"{LIST}?limit=100").json["data"]
    hot = [row["id"] for row in listed if row["created"] == sandbox.now - 86_400]
    assert len(hot) == 30
    assert len(listed) == 80
    assert len(get(sandbox, f"{LIST}?limit=100").ids) == 80, "it came a second time"
    numbers = [sandbox.world.ledger().find(one, "txn_") for one in hot]
    match ties:
        case "insertion":
            assert numbers == sorted(numbers, reverse=True)
        case "reversed":
            assert numbers == sorted(numbers)
        case _:
            assert hot == sorted(hot, reverse=True)


def test_rows_can_vanish_and_come_back(open_sandbox, get):
    sandbox = open_sandbox(transactions=90)
    before = get(sandbox, f"{LIST}?limit=100").ids
    sandbox.faults.add("gone-rows:p=0.3")
    left = get(sandbox, f"{LIST}?limit=100").ids
    assert 0.4 < len(left) / len(before) < 0.95
    assert [one for one in before if one in set(left)] == left
    sandbox.faults.clear()
    assert get(sandbox, f"{LIST}?limit=100").ids == before


def test_payouts_can_be_left_out_of_their_list(open_sandbox, get):
    sandbox = open_sandbox(transactions=90)
    before = get(sandbox, "/v1/payouts?limit=100").ids
    sandbox.faults.add("gone-payouts:p=0.5")
    left = get(sandbox, "/v1/payouts?limit=100").ids
    assert 0 < len(left) < len(before)
    assert [one for one in before if one in set(left)] == left
    sandbox.faults.clear()
    assert get(sandbox, "/v1/payouts?limit=100").ids == before


def test_an_answer_can_say_that_it_is_of_another_version(open_sandbox, get):
    sandbox = open_sandbox(transactions=9, faults=["other-version:version=2020-08-27,k=1"])
    assert [get(sandbox, LIST).headers["Stripe-Version"][:4] for _ in range(2)] == ["2020", "2026"]


def test_the_clock_can_move_with_each_request_and_flips_statuses(open_sandbox, get):
    sandbox = open_sandbox(transactions=300)
    began = sandbox.now
    sandbox.faults.add("clock-moves:seconds=86400,every=2")
    first = {row["id"]: row["status"] for row in get(sandbox, f"{LIST}?limit=100").json["data"]}
    assert sandbox.now == began
    for _ in range(9):
        last = {row["id"]: row["status"] for row in get(sandbox, f"{LIST}?limit=100").json["data"]}
    assert sandbox.now == began + 5 * 86_400
    assert "pending" in first.values()
    assert [one for one in first if first[one] == "pending" and last.get(one) == "available"]


def test_a_fresh_charge_can_lack_its_balance_transaction(open_sandbox, get):
    sandbox = open_sandbox(transactions=50)
    sandbox.faults.add("async-capture:seconds=60")
    row = get(sandbox, f"{LIST}/{sandbox.add_rows()[0]}").json
    path = f"/v1/charges/{row['source']}?expand[]=balance_transaction"
    assert get(sandbox, path).json["balance_transaction"] is None
    sandbox.advance(61)
    assert get(sandbox, path).json["balance_transaction"] == row


def test_a_row_can_stay_pending_beyond_its_time_while_the_balance_moves_on(open_sandbox, get):
    sandbox = open_sandbox(transactions=50)
    (added,) = sandbox.add_rows()
    row = get(sandbox, f"{LIST}/{added}").json
    sandbox.faults.add("late-status:seconds=3600")
    sandbox.set_clock(row["available_on"])
    assert get(sandbox, f"{LIST}/{added}").json["status"] == "pending"
    assert get(sandbox, f"{LIST}?limit=1").json["data"] == [row]
    available = get(sandbox, "/v1/balance").json["available"][0]["amount"]
    sandbox.advance(3600)
    assert get(sandbox, f"{LIST}/{added}").json["status"] == "available"
    assert get(sandbox, "/v1/balance").json["available"][0]["amount"] == available


@pytest.mark.parametrize(("type_", "amount"), [("payment", 1), ("charge", 0), ("charge", 5_000)])
def test_a_payment_can_stay_without_its_balance_transaction_for_ever(open_sandbox, get, type_, amount):
    sandbox = open_sandbox(transactions=50)
    before = get(sandbox, "/v1/balance").json
    (charge,) = sandbox.add_rows(type=type_, amount=amount, fee=0, rowless=True, created=sandbox.now - 5)
    sandbox.advance(1)
    newest = get(sandbox, f"{LIST}?limit=1").json["data"][0]
    found = get(sandbox, f"/v1/charges/{charge}?expand[]=balance_transaction").json
    assert (found["amount"], found["balance_transaction"], found["status"]) == (amount, None, "succeeded")
    assert newest["source"] != charge
    assert get(sandbox, f"{LIST}?source={charge}").ids == []
    assert get(sandbox, "/v1/balance").json == before


def test_rows_of_balances_that_are_not_shown_can_be_added(open_sandbox, get):
    sandbox = open_sandbox(transactions=50)
    before = get(sandbox, "/v1/balance").json
    ids = [*sandbox.add_rows(type="risk_reserve", fee=0), *sandbox.add_rows(type="strange_balance", fee=0)]
    kinds = [get(sandbox, f"{LIST}/{one}").json["balance_type"] for one in ids]
    assert kinds == ["risk_reserved", "orbital_reserve"]
    assert get(sandbox, "/v1/balance").json == before


def test_refunds_and_disputes_are_retrieved_and_unknown_ones_are_not(open_sandbox, get):
    sandbox = open_sandbox(transactions=3_000)
    rows = get(sandbox, f"{LIST}?type=refund&limit=1").json["data"]
    refund = get(sandbox, f"/v1/refunds/{rows[0]['source']}?expand[]=balance_transaction").json
    assert (refund["object"], refund["balance_transaction"]) == ("refund", rows[0])
    won = next(row for row in sandbox.world.rows() if row["reporting_category"] == "dispute_reversal")
    dispute = get(sandbox, f"/v1/disputes/{won['source']}").json
    assert [row["net"] for row in dispute["balance_transactions"]][1:] == [won["net"]]
    for path, noun in (("refunds/re_nope", "refund"), ("disputes/dp_nope", "dispute")):
        refused = get(sandbox, f"/v1/{path}")
        assert (refused.status, refused.error["code"]) == (404, "resource_missing")
        assert refused.error["message"].startswith(f"No such {noun}")


# Hostile texts.


def test_a_hostile_error_has_texts_that_steer_a_terminal_wherever_one_can_stand(sandbox, get):
    sandbox.faults.add("hostile-error:status=403")
    answer = get(sandbox, LIST)
    error = answer.json["error"]
    assert answer.status == 403
    for text in (error["message"], error["code"], error["param"], error["request_log_url"]):
        assert {"\n", "\x1b", "\x7f", "\x9b", "\u202e", "\u2028"} <= set(text)
        assert sandbox.key in text
    assert not answer.headers["Request-Id"].isprintable()


def test_a_hostile_text_ends_the_fields_that_were_named_in_every_object(sandbox, get):
    before = get(sandbox, f"{LIST}?limit=3").json["data"]
    sandbox.faults.add("hostile-text:fields=status|reporting_category")
    after = get(sandbox, f"{LIST}?limit=3").json["data"]
    assert all(one["status"].startswith(f"{was['status']}\r\n") for one, was in zip(after, before, strict=True))
    kept = ("status", "reporting_category")
    assert [one | {name: was[name] for name in kept} for one, was in zip(after, before, strict=True)] == before
    assert get(sandbox, "/v1/balance").json.keys() >= {"available", "pending"}
