"""Conversions that are cut off, lakes that change under them, and places that refuse: what is there says what it is."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

import connector
from connector import cli
from connector.conversion.calls import convert, convert_with
from connector.core.state.conversion import Made
from connector.core.units import DAY
from connector.errors import ConfigError, LakeChangedError, LockedError, StoppedError, StorageError
from connector.events import FileRead, PhaseStarted
from connector.lake.catalogs.maintenance import maintain
from connector.lake.reading.moment import Comparer
from connector.lake.state.unfinished import PATH, mark_of, note, noted, set_mark
from connector.lake.stores.conditions import ANY
from connector.lake.stores.local import LocalStore
from connector.services import Services
from connector.stripe.transport import NoTransport
from tests.support.dying_store import DiedError, DyingStore
from tests.support.examples import slow_but
from tests.support.extras import present
from tests.support.lakes import (
    START,
    at_work_elsewhere,
    data_files,
    interrupted_at,
    objects,
    run,
    sandbox,
    state,
    world,
)
from tests.support.seams import StandingClock

STEPS = range(1, 45)


@pytest.fixture(scope="module")
def served():
    with sandbox(world(120, days=6)) as found:
        yield found


@pytest.fixture(scope="module")
def lake(tmp_path_factory, served):
    there = tmp_path_factory.mktemp("lakes") / "lake"
    run(there, served, balance=True)
    return there


def converted(lake, store, *, comparer=Comparer, **options):
    """Convert into a store of the test's own, comparing files of the source in the test's own way.

    No lease becomes due meanwhile: the writes are the same, and as many, each time.
    """
    touched = Services(store, NoTransport(), clock=StandingClock())
    return anyio.run(lambda: convert_with(touched, comparer(LocalStore(lake)), str(lake), options))


def killed(lake, new, step, **options):
    """Convert until the store dies, and return whether it did."""
    try:
        converted(lake, DyingStore(new, dies_at=step), **options)
    except (DiedError, BaseExceptionGroup):
        return True
    return False


class ChangingComparer(Comparer):
    """Finds each file replaced."""

    def check(self, descriptor, local, file, moment):
        raise LakeChangedError(f"the lake changed while it was read: {file.path} was replaced; read again")


class FullStore(LocalStore):
    """A disk without room for data files."""

    def staging(self, path):
        staged = super().staging(path)
        if not path.startswith("_"):
            staged.symlink_to("/dev/full")
        return staged


class SpoilingStore(LocalStore):
    """A disk that keeps other bytes of data files than it was given."""

    def publish(self, staged, path, *, condition=ANY):
        version = super().publish(staged, path, condition=condition)
        if not path.startswith("_"):
            (self.root / path).write_bytes(b"other")
        return version


class CountingStore(LocalStore):
    """Counts how many data files are being written at once."""

    def __init__(self, root):
        super().__init__(root)
        object.__setattr__(self, "most", [0])

    def publish(self, staged, path, *, condition=ANY):
        self.most[0] = max(self.most[0], len(list(staged.parent.glob(".part-*"))))
        return super().publish(staged, path, condition=condition)


@pytest.mark.parametrize("step", slow_but({8, 20, 38}, STEPS))
@pytest.mark.parametrize("form", [{"format": "jsonl"}, pytest.param({"format": "delta"}, marks=present("deltalake"))])
def test_killed_at_any_write_it_is_refused_and_then_goes_on(lake, served, tmp_path, form, step):
    new = tmp_path / "new"
    died = killed(lake, new, step, **form)
    mark = mark_of(LocalStore(new))
    if died and mark is not None and not mark.whole:
        for refused in (lambda: run(new, served), lambda: connector.read(new), lambda: maintain(new)):
            with pytest.raises(ConfigError, match="unfinished"):
                refused()
    if died and (mark is not None or not (new / "_stripe_balance" / "lake.json").exists()):
        connector.run_convert(lake, new, **form)  # else all was done when it died
    assert objects(new) == objects(lake)
    connector.run_convert(lake, tmp_path / "whole", **form)
    named = {path for path in data_files(new) if "_delta_log" not in path}
    assert len(named) == len(state(new).files)
    if "delta" not in form.values():
        assert data_files(new) == data_files(tmp_path / "whole")
    assert run(new, served).requests.by_endpoint == run(tmp_path / "whole", served).requests.by_endpoint


def test_the_writes_of_a_conversion_are_all_died_at(lake, tmp_path):
    assert killed(lake, tmp_path / "first", STEPS[-8])
    assert not killed(lake, tmp_path / "last", STEPS[-1] + 1)


def test_what_was_done_is_not_done_again(tmp_path):
    with sandbox(world(300, days=70)) as served:  # it is noted after 64 parts
        run(tmp_path / "lake", served)
    assert killed(tmp_path / "lake", tmp_path / "new", 142, format="jsonl")
    report = connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl")
    assert report["parts_kept"] == 64 < report["files"]
    assert objects(tmp_path / "new") == objects(tmp_path / "lake")


def test_an_unfinished_conversion_of_something_else_is_left_alone(lake, served, tmp_path):
    new = tmp_path / "new"
    assert killed(lake, new, 20, format="jsonl")
    run(tmp_path / "other", served)
    for source, form in ((lake, {"format": "arrow"}), (tmp_path / "other", {"format": "jsonl"})):
        with pytest.raises(ConfigError, match="unfinished conversion of another"):
            connector.run_convert(source, new, **form)


def test_a_lake_that_is_whole_but_for_its_mark_is_synced_and_the_mark_goes_with_the_next_conversion(
    lake, served, tmp_path
):
    new = tmp_path / "new"
    store = LocalStore(new)
    report = connector.run_convert(lake, new, format="jsonl")
    killed(lake, tmp_path / "again", 20, format="jsonl")
    mark = mark_of(LocalStore(tmp_path / "again"))
    assert mark is not None
    set_mark(store, mark.with_tables(()))
    run(new, served)
    connector.run_convert(lake, new, format="jsonl")
    assert not (new / PATH).exists()
    assert state(new).rows == next(one["rows"] for one in report["tables"] if one["table"] == "balance_transactions")


def test_two_conversions_do_not_make_one_lake_at_once(lake, tmp_path):
    new = tmp_path / "new"
    with at_work_elsewhere(new), pytest.raises(LockedError, match="another run"):
        connector.run_convert(lake, new)
    connector.run_convert(lake, new)


def stopped_at(lake, new, files, act, **options):
    """Convert, and do something once so many files were converted."""
    read = 0

    def hear(event):
        nonlocal read
        if isinstance(event, FileRead):
            read += 1
            if read == files:
                act()

    return anyio.run(lambda: convert(lake, new, on_event=hear, **options))


def test_a_lake_that_is_synced_meanwhile_is_converted_as_it_is_then(tmp_path):
    with sandbox(world(200, days=8, now=START + 6 * DAY)) as served:
        run(tmp_path / "lake", served)
        before = state(tmp_path / "lake").number

        def meanwhile():
            served.advance(4 * DAY)
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(run, tmp_path / "lake", served, full_refresh=True).result()

        report = stopped_at(tmp_path / "lake", tmp_path / "new", 1, meanwhile, format="jsonl")
        (told,) = [one for one in report.tables if one.table == "balance_transactions"]
        assert told.record == state(tmp_path / "lake").number > before
        assert told.rows == state(tmp_path / "lake").rows
        assert objects(tmp_path / "new") == objects(tmp_path / "lake")


def test_a_lake_that_changes_each_time_ends_it_and_it_can_be_run_again(lake, tmp_path):
    with pytest.raises(LakeChangedError):
        converted(lake, LocalStore(tmp_path / "new"), comparer=ChangingComparer)
    connector.run_convert(lake, tmp_path / "new")
    assert objects(tmp_path / "new") == objects(lake)


def test_a_damaged_file_of_the_lake_ends_it_with_a_word_on_what_to_do(lake, tmp_path):
    shutil.copytree(lake, tmp_path / "lake")
    some = tmp_path / "lake" / next(iter(state(lake).files))
    some.write_bytes(some.read_bytes()[:-1] + b"x")
    os.utime(some)
    with pytest.raises(StorageError, match="repair") as failure:
        connector.run_convert(tmp_path / "lake", tmp_path / "new")
    assert (failure.value.retryable, failure.value.exit_code) == (False, 74)


def test_rows_that_are_parked_are_to_be_made_visible_first(tmp_path):
    with sandbox(world(3_000, days=3)) as served:
        interrupted_at(900, tmp_path / "lake", served)
        assert state(tmp_path / "lake").parked
        with pytest.raises(ConfigError, match="sync"):
            connector.run_convert(tmp_path / "lake", tmp_path / "new")
        run(tmp_path / "lake", served)
        connector.run_convert(tmp_path / "lake", tmp_path / "new")
        assert objects(tmp_path / "new") == objects(tmp_path / "lake")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full disk to offer")  # noqa: PTH110 - a device
def test_a_full_disk_ends_it_and_it_goes_on_when_there_is_room(lake, tmp_path):
    new = tmp_path / "new"
    with pytest.raises(StorageError, match="space") as failure:
        converted(lake, FullStore(new), format="jsonl")
    assert failure.value.exit_code == 74
    assert mark_of(LocalStore(new)) is not None
    connector.run_convert(lake, new, format="jsonl")
    assert objects(new) == objects(lake)


def test_a_file_that_is_not_read_back_as_it_was_written_is_made_again(lake, tmp_path):
    new, spoilt = tmp_path / "new", []

    def spoil(event):
        if isinstance(event, PhaseStarted) and event.phase == "reading back" and not spoilt:
            spoilt.extend(new.glob("balance_transactions/*/*/part-0.jsonl.zst"))
            spoilt[0].write_bytes(b"spoilt")

    anyio.run(lambda: convert(lake, new, on_event=spoil, format="jsonl"))
    assert len(spoilt) > 1
    assert objects(new) == objects(lake)


def test_what_a_disk_keeps_otherwise_is_never_called_converted(lake, tmp_path):
    with pytest.raises(StorageError, match="does not hold what"):
        converted(lake, SpoilingStore(tmp_path / "new"), format="jsonl")
    with pytest.raises(ConfigError, match="unfinished"):
        connector.read(tmp_path / "new")


def test_rows_that_are_others_than_went_in_are_found_and_made_again(lake, tmp_path):
    store = LocalStore(tmp_path / "new")
    assert killed(lake, tmp_path / "new", 28, format="jsonl")  # when all is converted, and nothing recorded
    one, other = [made for key, made in noted(store).items() if key[0] == "balance_transactions"][:2]
    mixed_up = Made(
        table=one.table,
        account=one.account,
        part=one.part,
        sources=one.sources,
        files=other.files,  # each as it was written, of other rows
        rows=one.rows,
        content=one.content,
    )
    note(store, "later", [mixed_up])
    connector.run_convert(lake, tmp_path / "new", format="jsonl")
    assert objects(tmp_path / "new") == objects(lake)
    assert len(data_files(tmp_path / "new")) == len(state(lake).files)


def test_it_can_be_stopped_and_goes_on(lake, tmp_path):
    stop = connector.Canceller()
    with pytest.raises(StoppedError):
        stopped_at(lake, tmp_path / "new", 2, stop, canceller=stop)
    with pytest.raises(ConfigError, match="unfinished"):
        connector.read(tmp_path / "new")
    connector.run_convert(lake, tmp_path / "new")
    assert objects(tmp_path / "new") == objects(lake)


def test_one_partition_is_written_at_a_time(lake, tmp_path):
    months, days = CountingStore(tmp_path / "months"), CountingStore(tmp_path / "days")
    converted(lake, months, partition="month")
    converted(tmp_path / "months", days, partition="day")
    assert (months.most, days.most) == ([1], [1])


def test_the_command_says_what_it_made_and_what_it_refuses(lake, tmp_path, capsys):
    new = tmp_path / "new"
    assert cli.main(["convert", str(lake), str(new), "--format", "jsonl", "--progress", "plain"]) == 0
    told = capsys.readouterr()
    assert "read back and the same" in told.err
    assert f"{state(lake).rows:,} rows" in told.err
    assert cli.main(["convert", str(lake), str(new)]) == 78
    assert "not empty" in capsys.readouterr().err
    killed(lake, tmp_path / "cut", 20)
    assert cli.main(["status", str(tmp_path / "cut")]) == 78
    assert "unfinished" in capsys.readouterr().err
