"""A run that stood still for so long that others took it for dead, and cleared away what it had not committed."""

from __future__ import annotations

from contextlib import suppress

import pytest

from connector.core.tuning import RunTuning
from connector.events import Committed, PageReceived, PartitionStaged
from connector.lake.stores.disk import ClearedAwayError
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.lakes import honest, objects, run, sandbox, state, truth, world

ROWS, DAYS = 4_000, 8


def test_the_error_is_one_that_another_run_mends():
    assert (ClearedAwayError.retryable, ClearedAwayError.exit_code) == (True, 75)


@pytest.fixture
def stripe_():
    with sandbox(world(ROWS, days=DAYS), latency=0.005) as served:
        yield served


MOMENTS = {PartitionStaged: (1, 3), PageReceived: (2, 9), Committed: (1, 2)}


@pytest.mark.parametrize(
    ("kind", "number"),
    slow_but(
        [(PartitionStaged, 3), (Committed, 1)],
        [(kind, number) for kind, numbers in MOMENTS.items() for number in numbers],
    ),
)
def test_what_is_gone_ends_the_run_with_an_error_that_the_next_one_mends_and_no_row_is_missing(
    tmp_path, stripe_, kind, number
):
    heard = 0

    def clear_away(event):
        nonlocal heard
        heard += isinstance(event, kind)
        if heard == number and isinstance(event, kind):
            LocalStore(tmp_path).clear(lambda *_: True)

    services = {"on_event": clear_away, "tuning": RunTuning(commit_seconds=0.05)}
    with suppress(ClearedAwayError):  # nothing else, and not where nothing was staged in that moment
        run(tmp_path, stripe_, services=services, settings={"max_in_flight": 4})
    assert heard >= number
    honest(tmp_path, truth(stripe_))
    run(tmp_path, stripe_)
    assert objects(tmp_path) == truth(stripe_)
    honest(tmp_path, truth(stripe_))
    assert state(tmp_path).parked == {}
