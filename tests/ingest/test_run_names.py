"""Runs that follow one another within a second have ids in that order."""

from __future__ import annotations

import pytest

from connector.core.state.run_ids import began
from connector.lake.state.run_reports import ended
from connector.services import Services
from tests.support.fakes import NOW, Clock
from tests.support.memory_store import MemoryStore


def test_ids_of_runs_that_begin_one_after_the_other_sort_in_that_order(tmp_path):
    clock = Clock()
    services, start = Services(MemoryStore(tmp_path), transport=None, clock=clock), clock.now()
    drawn: list[str] = []
    for _ in range(100):
        clock.time += 0.001
        drawn.append(services.new_run(clock.now()))
    assert drawn == sorted(drawn)
    assert began(drawn[-1]) == pytest.approx(NOW + start + 0.1, abs=2e-6)
    clock.time += 0.4
    assert began(services.new_run(start)) == pytest.approx(NOW + start, abs=2e-6)
    assert ended(drawn[0], {"duration_seconds": 0.5}) == began(drawn[0]) + 0.5
