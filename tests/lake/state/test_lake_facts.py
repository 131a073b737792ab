"""What a lake holds already, which of its records can be read, up to where reports say that runs left it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from connector.core.state.account_record import AccountRecord, Refusal, Retired
from connector.core.state.balances_record import BalancesRecord
from connector.core.state.data_file import DataFile, with_changes
from connector.core.state.partition import Granularity
from connector.core.state.payouts_record import PayoutsRecord
from connector.core.state.table_state import TableState
from connector.core.state.tables import BALANCES, PAYOUTS, TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId
from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, StateError
from connector.lake.paths import RUNS, STATE
from connector.lake.state.intents import others
from connector.lake.state.lake_identity import (
    ROUNDS,
    LakeFacts,
    account_records,
    change_account,
    facts_of,
    is_new,
    load_balances,
    load_payouts,
    refuse_new,
    save_account,
)
from connector.lake.state.record_files import record_path
from connector.lake.state.run_reports import (
    MOST_WITNESSES,
    refuse_turned_back,
    report_paths,
    turned_back,
    witnessed_records,
)
from connector.lake.state.state_log import commit, load
from connector.lake.state.versions import ranges_in_words, whole_versions
from connector.lake.writing.rewrite import PartitionRewrite
from tests.support.memory_store import MemoryStore
from tests.support.states import with_files

ONE, TWO, THREE = (AccountId(f"acct_{number}") for number in (1, 2, 3))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Path("/nowhere"))


# What is there --------------------------------------------------------------------------------------------------------


def test_a_destination_without_a_state_of_any_table_is_new(store):
    assert is_new(store)
    assert facts_of(store) == LakeFacts()
    with pytest.raises(ConfigError, match="there is no lake in s3://x"):
        refuse_new(store, "s3://x")
    commit(store, BALANCES, BalancesRecord(ONE, "parquet"))
    assert not is_new(store)
    refuse_new(store, "s3://x")
    for spec, state in ((PAYOUTS, PayoutsRecord(ONE, "parquet")), (TRANSACTIONS, state_of(ONE))):
        other = MemoryStore(Path("/nowhere"))
        commit(other, spec, state)
        assert not is_new(other)


def state_of(account: AccountId, **facts) -> TableState:
    return TableState(account, facts.pop("format", "parquet"), Granularity.DAY, **facts)


def test_a_lakes_accounts_are_those_of_all_tables_and_its_mode_is_that_of_the_record_that_says(store):
    commit(store, TRANSACTIONS, state_of(ONE, livemode=True))
    commit(store, PAYOUTS, PayoutsRecord(TWO, "jsonl.zst"))
    commit(store, BALANCES, BalancesRecord(THREE, "jsonl.zst"))
    save_account(store, AccountRecord(TWO, context="acct_9"))
    change_account(store, THREE, lambda there: replace(there, retired=Retired(5, "sold")))
    facts = facts_of(store)
    assert (facts.accounts, facts.livemode, facts.format) == ({ONE, TWO, THREE}, True, "jsonl.zst")
    assert facts.record_of(TWO).context == "acct_9"
    assert facts.record_of(ONE) == AccountRecord(ONE)
    assert facts.retired == {THREE}
    assert load_payouts(store, TWO).format == load_balances(store, THREE).format == "jsonl.zst"
    assert load_payouts(store, ONE) is load_balances(store, ONE) is None


def test_what_a_run_knows_of_an_account_does_not_say_whether_it_is_retired(store):
    change_account(store, ONE, lambda there: replace(there, retired=Retired(5, "sold")))
    save_account(store, AccountRecord(ONE, refused=Refusal(6, "no")))
    (record,) = account_records(store)
    assert (record.retired, record.refused) == (Retired(5, "sold"), Refusal(6, "no"))


def test_a_record_that_others_change_is_changed_of_what_they_made_of_it(store):
    def change(there: AccountRecord) -> AccountRecord:
        if there.context is None:  # somebody is quicker
            change_account(store, ONE, lambda known: replace(known, context="acct_8"))
        return replace(there, refused=Refusal(1, "no"))

    assert change_account(store, ONE, change) == AccountRecord(ONE, context="acct_8", refused=Refusal(1, "no"))
    assert list(account_records(store)) == [AccountRecord(ONE, context="acct_8", refused=Refusal(1, "no"))]


def test_nothing_is_written_where_nothing_changes():
    class Counting(MemoryStore):
        written = 0

        def write(self, path, data, **condition):
            self.written += 1
            return super().write(path, data, **condition)

    store = Counting(Path("/nowhere"))
    for _ in range(3):
        change_account(store, ONE, lambda there: replace(there, context="acct_8"))
    assert store.written == 1


def test_a_change_whose_answer_is_lost_is_in_once_and_one_that_never_succeeds_says_so():
    class Unsure(MemoryStore):
        lost = 1

        def write(self, path, data, **condition):
            self.lost -= 1
            if self.lost < 0:
                raise CommitConflictError("as if")
            super().write(path, data, **condition)
            raise CommitUnknownError("as if")

    store = Unsure(Path("/nowhere"))
    tries = []

    def change(there: AccountRecord) -> AccountRecord:
        tries.append(there)
        return replace(there, context="acct_8")

    assert change_account(store, ONE, change).context == "acct_8"
    assert [one.context for one in tries] == [None, "acct_8"]
    tries.clear()
    with pytest.raises(CommitConflictError, match="acct_1"):
        change_account(store, ONE, lambda there: replace(change(there), context="acct_7"))
    assert len(tries) == ROUNDS


# Which records can be read --------------------------------------------------------------------------------------------


def file(day: int, sha: str = "a", name: str = "part-0") -> DataFile:
    path = f"balance_transactions/account={ONE}/created_date=2026-01-{day:02d}/{name}.parquet"
    return DataFile(path, 1, 3, sha * 64)


def named(number: int) -> DataFile:
    """A file that has a name of its own."""
    return file(1, name=f"part-{number:012x}-r")


def test_where_each_file_has_a_name_of_its_own_a_record_can_be_read_while_its_files_are_there(store):
    assert whole_versions(store, TRANSACTIONS, ONE) == ()
    state = state_of(ONE, format="delta")
    state = commit(store, TRANSACTIONS, state)  # names no file
    for number in range(1, 7):
        store.write(named(number).path, b"abc")
        state = commit(store, TRANSACTIONS, with_files(state, [named(number)], Intervals()))
    assert whole_versions(store, TRANSACTIONS, ONE) == ((2, 7),)
    store.delete(named(3).path)
    assert whole_versions(store, TRANSACTIONS, ONE) == ((2, 3), (5, 7))
    store.write(named(6).path, b"longer")
    assert whole_versions(store, TRANSACTIONS, ONE) == ((2, 3), (5, 6))
    assert ranges_in_words(((2, 3), (5, 5), (1_000, 1_001))) == "2 to 3, 5, 1,000 to 1,001"


def test_where_a_partition_has_one_file_a_record_can_be_read_while_none_was_replaced(store):
    state = commit(store, TRANSACTIONS, with_files(state_of(ONE), [file(1)], Intervals()))
    state = commit(store, TRANSACTIONS, with_files(state, [file(2, "b")], Intervals()))
    state = commit(store, TRANSACTIONS, replace(state, read_until=5))
    assert whole_versions(store, TRANSACTIONS, ONE) == ((1, 3),)
    commit(store, TRANSACTIONS, with_files(state, [file(1, "c")], Intervals()))
    assert whole_versions(store, TRANSACTIONS, ONE) == ((4, 4),)
    assert whole_versions(store, TRANSACTIONS, ONE, lately=True) == ((4, 4),)


# What reports say -----------------------------------------------------------------------------------------------------


MINUTE = 60 * 10**9


def report(store, at: str, outcome: str = "complete", lasted: float = 0.0, **records: int) -> None:
    accounts = [{"account": name, "lake_record": number} for name, number in records.items()]
    document = {"outcome": outcome, "accounts": accounts, "duration_seconds": lasted}
    store.write(f"{RUNS}/{at}-00000000.json", json.dumps(document).encode())


def test_the_newest_report_of_each_account_says_up_to_where_it_was_left():
    store = MemoryStore(Path("/nowhere"), clock=count(0, MINUTE))
    report(store, "20260101T000000Z", acct_1=9, acct_2=2)
    report(store, "20260102T000000Z", acct_1=5)
    report(store, "20260103T000000Z", outcome="planned", acct_1=1)
    store.write(f"{RUNS}/20260104T000000Z-00000000.json", b"{")
    store.write(f"{RUNS}/20260105T000000Z-00000000.json", b'{"outcome": "complete"}')
    assert witnessed_records(store, [ONE, TWO]) == {"acct_1": 5, "acct_2": 2}
    assert witnessed_records(store, [ONE]) == {"acct_1": 5}


def test_no_report_is_read_once_all_accounts_are_told_of():
    class Reading(MemoryStore):
        read_reports = 0

        def read(self, path):
            self.read_reports += 1
            return super().read(path)

    store = Reading(Path("/nowhere"), clock=count(0, MINUTE))
    for day in range(1, 10):
        report(store, f"202601{day:02d}T000000Z", acct_1=day, acct_2=day)
    assert witnessed_records(store, [ONE, TWO]) == {"acct_1": 9, "acct_2": 9}
    assert store.read_reports == 1
    assert witnessed_records(store, [ONE, THREE]) == {"acct_1": 9, "acct_2": 9}
    assert store.read_reports == 1 + 9


def test_of_runs_that_overlapped_the_greatest_record_counts_whichever_began_last(store):
    report(store, "20260101T000000Z", lasted=90, acct_1=9, acct_2=2)
    report(store, "20260101T000030Z", lasted=5, acct_1=7, acct_2=3)
    assert witnessed_records(store, [ONE, TWO]) == {"acct_1": 9, "acct_2": 3}


def test_of_runs_that_began_in_one_second_the_greatest_record_counts(store):
    for token, number in (("0000100000000", 6), ("0000200000000", 5)):
        document = {"outcome": "complete", "accounts": [{"account": "acct_1", "lake_record": number}]}
        path = f"{RUNS}/20260101T000000Z-{token}.json"
        store.write(path, json.dumps({**document, "duration_seconds": 0.4}).encode())
    assert witnessed_records(store, [ONE]) == {"acct_1": 6}


def test_a_run_that_began_after_another_had_ended_may_have_gone_on_from_less(store):
    report(store, "20260101T000000Z", lasted=29, acct_1=9)
    report(store, "20260101T000030Z", lasted=5, acct_1=7)
    assert witnessed_records(store, [ONE]) == {"acct_1": 7}


@pytest.mark.parametrize("lasted", [-1, True, "long", None, float("inf")])
def test_a_run_whose_length_cannot_be_understood_ended_as_it_began(store, lasted):
    report(store, "20260101T000000Z", lasted=lasted, acct_1=9)
    report(store, "20260101T000030Z", lasted=lasted, acct_1=7)
    assert witnessed_records(store, [ONE]) == {"acct_1": 7}


def test_a_long_run_is_heard_beyond_the_fifty_that_began_while_it_went_on():
    store = MemoryStore(Path("/nowhere"), clock=count(0, MINUTE))
    for number in range(MOST_WITNESSES + 10):
        report(store, f"20260101T{number // 60 + 1:02d}{number % 60:02d}00Z", lasted=30, acct_1=number + 1)
    report(store, "20260101T000000Z", lasted=90_000, acct_1=99)
    assert witnessed_records(store, [ONE]) == {"acct_1": 99}


def test_a_state_that_was_turned_back_is_refused_and_says_what_is_gone():
    refuse_turned_back("acct_1", 5, {"acct_1": 5})
    refuse_turned_back("acct_2", 0, {"acct_1": 5})
    with pytest.raises(StateError, match="record 5 is gone"):
        refuse_turned_back("acct_1", 4, {"acct_1": 5})
    assert turned_back(3, 5).endswith("records 4 to 5 are gone")


# What file managers leave ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini"])
def test_what_a_file_manager_leaves_among_the_records_is_nobodys(store, name):
    save_account(store, AccountRecord(ONE))
    commit(store, TRANSACTIONS, state_of(ONE))
    for folder in (
        "accounts",
        "leases",
        "runs",
        f"intents/balance_transactions/{ONE}",
        f"state/balance_transactions/{ONE}",
    ):
        store.write(f"{STATE}/{folder}/{name}", b"\x00")
    assert [one.account for one in account_records(store)] == [ONE]
    assert others(store, "balance_transactions", ONE) == []
    assert report_paths(store) == []
    assert load(store, TRANSACTIONS, ONE) is not None


# Records stay a week --------------------------------------------------------------------------------------------------


def test_a_record_stays_for_seven_days_and_not_much_longer():
    day = [0]
    store = MemoryStore(Path("/nowhere"), clock=iter(lambda: day[0] * DAY * 10**9 + len(day), -1))
    state = state_of(ONE)
    for number in range(60):
        day[0] = number
        state = commit(store, TRANSACTIONS, replace(state, read_until=number), now=lambda: day[0] * DAY)
        oldest = next(n for n in range(1, 99) if store.read(record_path("balance_transactions", ONE, n)) is not None)
        assert oldest == 1 or number - (oldest - 1) >= 7
    assert 60 - oldest < 7 + 2 * 10


# Partitions to be written ---------------------------------------------------------------------------------------------


def test_rows_of_the_old_file_are_expected_where_its_seconds_are_read_and_not_counted_yet():
    old = with_changes(file(1), first_created=100, last_created=199)

    def expects(within: Interval, counted: Intervals | None = None, *, there: DataFile | None = old) -> bool:
        return PartitionRewrite("f", there, Intervals((within,)), counted=counted or Intervals()).expects_old_rows

    assert expects(Interval(0, 101))
    assert expects(Interval(199, 300))
    assert not expects(Interval(0, 100))
    assert not expects(Interval(200, 300))
    assert not expects(Interval(100, 200), Intervals.span(50, 200))
    assert expects(Interval(100, 200), Intervals.span(50, 199))
    assert not expects(Interval(100, 200), there=None)
