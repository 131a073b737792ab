"""A fault at Stripe, as whoever runs the command meets it: exit status, one line, a lake the next run completes."""

from __future__ import annotations

import pytest

from connector.sandbox import Limits, Sandbox, World
from tests.support.dating import present
from tests.support.examples import slow_but

STATUSES = {
    "400": 1,
    "403": 77,
    "404": 1,
    "empty-page": 65,
    "out-of-order": 65,
    "duplicate-row": 65,
    "outside-window": 65,
    "wrong-type": 65,
    "500": 0,
    "502": 0,
    "reset": 0,
    "cut": 0,
    "not-json": 0,
    "unknown-field": 0,
}
ONE_OF_EACH = [(fault, status) for status, fault in {status: fault for fault, status in STATUSES.items()}.items()]


@pytest.fixture(scope="module")
def spoilt():
    """A sandbox of its own, as faults are put in force."""
    now = present()
    world = World(transactions=900, connected=0, start=now - 8 * 86_400, end=now - 3_600, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none()) as running:
        yield running


@pytest.mark.parametrize(("fault", "status"), slow_but(ONE_OF_EACH, STATUSES.items()))
def test_a_fault_ends_with_its_status_and_the_next_run_is_complete(run, environment, spoilt, tmp_path, fault, status):
    environment.setenv("STRIPE_API_BASE", spoilt.url)
    environment.setenv("STRIPE_API_KEY", spoilt.key)
    words = ("sync", tmp_path / "lake", "--rate", 0, "--max-in-flight", 3, "--progress", "none")
    spoilt.faults.clear()
    spoilt.faults.add(f"{fault}:endpoint=balance_transactions,k=4")
    done = run(*words)
    assert done.status == status
    assert done.out == ""
    if status:
        assert done.err.startswith("stripe-balance: ")
        assert len([line for line in done.err.splitlines() if ": new lake in " not in line]) == 1
    spoilt.faults.clear()
    again = run(*words, "--json")
    assert again.status == 0
    assert again.json["accounts"][0]["lake_rows"] == 900
