"""What a run asked is counted: every attempt, every answer, and what the answers weighed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.meter import Meter

ANSWERS = st.lists(st.tuples(st.sampled_from([0, 200, 429]), st.integers(0, 10**6)), max_size=9)


@given(ANSWERS)
def test_bytes_of_all_answers_are_added_up(answers):
    meter = Meter()
    for status, size in answers:
        meter.answered(status, size)
    assert meter.received_bytes == sum(size for _, size in answers)
    assert sum(meter.statuses.values()) == len(answers)


def test_attempts_are_counted_by_operation_and_retries_among_them():
    meter = Meter()
    for endpoint, retry in (("account", False), ("list", False), ("list", True)):
        meter.sent(endpoint, retry=retry)
    assert (meter.requests, meter.retries, meter.by_endpoint) == (3, 1, {"account": 1, "list": 2})
    assert (Meter().requests, Meter().retries, Meter().received_bytes) == (0, 0, 0)


def test_429s_without_a_reason_are_counted_by_themselves():
    meter = Meter()
    for reason in (None, "global-rate", None, "lock_timeout"):
        meter.refused(reason)
    assert meter.limited == {"unnamed": 2, "global-rate": 1, "lock_timeout": 1}
