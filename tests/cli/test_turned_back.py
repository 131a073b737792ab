"""Whoever removes the newest records of a state turns time back: it is told, and no run goes on from it unasked."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

import connector
from connector.core.state.record import SMALL
from connector.core.time.intervals import Interval, Intervals
from connector.errors import StateError
from connector.lake.state.table_states import commit, states
from connector.lake.stores.local import LocalStore


def records(lake):
    return sorted((lake / "_stripe_balance/state/balance_transactions").rglob("*.json"))


def again(run, lake, times=1):
    for _ in range(times):
        reports = lake / "_stripe_balance" / "runs"
        for number, path in enumerate(sorted(reports.iterdir())):  # none of them began in the second of the next run
            path.rename(reports / f"20200101T{number:06d}Z-{path.name.partition('-')[2]}")
        assert run("sync", lake, "-q").status == 0


def test_the_newest_record_gone_is_told_by_all_and_a_sync_without_repair_stops_there(run, lake):
    again(run, lake)
    newest = records(lake)[-1]
    number, before = int(newest.stem), newest.read_bytes()
    newest.unlink()
    said = f"the state at record {number}, and it is at {number - 1}: record {number} is gone"
    status = run("status", lake)
    assert said in status.err
    assert "from a backup" in status.err
    assert run("status", lake, "--strict").status == 65
    assert said in run("status", lake, "--json").json["turned_back"][0]
    verdict = run("verify", lake, "--offline", "--layer", "rows")
    assert (verdict.status, said in verdict.out) == (65, True)
    stopped = run("sync", lake)
    assert (stopped.status, said in stopped.err, "--repair" in stopped.err) == (65, True, True)
    assert len(records(lake)) == number - 1
    newest.write_bytes(before)
    assert run("status", lake, "--strict").status == 0
    again(run, lake)


def test_a_repair_goes_on_from_what_is_there_and_then_all_is_well(run, lake):
    again(run, lake)
    for record in records(lake)[-1:]:
        record.unlink()
    assert run("sync", lake, "--repair", "-q").status == 0
    assert run("status", lake, "--strict").status == 0
    assert run("verify", lake, "--offline", "--layer", "rows").status == 0
    again(run, lake)


def test_rows_that_are_fewer_since_the_newest_records_are_gone_are_not_read_without_a_word(run, lake):
    rows = connector.read(lake)
    number, every = int(records(lake)[-1].stem), rows.to_table().num_rows
    newest = records(lake)[-1]
    before = newest.read_bytes()
    newest.unlink()
    for read in (lambda: connector.read(lake), rows.to_table, lambda: connector.read(lake, rows.versions.popitem()[0])):
        with pytest.raises(StateError, match=rf"record {number}, and it is at {number - 1}: .*from a backup"):
            read()
    assert connector.read(lake, version=number - 1).to_table().num_rows < every  # asked for by its number
    newest.write_bytes(before)
    assert rows.to_table().num_rows == every


def test_all_records_gone_are_told_and_a_repair_reads_everything_again(run, lake):
    rows = run("status", lake, "--json").json["accounts"][0]["rows"]
    shutil.rmtree(lake / "_stripe_balance/state")
    stopped = run("sync", lake)
    assert (stopped.status, "it is at 0: record" in stopped.err) == (65, True)
    assert run("sync", lake, "--repair", "-q").status == 0
    assert run("status", lake, "--json").json["accounts"][0]["rows"] >= rows


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b'{"outcome": 1}', b'{"outcome": "complete", "accounts": [{}]}', b"\xff"]
)
def test_reports_that_cannot_be_read_are_no_witnesses(run, lake, damage):
    reports = lake / "_stripe_balance/runs"
    (reports / "99991231T235959Z-00.json").write_bytes(damage)
    (reports / "99991231T235959Z-00 (1).json").write_bytes(b"{}")
    (reports / "\\odd\n.json").write_bytes(b"{}")
    assert run("status", lake, "--strict").status == 0
    assert run("verify", lake, "--offline", "--layer", "rows").status == 0
    again(run, lake)


def test_a_record_gone_before_one_that_holds_everything_is_found_by_verify(run, lake):
    store = LocalStore(lake)
    (state,) = states(store)
    asked = Intervals.of(Interval(second, second + 1) for second in range(0, 2 * SMALL + 2, 2))
    state = replace(state, audits=replace(state.audits, asked=asked))  # not so small that each record holds everything
    while state.number < 52:
        state = commit(store, state)
    records(lake)[30].unlink()
    verdict = run("verify", lake, "--offline", "--layer", "rows")
    assert verdict.status == 65
    assert f"{31:014d}.json is gone, though others before and after it are there" in verdict.out
    records(lake)[-1 - 1].unlink()  # after the latest that holds everything, and before the newest
    assert run("status", lake).status == 65
