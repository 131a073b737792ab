"""What a lake in a bucket asks of its store is counted: no file is asked for to see whether it is as it was."""

from __future__ import annotations

from collections import Counter

import pytest

import connector
from connector.config.destination import placed
from connector.core.state.record import EVERY
from connector.core.units import DAY
from tests.support.bucket_server import bucket_server
from tests.support.lakes import run, sandbox, world

pytest.importorskip("obstore", reason="an extra")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore
from connector.lake.stores.patience import Patience

DAYS = 30


@pytest.fixture(scope="module")
def counted():
    """Requests to the store of each thing that is done with a lake: by method; FILE is a GET of a data file."""
    found: dict[str, Counter[str]] = {}
    with sandbox(world(900, days=DAYS)) as stripe_, bucket_server() as served:

        def count(name, act):
            lake = placed("s3://lake/x", served.s3())
            still = Patience(now=lambda: 0.0)  # a slow machine looks no more often than a fast one
            lake.once(lambda: ObjectStore(open_bucket("s3://lake/x", served.s3(), environ={}, patience=still)))
            served.requests.clear()
            act(lake)
            found[name] = Counter()
            for request, many in served.requests.items():
                kind = request.partition(" ")[0]
                found[name]["FILE" if kind == "GET" and "/part-0" in request else kind] += many

        stripe_.advance(20 * DAY)  # nothing is pending, or due
        count("first", lambda lake: run(lake, stripe_))
        count("second", lambda lake: run(lake, stripe_))
        count("third", lambda lake: run(lake, stripe_))
        count("status", connector.run_status)
        count("read", lambda lake: connector.read(lake).to_table())
        for _ in range(16):
            run(placed("s3://lake/x", served.s3()), stripe_)
        count("twentieth", lambda lake: run(lake, stripe_))
    return found


def test_a_first_load_puts_each_file_once_and_asks_little_besides(counted):
    first = counted["first"]
    assert DAYS <= first["PUT"] <= DAYS + 9  # two probes and their answer, the lake's id, a lease, an intent, records
    assert first["LIST"] <= 3
    assert first.total() <= DAYS + 17


def test_the_first_audit_of_the_past_reads_each_file_once_and_days_that_two_windows_share_twice(counted):
    assert counted["second"]["FILE"] <= DAYS + 12
    assert counted["second"]["GET"] <= 7


def test_a_run_with_nothing_new_asks_the_same_however_many_files_there_are(counted):
    third = counted["third"]
    assert third["PUT"] <= 4  # a lease, what was audited, what is in hand for that, a report
    assert third["LIST"] <= 4  # the lake's own folder, leases when ours is there, the files before and after
    assert third["GET"] <= 7
    assert third.total() - third["FILE"] <= 17
    assert third["FILE"] <= 10  # of days that the audit asks about, which is drawn


def test_a_run_with_nothing_new_asks_the_same_however_many_runs_there_were(counted):
    assert counted["twentieth"].total() - counted["twentieth"]["FILE"] <= 17 + EVERY
    assert counted["twentieth"]["PUT"] <= 4


def test_status_asks_for_no_file(counted):
    assert counted["status"].total() <= 24
    assert counted["status"]["PUT"] == counted["status"]["FILE"] == 0


def test_reading_asks_for_each_file_once(counted):
    read = counted["read"]
    assert read["FILE"] == DAYS
    assert read["LIST"] <= 1
    assert read.total() <= DAYS + 9 + EVERY
