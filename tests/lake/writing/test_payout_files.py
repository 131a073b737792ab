"""Files of payouts and of their transactions: what is read is laid over what is there, and counted; none is lost."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from connector.core.state.data_file import Listing, with_changes
from connector.core.state.payouts import DayDue
from connector.core.state.payouts_record import COLUMNS
from connector.core.units import DAY
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from connector.lake.writing.payout_files import Listed, stage_payouts, stage_transactions
from connector.lake.writing.rewrite import PartitionRewrite, StaleFileError
from connector.lake.writing.small_tables import read_rows, small_table
from tests.support.payout_world import scripted_payout, scripted_row
from tests.support.samples import START

each_format = pytest.mark.parametrize("name", ["parquet", "arrow", "jsonl.zst"])
PAYOUTS, TRANSACTIONS = "payouts/account=acct_1/created_month=2023-11", "payout_transactions/account=acct_1/arrival=1"


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "lake")


def shown(store, written) -> LocalStore:
    """Publish what was staged."""
    if written.path is not None:
        store.publish(written.path, written.file.path, condition=written.condition)
    return store


def figures(written) -> dict[str, int]:
    return {name: count for name, count in asdict(written.counts).items() if count}


def put(store, kind, rows, old=None, *, lost=False, columns=COLUMNS):
    written = stage_payouts(store, kind, PartitionRewrite(PAYOUTS, old, lost=lost), rows, columns)
    shown(store, written)
    return written


def objects(store, kind, file):
    return kind.objects(read_rows(store, kind.form, file.path))


@each_format
def test_payouts_read_are_laid_over_those_there_and_each_is_counted_as_what_it_is(store, name):
    kind = small_table("payouts", name)
    one, two, three = (scripted_payout(number, START + number) for number in (1, 2, 3))
    first = put(store, kind, [two, one])
    assert figures(first) == {"new": 2}
    assert (first.unchanged, first.condition, first.file.rows) == (False, ABSENT, 2)
    failed = two | {"status": "failed"}
    again = put(store, kind, [three, failed, one], first.file)
    assert figures(again) == {"new": 1, "replaced": 1, "unchanged": 1}
    assert objects(store, kind, again.file) == [one, failed, three]
    later = put(store, kind, [scripted_payout(3, START + 3, status="canceled"), three], again.file)
    assert figures(later) == {"unchanged": 1}  # of two with one id, the later counts
    assert (later.unchanged, later.path, later.file) == (True, None, again.file)


@each_format
def test_payouts_that_nobody_asked_about_stay(store, name):
    kind = small_table("payouts", name)
    first = put(store, kind, [scripted_payout(1, START)])
    again = put(store, kind, [], first.file)
    assert (figures(again), again.unchanged, again.file) == ({}, True, first.file)


@each_format
def test_what_the_lake_hides_since_is_hidden_in_the_payouts_that_are_there_too(store, name):
    shows, hides = small_table("payouts", name), small_table("payouts", name, ("description",))
    one, two = scripted_payout(1, START), scripted_payout(2, START)
    first = put(store, shows, [one])
    assert first.file.hidden == ()
    again = put(store, hides, [two], first.file)
    assert (figures(again), again.file.hidden) == ({"new": 1}, ("description",))
    assert objects(store, hides, again.file) == [one | {"description": None}, two | {"description": None}]
    third = put(store, hides, [one], again.file)  # what is hidden is no difference
    assert (figures(third), third.unchanged) == ({"unchanged": 1}, True)


def test_a_file_without_the_parts_of_the_trace_id_is_given_them(store):
    kind = small_table("payouts", "parquet")
    one = scripted_payout(1, START, trace_id={"status": "supported", "value": "tr_1"})
    first = put(store, kind, [one])
    assert not put(store, kind, [], first.file, columns=COLUMNS - 1).unchanged
    assert put(store, kind, [], first.file, columns=COLUMNS).unchanged


def test_lines_have_no_columns_to_be_added(store):
    kind = small_table("payouts", "jsonl.zst")
    first = put(store, kind, [scripted_payout(1, START)])
    assert put(store, kind, [], first.file, columns=COLUMNS - 1).unchanged


def test_a_lost_file_is_replaced_by_what_is_read(store):
    kind = small_table("payouts", "parquet")
    put(store, kind, [scripted_payout(1, START)])
    again = put(store, kind, [scripted_payout(2, START)], lost=True)
    assert [one["id"] for one in objects(store, kind, again.file)] == ["po_2"]


def test_a_file_that_is_not_as_its_record_says_is_not_laid_over(store):
    kind = small_table("payouts", "parquet")
    first = put(store, kind, [scripted_payout(1, START)])
    with pytest.raises(StaleFileError):
        put(store, kind, [], with_changes(first.file, sha256="0" * 64))


# Transactions ---------------------------------------------------------------------------------------------------------


def listed(number: int, *nets: int, first: int = 0, currency: str = "usd") -> Listed:
    """A payout's own row, and rows of these amounts."""
    one = Listed(f"po_{number}")
    own = scripted_row(100 * number, START + DAY, -sum(nets), type="payout", source=f"po_{number}", currency=currency)
    one.add([own])
    rows = [scripted_row(100 * number + at, START, net, currency=currency) for at, net in enumerate(nets, first + 1)]
    if rows:
        one.add(rows)
    return one


def due(*gone: str) -> DayDue:
    return DayDue(START, (), frozenset(gone))


def pair(store, kind, lists, old=None, gone=(), **more):
    written = stage_transactions(store, kind, PartitionRewrite(TRANSACTIONS, old, **more), due(*gone), lists)
    shown(store, written)
    return written


def ids(store, kind, file) -> list[tuple[str, str]]:
    return [(one["payout_id"], one["balance_transaction_id"]) for one in objects(store, kind, file)]


def test_a_list_that_came_in_pages_is_told_in_figures():
    one = Listed("po_1")
    one.add([scripted_row(1, START, -70), scripted_row(2, START, 50)])
    one.add([scripted_row(3, START, 30), scripted_row(4, START, 9, currency="eur")])
    assert one.listing == Listing(4, {"eur": 9, "usd": 10})


@each_format
def test_transactions_of_a_payout_take_their_place_beside_those_of_others(store, name):
    kind = small_table("payout_transactions", name)
    first = pair(store, kind, [listed(1, 50, 20)])
    assert (figures(first), first.file.rows, first.condition) == ({"new": 3}, 3, ABSENT)
    assert first.file.listings == {"po_1": Listing(3, {"usd": 0})}
    again = pair(store, kind, [listed(2, 7)], first.file)
    assert (figures(again), again.file.rows) == ({"new": 2}, 5)
    assert again.file.listings == {"po_1": Listing(3, {"usd": 0}), "po_2": Listing(2, {"usd": 0})}
    assert ids(store, kind, again.file) == [
        *(("po_1", one) for one in ("txn_00101", "txn_00102", "txn_00100")),
        *(("po_2", one) for one in ("txn_00201", "txn_00200")),
    ]
    same = pair(store, kind, [listed(2, 7)], again.file)
    assert (same.unchanged, same.path, same.file) == (True, None, again.file)


@each_format
def test_rows_that_a_payout_lists_no_more_are_kept_counted_and_part_of_its_sums(store, name):
    kind = small_table("payout_transactions", name)
    first = pair(store, kind, [listed(1, 50, 20), listed(2, 7)])
    again = pair(store, kind, [listed(1, 50)], first.file)
    assert figures(again) == {"new": 2, "disappeared": 1}
    assert ("po_1", "txn_00102") in ids(store, kind, again.file)
    assert again.file.listings == {"po_1": Listing(3, {"usd": 20}), "po_2": Listing(2, {"usd": 0})}


@each_format
def test_rows_of_a_payout_that_arrives_on_another_day_now_leave_the_file(store, name):
    kind = small_table("payout_transactions", name)
    first = pair(store, kind, [listed(1, 50), listed(2, 7)])
    again = pair(store, kind, [], first.file, gone=["po_1"])
    assert (figures(again), [name for name, _ in ids(store, kind, again.file)]) == ({}, ["po_2", "po_2"])
    assert again.file.listings == {"po_2": Listing(2, {"usd": 0})}
    empty = pair(store, kind, [], again.file, gone=["po_2"])
    assert (empty.file, empty.unchanged, empty.path) == (None, False, None)


@each_format
def test_what_the_lake_hides_since_is_hidden_in_the_transactions_that_are_there_too(store, name):
    shows, hides = small_table("payout_transactions", name), small_table("payout_transactions", name, ("source",))
    first = pair(store, shows, [listed(1, 50)])
    again = pair(store, hides, [listed(2, 7)], first.file)
    assert again.file.hidden == ("source",)
    of_rows = {one["balance_transaction_id"]: one["source"] for one in objects(store, hides, again.file)}
    assert of_rows == {"txn_00101": None, "txn_00100": "po_1", "txn_00201": None, "txn_00200": "po_2"}


def test_a_lost_file_of_transactions_is_replaced(store):
    kind = small_table("payout_transactions", "parquet")
    pair(store, kind, [listed(1, 50)])
    again = pair(store, kind, [listed(2, 7)], lost=True)
    assert [name for name, _ in ids(store, kind, again.file)] == ["po_2", "po_2"]
    assert again.file.listings == {"po_2": Listing(2, {"usd": 0})}
