"""`plan` cuts work into windows of about equal numbers of rows, whatever the account's shape, for a few requests."""

from __future__ import annotations

import anyio
import pytest

import connector
from connector.errors import UsageError
from connector.ingest.windows import Cut
from tests.support.examples import EXTENT, slow_but
from tests.support.lakes import START, config_for, run, sandbox, world

DAY = 86_400
ROWS = 6_000 if EXTENT == "thorough" else 3_000


def planned(served, lake, **options):
    return anyio.run(lambda: connector.plan(lake, config=config_for(served), **options))


def rows_in(created, window):
    return sum((window["since"] or 0) <= one < (window["until"] or 10**12) for one in created)


@pytest.mark.parametrize(
    "shape", slow_but(["growth"], ["steady", "growth", "launch", "seasonal"])
)  # no page shows a burst
def test_windows_have_about_equal_numbers_of_rows_whatever_the_shape(shape, tmp_path):
    with sandbox(world(ROWS, days=200, shape=shape)) as served:
        windows = planned(served, tmp_path / "lake", windows=8)
        asked = served.stats()["requests"]
        report = run(tmp_path / "whole", served, partition="month")
    assert report.accounts[0].lake_rows == ROWS
    batches = connector.read(tmp_path / "whole", columns=["created"]).reader()
    created = [int(row["created"].timestamp()) for batch in batches for row in batch.to_pylist()]
    found = [rows_in(created, window) for window in windows]
    assert sum(found) == ROWS
    assert 6 <= len(windows) <= 8
    assert max(found) <= 2.5 * ROWS / 8, (shape, found)
    assert asked <= 8


def test_windows_are_about_equal_where_the_account_has_been_quiet_for_a_month(tmp_path):
    served_world = world(4_000, days=200, shape="growth", now=START + 230 * DAY)
    with sandbox(served_world) as served:
        windows = planned(served, tmp_path / "lake", windows=8)
    created = [row["created"] for row in served_world.rows()]
    found = [rows_in(created, window) for window in windows]
    assert sum(found) == len(created)
    assert max(found) <= 2 * 4_000 / 8, found


@pytest.mark.slow
def test_a_lake_that_has_some_says_how_dense_the_rest_may_be(tmp_path):
    with sandbox(world(3_000, days=100)) as served:
        run(tmp_path / "lake", served, since=START + 80 * DAY)
        windows = planned(served, tmp_path / "lake", windows=4)
        for window in windows:
            run(tmp_path / "lake", served, **window)
        assert connector.run_status(tmp_path / "lake")["accounts"][0]["rows"] == 3_000


def test_settled_windows_are_covered_once_all_are_done(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(600, now=START + 12 * DAY)) as served:
        windows = planned(served, lake, windows=3, settled=True)
        assert all(window["until"] is not None for window in windows)
        for window in windows:
            run(lake, served, **window)
        (account,) = connector.run_status(lake)["accounts"]
        assert account["covered"] == [[0, windows[-1]["until"]]]
        assert planned(served, lake, windows=3, settled=True) == []


def test_little_work_is_cut_into_few_windows(tmp_path):
    with sandbox(world(1_500, days=100)) as served:
        assert len(planned(served, tmp_path / "lake", windows=16)) == 16
        assert len(planned(served, tmp_path / "lake", windows=16, least_rows=10_000)) == 1
        assert 2 <= len(planned(served, tmp_path / "lake", windows=16, least_rows=400)) <= 4


@pytest.mark.parametrize("rows", [-1, 1.5, True])
def test_rows_of_a_window_are_a_whole_number(rows, tmp_path):
    with sandbox(world(10)) as served, pytest.raises(UsageError, match="`least_rows`"):
        planned(served, tmp_path / "lake", least_rows=rows)


@pytest.mark.parametrize(
    ("rows", "count"), [(900, 1), (2_500, 2), (4_000, 4), (79_999, 4), (80_000, 8), (130_000, 12), (10**7, 16)]
)
def test_there_are_as_many_windows_as_slots_and_more_of_them_only_where_each_has_ample_rows(rows, count):
    assert Cut(16, least_rows=1_000, slots=4, ample_rows=10_000).count(rows) == count


def test_without_slots_there_are_as_many_windows_as_are_asked_for():
    assert Cut(16).count(3) == 16
    assert Cut(16, least_rows=1_000).count(5_500) == 5
    assert Cut(16, slots=4).count(3) == 16
