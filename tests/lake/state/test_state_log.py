"""The numbered records: every commit is in exactly once, whatever the store says of it, however late anything comes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.state.data_file import DataFile, with_changes
from connector.core.state.partition import Granularity
from connector.core.state.record import EVERY, NOTHING, RECORD_VERSION, SMALL, Record, changes, to_json
from connector.core.state.table_state import TableState
from connector.core.state.tables import BALANCES, PAYOUTS, TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.core.units import DAY, AccountId
from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, StateError, StorageError
from connector.lake.state.lake_id import begin_lake, lake_id, refuse_another
from connector.lake.state.record_files import FOLDER, KEPT_SECONDS, record_path
from connector.lake.state.state_log import commit, load, load_at, newest_of, recorded_accounts, states_before
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from tests.support.memory_store import MemoryStore
from tests.support.states import with_files

ACCOUNT = AccountId("acct_1")
NOWHERE = Path("/nowhere")
SECOND = 10**9


def file(day: int, content: str = "a", *, rows: int = 1) -> DataFile:
    """A data file of a day of January 2026."""
    path = f"balance_transactions/account={ACCOUNT}/created_date=2026-01-{day:02d}/part-0.parquet"
    return DataFile(path, rows, 10, content.encode().hex().ljust(64, "0"), day * DAY, day * DAY + 1, {"usd": 5})


def new_state() -> TableState:
    return TableState(ACCOUNT, "parquet", Granularity.DAY)


def large_state() -> TableState:
    """A state too large to be written as a whole every time."""
    names = (f"created_date=20{number // 12:02d}-{1 + number % 12:02d}" for number in range(SMALL + 1))
    return with_files(new_state(), [replace_path(file(1), name) for name in names], Intervals())


def grown(state: TableState, *files: DataFile) -> TableState:
    seconds = Intervals.of(part for one in files for part in Intervals.span(one.first_created, one.last_created))
    return with_files(state, files, seconds)


def numbers(store) -> list[int]:
    folder = f"{FOLDER}/balance_transactions/{ACCOUNT}"
    return [int(info.path.rpartition("/")[2].removesuffix(".json")) for info in store.list(folder)]


def document(store, number: int) -> dict:
    return json.loads(store.read(record_path("balance_transactions", ACCOUNT, number)).data)


@dataclass(frozen=True)
class Counting(LocalStore):
    """A folder whose files are counted that anything is asked about."""

    asked: list[str] = field(default_factory=list)

    def info(self, path):
        self.asked.append(path)
        return super().info(path)

    def read(self, path):
        self.asked.append(path)
        return super().read(path)

    def list(self, prefix):
        self.asked.extend(info.path for info in super().list(prefix))
        return super().list(prefix)


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


# One writer -----------------------------------------------------------------------------------------------------------


def test_what_is_committed_is_loaded_and_each_commit_is_a_record_of_its_own(store):
    state = new_state()
    for day in range(1, 6):
        state = commit(store, TRANSACTIONS, grown(state, file(day)), run="r")
        assert load(store, TRANSACTIONS, ACCOUNT) == state
        assert state.number == day
    assert numbers(store) == [1, 2, 3, 4, 5]
    assert len({document(store, number)["commit"] for number in numbers(store)}) == 5
    assert document(store, 5)["run"] == "r"


def test_a_record_is_never_written_again(store):
    state = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    first = store.read(record_path("balance_transactions", ACCOUNT, 1))
    commit(store, TRANSACTIONS, grown(state, file(2)))
    assert store.read(record_path("balance_transactions", ACCOUNT, 1)) == first


def test_what_nobody_could_read_again_is_not_recorded(store):
    state = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    for odd in (with_changes(file(2), refreshed=-1), with_changes(file(2), bytes=0)):
        with pytest.raises(StateError, match="nothing of it is recorded"):
            commit(store, TRANSACTIONS, grown(state, odd))
    assert numbers(store) == [1]
    assert load(store, TRANSACTIONS, ACCOUNT) == state
    assert commit(store, TRANSACTIONS, grown(state, file(2))).number == 2


def test_nothing_recorded_is_no_state_and_makes_nothing(store):
    assert load(store, TRANSACTIONS, ACCOUNT) is None
    assert recorded_accounts(store, TRANSACTIONS) == []
    assert not store.root.exists()


@pytest.mark.parametrize("held", [SMALL + 1, 400])
def test_what_a_commit_writes_grows_neither_with_commits_nor_with_files_but_at_checkpoints(held):
    store = MemoryStore(NOWHERE)
    files = [
        replace_path(file(1 + number % 28), f"created_date=20{number // 336:02d}-{1 + number // 28 % 12:02d}")
        for number in range(held)
    ]
    state = commit(store, TRANSACTIONS, with_files(new_state(), files, Intervals()))
    sizes = {}
    for number in range(2, 2 * EVERY + 10):
        state = commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")))
        sizes[number] = len(store.read(record_path("balance_transactions", ACCOUNT, number)).data)
    ordinary = [size for number, size in sizes.items() if number % EVERY]
    assert max(ordinary[-40:]) <= max(ordinary[:40])
    assert max(ordinary) < 1_000
    assert sizes[EVERY] > held * 200
    assert load(store, TRANSACTIONS, ACCOUNT) == state


def test_a_small_state_is_written_as_a_whole_every_time_and_loading_it_reads_one_record(tmp_path):
    store, state = Counting(tmp_path / "lake"), new_state()
    for number in range(1, 2 * EVERY + 3):
        state = commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")))
        assert document(store, number)["base"] is None
        store.asked.clear()
        assert load(store, TRANSACTIONS, ACCOUNT) == state
        assert store.asked == [record_path(TRANSACTIONS.name, ACCOUNT, one) for one in (number, number + 1)]
    last = [number for number, _ in states_before(store, TRANSACTIONS, state, lately=True)]
    assert last == [*range(2 * EVERY, state.number + 1)]


def replace_path(one: DataFile, label: str) -> DataFile:
    day = one.path.split("/")[-2][-2:]
    return DataFile(
        one.path.replace(one.path.split("/")[-2], f"{label}-{day}"), one.rows, one.bytes, one.sha256, net=one.net
    )


def test_loading_reads_the_newest_checkpoint_and_what_follows(store):
    state = commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    for number in range(2, EVERY + 4):
        state = commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")))
    for number in range(1, EVERY):
        store.delete(record_path("balance_transactions", ACCOUNT, number))
    assert load(store, TRANSACTIONS, ACCOUNT) == state


MANY = 30 * EVERY
"""Records of more than a week, where there is one an hour."""


def test_records_are_cleared_away_a_week_after_a_checkpoint_could_stand_for_them():
    times = count(1_700_000_000 * SECOND, 3_600 * SECOND)  # a record an hour, by the store's clock
    store = MemoryStore(NOWHERE, clock=times)
    state = new_state()
    for number in range(1, MANY + 1):
        now = 1_700_000_000 + 3_600 * number
        state = commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")), now=lambda now=now: now)
    week = KEPT_SECONDS // 3_600
    assert numbers(store)[-1] == MANY
    assert week <= len(numbers(store)) <= week + 2 + EVERY
    assert document(store, MANY)["lowest"] == numbers(store)[0]
    assert load(store, TRANSACTIONS, ACCOUNT) == state


def test_a_writer_that_slept_till_its_number_was_cleared_away_has_not_committed_whatever_the_store_said():
    store = MemoryStore(NOWHERE, clock=count(SECOND, 3_600 * SECOND))
    late = state = commit(store, TRANSACTIONS, grown(new_state(), file(1)), now=lambda: 0)
    for number in range(2, MANY + 1):
        now = 3_600 * number
        state = commit(store, TRANSACTIONS, grown(state, file(2 + number % 20, f"{number}")), now=lambda now=now: now)
    assert 2 not in numbers(store)
    done = commit(store, TRANSACTIONS, grown(late, file(28)), now=lambda: MANY * 3_600)
    assert done.number == MANY + 1
    assert load(store, TRANSACTIONS, ACCOUNT).files.keys() == {*state.files, file(28).path}


@pytest.mark.parametrize("ahead", [6 * DAY, 400 * DAY, -400 * DAY])
def test_records_that_the_store_dates_within_a_week_stay_whatever_the_writers_clock_says(ahead):
    began, step = 1_700_000_000, 6 * DAY // MANY
    store = MemoryStore(NOWHERE, clock=count(began * SECOND, step * SECOND))
    state = new_state()
    for number in range(1, MANY + 1):
        added = grown(state, file(1 + number % 28, f"{number}"))
        state = commit(store, TRANSACTIONS, added, now=lambda now=began + step * number: now + ahead)
    assert numbers(store) == [*range(1, MANY + 1)]


@pytest.mark.parametrize("number", [1, 2, EVERY, EVERY + 1])
@pytest.mark.parametrize("ahead", [0, 400 * DAY])
def test_a_writer_that_slept_is_told_so_whichever_number_it_would_take_and_whatever_other_clocks_say(number, ahead):
    """Those who wrote meanwhile, and whoever wrote what it goes on from, may have clocks that are ahead."""
    store = MemoryStore(NOWHERE, clock=count(SECOND, 3_600 * SECOND))
    late = state = new_state()
    for one in range(1, MANY + 1):
        now = 3_600 * one
        late = (load(store, TRANSACTIONS, ACCOUNT, now=lambda: 3_600) or late) if one == number else late
        added = grown(state, file(2 + one % 20, f"{one}"))
        state = commit(store, TRANSACTIONS, added, now=lambda now=now: now + ahead)
    assert number not in numbers(store)
    slept = MANY * 3_600 if number > 1 else 3_600 + DAY
    done = commit(store, TRANSACTIONS, grown(late, file(28)), now=lambda: slept)
    assert done.number == MANY + 1
    assert load(store, TRANSACTIONS, ACCOUNT).files.keys() == {*state.files, file(28).path}


def test_a_state_that_was_looked_at_long_ago_is_loaded_anew_though_its_record_was_written_by_a_clock_ahead():
    store = MemoryStore(NOWHERE, clock=count(SECOND, 3_600 * SECOND))
    state = commit(store, TRANSACTIONS, grown(new_state(), file(1)), now=lambda: 400 * DAY)
    old = load(store, TRANSACTIONS, ACCOUNT, now=lambda: 0)
    for number in range(2, MANY + 1):
        added = grown(state, file(2 + number % 20, f"{number}"))
        state = commit(store, TRANSACTIONS, added, now=lambda now=3_600 * number: now)
    assert 2 not in numbers(store)
    assert newest_of(store, TRANSACTIONS, old, now=lambda: 400 * DAY) == state


def test_a_commit_asks_about_no_more_records_the_more_there_are(tmp_path):
    store = Counting(tmp_path / "lake")
    most = []
    for _ in range(5):
        least = []
        for number in range(2 * EVERY):
            store.asked.clear()
            state = load(store, TRANSACTIONS, ACCOUNT) or new_state()
            recorded_accounts(store, TRANSACTIONS)
            commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")))
            least.append(len(store.asked))
        most.append(max(least))
    assert most[1:] == most[1:2] * 4
    assert most[0] <= most[1] <= 3 * EVERY


# Checkpoints elsewhere ------------------------------------------------------------------------------------------------


def written_with(store, whole, states) -> None:
    """Write records of a lake whose checkpoints are where another version of the program put them."""
    begin_lake(store, now=0)
    before, lowest = NOTHING, 1
    for number, state in enumerate(states, start=1):
        parts, is_whole = TRANSACTIONS.to_parts(state), number == 1 or whole(number)
        record = Record(
            record_version=RECORD_VERSION,
            table="balance_transactions",
            account=ACCOUNT,
            number=number,
            base=None if is_whole else number - 1,
            lowest=lowest if is_whole else None,
            commit=f"c{number}",
            run="r",
            written=number,
            **changes(NOTHING if is_whole else before, parts),
        )
        store.write(record_path("balance_transactions", ACCOUNT, number), to_json(record), condition=ABSENT)
        before, lowest = parts, number if is_whole else lowest


def growing(many: int) -> list[TableState]:
    states = [grown(new_state(), file(1))]
    for number in range(2, many + 1):
        states.append(grown(states[-1], file(2 + number % 20, f"{number}")))
    return states


CADENCES = {
    "fifty": lambda number: number % 50 == 0,
    "three": lambda number: number % 3 == 0,
    "none but the first": lambda _number: False,
    "each": lambda _number: True,
    "some": lambda number: number in {4, 5, 2 * EVERY + 1},
}


@pytest.mark.parametrize("whole", CADENCES.values(), ids=CADENCES)
@pytest.mark.parametrize("there", [1, EVERY - 1, EVERY, 3 * EVERY + 5])
def test_a_lake_written_with_checkpoints_elsewhere_is_read_and_gone_on_with(whole, there):
    store = MemoryStore(NOWHERE, clock=count(SECOND, 8 * DAY * SECOND))  # each is a week older than the next
    states = growing(there)
    written_with(store, whole, states)
    state = load(store, TRANSACTIONS, ACCOUNT)
    assert state.files == states[-1].files
    assert [dict(files) for _, files in states_before(store, TRANSACTIONS, state, lately=False)] == [
        dict(one.files) for one in states
    ]
    for number in range(1, there + 1):
        assert load_at(store, TRANSACTIONS, ACCOUNT, number).files == states[number - 1].files
    for number in range(there + 1, there + 2 * EVERY + 1):
        state = commit(store, TRANSACTIONS, grown(state, file(1 + number % 28, f"{number}")))
        assert load(store, TRANSACTIONS, ACCOUNT) == state
        beginning = next(one for one in numbers(store) if document(store, one)["base"] is None)
        assert beginning == numbers(store)[0]  # what is kept begins with a record that goes on from none


@pytest.mark.parametrize("whole", CADENCES.values(), ids=CADENCES)
def test_a_writer_that_slept_is_told_so_in_a_lake_with_checkpoints_elsewhere(whole):
    store = MemoryStore(NOWHERE, clock=count(SECOND, 3_600 * SECOND))
    states = growing(4 * EVERY)
    written_with(store, whole, states)
    late = load_at(store, TRANSACTIONS, ACCOUNT, 2)
    state = load(store, TRANSACTIONS, ACCOUNT)
    for number in range(4 * EVERY + 1, MANY + 1):
        added = grown(state, file(2 + number % 20, f"{number}"))
        state = commit(store, TRANSACTIONS, added, now=lambda now=3_600 * number: now)
    assert numbers(store)[0] > 3
    done = commit(store, TRANSACTIONS, grown(late, file(28)), now=lambda: MANY * 3_600)
    assert done.number == MANY + 1
    assert load(store, TRANSACTIONS, ACCOUNT).files.keys() == {*state.files, file(28).path}


def test_states_before_leave_out_what_follows_a_gap_until_the_next_checkpoint(store):
    states = growing(9)
    written_with(store, lambda number: number in {4, 7}, states)
    state = load(store, TRANSACTIONS, ACCOUNT)
    store.delete(record_path("balance_transactions", ACCOUNT, 2))
    assert [number for number, _ in states_before(store, TRANSACTIONS, state, lately=False)] == [1, 4, 5, 6, 7, 8, 9]
    assert [number for number, _ in states_before(store, TRANSACTIONS, state, lately=True)] == [4, 5, 6, 7, 8, 9]
    store.delete(record_path("balance_transactions", ACCOUNT, 5))
    found = list(states_before(store, TRANSACTIONS, state, lately=False))
    assert [number for number, _ in found] == [1, 4, 7, 8, 9]
    assert found[-1][1] == state.files
    assert load_at(store, TRANSACTIONS, ACCOUNT, 6) is None


# Answers that cannot be believed --------------------------------------------------------------------------------------


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


# Several writers ------------------------------------------------------------------------------------------------------


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


# What is there that should not be, and what is not --------------------------------------------------------------------


def test_a_record_that_is_gone_is_an_error_that_names_it(store):
    state = large_state()
    for day in range(1, 5):
        state = commit(store, TRANSACTIONS, grown(state, file(day)))
    store.delete(record_path("balance_transactions", ACCOUNT, 3))
    with pytest.raises(StateError, match=r"00000000000003\.json is gone.*restore it from a backup"):
        load(store, TRANSACTIONS, ACCOUNT)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: b"", "damaged"),
        (lambda text: b"[]", "damaged"),
        (lambda text: text.replace(b'"record_version": 1', b'"record_version": 2'), "upgrade"),
        (lambda text: text.replace(b'"record_version": 1', b'"record_version": "1"'), "damaged"),
        (lambda text: text.replace(b'"account": "acct_1"', b'"account": "acct_2"'), "renamed or copied"),
        (lambda text: text.replace(b'"number": 1', b'"number": 3'), "renamed or copied"),
        (lambda text: text.replace(b'"table": "balance_transactions"', b'"table": "payouts"'), "renamed or copied"),
        (lambda text: text.replace(b'"rows": 1', b'"rows": "1"'), "damaged"),
        (lambda text: text.replace(b'"rows": 1', b'"rows": 0'), "damaged"),
        (lambda text: text.replace(b'"rows": 1', b'"rows": 1, "more": 1'), "damaged"),
        (lambda text: text.replace(b"balance_transactions/account=acct_1/", b"/etc/account=acct_1/"), "damaged"),
        (lambda text: text.replace(b"account=acct_1/created", b"account=acct_1/../created"), "damaged"),
        (lambda text: text.replace(b'"format": "parquet"', b'"format": null'), "damaged"),
        (lambda text: text.replace(b'  "partition": "day",\n', b""), "does not say how its files are made"),
        (lambda text: text.replace(b'"sha256": "6', b'"sha256": "x'), "damaged"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused_with_what_to_do(store, change, says):
    commit(store, TRANSACTIONS, grown(new_state(), file(1)))
    path = record_path("balance_transactions", ACCOUNT, 1)
    text = store.read(path).data
    assert change(text) != text
    store.write(path, change(text))
    with pytest.raises(StateError, match=says):
        load(store, TRANSACTIONS, ACCOUNT)


def test_other_files_beside_the_records_do_no_harm_and_another_folder_is_named(store):
    state = commit(store, TRANSACTIONS, new_state())
    store.write(f"{FOLDER}/balance_transactions/{ACCOUNT}/notes.txt", b"")
    assert load(store, TRANSACTIONS, ACCOUNT) == state
    assert recorded_accounts(store, TRANSACTIONS) == [ACCOUNT]
    store.write(f"{FOLDER}/balance_transactions/not an account/1", b"")
    with pytest.raises(StateError, match="not an account is no account's folder"):
        recorded_accounts(store, TRANSACTIONS)


@pytest.mark.parametrize("folder", ["manifest", "payouts", "balances"])
def test_a_lake_of_an_earlier_version_is_refused_with_what_to_do(store, folder):
    store.write(f"_stripe_balance/{folder}/acct_1.json", b"{}")
    for spec in (TRANSACTIONS, PAYOUTS, BALANCES):
        with pytest.raises(ConfigError, match="sync to a new destination"):
            recorded_accounts(store, spec)


def test_a_lake_has_one_id_from_its_first_record_on(store):
    assert lake_id(store) is None
    commit(store, TRANSACTIONS, new_state())
    made = lake_id(store)
    assert made == begin_lake(store, now=9)
    refuse_another(store, made)
    with pytest.raises(ConfigError, match="does not see the lake"):
        refuse_another(store, "another")
    with pytest.raises(ConfigError, match="does not see the lake"):
        refuse_another(LocalStore(store.root / "elsewhere"), made)
