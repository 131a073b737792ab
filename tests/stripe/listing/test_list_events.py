"""What is told of a list while it is read."""

from __future__ import annotations

from connector.core.api.page import Page
from connector.core.api.protocol import Response
from connector.core.time.intervals import Interval
from connector.events import PageReceived, WindowClosed, WindowOpened
from connector.stripe.listing.events import ListEvents


def told():
    heard = []
    return heard, ListEvents(heard.append, "balance_transactions.list", "acct_1")


def test_a_window_is_told_of_when_it_is_opened_and_when_it_is_closed():
    heard, events = told()
    events.opened(Interval(3, 9))
    events.closed(Interval(3, 9))
    assert heard == [WindowOpened("acct_1", 3, 9), WindowClosed("acct_1", 3, 9)]


def test_a_page_is_told_of_with_its_newest_and_its_oldest_new_row():
    heard, events = told()
    events.received(Page([], has_more=True, request_id="req_1", bytes=40, seconds=0.5), [9, 5, 3], pages_left=2.0)
    events.received(Page([], has_more=False, request_id=None, bytes=2, seconds=0.1), [], pages_left=0.0)
    where = ("balance_transactions.list", "acct_1")
    assert heard == [
        PageReceived(*where, 3, 9, 3, "req_1", 40, 0.5, 2.0),
        PageReceived(*where, 0, None, None, None, 2, 0.1, 0.0),
    ]


def test_an_object_asked_for_by_its_id_is_told_of_as_one_row():
    heard, events = told()
    events.one_received({"id": "txn_1", "created": 7}, Response(200, {"request-id": "req_9"}, b"{}", seconds=0.2))
    (page,) = heard
    assert (page.rows, page.newest, page.oldest, page.request_id, page.bytes) == (1, 7, 7, "req_9", 2)
    assert (page.seconds, page.pages_left) == (0.2, 0.0)


def test_nobody_needs_to_listen():
    ListEvents().opened(Interval(3, 9))
