"""What a lake has lost, and knows of: read again by the next run, or said with a status of its own."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from connector.core.planning.rereading.rereading import affordable
from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity, partition_of
from connector.core.tuning import RunTuning
from connector.errors import AccountsError, DamagedError, StateError, StorageError
from connector.lake.state.record_files import record_path
from connector.lake.stores.local import LocalStore
from tests.support.fitting import fits
from tests.support.lakes import data_files, honest, objects, run, sandbox, state, strays, truth, world

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("parquet", "jsonl", "arrow")


def newest_report(lake: Path):
    found = json.loads(max((lake / "_stripe_balance" / "runs").glob("*.json"), key=os.path.getmtime).read_bytes())
    fits(found, "run_report")
    return found


def with_little_to_spend(requests):
    """A run that may read little again unasked."""
    return {"tuning": RunTuning(reread_requests=requests)}


def test_a_damaged_record_says_what_to_move_away_and_a_repair_reads_everything_again(tmp_path):
    with sandbox(world(200, days=4)) as stripe_:
        run(tmp_path, stripe_)
        whole, there = data_files(tmp_path), state(tmp_path)
        record = tmp_path / record_path("balance_transactions", there.account, there.number)
        record.write_bytes(bytes(record.stat().st_size))  # as a disk leaves one after a power cut
        for options in ({}, {"repair": True}):
            with pytest.raises(StateError, match=r"is damaged .* or move its folder away and sync with `repair`"):
                run(tmp_path, stripe_, **options)
        record.parent.rename(tmp_path / "away")
        assert run(tmp_path, stripe_, repair=True).outcome == "complete"
        assert data_files(tmp_path) == whole
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("form", FORMATS)
def test_files_that_are_gone_or_not_as_written_are_read_again_by_the_next_run(tmp_path, form):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_, format=form)
        whole, files = data_files(tmp_path), list(state(tmp_path).files.values())
        gone, cut, flipped = files[1], files[4], files[7]
        (tmp_path / gone.path).unlink()
        (tmp_path / cut.path).write_bytes((tmp_path / cut.path).read_bytes()[:-9])
        restored = tmp_path / flipped.path
        content, when = bytearray(restored.read_bytes()), restored.stat()
        content[len(content) // 2] ^= 1
        restored.write_bytes(bytes(content))
        os.utime(restored, ns=(when.st_atime_ns, when.st_mtime_ns))  # as tools do that restore a backup
        report = run(tmp_path, stripe_)
        (account,) = report.accounts
        assert report.outcome == "complete"
        assert account.healed.files == 3
        assert account.healed.rows == gone.rows + cut.rows + flipped.rows
        assert (account.files_damaged, account.rows_lost, account.late.rows) == (0, 0, 0)
        assert data_files(tmp_path) == whole
        assert strays(tmp_path) == []
        (account,) = run(tmp_path, stripe_).accounts
        assert (account.healed.files, account.files_written) == (0, 0)


def test_a_restored_file_of_the_same_size_is_found_although_nothing_asks_for_its_time(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        stripe_.advance(30 * 86_400)
        run(tmp_path, stripe_)  # nothing is pending any more
        whole, oldest = data_files(tmp_path), next(iter(state(tmp_path).files.values()))
        content = bytearray((tmp_path / oldest.path).read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / oldest.path).write_bytes(bytes(content))
        (account,) = run(tmp_path, stripe_, since=stripe_.world.end, audit=0).accounts
        assert (account.healed.files, account.healed.rows) == (1, oldest.rows)
        assert data_files(tmp_path) == whole


def test_a_lake_over_which_an_older_backup_was_restored_is_whole_again_after_a_run(tmp_path):
    lake, backup = tmp_path / "lake", tmp_path / "backup"
    with sandbox(world(600)) as stripe_:
        stripe_.set_clock(stripe_.world.start + 6 * 86_400 + 40_000)
        run(lake, stripe_, partition="month")
        shutil.copytree(lake / "balance_transactions", backup)
        stripe_.set_clock(stripe_.world.end + 86_400)
        run(lake, stripe_)
        whole, rows = data_files(lake), state(lake).rows
        shutil.copytree(backup, lake / "balance_transactions", dirs_exist_ok=True)
        assert data_files(lake) != whole
        (account,) = run(lake, stripe_).accounts
        assert data_files(lake) == whole
        assert (account.healed.files, account.healed.rows) == (1, rows)


def test_a_lake_that_was_copied_elsewhere_has_lost_nothing(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path / "first", stripe_)
        shutil.copytree(tmp_path / "first", tmp_path / "second")
        (account,) = run(tmp_path / "second", stripe_).accounts
        assert account.healed.files == account.rows_received == 0


def test_what_would_take_too_much_is_left_to_a_repair_and_said_at_every_run(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        whole, files = data_files(tmp_path), list(state(tmp_path).files.values())
        for file in files[:5]:
            (tmp_path / file.path).unlink()
        little = with_little_to_spend(3)
        for left in (2, 0):
            stripe_.advance(60)
            if left:
                with pytest.raises(DamagedError, match="`repair`") as failed:
                    run(tmp_path, stripe_, services=little)
                assert (failed.value.exit_code, failed.value.retryable) == (66, False)
                report, kept = failed.value.report, newest_report(tmp_path)
                assert (report.outcome, kept["outcome"], kept["error"]) == ("damaged", "damaged", str(failed.value))
                assert (report.accounts[0].files_damaged, report.accounts[0].healed.files) == (left, 3)
            else:
                assert run(tmp_path, stripe_, services=little).accounts[0].healed.files == 2
        assert data_files(tmp_path) == whole
        for file in files:
            (tmp_path / file.path).unlink()
        report = run(tmp_path, stripe_, repair=True)
        assert (report.outcome, report.accounts[0].healed.files) == ("complete", len(files))
        assert data_files(tmp_path) == whole


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_partition_that_is_left_to_a_repair_holds_up_no_other(tmp_path, harm):
    with sandbox(world(900, days=70)) as stripe_:
        stripe_.set_clock(stripe_.world.start + 40 * 86_400)
        run(tmp_path, stripe_, partition="month")
        older = next(iter(state(tmp_path).files.values()))
        if harm == "gone":
            (tmp_path / older.path).unlink()
        else:
            (tmp_path / older.path).write_bytes(b"PAR1 somebody else's")
        stripe_.set_clock(stripe_.world.end + 86_400)
        with pytest.raises(DamagedError):
            run(tmp_path, stripe_, services=with_little_to_spend(1))
        month = partition_of(older.first_created, Granularity.MONTH).bounds
        others = [file for path, file in state(tmp_path).files.items() if path != older.path]
        assert sum(file.rows for file in others) == sum(row["created"] not in month for row in truth(stripe_)) > 0
        assert run(tmp_path, stripe_, repair=True).outcome == "complete"
        assert objects(tmp_path) == truth(stripe_)


def test_rows_of_a_lost_file_that_stripe_lists_no_more_end_the_run_that_finds_it_with_66(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        newest = max(state(tmp_path).files.values(), key=lambda file: file.last_created)
        stripe_.faults.add("gone-rows:p=0.3")
        (tmp_path / newest.path).unlink()
        stripe_.add_rows(count=30, created=newest.last_created + 1)  # as many more as make up for them in number
        with pytest.raises(DamagedError, match="in a backup") as failed:
            run(tmp_path, stripe_)
        (account,) = failed.value.report.accounts
        assert account.rows_lost + account.healed.rows == newest.rows
        assert account.rows_lost > 0
        assert run(tmp_path, stripe_).outcome == "complete"


def test_after_a_run_whose_folder_was_moved_away_the_next_one_leaves_no_hole(tmp_path):
    lake, published = tmp_path / "lake", []

    class MovedAwayLater(LocalStore):
        def publish(self, staged, path, **condition):
            version = super().publish(staged, path, **condition)
            published.append(path)
            if len(published) == 9:
                (lake / "balance_transactions").rename(tmp_path / "elsewhere")
            return version

    with sandbox(world(600)) as stripe_:
        with pytest.raises(StorageError) as failed:
            run(lake, stripe_, services={"store": MovedAwayLater(lake)})
        assert failed.value.exit_code == 74
        assert run(lake, stripe_).outcome == "complete"
        honest(lake, truth(stripe_))
        assert objects(lake) == truth(stripe_)


def test_what_is_removed_while_a_run_goes_on_is_read_again_before_it_ends(tmp_path):
    removed = []

    class SomebodyRemovesAFile(LocalStore):
        def write(self, path, data, **condition):
            version = super().write(path, data, **condition)
            there = sorted((tmp_path / "balance_transactions").rglob("part-0.parquet"))
            if "/state/" in path and there and not removed:
                there[0].unlink()
                removed.append(there[0])
            return version

    with sandbox(world(600)) as stripe_:
        report = run(tmp_path, stripe_, services={"store": SomebodyRemovesAFile(tmp_path)})
        assert removed
        assert (report.outcome, report.accounts[0].healed.files) == ("complete", 1)
        honest(tmp_path, truth(stripe_))
        assert objects(tmp_path) == truth(stripe_)


def test_what_is_removed_again_and_again_ends_with_66(tmp_path):
    class SomebodyRemovesFiles(LocalStore):
        def list(self, prefix):
            if prefix.startswith("balance_transactions"):
                for victim in (tmp_path / "balance_transactions").rglob("part-0.parquet"):
                    victim.unlink()
            return super().list(prefix)

    with sandbox(world(200)) as stripe_:
        with pytest.raises(DamagedError) as failed:
            run(tmp_path, stripe_, services={"store": SomebodyRemovesFiles(tmp_path)})
        assert failed.value.report.accounts[0].files_damaged > 0


def test_a_dry_run_says_what_is_lost_and_mends_nothing(tmp_path):
    with sandbox(world(400)) as stripe_:
        run(tmp_path, stripe_)
        victim = next(iter(state(tmp_path).files.values()))
        (tmp_path / victim.path).unlink()
        report = run(tmp_path, stripe_, dry_run=True)
        (account,) = report.accounts
        assert (report.outcome, account.files_damaged) == ("planned", 1)
        assert any(start <= victim.first_created < stop for start, stop in account.fetched)
        assert not (tmp_path / victim.path).exists()


def test_of_several_accounts_each_is_mended_or_named(tmp_path):
    with sandbox(world(400, connected=3)) as stripe_:
        accounts = list(stripe_.world.accounts[1:])
        run(tmp_path, stripe_, accounts=accounts)
        for account in accounts[:2]:
            for victim in (tmp_path / "balance_transactions" / f"account={account}").rglob("part-0.parquet"):
                victim.unlink()
        nothing = with_little_to_spend(0)
        with pytest.raises(DamagedError, match="1 more") as failed:
            run(tmp_path, stripe_, services=nothing, accounts=accounts)
        assert failed.value.account == accounts[0]
        assert [bool(one.files_damaged) for one in failed.value.report.accounts] == [True, True, False]
        stripe_.faults.add(f"403:account={accounts[2]}")
        with pytest.raises(AccountsError) as both:
            run(tmp_path, stripe_, services=nothing, accounts=accounts)
        assert {type(one).__name__ for one in both.value.errors.values()} == {"DamagedError", "PermissionDeniedError"}
        stripe_.faults.clear()
        assert run(tmp_path, stripe_, accounts=accounts).outcome == "complete"
        for account in accounts:
            assert objects(tmp_path, account) == truth(stripe_, account)


def file_of(rows, last):
    return DataFile(f"{last}", rows, 1, "0" * 64, last, last, {}, 0, None)


def test_the_newest_lost_files_are_read_first_and_a_page_too_many_is_left():
    files = [file_of(50, 10), file_of(1_000, 30), file_of(150, 20)]
    chosen, spent = affordable(files, 13)
    assert ([file.last_created for file in chosen], spent) == ([30, 20], 13)
    assert affordable(files, 12)[0] == [files[1], files[0]]
    assert affordable(files, 0) == ([], 0)
