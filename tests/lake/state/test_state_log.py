"""The numbered records: every commit is in exactly once, whatever the store says of it, however late anything comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import pytest

from connector.core.state.data_file import with_changes
from connector.core.state.record import EVERY, NOTHING, RECORD_VERSION, SMALL, Record, changes
from connector.core.state.stored_json import struct_to_json
from connector.core.state.tables import BALANCES, PAYOUTS, TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.core.units import DAY
from connector.errors import ConfigError, StateError
from connector.lake.state.lake_id import begin_lake, lake_id, refuse_another
from connector.lake.state.record_files import FOLDER, KEPT_SECONDS, record_path
from connector.lake.state.state_log import commit, load, load_at, newest_of, recorded_accounts, states_before
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from tests.support.memory_store import MemoryStore
from tests.support.state_logs import (
    ACCOUNT,
    NOWHERE,
    SECOND,
    document,
    file,
    grown,
    large_state,
    new_state,
    numbers,
    replace_path,
)
from tests.support.states import with_files

if TYPE_CHECKING:
    from connector.core.state.table_state import TableState


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
        store.write(record_path("balance_transactions", ACCOUNT, number), struct_to_json(record), condition=ABSENT)
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
