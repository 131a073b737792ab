"""A commit is in once or not at all: whatever a store answers, and however many writers there are."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.state.data_file import with_changes
from connector.core.state.record import EVERY
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.core.units import DAY
from connector.errors import CommitConflictError, CommitUnknownError, StorageError
from connector.lake.state.state_log import commit, load
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from tests.support.memory_store import MemoryStore
from tests.support.state_logs import ACCOUNT, NOWHERE, SECOND, document, file, grown, new_state, numbers, replace_path

if TYPE_CHECKING:
    from connector.core.state.table_state import TableState


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


@dataclass(eq=False)
class Unsure(MemoryStore):
    """A store that does other things with creations than it says, one trouble for each of them.

    `lost` carries it out and does not say so, `cut` does not carry it out and does not say so, `refused` carries it out
    and says that something was there, `nothing` says so though nothing is, `late` carries it out after the next one.
    """

    troubles: list[str] = field(default_factory=list)
    late: list[tuple[str, bytes]] = field(default_factory=list)

    def write(self, path, data, *, condition=None):
        if condition is not ABSENT or "/state/" not in path:
            return super().write(path, data, **({} if condition is None else {"condition": condition}))
        waiting, self.late = self.late, []
        trouble = self.troubles.pop(0) if self.troubles else ""
        try:
            if trouble in {"cut", "nothing"}:
                raise (CommitUnknownError if trouble == "cut" else CommitConflictError)("as if")
            if trouble == "late":
                waiting.append((path, data))
                raise CommitUnknownError("as if")
            version = super().write(path, data, condition=ABSENT)
            if trouble:
                raise (CommitUnknownError if trouble == "lost" else CommitConflictError)("as if")
            return version
        finally:
            for there, content in waiting if trouble != "late" else []:
                try:
                    super().write(there, content, condition=ABSENT)
                except CommitConflictError:
                    continue
            if trouble == "late":
                self.late = waiting


@pytest.mark.parametrize("trouble", ["lost", "cut", "refused", "nothing", "late"])
def test_a_commit_whose_answer_is_lost_or_wrong_is_in_once(trouble):
    store = Unsure(NOWHERE, troubles=["", trouble])
    state = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    state = commit(store, TRANSACTIONS, grown(state, file(2)))
    assert (state.number, numbers(store)) == (2, [1, 2])
    assert load(store, TRANSACTIONS, ACCOUNT) == state


def test_a_commit_that_never_gets_an_answer_is_unknown_and_the_next_one_finds_out():
    store = Unsure(NOWHERE, troubles=["", *["lost"] * 99])
    state = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    store.troubles[:] = ["cut"] * 99
    with pytest.raises(CommitUnknownError):
        commit(store, TRANSACTIONS, grown(state, file(2)))
    store.troubles.clear()
    commit(store, TRANSACTIONS, grown(state, file(2)))
    assert numbers(store) == [1, 2]


def test_a_store_that_refuses_is_believed(store):
    class Full(MemoryStore):
        def write(self, path, data, **condition):
            raise StorageError("no space left on the disk")

    with pytest.raises(StorageError, match="no space"):
        commit(Full(NOWHERE), TRANSACTIONS, new_state())


def test_what_two_writers_change_of_different_partitions_is_both_in(store):
    began = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    commit(store, TRANSACTIONS, grown(began, file(2)))
    both = commit(store, TRANSACTIONS, grown(began, file(3)))
    assert both.number == 3
    assert load(store, TRANSACTIONS, ACCOUNT) == both
    assert {one.path for one in both.files.values()} == {file(day).path for day in (1, 2, 3)}
    assert both.covered == Intervals.of(part for day in (1, 2, 3) for part in Intervals.span(day * DAY, day * DAY + 1))


def test_who_comes_second_to_a_partition_is_told_and_nothing_of_his_is_in(store):
    began = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    first = commit(store, TRANSACTIONS, grown(began, file(1, "b")))
    with pytest.raises(CommitConflictError, match="created_date=2026-01-01"):
        commit(store, TRANSACTIONS, grown(began, file(1, "c"), file(2)))
    assert load(store, TRANSACTIONS, ACCOUNT) == first


def test_what_one_noted_about_a_file_that_the_other_replaced_does_not_bring_it_back(store):
    began = commit(store, TRANSACTIONS, grown(new_state(), file(1), file(2)))
    commit(store, TRANSACTIONS, grown(began, file(1, "b")))
    noted = {path: with_changes(one, witnessed=7) for path, one in began.files.items()}
    both = commit(store, TRANSACTIONS, replace(began, files=MappingProxyType(noted)))
    assert both.files[file(1).path].sha256 == file(1, "b").sha256
    assert both.files[file(2).path].witnessed == 7


def test_counts_and_times_of_two_writers_are_brought_together(store):
    began = commit(store, TRANSACTIONS, replace(new_state(), api_versions=("a",), read_until=5))
    commit(store, TRANSACTIONS, replace(began, api_versions=("a", "b"), read_until=9))
    both = commit(store, TRANSACTIONS, replace(began, api_versions=("a", "c"), read_until=7))
    assert (both.api_versions, both.read_until) == (("a", "b", "c"), 9)


def test_two_who_begin_a_lake_of_different_kinds_do_not_make_one(store):
    commit(store, TRANSACTIONS, new_state())
    with pytest.raises(CommitConflictError, match="format"):
        commit(store, TRANSACTIONS, replace(new_state(), format="arrow"))


TROUBLES = st.lists(st.sampled_from(["", "", "", "", "lost", "cut", "refused", "late"]), max_size=40)


class Stale(Unsure):
    """A store whose listings show a record only after some others were written."""

    behind: int = 0

    def list(self, prefix):
        shown = [*super().list(prefix)]
        return iter(shown[: max(0, len(shown) - self.behind)] if "/state/" in prefix else shown)


def test_after_a_long_pause_a_listing_that_does_not_show_the_newest_checkpoint_leads_to_it_all_the_same():
    store = Stale(NOWHERE, clock=count(SECOND, 8 * DAY * SECOND))  # all records but the newest are older than a week
    state = new_state()
    for number in range(1, 3 * EVERY + 1):
        state = commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")))
        store.behind = 1
        assert load(store, TRANSACTIONS, ACCOUNT) == state


@settings(max_examples=60, deadline=None)
@given(TROUBLES, st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=70), st.integers(0, 3))
def test_whatever_several_writers_a_store_and_time_do_nothing_is_lost_and_nothing_is_in_twice(troubles, turns, behind):
    """Each writer holds a state that may be old, and adds a file with each commit: all of them are there in the end."""
    store = Stale(NOWHERE, clock=count(round(time.time()) * SECOND), troubles=troubles)
    store.behind = behind
    written: set[str] = set()
    perhaps: set[str] = set()
    held: dict[int, TableState] = {}
    days = count()
    for writer, looks in turns:
        if looks or writer not in held:
            held[writer] = load(store, TRANSACTIONS, ACCOUNT) or new_state()
        added = replace_path(file(1), f"created_date={2000 + next(days)}-01")
        try:
            held[writer] = commit(store, TRANSACTIONS, grown(held[writer], added))
        except CommitUnknownError:
            perhaps.add(added.path)
        else:
            written.add(added.path)
            assert held[writer] == load(store, TRANSACTIONS, ACCOUNT)
    found = load(store, TRANSACTIONS, ACCOUNT)
    assert written <= (set() if found is None else found.files.keys()) <= written | perhaps
    store.behind = 0
    there = numbers(store)
    assert there == list(range(1, len(there) + 1))
    before: set[str] = set()
    for number in there:  # of which each is of one commit, with one file
        record = document(store, number)
        named = {one["path"] for one in record.get("files", [])} | (before if record["base"] else set())
        assert len(named - before) == (number > 1 or bool(named))
        before = named
