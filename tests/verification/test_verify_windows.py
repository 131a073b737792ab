"""Time that was never read, and time that is called covered: `verify` asks again where it has to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY
from tests.support.examples import slow_but
from tests.support.lakes import START, interrupted_at, run, truth, world
from tests.support.lakes import sandbox as serve
from tests.verification.doctoring import (
    PROVED,
    answers,
    call_covered,
    check,
    forget_reports,
    layer,
    rewrite,
    save,
    the_state,
)


@pytest.mark.parametrize("seed", slow_but([0], range(4)))
def test_a_day_removed_with_its_state_entry_is_found_without_luck(lake, busy, seed):
    files = sorted(the_state(lake).files)
    day = the_state(lake).files[files[20 - 5 * seed]]
    rewrite(lake, day.path, lambda _: [], fix=True)
    forget_reports(lake)
    verdict = check(lake, busy, seed=seed)
    assert answers(verdict)["rows"] == "proved"
    (finding,) = layer(verdict, "windows").findings
    assert finding.kind == "missing_rows"
    assert finding.expected - finding.found == day.rows == layer(verdict, "windows").counts["missing_rows"]
    assert finding.window.start <= day.first_created
    assert day.last_created < finding.window.stop
    assert answers(verdict)["balance"] == "residual"


def test_the_first_and_the_last_day_removed_are_found_too(lake, busy):
    files = the_state(lake).files
    ends = [files[min(files)], files[max(files)]]
    for file in ends:
        rewrite(lake, file.path, lambda _: [], fix=True)
    found = layer(check(lake, busy, layers=["windows"]), "windows")
    assert found.counts["missing_rows"] == sum(file.rows for file in ends)


def test_an_interval_called_covered_that_was_never_read_is_found(tmp_path, busy):
    lake = tmp_path / "lake"
    run(lake, busy, since=START + 12 * DAY)
    call_covered(lake, (0, START + 12 * DAY))
    found = layer(check(lake, busy, layers=["windows"]), "windows")
    missed = sum(row["created"] < START + 12 * DAY for row in truth(busy))
    assert found.counts == {"missing_rows": missed}
    assert found.findings[0].window.start == 0


def test_of_many_rows_never_read_only_enough_are_read_to_be_sure(tmp_path):
    with serve(world(2_600)) as server:
        run(tmp_path / "lake", server, since=START + 11 * DAY)
        call_covered(tmp_path / "lake", (0, START + 11 * DAY))
        (finding,) = layer(check(tmp_path / "lake", server, layers=["windows"]), "windows").findings
        assert "at least" in finding.message
        assert 1_000 < finding.expected - finding.found < 2_000


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_an_interval_never_read_is_found_in_a_quiet_account_too(tmp_path, form):
    """A row every few days: no gap is unusual, so all of it is asked again."""
    with serve(world(60, days=200)) as server:
        lake = tmp_path / "lake"
        run(lake, server, until=START + 100 * DAY, format=form)
        run(lake, server, since=START + 130 * DAY)
        call_covered(lake, (START + 100 * DAY, START + 130 * DAY))
        verdict = check(lake, server)
        missed = [row for row in truth(server) if START + 100 * DAY <= row["created"] < START + 130 * DAY]
        assert layer(verdict, "windows").counts == {"missing_rows": len(missed)}
        assert set(layer(verdict, "windows").findings[0].ids) <= {row["id"] for row in missed}


def test_a_hole_in_what_was_asked_for_is_said_without_asking_anybody(lake):
    state = the_state(lake)
    hole = Intervals.span(START + 10 * DAY, START + 12 * DAY)
    save(lake, replace(state, covered=state.covered.minus(hole)))
    found = layer(check(lake), "windows")
    assert [(one.kind, one.window) for one in found.findings] == [("time_not_covered", hole.parts[0])]
    assert layer(check(lake), "rows").counts.keys() == {"row_outside_covered_time"}


def test_coverage_that_was_there_and_is_gone_is_said(lake):
    state = the_state(lake)
    last = state.covered.parts[-1].stop
    save(lake, replace(state, covered=Intervals.span(0, last - 20 * DAY)))
    (finding,) = layer(check(lake), "windows").findings
    assert (finding.kind, finding.window) == ("time_no_longer_covered", Interval(last - 20 * DAY, last))


def test_an_interrupted_lake_is_said_to_lack_what_it_lacks_and_nothing_else(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(4_000, days=20), latency=0.02) as server:
        interrupted_at(1_000, lake, server)
        verdict = check(lake, server)
        assert answers(verdict)["rows"] == "proved"
        assert layer(verdict, "windows").counts.keys() == {"time_not_covered"}
        assert answers(verdict)["balance"] == "not_checkable"
        missing = Intervals.of(one.window for one in layer(verdict, "windows").findings)
        assert not missing.both(the_state(lake).covered)
        run(lake, server)
        assert answers(check(lake, server)) == PROVED


def test_since_and_until_bound_what_is_asked_again(lake, busy):
    files = sorted(the_state(lake).files)
    rewrite(lake, the_state(lake).files[files[20]].path, lambda _: [], fix=True)
    verdict = check(lake, busy, since=START, until=START + 10 * DAY, layers=["windows"])
    assert verdict.verdict == "proved"
    verdict = check(lake, busy, since=START + 15 * DAY, until=START + 25 * DAY, layers=["windows"])
    assert verdict.verdict == "residual"


def test_the_same_seed_asks_for_the_same_windows(lake, busy):
    def asked():
        busy.reset_stats()
        check(lake, busy, seed=77, layers=["windows"])
        return sorted(one.query for one in busy.requests())

    assert asked() == asked()
