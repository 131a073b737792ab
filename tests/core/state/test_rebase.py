"""What two commits made of one state at once is brought together, field by field; entries are read strictly."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from connector.core.state.calendar import complete_up_to, gaps_of
from connector.core.state.data_file import DataFile, Listing, ParkedFile, checked_file, checked_parked
from connector.core.state.drift import DriftFinding
from connector.core.state.partition import Granularity
from connector.core.state.payouts import Payout
from connector.core.state.rebase import rebased
from connector.core.state.record import Fields, Parts
from connector.core.state.tables import BALANCES, PAYOUTS, TRANSACTIONS, Origin
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY, AccountId
from connector.errors import CommitConflictError, StateError

FOLDER = "balance_transactions/account=acct_1"


def file(day: int, sha: str = "a", **facts) -> DataFile:
    return DataFile(f"{FOLDER}/created_date=2026-01-{day:02d}/part-0.parquet", 1, 1, sha * 64, **facts)


def parts(*files: DataFile, **fields) -> Parts:
    return Parts(Fields(**fields), files=MappingProxyType({one.path: one for one in files}))


def together(base: dict, ours: dict, theirs: dict) -> Fields:
    return rebased(parts(**base), parts(**ours), parts(**theirs)).fields


@pytest.mark.parametrize("name", ["read_until", "read_at", "account_created", "turn", "silent"])
def test_what_only_grows_is_the_greater_of_both(name):
    assert getattr(together({name: 1}, {name: 5}, {name: 9}), name) == 9
    assert getattr(together({name: 1}, {name: 9}, {name: 5}), name) == 9
    assert getattr(together({name: 1}, {name: 9}, {name: 1}), name) == 9
    assert getattr(together({name: 1}, {name: 1}, {name: 9}), name) == 9


def test_of_what_was_not_there_the_greater_counts_as_well():
    assert together({"read_at": None}, {"read_at": 5}, {"read_at": 3}).read_at == 5
    assert together({"read_at": 2}, {"read_at": None}, {"read_at": 3}).read_at == 3
    assert together({"read_at": 2}, {"read_at": None}, {"read_at": 0}).read_at == 0


def test_versions_of_both_are_named_once_theirs_first():
    found = together({"api_versions": ("a",)}, {"api_versions": ("a", "b", "c")}, {"api_versions": ("a", "c", "d")})
    assert found.api_versions == ("a", "c", "d", "b")


def test_what_a_lake_is_made_as_is_not_changed_by_two():
    for name, ours, theirs in (("format", "x", "y"), ("livemode", True, False)):
        with pytest.raises(CommitConflictError, match=name):
            together({}, {name: ours}, {name: theirs})
        assert getattr(together({}, {name: ours}, {name: ours}), name) == ours


def test_findings_of_both_are_counted():
    def drift(count: int) -> tuple[DriftFinding, ...]:
        return (DriftFinding("unknown_field", "x", count, "txn_1"),)

    found = together({"drift": drift(2)}, {"drift": drift(5)}, {"drift": drift(3)})
    assert [one.count for one in found.drift] == [6]
    other = (DriftFinding("unknown_field", "y", 7, "txn_2"),)
    fresh = together({"drift": ()}, {"drift": drift(2)}, {"drift": other})
    assert {one.name: one.count for one in fresh.drift} == {"x": 2, "y": 7}
    same = together({"drift": drift(2)}, {"drift": drift(2)}, {"drift": other})
    assert {one.name: one.count for one in same.drift} == {"y": 7}


def test_a_clash_names_three_partitions_at_most():
    days = range(1, 6)
    base, ours, theirs = (parts(*(file(day, sha) for day in days)) for sha in "abc")
    with pytest.raises(CommitConflictError) as caught:
        rebased(base, ours, theirs)
    assert str(caught.value).count("created_date") == 3


# States ---------------------------------------------------------------------------------------------------------------

ORIGIN = Origin(AccountId("acct_1"), 3, 9, "here")


@pytest.mark.parametrize("spec", [PAYOUTS, BALANCES])
@pytest.mark.parametrize("lacking", ["format", "livemode"])
def test_a_state_that_does_not_say_how_its_files_are_made_is_damaged(spec, lacking):
    whole = {"format": "parquet", "livemode": None}
    assert spec.of_parts(parts(**whole), ORIGIN).format == "parquet"
    with pytest.raises(StateError, match="here is damaged"):
        spec.of_parts(parts(**{name: one for name, one in whole.items() if name != lacking}), ORIGIN)


def test_a_state_of_transactions_has_what_its_record_says_and_else_nothing():
    fields = {"format": "parquet", "livemode": None, "partition": Granularity.DAY}
    bare = TRANSACTIONS.of_parts(parts(**fields), ORIGIN)
    assert (bare.account_created, dict(bare.options), bare.read_until, bare.api_versions) == (0, {}, 0, ())
    full = TRANSACTIONS.of_parts(parts(**fields, account_created=7, options={"expand": ["source"]}), ORIGIN)
    assert (full.account_created, dict(full.options)) == (7, {"expand": ["source"]})


# Entries --------------------------------------------------------------------------------------------------------------


def test_a_files_figures_are_possible_or_refused():
    for facts in (
        {},
        {"pending": 1},
        {"first_created": END_OF_TIME, "last_created": END_OF_TIME, "refreshed": END_OF_TIME},
        {"witnessed": END_OF_TIME, "pending_from": END_OF_TIME},
    ):
        assert checked_file(file(1, **facts), f"{FOLDER}/") == file(1, **facts)
    all_at_once = file(1, first_created=5, last_created=5, refreshed=5, witnessed=5, pending_from=5)
    assert checked_file(all_at_once, f"{FOLDER}/") == all_at_once
    for facts in (
        {"pending": -1},
        {"first_created": -1},
        {"last_created": END_OF_TIME + 1},
        {"refreshed": -1},
        {"witnessed": END_OF_TIME + 1},
        {"pending_from": END_OF_TIME + 1},
    ):
        with pytest.raises(ValueError, match="impossible figures"):
            checked_file(file(1, **facts), f"{FOLDER}/")
    for rows, size in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="impossible figures"):
            checked_file(DataFile(file(1).path, rows, size, "a" * 64), f"{FOLDER}/")
    with pytest.raises(ValueError, match="SHA-256"):
        checked_file(file(1, "g"), f"{FOLDER}/")
    for folder in ("balance_transactions/account=acct_2/", "payouts/"):
        with pytest.raises(ValueError, match="not a data file of this account"):
            checked_file(file(1), folder)


def parked(within=((0, 5),), *, rows: int = 1, first: int = 0, last: int = 0) -> ParkedFile:
    name = "00000001.created_date=2026-01-01.20260101T000000Z-0a.arrow"
    entry = DataFile(f"_stripe_balance/parked/balance_transactions/acct_1/{name}", rows, 1, "a" * 64, first, last)
    return ParkedFile(entry, "r", within)


def test_a_parked_files_figures_are_possible_or_refused():
    for one in (
        parked(),
        parked(((0, END_OF_TIME),)),
        parked(()),
        parked(first=3, last=3),
        parked(last=END_OF_TIME - 1),
    ):
        assert checked_parked(one, "acct_1") == one
    for one in (parked(((5, 5),)), parked(((-1, 5),)), parked(((0, END_OF_TIME + 1),)), parked(((0, 5), (9, 7)))):
        with pytest.raises(ValueError, match="impossible seconds"):
            checked_parked(one, "acct_1")
    for one in (parked(rows=0), parked(first=-1), parked(first=5, last=4), parked(last=END_OF_TIME)):
        with pytest.raises(ValueError, match="impossible figures"):
            checked_parked(one, "acct_1")
    with pytest.raises(ValueError, match="not a parked file of this account"):
        checked_parked(parked(), "acct_2")


def test_a_listing_reconciles_where_there_are_rows_that_add_up_to_nothing():
    assert Listing(2, {"usd": 0}).reconciles
    assert not Listing(0, {}).reconciles
    assert not Listing(2, {"usd": 0, "eur": 1}).reconciles


def payout(**facts) -> Payout:
    row = {"id": "po_1", "created": 5, "arrival_date": DAY + 7, "amount": 9, "currency": "usd", "status": "paid"}
    return Payout.of({**row, **facts})


def test_a_payout_is_automatic_only_if_it_says_so():
    assert payout(automatic=True).automatic
    assert not payout(automatic=False).automatic
    assert not payout().automatic
    assert not payout(automatic="yes").automatic
    assert payout(reconciliation_status="completed").reconciliation_status == "completed"
    assert payout(reconciliation_status=5).reconciliation_status is None
    assert payout(automatic=True, reconciliation_status="completed").listable
    assert payout(automatic=True).waiting
    assert payout().arrival_day == DAY


# What is complete -----------------------------------------------------------------------------------------------------


def spans(*pairs: tuple[int, int]) -> Intervals:
    return Intervals.of(Interval(*pair) for pair in pairs)


def test_what_was_asked_for_is_complete_up_to_its_first_gap():
    asked = spans((0, 100))
    assert complete_up_to(asked, spans((0, 30), (40, 50)), first=0) == 30
    assert complete_up_to(asked, spans((0, 50)), first=0) == 50
    assert complete_up_to(asked, spans((10, 50)), first=10) == 50
    assert complete_up_to(asked, spans((10, 50)), first=0) is None
    assert complete_up_to(asked, spans((0, 10)), first=10) is None
    assert complete_up_to(asked, spans((0, 11)), first=10) == 11
    assert complete_up_to(asked, Intervals(), first=0) is None
    assert gaps_of(asked, spans((0, 30), (40, 50)), first=0) == spans((30, 40))
    assert gaps_of(asked, spans((0, 30)), first=30) == Intervals()
    assert gaps_of(asked, spans((40, 50)), first=-5) == spans((0, 40))
