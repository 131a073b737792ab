"""After a month, one sync brings every flipped status home, with hardly more requests than there have to be."""

from __future__ import annotations

import pytest

from connector.core.units import DAY
from tests.benchmarks.month import fewest
from tests.support.examples import slow_but
from tests.support.lakes import START, data_files, objects, run, sandbox, truth, world


@pytest.mark.parametrize("partition", ["day", "month"])
@pytest.mark.parametrize("rows", slow_but([200], [200, 6_000]))
def test_after_a_month_every_flip_is_home_in_few_requests(tmp_path, rows, partition):
    first, settings = START + 60 * DAY, {"max_in_flight": 2}
    with sandbox(world(rows, days=90, now=first)) as stripe_:
        run(tmp_path / "lake", stripe_, partition=partition)
        before = {row["id"]: row["status"] for row in objects(tmp_path / "lake")}
        stripe_.advance(30 * DAY)
        there = truth(stripe_)
        due = {row["id"] for row in there if before.get(row["id"], row["status"]) != row["status"]}
        new = {row["id"] for row in there if row["created"] >= first - 600}
        assert due
        report = run(tmp_path / "lake", stripe_, partition=partition, settings=settings)
        assert objects(tmp_path / "lake") == there
        assert report.accounts[0].rows_changed == len(due)
        assert report.requests.total <= 1.25 * (1 + fewest(there, due | new, first - 600)) + 3
        run(tmp_path / "fresh", stripe_, partition=partition)
    assert data_files(tmp_path / "lake") == data_files(tmp_path / "fresh")


def test_the_fewest_requests_are_counted_right():
    rows = [{"id": str(place), "created": place} for place in range(1_000)]
    assert fewest(rows, set(), 0) == 0
    assert fewest(rows, {"5"}, 1_000) == 1
    assert fewest(rows, {"5", "104"}, 1_000) == 1
    assert fewest(rows, {"5", "105"}, 1_000) == 2
    assert fewest(rows, {str(place) for place in range(1_000)}, 1_000) == 10
    assert fewest(rows, {str(place) for place in range(901, 1_000)} | {"3"}, 500) == 2
