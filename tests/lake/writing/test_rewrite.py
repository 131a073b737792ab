from __future__ import annotations

import builtins
import errno
import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Interval, Intervals
from connector.errors import ProtocolError, StorageError
from connector.lake.formats.formats import in_catalog
from connector.lake.stores.disk import sha256_of
from connector.lake.stores.local import LocalStore
from connector.lake.writing.merge_counts import MergeCounts
from connector.lake.writing.rewrite import PartitionRewrite, StaleFileError, discard, stage, stage_each, trusted
from connector.lake.writing.row_buffer import RowBuffer
from tests.support.examples import examples
from tests.support.samples import (
    FOLDER,
    FORMS,
    JSONL,
    KEY,
    PARQUET,
    ROWS,
    START,
    WHOLE,
    Row,
    batch_of,
    buffered,
    days,
    ids_in,
    publish,
    span,
    splits,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
law = settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


def fresh(tmp_path_factory) -> LocalStore:
    return LocalStore(tmp_path_factory.mktemp("lake"))


def visible(store: LocalStore) -> list[str]:
    return [info.path for info in store.list("balance_transactions")] if store.root.exists() else []


def strays(store: LocalStore) -> list:
    return list(store.scratch.iterdir()) if store.scratch.exists() else []


@each_form
@law
@given(data=st.data(), rows=days.filter(bool), budget=st.sampled_from([0, 1 << 20]))
def test_any_split_order_and_budget_and_any_number_of_partial_seals_gives_the_same_bytes(
    tmp_path_factory, form, data, rows, budget
):
    at_once = write(fresh(tmp_path_factory), form, [sorted(rows)]).file
    store = fresh(tmp_path_factory)
    edges = sorted(data.draw(st.lists(st.integers(START, KEY.stop), max_size=3)))
    parts = [Intervals.span(*pair) for pair in zip([START, *edges], [*edges, KEY.stop], strict=True)]
    old = None
    for within in data.draw(st.permutations(parts)):
        groups = data.draw(splits([row for row in rows if row.created in within]))
        old = write(store, form, groups, old=old, within=within, budget=budget).file
    assert old == at_once
    with store.opened(old.path) as path:
        assert sha256_of(path) == at_once.sha256
    assert ids_in(store, form, old.path) == [row.id for row in sorted(rows)]
    assert strays(store) == []


@law
@given(rows=days.filter(bool))
def test_the_state_entry_is_what_plain_python_counts(tmp_path_factory, rows):
    store = fresh(tmp_path_factory)
    file = write(store, PARQUET, [rows]).file
    net: Counter[str] = Counter()
    for row in rows:
        net[row.currency] += row.net
    pending = [row.created + 172_800 for row in rows if row.status == "pending"]
    assert file.net == {currency: net[currency] for currency in sorted(net)}
    assert (file.pending, file.pending_from) == (len(pending), min(pending, default=None))
    assert (file.rows, file.first_created, file.last_created) == (
        len(rows),
        min(row.created for row in rows),
        max(row.created for row in rows),
    )
    assert file.path == f"{FOLDER}/part-0.parquet"
    with store.opened(file.path) as path:
        assert (path.stat().st_size, sha256_of(path)) == (file.bytes, file.sha256)


@each_form
def test_unchanged_content_is_not_touched(store, form):
    first = write(store, form, [ROWS])
    with store.opened(first.file.path) as path:
        before = path.stat()
        again = write(store, form, [ROWS[5:], ROWS[:5]], old=first.file)
        assert again.unchanged
        assert again.file == first.file
        assert again.counts == MergeCounts(unchanged=len(ROWS))
        after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert strays(store) == []


def test_a_partition_without_rows_gets_no_file(store):
    staged = write(store, PARQUET, [])
    assert (staged.file, staged.path, staged.counts) == (None, None, MergeCounts())
    assert not store.root.exists()


def test_a_reread_that_finds_nothing_keeps_the_old_rows_and_says_so(store):
    first = write(store, PARQUET, [ROWS])
    again = write(store, PARQUET, [], old=first.file, within=span(0, 4))
    assert again.unchanged
    assert again.counts == MergeCounts(disappeared=4)


def test_late_rows_are_counted_against_what_was_read_before(store):
    first = write(store, PARQUET, [ROWS[1:]])
    again = write(store, PARQUET, [ROWS], old=first.file, read_before=span(0, 5))
    assert again.counts == MergeCounts(new=1, unchanged=8, late=1, late_first=START, late_last=START)


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_an_old_file_that_is_not_as_written_is_never_merged_with(store, damage):
    old = write(store, PARQUET, [ROWS]).file
    path = store.root / old.path
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])
    with buffered(store, PARQUET, [ROWS]) as runs:
        with pytest.raises(StaleFileError, match="not as it was written") as caught:
            stage(store, PARQUET, PartitionRewrite(FOLDER, old, WHOLE), runs)
        assert caught.value.file == old
        again = stage(store, PARQUET, PartitionRewrite(FOLDER, None, WHOLE, lost=True), runs)
        publish(store, again)
    assert path.read_bytes() == data
    assert strays(store) == []


def test_a_file_that_another_run_removes_while_it_is_read_is_gone_and_no_fault_of_the_disk(store):
    old = write(store, PARQUET, [ROWS]).file

    def read():
        with trusted(store, old) as path:
            path.unlink()
            raise StorageError("cannot be read")

    with pytest.raises(StaleFileError, match="it is gone"):
        read()


def test_a_file_that_is_there_and_cannot_be_read_is_a_fault_of_the_disk(store):
    old = write(store, PARQUET, [ROWS]).file
    with pytest.raises(StorageError, match="cannot be read") as caught, trusted(store, old):
        raise StorageError("cannot be read")
    assert not isinstance(caught.value, StaleFileError)


@pytest.mark.parametrize("size", [0, 1, 2**16 - 1, 2**16, 2**16 + 1, 3 * 2**18 + 5])
def test_the_hash_of_a_file_is_that_of_all_its_bytes(tmp_path, size):
    content = bytes(number % 251 for number in range(size))
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_a_sealed_file_can_be_discarded(store):
    with buffered(store, PARQUET, [ROWS]) as runs:
        staged = stage(store, PARQUET, PartitionRewrite(FOLDER, None, WHOLE), runs)
    assert strays(store) == [staged.path]
    discard(staged)
    discard(staged)
    assert strays(store) == []
    assert visible(store) == []


def test_a_row_that_breaks_the_contract_leaves_nothing_behind(store):
    late = replace(ROWS[0], created=START + 1)
    with pytest.raises(ProtocolError):
        write(store, PARQUET, [ROWS, [late]])
    assert (visible(store), strays(store)) == ([], [])


@dataclass
class Refusing:
    """A writer that takes no row."""

    path: Path
    closed: int = 0

    def write(self, _batch):
        self.path.write_bytes(b"begun")
        raise StorageError("no space left")

    def close(self):
        self.closed += 1


def test_sealing_that_fails_closes_its_file_and_removes_it(store):
    writers = []

    def refusing(path):
        writers.append(Refusing(path))
        return writers[-1]

    with pytest.raises(StorageError, match="no space left"):
        write(store, replace(PARQUET, open_writer=refusing), [ROWS])
    assert [one.closed for one in writers] == [1]
    assert (visible(store), strays(store)) == ([], [])


class Crash(BaseException):
    """Nothing in the product catches it."""


@dataclass
class Fragile:
    """A store whose step number `steps` fails, before or after it took effect."""

    store: LocalStore
    steps: int
    after: bool
    error: BaseException

    def __getattr__(self, name):
        whole = getattr(self.store, name)
        if not callable(whole):
            return whole

        def step(*args, **named):
            self.steps -= 1
            if self.steps == 0 and not self.after:
                raise self.error
            result = whole(*args, **named)
            if self.steps == 0:
                raise self.error
            return result

        return step


@pytest.mark.parametrize("form", [PARQUET, JSONL], ids=lambda form: form.name)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [Crash(), StorageError("refused")], ids=["crash", "error"])
def test_a_failure_at_any_step_leaves_the_old_file_or_the_new_one_and_nothing_a_reader_sees(
    tmp_path_factory, form, after, error
):
    better = [replace(row, net=7) for row in ROWS]
    new = write(fresh(tmp_path_factory), form, [better]).file.sha256
    outcomes = Counter()
    for step in range(1, 7):
        store = fresh(tmp_path_factory)
        old = write(store, form, [ROWS]).file
        try:
            write(Fragile(store, step, after, error), form, [better], old=old)
            outcomes["done"] += 1
        except (Crash, StorageError):
            outcomes["failed"] += 1
        assert visible(store) == [old.path]
        assert sha256_of(store.root / old.path) in {old.sha256, new}
        store.clear(lambda *_: True)
        assert strays(store) == []
        write(store, form, [better], old=with_changes(old, **described(store, old.path)))
        assert sha256_of(store.root / old.path) == new
    assert outcomes["done"] >= 1
    assert outcomes["failed"] >= 3


def described(store: LocalStore, path: str) -> dict:
    return {"bytes": (store.root / path).stat().st_size, "sha256": sha256_of(store.root / path)}


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_while_writing_is_said_and_the_draft_is_removed(store, monkeypatch, call):
    old = write(store, PARQUET, [ROWS]).file

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(f"os.{call}" if call == "fsync" else "pathlib.Path.replace", full)
    with pytest.raises(StorageError, match="no space left"):
        write(store, PARQUET, [ROWS[:3]], lost=True)
    monkeypatch.undo()
    assert sha256_of(store.root / old.path) == old.sha256
    store.clear(lambda *_: True)
    assert strays(store) == []


def test_a_file_system_gone_read_only_while_writing_is_an_error_of_storage(store, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr("os.fsync", refuse)
    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(StorageError, match="mounted read-only"):
        write(store, PARQUET, [ROWS])


class Full(LocalStore):
    """Its staging files take no byte: they lead to the device that is always full."""

    def staging(self, path):
        staged = super().staging(path)
        staged.symlink_to("/dev/full")
        return staged


@each_form
def test_a_disk_that_fills_up_while_rows_are_encoded_is_said_and_the_draft_is_removed(store, form):
    with pytest.raises(StorageError, match=r"writing .*part-0.*: no space left"):
        write(Full(store.root), form, [ROWS])
    assert (visible(store), strays(store)) == ([], [])


def test_half_of_a_run_can_be_sealed_and_the_rest_later(store):
    with RowBuffer(store.scratch) as buffer:
        buffer.put(KEY, batch_of(PARQUET, ROWS))
        old = None
        for within in (span(3, 5), span(0, 3), Intervals((Interval(START + 5, KEY.stop),))):
            with buffer.take(KEY, within) as runs:
                staged = stage(store, PARQUET, PartitionRewrite(FOLDER, old, within), runs)
                publish(store, staged)
                old = staged.file
        assert buffer.rows(KEY) == 0
    assert ids_in(store, PARQUET, old.path) == [row.id for row in ROWS]


def test_partitions_are_staged_each_by_itself(store):
    late = replace(ROWS[0], created=START + 1)
    with buffered(store, PARQUET, [ROWS]) as good, buffered(store, PARQUET, [[ROWS[0]], [late]]) as bad:
        outcomes = stage_each(store, PARQUET, [(PartitionRewrite(FOLDER, None, WHOLE), runs) for runs in (bad, good)])
    assert isinstance(outcomes[0], ProtocolError)
    assert outcomes[1].file.rows == len(ROWS)


def test_only_files_of_table_formats_have_their_ids_noted(store):
    of_hive, of_delta = (sealed_ids(store, form) for form in (PARQUET, in_catalog("delta", PARQUET)))
    assert (of_hive, of_delta) == (None, (ROWS[0].id, ROWS[-1].id))


def sealed_ids(store, form):
    with buffered(store, form, [ROWS]) as runs:
        return stage(store, form, PartitionRewrite(FOLDER, None, WHOLE), runs).file.ids


@pytest.mark.parametrize("form", [PARQUET, JSONL], ids=lambda form: form.name)
def test_no_type_of_a_value_is_guessed_which_would_look_for_dateutil_each_time(store, form, monkeypatch):
    currencies = ["usd", "eur", "jpy"]
    rows = [
        Row(START + n, f"txn_{n}", n, currencies[n % 3], "pending", ["payments", "issuing"][n % 2]) for n in range(300)
    ]
    old = write(store, form, [rows]).file
    again = [replace(row, status="available" if row.net % 2 else "pending") for row in rows[::2]]
    asked, ordinary = [], builtins.__import__

    def looked_for(name, *rest, **more):
        asked.append(name)
        return ordinary(name, *rest, **more)

    with buffered(store, form, [again[50:], again[:60]]) as runs:
        monkeypatch.setattr(builtins, "__import__", looked_for)
        pa.array([0])
        assert "dateutil.relativedelta" in asked, "pyarrow does not look any more: values need no type then"
        asked.clear()
        discard(stage(store, form, PartitionRewrite(FOLDER, old=old, within=WHOLE, read_before=WHOLE), runs))
        monkeypatch.undo()
    assert "dateutil.relativedelta" not in asked
