"""Records besides the states: gaps among them, frozen periods, accounts; what waits to become visible."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.core.state.account_record import AccountRecord, from_document, to_document
from connector.core.state.data_file import DataFile
from connector.core.state.intent import IntendedFile
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Intervals
from connector.core.units import AccountId
from connector.errors import CommitConflictError, CommitUnknownError, StateError, StorageError
from connector.lake.state.frozen_periods import frozen_names, keep_frozen, load_frozen, record_digest
from connector.lake.state.record_files import record_path
from connector.lake.state.record_gaps import missing_records
from connector.lake.state.records import load_record, record_names, save_record
from connector.lake.state.state_log import commit, files_since
from connector.lake.state.writes import Write, discard, together, unknown_file
from connector.lake.stores.conditions import ABSENT
from connector.lake.writing.rewrite import StaleFileError
from tests.support.frozen import frozen as frozen_with
from tests.support.memory_store import MemoryStore
from tests.support.states import with_files

if TYPE_CHECKING:
    from connector.core.state.frozen import FrozenPeriod

ACCOUNT = AccountId("acct_1")
OTHER = AccountId("acct_2")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Path("/nowhere"))


def file(day: int, sha: str = "a", name: str = "part-0") -> DataFile:
    path = f"balance_transactions/account={ACCOUNT}/created_date=2026-01-{day:02d}/{name}.parquet"
    return DataFile(path, 1, 10, sha * 64)


def committed(store, *days: int, at: int = 0) -> list[TableState]:
    """A state a day, one second after the other."""
    state = TableState(ACCOUNT, "parquet", Granularity.DAY)
    found = []
    for number, day in enumerate(days):
        named = file(day, name=f"part-{number:012x}-r")
        state = commit(store, TRANSACTIONS, with_files(state, [named], Intervals()), now=lambda n=number: at + n)
        found.append(state)
    return found


# Gaps -----------------------------------------------------------------------------------------------------------------


def test_records_that_are_missing_between_others_are_named_and_those_before_the_first_are_not(store):
    assert missing_records(store, "balance_transactions", ACCOUNT) == []
    committed(store, 1, 2, 3, 4, 5, 6)
    assert missing_records(store, "balance_transactions", ACCOUNT) == []
    for number in (1, 3, 4):
        store.delete(record_path("balance_transactions", ACCOUNT, number))
    store.write(f"{record_path('balance_transactions', ACCOUNT, 9)}.bak", b"x")
    assert missing_records(store, "balance_transactions", ACCOUNT) == [3, 4]


def test_a_record_that_a_listing_does_not_show_yet_is_not_missing():
    class Lagging(MemoryStore):
        def list(self, prefix):
            return iter([one for one in super().list(prefix) if not one.path.endswith("3.json")])

    lagging = Lagging(Path("/nowhere"))
    committed(lagging, 1, 2, 3, 4, 5)
    assert missing_records(lagging, "balance_transactions", ACCOUNT) == []


# Files that were named since a moment ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [0, 500, -500])
def test_files_named_since_a_moment_are_those_of_the_records_since_and_those_that_were_there_then(ahead):
    """By the store's clock: those of writers may be ahead, or behind."""
    store = MemoryStore(Path("/nowhere"), clock=count(999 * 10**9, 10**9))  # the lake's id comes first
    committed(store, 1, 2, 1, 2, 3, at=1_000 + ahead)
    names = [file(day, name=f"part-{number:012x}-r").path for number, day in enumerate((1, 2, 1, 2, 3))]

    def since(moment: float) -> set[str]:
        return files_since(store, TRANSACTIONS, ACCOUNT, moment)

    assert since(2_000) == {names[2], names[3], names[4]}
    assert since(1_003) == {names[2], names[3], names[4]}
    assert since(1_002) == {names[1], names[2], names[3], names[4]}
    assert since(1_000) == {*names}
    assert since(0) == {*names}
    assert files_since(store, TRANSACTIONS, OTHER, 0) == set()


# Frozen periods -------------------------------------------------------------------------------------------------------


def frozen(name: str = "2026-10", zone: str = "Europe/Paris", revision: int = 1, rows: int = 1) -> FrozenPeriod:
    return frozen_with(ACCOUNT, {"balances": []}, name=name, timezone=zone, revision=revision, rows=rows)


def test_the_newest_revision_of_a_frozen_period_is_the_one_that_is_read(store):
    for one in (frozen(), frozen(revision=10), frozen(revision=9), frozen("2026-09"), frozen(zone="UTC")):
        keep_frozen(store, one)
    store.write("_stripe_balance/frozen/acct_1/notes.txt", b"x")
    assert [(one.period, one.calendar, one.revision) for one in frozen_names(store, ACCOUNT)] == [
        ("2026-09", "Europe/Paris", 1),
        ("2026-10", "Europe/Paris", 10),
        ("2026-10", "UTC", 1),
    ]
    assert load_frozen(store, ACCOUNT, "2026-10", "Europe/Paris") == frozen(revision=10)
    assert load_frozen(store, ACCOUNT, "2026-08", "Europe/Paris") is None
    assert load_frozen(store, ACCOUNT, "2026-09", "UTC") is None
    assert load_frozen(store, OTHER, "2026-10", "UTC") is None


def test_a_revision_is_written_once(store):
    keep_frozen(store, frozen())
    with pytest.raises(CommitConflictError):
        keep_frozen(store, frozen(rows=2))


@pytest.mark.parametrize("there", [frozen(), frozen(rows=2), None])
def test_a_revision_of_which_the_answer_was_lost_is_there_only_if_its_very_bytes_are(there):
    class Unsure(MemoryStore):
        def write(self, path, data, *, condition=None):
            if there is not None and condition is ABSENT:
                super().write(path, bytes_of(there))
            raise CommitUnknownError("as if")

    store = Unsure(Path("/nowhere"))
    if there == frozen():
        keep_frozen(store, frozen())
    else:
        with pytest.raises(CommitUnknownError):
            keep_frozen(store, frozen())


def bytes_of(one: FrozenPeriod) -> bytes:
    kept = MemoryStore(Path("/nowhere"))
    keep_frozen(kept, one)
    (info,) = kept.list("_stripe_balance/frozen")
    return kept.read(info.path).data


def test_a_frozen_period_that_was_renamed_or_damaged_is_refused(store):
    keep_frozen(store, frozen())
    folder = "_stripe_balance/frozen/acct_1"
    data = store.read(f"{folder}/2026-10.Europe.Paris.0001.json").data
    for name, zone in (("2026-11.Europe.Paris.0001", "Europe/Paris"), ("2026-11.UTC.0001", "UTC")):
        store.write(f"{folder}/{name}.json", data)
        with pytest.raises(StateError, match="renamed or copied"):
            load_frozen(store, ACCOUNT, "2026-11", zone)
    store.write("_stripe_balance/frozen/acct_2/2026-10.Europe.Paris.0001.json", data)
    with pytest.raises(StateError, match="is about acct_1"):
        load_frozen(store, OTHER, "2026-10", "Europe/Paris")
    store.write(f"{folder}/2026-12.UTC.0001.json", b"{")
    with pytest.raises(StateError, match="is damaged"):
        load_frozen(store, ACCOUNT, "2026-12", "UTC")


def test_the_digest_of_a_record_is_that_of_its_bytes(store):
    (state,) = committed(store, 1)
    path = record_path("balance_transactions", ACCOUNT, 1)
    assert record_digest(store, state) == sha256(store.read(path).data).hexdigest()
    store.delete(path)
    with pytest.raises(StateError, match="is gone"):
        record_digest(store, state)


# Records of accounts --------------------------------------------------------------------------------------------------


def test_records_are_kept_by_account_and_read_strictly(store):
    def load(account: AccountId) -> AccountRecord | None:
        return load_record(from_document, store, "accounts", account, remedy="move it away")

    assert load(ACCOUNT) is None
    record = AccountRecord(ACCOUNT, context="acct_9")
    for account in (OTHER, ACCOUNT):
        save_record(store, "accounts", account, to_document(AccountRecord(account, context="acct_9")))
    assert load(ACCOUNT) == record
    assert record_names(store, "accounts") == [ACCOUNT, OTHER]
    save_record(store, "accounts", OTHER, to_document(record))
    with pytest.raises(StateError, match="is about acct_1: it was renamed or copied"):
        load(OTHER)
    store.write("_stripe_balance/accounts/acct_2.json", b"[")
    with pytest.raises(StateError, match=r"is damaged .* or move it away"):
        load(OTHER)
    store.write("_stripe_balance/accounts/notes.json", b"{}")
    with pytest.raises(StateError, match="not a record's name"):
        record_names(store, "accounts")
    assert json.loads(store.read("_stripe_balance/accounts/acct_1.json").data)["context"] == "acct_9"


# What waits to become visible -----------------------------------------------------------------------------------------


def write(name: str, *, awaited: bool = False) -> Write[str]:
    def again(_there: DataFile | None) -> Write[str]:
        raise AssertionError

    return Write(IntendedFile(folder=name), None, ABSENT, again, name, awaited=awaited)


def names(writes, at_once: int) -> list[str]:
    return ["".join(one.result for one in batch) for batch in together(writes, at_once)]


def test_so_many_writes_at_once_and_one_that_others_wait_for_by_itself():
    plain = [write(name) for name in "abcde"]
    assert names(plain, 2) == ["ab", "cd", "e"]
    assert names(plain, 5) == names(plain, 9) == ["abcde"]
    assert names([], 2) == []
    assert names([*plain[:2], write("X", awaited=True), *plain[2:4]], 9) == ["ab", "X", "cd"]
    assert names([write("X", awaited=True), write("Y", awaited=True), write("a")], 9) == ["X", "Y", "a"]


def test_a_file_that_nobody_knows_is_named_and_one_that_changed_is_stale():
    stale = unknown_file(IntendedFile(folder="f"), file(1))
    assert isinstance(stale, StaleFileError)
    assert "its bytes differ" in str(stale)
    for intended, name in (
        (IntendedFile(folder="f"), "f is there"),
        (IntendedFile(folder="f", file=file(1)), "part-0"),
    ):
        found = unknown_file(intended, None)
        assert type(found) is StorageError
        assert name in str(found)


def test_a_staged_file_that_is_not_going_to_be_visible_is_removed_if_it_is_there(tmp_path):
    staged = tmp_path / "staged"
    staged.write_bytes(b"x")
    discard(staged)
    assert not staged.exists()
    discard(staged)
    discard(None)
