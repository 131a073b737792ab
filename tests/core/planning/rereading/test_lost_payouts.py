"""Lost files of payouts: what they held, what of it is there again, and what is named as lost once more."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from connector.core.planning.rereading.lost_payouts import LostPayouts
from connector.core.planning.rereading.mended import Audit, Healed
from connector.core.state.data_file import DataFile, Listing
from connector.core.state.payouts import Payout
from connector.core.state.payouts_record import PayoutsRecord, payouts_folder, transactions_folder
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId
from tests.support.states import with_payouts, with_transactions

ACCOUNT = AccountId("acct_1")


def payout(number: int, day: int) -> Payout:
    created = day * DAY + 60
    return Payout(f"po_{number}", created, created, 5, "usd", "paid", automatic=True, reconciliation_status=None)


def of_payouts(day: int) -> DataFile:
    return DataFile(f"{payouts_folder(ACCOUNT, day * DAY)}/part-0.parquet", 1, 1, "0" * 64)


def of_transactions(day: int, **rows: int) -> DataFile:
    path = f"{transactions_folder(ACCOUNT, day * DAY)}/part-0.parquet"
    listings = {name: Listing(count, {}) for name, count in rows.items()}
    return DataFile(path, sum(rows.values()), 1, "0" * 64, listings=listings)


def days(*some: int) -> Intervals:
    return Intervals.of(Interval(day * DAY, (day + 1) * DAY) for day in some)


LISTS = of_transactions(5, po_1=3, po_2=4)
RECORD = with_transactions(
    with_payouts(
        PayoutsRecord(ACCOUNT, "parquet", covered=days(1, 2, 3)),
        [of_payouts(1), of_payouts(2)],
        [payout(1, 1), payout(2, 1), payout(3, 2)],
    ),
    LISTS,
)
LOST = LostPayouts().with_files([of_payouts(1), LISTS], RECORD)


def test_lost_files_say_which_seconds_and_whose_transactions_are_lost():
    assert LOST.seconds == days(1)
    assert LOST.payouts == {"po_1", "po_2"}
    assert LOST.held == {of_payouts(1).path: {"po_1": 1, "po_2": 1}, LISTS.path: {"po_1": 3, "po_2": 4}}
    more = LOST.with_files([of_payouts(2)], RECORD)
    assert more.seconds == days(1, 2)
    assert more.held[of_payouts(2).path] == {"po_3": 1}
    assert (LostPayouts().seconds, LostPayouts().payouts) == (Intervals(), frozenset())


def test_the_record_without_them_forgets_what_they_held():
    left = RECORD.without([of_payouts(1).path, LISTS.path])
    assert left.covered == days(2, 3)
    assert left.payouts.keys() == {"po_3"}
    assert left.files.keys() == {of_payouts(2).path}
    assert left.transaction_files == {}
    assert left.listings == {}
    assert RECORD.listings.keys() == {"po_1", "po_2"}
    assert RECORD.all_files.keys() == {of_payouts(1).path, of_payouts(2).path, LISTS.path}


def test_what_is_there_again_is_counted_and_what_stripe_lists_no_more_is_gone():
    left = RECORD.without(LOST.files)
    nothing = LOST.mended(left)
    assert (nothing.healed, nothing.gone) == (Healed(), 9)
    again = with_payouts(left, [of_payouts(1)], [payout(1, 1)])
    lists = of_transactions(5, po_1=5, po_2=1)
    some = LOST.mended(with_transactions(again, lists))
    assert (some.healed, some.gone) == (Healed(2, 1 + 3 + 1), 1 + 3)
    whole = LOST.mended(RECORD)
    assert (whole.healed, whole.gone) == (Healed(2, 9), 0)


def test_what_was_not_written_again_is_named_as_lost_once_more():
    left = RECORD.without(LOST.files)
    there, record = LOST.recalled(left)
    assert there.files == {}
    assert record.covered == RECORD.covered
    assert record.payouts.keys() == RECORD.payouts.keys()
    assert record.all_files == RECORD.all_files
    half = with_payouts(left, [of_payouts(1)], [replace(payout(1, 1), status="failed")])
    there, record = LOST.recalled(half)
    assert there.files.keys() == {of_payouts(1).path}
    assert record.transaction_files == RECORD.transaction_files
    assert record.payouts["po_1"].status == "failed"
    assert record.covered == days(2, 3)  # the day of payouts was written again: that is for whoever wrote it to say
    assert LOST.recalled(RECORD) == (LOST, RECORD)


def test_files_that_are_lost_one_after_the_other_are_named_again_as_before_the_first():
    first = LostPayouts().with_files([of_payouts(1)], RECORD)
    both = first.with_files([LISTS], RECORD.without(first.files))
    there, record = both.recalled(RECORD.without(both.files))
    assert there.files == {}
    assert (record.covered, record.all_files) == (RECORD.covered, RECORD.all_files)
    assert (record.payouts.keys(), record.listings) == (RECORD.payouts.keys(), RECORD.listings)


def test_a_file_of_a_table_is_there_again_under_another_name():
    def renamed(file: DataFile) -> DataFile:
        return msgspec.structs.replace(file, path=file.path.replace("part-0", "part-0123456789ab-another-run"))

    left = RECORD.without(LOST.files)
    again = with_payouts(left, [renamed(of_payouts(1))], [payout(1, 1), payout(2, 1)])
    again = with_transactions(again, renamed(LISTS))
    assert LOST.mended(again).healed == Healed(2, 9)
    assert LOST.recalled(again) == (LOST, again)


def test_what_was_read_since_stands_where_a_file_is_named_again():
    left = RECORD.without([of_payouts(1).path])
    newer = replace(left, payouts={**left.payouts, "po_1": replace(payout(1, 1), status="failed")})
    record = newer.with_lost([of_payouts(1)], RECORD)
    assert record.payouts["po_1"].status == "failed"
    assert record.payouts["po_2"].status == "paid"
    assert "po_3" in record.payouts
    assert record.files.keys() == RECORD.files.keys()


def test_audits_add_up():
    assert Audit(1, 2, 3, 4, 5) + Audit(10, 20, 30, 40, 50) == Audit(11, 22, 33, 44, 55)
    assert Audit.of(3, 9, []) == Audit(3, 9)
    assert (Healed(), Audit()) == (Healed(0, 0), Audit(0, 0, 0, 0, 0))
