"""Run after run: increments, gaps, late rows, pending rows; always the bytes of one run over everything."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.core.units import DAY
from connector.errors import ConfigError
from tests.support.examples import examples, slow_but
from tests.support.lakes import (
    START,
    data_files,
    honest,
    objects,
    run,
    sandbox,
    state,
    strays,
    touched,
    truth,
    world,
)
from tests.support.seams import ClockAt, Dateless

pytestmark = pytest.mark.filterwarnings("error")


def fresh_bytes(stripe_, **options) -> dict[str, str]:
    """The files of a lake made in one run now."""
    with TemporaryDirectory() as folder:
        run(Path(folder), stripe_, **options)
        return data_files(Path(folder))


def test_new_rows_are_added_and_old_files_left_alone(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        before = data_files(tmp_path)
        stripe_.advance(3 * DAY)
        stripe_.add_rows(count=7)
        stripe_.add_rows(count=250, created=stripe_.now - DAY)
        stripe_.advance(2 * DAY)
        stripe_.reset_stats()
        report = run(tmp_path, stripe_, audit=0)
        assert objects(tmp_path) == truth(stripe_)
        assert data_files(tmp_path) == fresh_bytes(stripe_)
        (account,) = report.accounts
        assert account.rows_new == 257
        assert account.late.rows == 0
    after = data_files(tmp_path)
    assert len(after) == len(before) + 2


@pytest.mark.slow
def test_a_day_at_a_time_is_the_same_as_all_at_once_and_pending_rows_come_up_to_date(tmp_path):
    served = world(480, days=10)
    with sandbox(served) as stripe_:
        changed = 0
        for day in range(1, 16):
            stripe_.set_clock(START + day * DAY)
            report = run(tmp_path, stripe_)
            changed += report.accounts[0].rows_changed
            assert objects(tmp_path) == truth(stripe_)
            honest(tmp_path, truth(stripe_))
            pending = sum(row["status"] == "pending" for row in truth(stripe_))
            assert report.accounts[0].lake_pending == pending
        assert changed > 200
        assert data_files(tmp_path) == fresh_bytes(stripe_)


def test_pending_rows_are_not_asked_for_before_they_are_due(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        due = min(file.pending_from for file in state(tmp_path).files.values() if file.pending_from is not None)
        assert due > stripe_.now
        stripe_.set_clock(due - 1)
        assert run(tmp_path, stripe_).accounts[0].rows_received == 0
        stripe_.set_clock(due)
        report = run(tmp_path, stripe_)
        assert report.accounts[0].rows_changed > 0
        assert report.accounts[0].late.rows == report.accounts[0].rows_new == 0
        assert objects(tmp_path) == truth(stripe_)


def test_a_run_over_a_few_days_does_not_put_off_what_is_due_in_the_others(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        stripe_.advance(20 * DAY)
        narrow = run(tmp_path, stripe_, since=START + 11 * DAY, until=START + 12 * DAY)
        assert narrow.accounts[0].rows_changed > 0
        stripe_.advance(60)
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("order", slow_but(["102"], ["012", "201", "102", "210"]))
def test_a_gap_is_filled_whenever_it_is_asked_for(tmp_path, order):
    with sandbox() as stripe_:
        cuts = [START, START + 3 * DAY + 1_000, START + 7 * DAY + 50_000, stripe_.world.end]
        for part in map(int, order):
            run(tmp_path, stripe_, since=cuts[part], until=cuts[part + 1])
            honest(tmp_path, truth(stripe_))
        assert objects(tmp_path) == truth(stripe_)
        assert data_files(tmp_path) == fresh_bytes(stripe_)
        stripe_.reset_stats()
        report = run(tmp_path, stripe_, since=START, until=stripe_.world.end)
        assert report.accounts[0].fetched == ()
        assert report.accounts[0].late.rows == 0


@pytest.mark.parametrize("partition", slow_but(["month"], ["month", "year"]))
def test_larger_partitions_grow_by_increments_to_the_same_bytes(tmp_path, partition):
    with sandbox(world(300, days=70)) as stripe_:
        for day in (20, 35, 50, 80):
            stripe_.set_clock(START + day * DAY)
            run(tmp_path, stripe_, partition=partition)
            assert objects(tmp_path) == truth(stripe_)
        assert data_files(tmp_path) == fresh_bytes(stripe_, partition=partition)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 12 * DAY), st.integers(1, 8 * DAY), st.booleans(), st.sampled_from([0, 3_600, DAY])),
        max_size=4,
    ),
    partition=st.sampled_from(["day", "month"]),
    form=st.sampled_from(["parquet", "jsonl"]),
)
def test_any_runs_over_any_stretches_end_in_the_same_bytes_as_one(steps, partition, form):
    with TemporaryDirectory() as folder, sandbox(world(300)) as stripe_:
        lake, options = Path(folder), {"partition": partition, "format": form}
        for start, length, full, later in steps:
            run(lake, stripe_, since=START + start, until=START + start + length, full_refresh=full, **options)
            honest(lake, truth(stripe_))
            stripe_.advance(later)
        run(lake, stripe_, **options)
        assert objects(lake) == truth(stripe_)
        assert data_files(lake) == fresh_bytes(stripe_, **options)
        assert strays(lake) == []


def test_rows_that_become_visible_late_are_found_and_counted(tmp_path):
    with sandbox() as stripe_:
        stripe_.add_rows(count=3, created=stripe_.now - 200)
        late = stripe_.add_rows(count=5, created=stripe_.now - 300, visible_at=stripe_.now + 60)
        first = run(tmp_path, stripe_)
        assert not set(late) & {row["id"] for row in objects(tmp_path)}
        stripe_.advance(900)
        second = run(tmp_path, stripe_)
        assert set(late) <= {row["id"] for row in objects(tmp_path)}
        assert objects(tmp_path) == truth(stripe_)
        assert data_files(tmp_path) == fresh_bytes(stripe_)
    assert first.accounts[0].late.rows == 0
    (account,) = second.accounts
    assert account.late.rows == account.rows_new == 5
    assert account.late.first_created == account.late.last_created
    assert account.late.longest_lag_seconds == 1_200
    assert account.rows_unchanged >= 3


def test_coverage_stops_before_the_newest_minutes(tmp_path):
    with sandbox() as stripe_:
        stripe_.add_rows(count=2, created=stripe_.now - 10)
        run(tmp_path, stripe_, settle=600)
        assert objects(tmp_path) == truth(stripe_)
        found = state(tmp_path)
        assert found.covered.parts[-1].stop == stripe_.now - 600
        assert found.read_until == stripe_.now


def test_the_state_keeps_when_the_account_was_made_and_is_left_alone_after_that(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_, since=stripe_.world.start + DAY)
        assert state(tmp_path).account_created == stripe_.world.start
        before = touched(tmp_path)
        run(tmp_path, stripe_, since=stripe_.world.start + DAY, audit=0)
        assert touched(tmp_path) == before
    silent = world(account_created=None)
    with sandbox(silent) as stripe_:
        run(tmp_path / "silent", stripe_)
        assert state(tmp_path / "silent").account_created == 0


def test_a_full_refresh_finds_rows_that_came_later_than_any_settling(tmp_path):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        stripe_.add_rows(count=4, created=START + 5 * DAY)
        run(tmp_path, stripe_)
        assert len(objects(tmp_path)) == len(truth(stripe_)) - 4
        report = run(tmp_path, stripe_, full_refresh=True)
        assert report.accounts[0].late.rows == 4
        assert report.accounts[0].files_written == 1
        assert objects(tmp_path) == truth(stripe_)
        assert data_files(tmp_path) == fresh_bytes(stripe_)


@pytest.mark.parametrize("harm", ["missing", "cut", "changed"])
def test_a_file_changed_by_others_is_read_again_where_a_run_touches_it(tmp_path, harm):
    with sandbox() as stripe_:
        run(tmp_path, stripe_)
        expected = data_files(tmp_path)
        victim = sorted((tmp_path / "balance_transactions").rglob("*.parquet"))[4]
        content = victim.read_bytes()
        if harm == "missing":
            victim.unlink()
        else:
            victim.write_bytes(content[:-7] if harm == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
        run(tmp_path, stripe_, full_refresh=True)
        assert data_files(tmp_path) == expected
        honest(tmp_path, truth(stripe_))


def test_an_untouched_lake_of_another_account_is_left_alone(tmp_path):
    with sandbox(world(400)) as mine, sandbox(world(300, seed=99)) as other:
        run(tmp_path, mine)
        before = touched(tmp_path)
        report = run(tmp_path, other)
        assert mine.account != other.account
        after = touched(tmp_path)
        assert {path: at for path, at in after.items() if other.account not in path} == before
        assert objects(tmp_path, mine.account) == truth(mine)
        assert objects(tmp_path, other.account) == truth(other)
        assert report.accounts[0].late.rows == 0


def test_connected_accounts_are_read_each_into_folders_of_their_own(tmp_path):
    with sandbox(world(400, connected=3)) as stripe_:
        connected = list(stripe_.world.accounts[1:])
        report = run(tmp_path, stripe_, accounts=connected)
        for account in connected:
            assert objects(tmp_path, account) == truth(stripe_, account)
        assert [one.account for one in report.accounts] == connected
        assert run(tmp_path, stripe_, accounts=connected).accounts[0].rows_received == 0


@pytest.mark.parametrize(
    "other", [{"format": "jsonl"}, {"format": "arrow"}, {"partition": "month"}, {"expand": ["source"]}]
)
def test_a_lake_of_another_kind_is_refused_and_left_alone(tmp_path, other):
    with sandbox(world(200)) as stripe_:
        run(tmp_path, stripe_)
        before = touched(tmp_path)
        with pytest.raises(ConfigError, match="was made with"):
            run(tmp_path, stripe_, **other)
        assert touched(tmp_path) == before
        run(tmp_path, stripe_)


def test_without_a_date_in_the_answers_a_machine_whose_clock_is_ahead_covers_nothing_that_has_not_come(tmp_path):
    with sandbox() as stripe_:
        ahead = stripe_.now + 300 * DAY
        given = {"transport": Dateless, "clock": ClockAt(lambda: ahead)}
        run(tmp_path, stripe_, services=given)
        assert state(tmp_path).covered.parts[-1].stop <= truth(stripe_)[-1]["created"]
        stripe_.advance(10 * DAY)
        stripe_.add_rows(count=7, created=stripe_.now - 5 * DAY)
        run(tmp_path, stripe_, services=given)
        assert objects(tmp_path) == truth(stripe_)


def test_time_that_has_not_come_by_the_machines_clock_is_covered_by_no_date(tmp_path):
    with sandbox(world(300)) as stripe_:
        truly = stripe_.now
        right = {"clock": ClockAt(lambda: truly)}
        stripe_.set_clock(truly + 9 * 3_600)  # as a server that gives its local time for UTC
        (account,) = run(tmp_path, stripe_, services=right).accounts
        assert account.covered[-1][1] == truly - 600
        stripe_.add_rows(count=5, created=truly + 60)
        (account,) = run(tmp_path, stripe_, services=right).accounts
        assert (account.rows_new, account.late.rows) == (5, 0)
        assert objects(tmp_path) == truth(stripe_)
        assert account.covered[-1][1] == truly + 60 - 600  # a row shows that so much has come


def test_a_machine_whose_clock_is_far_behind_costs_a_request_and_nothing_else(tmp_path):
    behind = {"clock": ClockAt(lambda: START - 1_000 * DAY)}
    with sandbox(world(300)) as stripe_:
        run(tmp_path, stripe_, services=behind)
        before = touched(tmp_path)
        stripe_.reset_stats()
        (account,) = run(tmp_path, stripe_, services=behind, audit=0).accounts
        assert stripe_.stats()["requests"] <= 2
        assert account.rows_new == account.rows_changed == 0
    assert touched(tmp_path) == before
    assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_file_that_is_due_but_not_asked_for_holds_up_nothing_when_it_is_damaged(tmp_path, harm):
    with sandbox(world(600, days=12, now=START + 12 * DAY + 5)) as stripe_:
        run(tmp_path, stripe_)
        oldest, *_, newest = sorted(
            (file for file in state(tmp_path).files.values() if file.pending_from), key=lambda file: file.path
        )
        stripe_.advance(20 * DAY)
        if harm == "gone":
            (tmp_path / oldest.path).unlink()
        else:
            (tmp_path / oldest.path).write_bytes(b"PAR1 damaged")
        since = newest.first_created // DAY * DAY
        run(tmp_path, stripe_, since=since, dry_run=True)
        (account,) = run(tmp_path, stripe_, since=since).accounts
        assert (account.files_damaged, account.healed.files, account.healed.rows) == (0, 1, oldest.rows)
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
