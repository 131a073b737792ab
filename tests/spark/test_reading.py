"""A partition reads its part and no more, of whom and of which time it was told; leaving it ends what is under way."""

from __future__ import annotations

import asyncio
import threading
from datetime import date

import anyio
import pyarrow as pa
import pytest

from connector.core.time.intervals import Interval
from connector.errors import ConfigError, InvalidRequestError
from connector.sandbox import Limits
from connector.spark.batches import source_schema
from connector.spark.read_options import asked_of
from connector.spark.reading import batches_of, planned, reached, streamed
from connector.spark.sync_iterator import AHEAD, yielded
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import START, config_for, in_order, sandbox, truth, world

DAY = 86_400
TODAY = date(2026, 11, 28)


def plan(served, **options):
    asked = asked_of(options, today=TODAY)
    return anyio.run(lambda: planned(config_for(served), asked))


def read(served, parts, schema=None):
    made = [one for part in parts for one in batches_of(config_for(served), part, schema or source_schema())]
    return pa.Table.from_batches(made, schema or source_schema())


def test_partitions_hold_every_row_once_and_about_as_many_each():
    with sandbox(world(8_000, days=60)) as served:
        parts = plan(served, partitions="4")
        sizes = [read(served, [part]).num_rows for part in parts]
        table = read(served, parts)
        ids = [row["id"] for row in truth(served)]
    assert sorted(table.column("id").to_pylist()) == sorted(ids)
    assert set(table.column("account").to_pylist()) == {served.world.accounts[0]}
    assert len(sizes) == 4
    assert max(sizes) <= 2 * 8_000 / 4
    assert {part.sharers for part in parts} == {4}


def test_time_ends_where_rows_may_still_come_and_is_fixed_with_the_plan():
    with sandbox(world(600, now=START + 12 * DAY)) as served:
        parts = plan(served, settle="7200")
        served.set_clock(START + 20 * DAY)
        stop = START + 12 * DAY - 7_200
        assert max(part.asked.within.stop for part in parts) == stop
        assert read(served, parts).num_rows == sum(row["created"] < stop for row in truth(served))


def test_filters_bounds_and_a_limit_are_heeded():
    with sandbox(world(3_000, days=30)) as served:
        rows = truth(served)
        charges = read(served, plan(served, type="charge", since="2026-01-05", until="2026-01-10"))
        bounds = START + 4 * DAY, START + 9 * DAY
        assert charges.num_rows == sum(
            row["type"] == "charge" and bounds[0] <= row["created"] < bounds[1] for row in rows
        )
        served.reset_stats()
        newest = read(served, plan(served, limit="5"))
        assert served.stats()["requests"] <= 12
    assert newest.column("id").to_pylist() == [row["id"] for row in in_order(rows)[::-1][:5]]


def test_several_accounts_are_read_in_groups_each_row_with_its_account():
    with sandbox(world(300, connected=5)) as served:
        parts = plan(served, all_accounts="true", partitions="3")
        table = read(served, parts)
        for account in served.world.accounts:
            own = table.filter(pa.compute.equal(table.column("account"), account))
            assert sorted(own.column("id").to_pylist()) == sorted(row["id"] for row in truth(served, account))
    assert len(parts) == 3


def test_an_account_that_fails_ends_the_reading():
    with sandbox(world(300, connected=2)) as served:
        lost = served.world.accounts[1]
        parts = plan(served, all_accounts="true", partitions="1")
        served.faults.add(f"400:account={lost}")
        with pytest.raises(InvalidRequestError):
            read(served, parts)


def test_what_was_refused_for_its_rate_is_waited_out_inside():
    with sandbox(world(600), faults=["lock-timeout:every=2,times=3,endpoint=balance_transactions"]) as served:
        table = read(served, plan(served, partitions="1"))
        assert table.num_rows == 600
        assert served.stats()["by_status"]["429"] >= 3


def test_the_rate_is_shared_by_the_partitions_at_work_at_once():
    with sandbox(world(8_000, days=60)) as served:
        assert {part.sharers for part in plan(served, partitions="4", slots="2")} == {2}


def test_a_batch_of_a_stream_reads_its_seconds_and_no_second_that_has_not_come():
    with sandbox(world(600, now=START + 6 * DAY)) as served:
        asked = asked_of({"since": "2026-01-02", "until": "2026-01-04", "settle": "0"}, today=TODAY)
        parts = anyio.run(lambda: streamed(config_for(served), asked))
        bounds = START + DAY, START + 3 * DAY
        assert read(served, parts).num_rows == sum(bounds[0] <= row["created"] < bounds[1] for row in truth(served))
        ahead = asked_of({"since": "2026-01-02", "until": "2026-01-08", "settle": "0"}, today=TODAY)
        with pytest.raises(ConfigError, match="ahead of Stripe's"):
            anyio.run(lambda: streamed(config_for(served), ahead))


def test_a_large_batch_is_cut_at_about_so_many_rows():
    with sandbox(world(6_000, days=60)) as served:
        asked = asked_of({"until": "2026-03-02"}, today=TODAY)
        stop = anyio.run(lambda: reached(config_for(served), asked, 1_000))
        rows = sum(row["created"] < stop for row in truth(served))
    assert 500 <= rows <= 2_000
    assert asked.within == Interval(0, START + 60 * DAY)


def test_leaving_a_reading_ends_what_is_under_way():
    with sandbox(world(8_000), limits=Limits.none(), latency=0.05) as served:
        (part,) = plan(served, partitions="1")
        batches = batches_of(config_for(served, max_in_flight=4), part, source_schema())
        threads = set(threading.enumerate())
        next(batches)
        batches.close()
        asked = served.stats()["requests"]
        assert asked < 80
        for one in set(threading.enumerate()) - threads:
            one.join(ENDLESS_SECONDS)
            assert not one.is_alive(), one
        assert served.stats()["requests"] <= asked + 4  # what was on its way is counted when it would be answered


def test_no_more_waits_to_be_taken_than_there_is_room_for():
    passed = []

    async def produce(send):
        for number in range(100):
            await send(number)
            passed.append(number)

    things = yielded(produce)
    assert [next(things) for _ in range(3)] == [0, 1, 2]
    assert len(passed) <= 3 + AHEAD + 1
    assert list(things) == list(range(3, 100))


def test_an_error_comes_after_all_that_came_before_it():
    async def produce(send):
        await send(1)
        raise ConfigError("no more")

    things = yielded(produce)
    assert next(things) == 1
    with pytest.raises(ConfigError, match="no more"):
        next(things)


def test_a_reading_that_is_left_cancels_what_it_waits_for():
    ended = []

    async def produce(send):
        await send(1)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    things = yielded(produce)
    next(things)
    things.close()
    assert ended == [True]
