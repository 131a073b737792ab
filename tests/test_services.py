"""What a run touches, handed to it as one value."""

from __future__ import annotations

from dataclasses import replace

from connector.services import Services
from tests.support.fakes import Clock, FakeTransport, config
from tests.support.memory_store import MemoryStore


def services(tmp_path, clock):
    return Services(MemoryStore(tmp_path), FakeTransport([]), clock=clock)


def test_a_run_that_begins_again_goes_on_at_the_pace_of_its_first_requests(tmp_path):
    clock = Clock()
    touched, asked = services(tmp_path, clock), config(rate=5.0, sharers=4)
    first = touched.client(asked).gate.pace
    for _ in range(5):
        first.start("balance_transactions", clock.now())
        first.end(None)
    again = replace(touched, on_event=lambda _: None).client(asked).gate.pace
    assert again.wait("balance_transactions", clock.now()) > 0.9  # of the second all five have gone
    other = touched.client(config(rate=5.0, sharers=4, account="acct_other")).gate.pace
    assert other.wait("balance_transactions", clock.now()) == 0.0


def test_it_has_its_whole_part_of_the_rate_until_it_is_known_who_else_is_at_work(tmp_path):
    touched, asked = services(tmp_path, Clock()), config(rate=20.0)
    touched.client(asked).gate.pace.share(4.0)
    assert touched.client(asked).gate.pace.endpoint("balance_transactions").current == 20.0


def test_what_a_refusal_taught_is_kept(tmp_path):
    touched, asked = services(tmp_path, Clock()), config(rate=20.0)
    touched.client(asked).gate.limited("endpoint-rate", "balance_transactions")
    assert touched.client(asked).gate.pace.endpoint("balance_transactions").current == 18.0
