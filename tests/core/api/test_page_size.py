from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.page_size import LONGEST_PATIENCE, PATIENCE, PageSize, is_heavy
from connector.errors import (
    InvalidRequestError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    TooLargeError,
    TransportError,
)


def test_a_page_that_fails_is_halved_down_to_a_single_row():
    size, sizes = PageSize(100), []
    while not sizes or size.rows != sizes[-1]:
        sizes.append(size.rows)
        size.failed(size.rows)
    assert sizes == [100, 50, 25, 12, 6, 3, 1]


def test_pages_asked_for_at_the_same_time_count_once():
    size = PageSize(100)
    for _ in range(40):
        size.failed(100)
    assert size.rows == 50


def test_after_a_while_pages_grow_again_to_the_largest():
    size = PageSize(100)
    for _ in range(7):
        size.failed(size.rows)
    pages = 0
    while size.rows < 100:
        size.came(size.rows)
        pages += 1
    assert pages == PATIENCE * 7


def test_a_page_larger_than_is_asked_for_now_says_nothing_about_growing():
    size = PageSize(100)
    size.failed(100)
    for _ in range(10 * PATIENCE):
        size.came(100)
    assert size.rows == 50


def test_what_fails_whenever_it_grows_is_tried_ever_more_seldom():
    size, tried = PageSize(100), 0
    for _ in range(10_000):
        if size.rows > 25:
            tried += 1
            size.failed(size.rows)
        else:
            size.came(size.rows)
    assert size.rows <= 25
    assert tried < 2 + 10 + 10_000 / LONGEST_PATIENCE


@given(st.integers(1, 100), st.lists(st.tuples(st.booleans(), st.integers(1, 100)), max_size=200))
def test_the_size_stays_within_its_bounds_whatever_happens(most, events):
    size = PageSize(most)
    for fails, asked in events:
        (size.failed if fails else size.came)(min(asked, most))
        assert 1 <= size.rows <= most


@pytest.mark.parametrize(
    ("error", "heavy"),
    [
        (ServerError("no", status=500), True),
        (ServerError("no", status=504), True),
        (InvalidRequestError("no", status=413), True),
        (TransportError("no complete answer in time"), True),
        (TooLargeError("a body of more than 128 MB"), True),
        (ServerError("no", status=409), False),
        (ServerError("no", status=424), False),
        (InvalidRequestError("no", status=400), False),
        (PermissionDeniedError("no", status=403), False),
        (RateLimitError("no", status=429), False),
        (ProtocolError("not JSON"), False),
    ],
)
def test_only_what_a_smaller_page_may_mend_is_heavy(error, heavy):
    assert is_heavy(error) == heavy


def test_what_failed_when_it_had_grown_is_waited_for_twice_as_long():
    size, waits = PageSize(100), []
    size.failed(100)
    for _ in range(4):
        waits.append(0)
        while size.rows == 50:
            size.came(50)
            waits[-1] += 1
        size.failed(100)
    assert waits == [PATIENCE, 2 * PATIENCE, 4 * PATIENCE, 8 * PATIENCE]
