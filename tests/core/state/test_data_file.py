"""How the state names a data file: figures that are possible, where it is, whose partition it is of."""

from __future__ import annotations

import pytest

from connector.core.state.data_file import (
    DataFile,
    Listing,
    ParkedFile,
    checked_file,
    checked_parked,
    day_of,
    parked_seconds,
    replaced_in,
    with_changes,
)
from connector.core.state.partition import Granularity
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME, START_OF_TIME
from connector.core.units import DAY

FOLDER = "balance_transactions/account=acct_1/"
FILE = DataFile(f"{FOLDER}created_date=2026-01-31/part-0.parquet", 1, 1, "0f" * 32)
PARKED = DataFile(
    "_stripe_balance/parked/balance_transactions/acct_1/00000001.created_date=2026-01-31.20260201T000000Z-0a.arrow",
    1,
    1,
    "0f" * 32,
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rows": 10**12, "bytes": 2**40},
        {"first_created": 0, "last_created": END_OF_TIME},
        {"refreshed": END_OF_TIME, "witnessed": END_OF_TIME, "pending_from": END_OF_TIME},
        {"pending_from": None, "pending": 0},
        {"pending_from": START_OF_TIME},
        {"path": f"{FOLDER}created_year=2026/part-0123456789ab-20260101T000000Z-0a.parquet"},
        {"path": f"{FOLDER}created_month=2026-01/part-0.jsonl.zst"},
    ],
)
def test_figures_that_are_possible_are_believed(changes):
    file = with_changes(FILE, **changes)
    assert checked_file(file, "payouts/account=acct_1/", FOLDER) == file


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 0},
        {"bytes": 0},
        {"pending": -1},
        {"first_created": -1},
        {"last_created": END_OF_TIME + 1},
        {"refreshed": END_OF_TIME + 1},
        {"witnessed": -1},
        {"pending_from": END_OF_TIME + 1},
        {"pending_from": START_OF_TIME - 1},
        {"sha256": "0f" * 31},
        {"sha256": "0F" * 32},
        {"path": FILE.path.replace("acct_1", "acct_2")},
        {"path": FILE.path.replace("part-0", "part-1")},
        {"path": f"{FOLDER}../part-0.parquet"},
        {"path": f"{FOLDER}created_date=2026-01-31/more/part-0.parquet"},
    ],
)
def test_figures_that_are_not_are_refused(changes):
    with pytest.raises(ValueError, match=r"is not a data file of this account|impossible figures|no SHA-256"):
        checked_file(with_changes(FILE, **changes), FOLDER)


@pytest.mark.parametrize(
    ("changes", "within"),
    [
        ({}, ()),
        ({"first_created": 5, "last_created": 5}, ((0, END_OF_TIME),)),
        ({"last_created": END_OF_TIME - 1}, ((7, 8), (9, 12))),
    ],
)
def test_a_parked_file_that_makes_sense_is_believed(changes, within):
    parked = ParkedFile(with_changes(PARKED, **changes), "run", within)
    assert checked_parked(parked, "acct_1") == parked
    assert parked.path == PARKED.path


@pytest.mark.parametrize(
    ("changes", "within"),
    [
        ({"rows": 0}, ()),
        ({"bytes": 0}, ()),
        ({"first_created": -1}, ()),
        ({"first_created": 6, "last_created": 5}, ()),
        ({"last_created": END_OF_TIME}, ()),
        ({"path": PARKED.path.replace("acct_1", "acct_2")}, ()),
        ({"path": FILE.path}, ()),
        ({}, ((-1, 5),)),
        ({}, ((5, 5),)),
        ({}, ((1, 2), (5, END_OF_TIME + 1))),
    ],
)
def test_a_parked_file_that_does_not_is_refused(changes, within):
    with pytest.raises(ValueError, match=r"is not a parked file|impossible"):
        checked_parked(ParkedFile(with_changes(PARKED, **changes), "run", within), "acct_1")


def test_what_parked_files_are_the_whole_answer_for_is_told_together():
    one, other = ParkedFile(PARKED, "run", ((1, 5), (7, 9))), ParkedFile(PARKED, "run", ((5, 6),))
    assert parked_seconds([one, other]) == Intervals.of([Interval(1, 6), Interval(7, 9)])
    assert one.answering(Intervals.span(3, 4)).within == ((3, 4),)
    assert one.key(Granularity.DAY).start == 0


def test_a_file_spans_the_seconds_from_its_earliest_row_to_its_latest():
    assert with_changes(FILE, first_created=5, last_created=5).span == Interval(5, 6)
    assert with_changes(FILE, first_created=5, last_created=9).span == Interval(5, 10)


@pytest.mark.parametrize(
    ("rows", "net", "reconciles"),
    [
        (0, {}, False),
        (0, {"usd": 0}, False),
        (1, {}, True),
        (2, {"usd": 0, "eur": 0}, True),
        (2, {"usd": 0, "eur": 1}, False),
    ],
)
def test_a_payout_reconciles_where_there_are_rows_that_add_up_to_nothing(rows, net, reconciles):
    assert Listing(rows, net).reconciles is reconciles


def test_the_day_of_a_file_is_in_its_path():
    assert day_of("balances/account=acct_1/snapshot_date=1970-01-02/part-0.parquet") == DAY
    assert day_of(FILE.path) == 1_769_817_600
    with pytest.raises(ValueError, match="isoformat"):
        day_of(f"{FOLDER}created_month=2026-01/part-0.parquet")


def test_a_new_file_takes_the_place_of_what_its_partition_had():
    january = with_changes(FILE, path=f"{FOLDER}created_month=2026-01/part-0.parquet")
    newer = with_changes(january, path=f"{FOLDER}created_month=2026-01/part-0123456789ab-r1.parquet")
    february = with_changes(january, path=f"{FOLDER}created_month=2026-02/part-0.parquet")
    there = {january.path: january, february.path: february}
    assert dict(replaced_in(there, [newer])) == {february.path: february, newer.path: newer}
    assert dict(replaced_in(there, [])) == there
