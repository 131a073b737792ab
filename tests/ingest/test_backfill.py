"""A lake made without expanded sources takes them up later, some at a time, and ends in the bytes of one made with."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import anyio
import duckdb
import pytest

import connector
from connector.core.planning.rereading.backfill import can_take_up, next_bare, unlinked_words
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.core.tuning import RunTuning
from connector.errors import ConfigError, LockedError, UsageError
from connector.ingest.backfill import refuse_new_columns
from connector.ingest.options import Options
from connector.lake.formats.formats import format_named
from connector.lake.state.table_states import states
from connector.lake.stores.base import open_store
from connector.lake.stores.local import LocalStore
from connector.readers.described import described
from connector.readers.duckdb_sql import write
from connector.verification.calls import verify
from tests.support.bucket_lakes import backfill_killed, bucket_files
from tests.support.dying_store import DiedError, DyingStore
from tests.support.examples import slow_but
from tests.support.extras import present
from tests.support.lakes import (
    DAY,
    START,
    at_work_elsewhere,
    config_for,
    data_files,
    run,
    sandbox,
    state,
    sync_given,
    truth,
    world,
)

EXPANDED = {"expand": ["source"]}
COLUMNS = {"expand": ["source"], "source_columns": True}
EVERYTHING = Interval(0, END_OF_TIME)


def few(requests):
    return {"tuning": RunTuning(backfill_requests=requests)}


def bare_ids(lake):
    rows = connector.read(lake, columns=["id", "source", "source_object"]).to_table().to_pylist()
    return {row["id"] for row in rows if row["source"] is not None and row["source_object"] is None}


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("parquet", EXPANDED),
        pytest.param("parquet", COLUMNS, marks=pytest.mark.slow),
        ("arrow", COLUMNS),
        ("jsonl.zst", EXPANDED),
        pytest.param("delta", EXPANDED, marks=present("deltalake")),
    ],
)
def test_rows_read_again_leave_the_files_of_a_lake_that_had_their_sources_from_the_start(tmp_path, form, wanted):
    lake, other = tmp_path / "lake", tmp_path / "other"
    with sandbox(world(300)) as served:
        run(lake, served, format=form)
        assert bare_ids(lake)
        report = run(lake, served, backfill=True, **wanted)
        run(other, served, format=form, **wanted)
        assert bare_ids(lake) == set()
        assert sorted(data_files(lake).values()) == sorted(data_files(other).values()) or form == "delta"
        rows = connector.read(lake).to_table().sort_by("id")
        assert rows.equals(connector.read(other).to_table().sort_by("id"))
        assert (report.accounts[0].lake_bare, state(lake).bare.parts) == (0, ())
        again = run(lake, served, backfill=True, **wanted)
        assert again.accounts[0].rows_received == 0


@pytest.mark.slow
def test_a_run_spends_a_bounded_number_of_requests_newest_first_and_later_ones_go_on(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(1_500)) as served:
        run(lake, served)
        before, spent = 1_500, []
        for _ in range(20):
            report = run(lake, served, services=few(3), backfill=True, **EXPANDED)
            spent.append(report.requests.total)
            left = report.accounts[0].lake_bare
            assert left < before or not left
            waiting = bare_ids(lake)
            rows = connector.read(lake, columns=["id", "created"]).to_table().to_pylist()
            told = [row["created"] for row in rows if row["id"] not in waiting]
            if waiting and left:
                assert max(row["created"] for row in rows if row["id"] in waiting) < max(told)
            before = left
            if not left:
                break
        assert (before, bare_ids(lake)) == (0, set())
        assert len(spent) > 3
        assert max(spent) <= 2 * 3 + 16 + 8  # twice what its rows take, windows' ends, and what any run asks
        honest_ids(lake, served)


def test_new_rows_come_first_and_expanded_whatever_is_left_to_read_again(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(600)) as served:
        run(lake, served)
        new = served.add_rows(count=5, created=served.now + 100)
        served.advance(DAY)
        run(lake, served, services=few(1), backfill=True, **EXPANDED)
        assert state(lake).bare
        assert not bare_ids(lake) & set(new)
        run(lake, served, services=few(0), **EXPANDED)  # without backfill: as any lake that expands sources
        assert state(lake).bare


@pytest.mark.slow
@pytest.mark.parametrize("seed", slow_but([0], range(6)))
def test_stopped_at_any_moments_it_is_completed_to_the_same_bytes(tmp_path, seed):
    lake, other = tmp_path / "lake", tmp_path / "other"
    chance = random.Random(seed)
    eager = {"tuning": RunTuning(commit_seconds=0.002, park_rows=50, park_seconds=0.002)}
    with sandbox(world(1_200), latency=0.003) as served:
        run(lake, served)
        run(other, served, **EXPANDED)

        async def stopped():
            with anyio.move_on_after(chance.uniform(0.02, 0.25)):
                await sync_given(lake, config_for(served, max_in_flight=4), eager, backfill=True, **EXPANDED)

        for _ in range(6):
            anyio.run(stopped)
            honest_ids(lake, served)
        run(lake, served, backfill=True, **EXPANDED)
        run(lake, served, backfill=True, **EXPANDED)
        assert data_files(lake) == data_files(other)
        assert not state(lake).bare


@pytest.mark.parametrize("apart", slow_but([2], [1, 2, 3]))
@pytest.mark.parametrize("place", ["folder", pytest.param("bucket", marks=[present("obstore"), pytest.mark.slow])])
def test_killed_before_or_after_any_write_it_goes_on_where_it_was_and_loses_and_doubles_nothing(tmp_path, place, apart):
    """Each life dies some writes later than the one before, on what that one left, until nothing is left to do."""
    other = tmp_path / "other"
    lake = tmp_path / "lake" if place == "folder" else f"memory://{tmp_path.name}/killed"
    eager = {"tuning": RunTuning(commit_seconds=0.0, park_rows=50, park_seconds=0.0, backfill_requests=2)}
    with sandbox(world(200, days=6, connected=1)) as served:
        ours = {"accounts": [None, served.world.accounts[1]], "settings": {"rate": 100}}
        everything = sorted(row["id"] for account in served.world.accounts[:2] for row in truth(served, account))
        run(lake, served, **ours)
        run(other, served, **EXPANDED, **ours)
        waiting, lives = bare_ids(lake), 0
        while waiting:
            lives += 1
            store = DyingStore(tmp_path, dies_at=lives * apart, over=open_store(lake))
            with suppress(DiedError, BaseExceptionGroup):
                run(lake, served, services={**eager, "store": store}, backfill=True, **EXPANDED, **ours)
            before, waiting = waiting, bare_ids(lake)
            assert waiting <= before  # what was read again stays so
            assert sorted(connector.read(lake, columns=["id"]).to_table().column("id").to_pylist()) == everything
        assert lives > 15 / apart
        run(lake, served, backfill=True, **EXPANDED, **ours)
        assert bucket_files(lake) == data_files(other)


@pytest.mark.slow
def test_processes_killed_at_moments_leave_every_row_once_and_the_next_goes_on(tmp_path):
    lake, other = tmp_path / "lake", tmp_path / "other"
    with sandbox(world(2_500, days=30), latency=0.01) as served:
        run(lake, served)
        backfill_killed(lake, lake, {}, served, after=(1, 4, 9, 15, 21, 25))
        run(other, served, expand=["source"])
        assert data_files(lake) == data_files(other)


def honest_ids(lake, served):
    """Every row is there once, whatever its source."""
    ids = connector.read(lake, columns=["id"]).to_table().column("id").to_pylist()
    assert sorted(ids) == sorted(row["id"] for row in truth(served))


def test_a_lake_that_is_read_again_in_part_is_proved_and_read_by_duckdb(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(600)) as served:
        run(lake, served)
        run(lake, served, services=few(2), backfill=True, **COLUMNS)
        assert state(lake).bare
        with duckdb.connect() as session:
            session.execute(write(described("balance_transactions", lake)).text)
            counts = session.sql(
                "select count(*), count(source_object), count(charge_amount) from balance_transactions"
            )
            rows, sources, charges = counts.fetchall()[0]
        assert rows == 600
        assert 0 < charges < sources < rows
        verdict = anyio.run(lambda: verify(lake, config=config_for(served), sample=None, seed=1))
        assert verdict.verdict == "proved"


@pytest.mark.slow
def test_of_several_accounts_all_take_it_up_at_once_and_share_what_may_be_spent(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(300, connected=2)) as served:
        accounts = [None, *served.world.accounts[1:]]
        run(lake, served, accounts=accounts)
        run(lake, served, services=few(1), backfill=True, **EXPANDED)  # of one account
        found = list(states(LocalStore(lake)))
        assert {tuple(one.options["expand"]) for one in found} == {("source",)}
        assert sum(bool(one.bare) for one in found) >= 2
        run(lake, served, accounts=accounts, backfill=True, **EXPANDED)
        assert not any(one.bare for one in states(LocalStore(lake)))


def test_without_being_asked_it_is_refused_with_the_option_that_does_it(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(60)) as served:
        run(lake, served)
        with pytest.raises(ConfigError, match="`backfill`"):
            run(lake, served, **EXPANDED)
        with pytest.raises(ConfigError, match="fixed with the lake"):
            run(lake, served, backfill=True, omit=["description"], **EXPANDED)
        with pytest.raises(UsageError, match="expand=source"):
            run(lake, served, backfill=True)
        run(lake, served, backfill=True, dry_run=True, **EXPANDED)
        assert "expand" not in state(lake).options


def test_columns_of_a_table_are_fixed_with_it(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(60)) as served:
        run(lake, served)
        (there,) = states(LocalStore(lake))
    form = format_named("delta", source_columns=True)
    with pytest.raises(ConfigError, match="source_object"):
        refuse_new_columns(there, Options(backfill=True, expand=("source",), source_columns=True), form)


def test_while_others_are_at_work_a_lake_takes_up_nothing(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(60)) as served:
        run(lake, served)
        with at_work_elsewhere(lake, "20260101T000000Z-0000aaaa"), pytest.raises(LockedError, match="backfill"):
            run(lake, served, backfill=True, **EXPANDED)
        assert "expand" not in state(lake).options


def test_only_choices_that_add_can_be_taken_up():
    assert can_take_up({}, {"expand": ["source"]})
    assert can_take_up({"omit": ["a"]}, {"omit": ["a"], "expand": ["source"], "source_columns": True})
    assert can_take_up({"expand": ["source"]}, {"expand": ["source"], "source_columns": True})
    assert not can_take_up({"expand": ["source"]}, {"expand": ["source"]})
    assert not can_take_up({"expand": ["source"]}, {})
    assert not can_take_up({"omit": ["a"]}, {"expand": ["source"]})


def test_a_file_larger_than_what_may_be_spent_is_read_all_the_same(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(900, days=1)) as served:
        run(lake, served)
        bare = replace(state(lake), bare=state(lake).covered)
        chosen, spent = next_bare(bare, EVERYTHING, 2)
        assert chosen
        assert spent == 2
        assert next_bare(bare, EVERYTHING, 0) == next_bare(bare, Interval(0, START), 9)


def test_what_adds_the_links_is_said_of_lakes_that_could_have_them():
    assert "sync lake --expand source --backfill" in unlinked_words("lake", [{}])
    assert unlinked_words("lake", [{"expand": ["source"]}]) == ""
    assert unlinked_words("lake", [{"omit": ["source"]}]) == ""
    assert unlinked_words("lake", []) == ""
