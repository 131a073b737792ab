"""What a run is about to make visible: what the state is once it is, and whether it still may become so."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from connector.core.state.data_file import DataFile, ParkedFile
from connector.core.state.intent import (
    INTENT_VERSION,
    IntendedFile,
    Intent,
    contents,
    file_in,
    follows,
    from_json,
    with_visible,
)
from connector.core.state.payouts import Payout
from connector.core.state.record import Fields, Parts
from connector.core.state.stored_json import struct_to_json
from connector.core.time.intervals import Interval, Intervals
from connector.errors import StateError


def folder(day: int) -> str:
    return f"balance_transactions/account=acct_1/created_date=2026-01-{day:02d}"


def file(day: int, sha: str = "a", name: str = "part-0") -> DataFile:
    return DataFile(f"{folder(day)}/{name}.parquet", 1, 1, sha * 64)


def spans(*pairs: tuple[int, int]) -> Intervals:
    return Intervals.of(Interval(*pair) for pair in pairs)


def payout(name: str, status: str) -> Payout:
    return Payout(name, 1, 2, 3, "usd", status, automatic=True, reconciliation_status=None)


def parts(*files: DataFile, **others) -> Parts:
    return Parts(files=MappingProxyType({one.path: one for one in files}), **others)


def test_a_file_takes_the_place_of_its_partitions_and_leaves_the_others():
    there = parts(file(1), file(2), fields=Fields(format="parquet"), seconds={"asked": spans((0, 9))})
    new = file(2, "b", "part-other")
    found = with_visible(there, [IntendedFile(folder=folder(2), file=new, replaces="a" * 64, covered=((3, 5),))])
    assert dict(found.files) == {file(1).path: file(1), new.path: new}
    assert found.of("covered") == spans((3, 5))
    assert found.of("asked") == spans((0, 9))
    assert found.fields.format == "parquet"
    assert with_visible(there, []) is there


def test_seconds_that_are_read_are_covered_and_neither_lacking_nor_bare_any_more():
    before = {"covered": spans((0, 4)), "lacking": spans((2, 9)), "bare": spans((0, 6)), "looked": spans((1, 2))}
    found = with_visible(parts(seconds=before), [IntendedFile(folder=folder(1), covered=((3, 5), (7, 8)))])
    assert found.of("covered") == spans((0, 5), (7, 8))
    assert found.of("lacking") == spans((2, 3), (5, 7), (8, 9))
    assert found.of("bare") == spans((0, 3), (5, 6))
    assert found.of("looked") == spans((1, 2))


def test_a_partition_without_a_file_loses_what_it_had_only_if_that_was_to_be_replaced():
    there = parts(file(1), file(2))
    assert with_visible(there, [IntendedFile(folder=folder(1), covered=((0, 9),))]).files.keys() == there.files.keys()
    gone = with_visible(there, [IntendedFile(folder=folder(1), replaces="a" * 64)])
    assert gone.files.keys() == {file(2).path}


def test_parked_rows_that_became_visible_are_parked_no_more_and_payouts_are_known():
    parked = {name: ParkedFile(DataFile(name, 1, 1, "0" * 64), "r") for name in ("p1", "p2")}
    old, new, other = payout("po_1", "pending"), payout("po_1", "paid"), payout("po_2", "paid")
    there = parts(parked=parked, payouts={"po_1": old, "po_2": other})
    found = with_visible(there, [IntendedFile(folder=folder(1), file=file(1), parked=("p1",), payouts=(new,))])
    assert found.parked.keys() == {"p2"}
    assert dict(found.payouts) == {"po_1": new, "po_2": other}


def test_a_partitions_file_is_found_by_its_folder():
    files = {one.path: one for one in (file(1), file(2))}
    assert file_in(files, folder(2)) == file(2)
    assert file_in(files, folder(3)) is None
    assert contents(files) == {folder(1): file(1), folder(2): file(2)}


@pytest.mark.parametrize(
    ("there", "intended", "may"),
    [
        (parts(file(1)), IntendedFile(folder=folder(1), file=file(1, "b"), replaces="a" * 64), True),
        (parts(file(1)), IntendedFile(folder=folder(1), file=file(1, "b"), replaces="c" * 64), False),
        (parts(file(1)), IntendedFile(folder=folder(1), file=file(1, "b")), False),
        (parts(), IntendedFile(folder=folder(1), file=file(1, "b")), True),
        (parts(), IntendedFile(folder=folder(1), file=file(1, "b"), replaces="a" * 64), False),
        (parts(file(1)), IntendedFile(folder=folder(1), replaces="a" * 64), True),
        (parts(file(1)), IntendedFile(folder=folder(1), file=file(1), replaces="a" * 64), False),
        (parts(), IntendedFile(folder=folder(1)), False),
    ],
)
def test_a_file_follows_what_it_was_to_replace_and_nothing_newer(there, intended, may):
    assert follows(there, intended) is may


def test_what_an_entry_says_of_its_file():
    entry = IntendedFile(folder=folder(1), replaces="a" * 64)
    assert entry.sha256 is None
    assert entry.of(file(1, "b")).sha256 == "b" * 64
    assert entry.changes_files
    assert not entry.of(file(1)).changes_files


INTENT = Intent(
    intent_version=INTENT_VERSION,
    table="balance_transactions",
    account="acct_1",
    run="r",
    attempt=1,
    base=4,
    files=(IntendedFile(folder=folder(1), file=file(1), covered=((1, 2),)),),
)


def test_an_intent_is_read_back_strictly():
    text = struct_to_json(INTENT)
    assert from_json(text, "x") == INTENT
    assert text.endswith(b"\n")
    with pytest.raises(StateError, match="x has version 2"):
        from_json(text.replace(b'"intent_version": 1', b'"intent_version": 2'), "x")
    for damaged in (text[:-9], b"[]", text.replace(b'"base": 4', b'"base": "4"')):
        with pytest.raises(StateError, match="x is damaged"):
            from_json(damaged, "x")
