"""What a table's own list lacks and has too much of, and who else changed it."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from connector.core.state.data_file import DataFile
from connector.core.state.publishing import (
    EMPTY,
    Alteration,
    Change,
    Contents,
    Listed,
    Wanted,
    account_of,
    alterations,
    change_to,
    is_listed,
    lag_of,
    newer,
)


def path(day: int, account: str = "acct_1", sha: str = "0" * 12) -> str:
    return f"balance_transactions/account={account}/created_date=2026-01-{day:02d}/part-{sha}-r1.parquet"


def file(day: int, account: str = "acct_1", *, rows: int = 3, size: int = 9, sha: str = "0" * 12) -> DataFile:
    return DataFile(path(day, account, sha), rows, size, "0" * 64)


def wanted(*files: DataFile, published: dict | None = None, **revisions: int) -> Wanted:
    return Wanted({one.path: one for one in files}, revisions or {"acct_1": 5}, published or {})


def contents(*files: DataFile, revisions: dict | None = None, **others: Listed) -> Contents:
    return Contents({**{one.path: Listed(one.rows, one.bytes) for one in files}, **others}, revisions or {})


def test_a_file_of_a_run_is_told_by_its_name_and_says_whose_it_is():
    assert account_of(path(1, "acct_9")) == "acct_9"
    assert is_listed(path(1))
    for other in (
        "x.parquet",
        path(1).replace("part-", "part-x"),
        path(1).replace(".parquet", ".arrow"),
        f"{path(1)}x",
    ):
        assert account_of(other) is None
        assert not is_listed(other)


def test_nothing_is_to_be_done_where_both_name_the_same():
    change = change_to(wanted(file(1), file(2)), contents(file(2), file(1)))
    assert change == Change()
    assert not change
    assert lag_of(wanted(file(1)), contents(file(1))) == 0
    assert not change_to(wanted(file(1)), Contents({path(1): Listed(None, 9)}))  # a list that does not count rows


def test_what_is_lacking_comes_in_and_what_is_too_much_goes_with_the_revisions_of_its_accounts():
    mine, other, theirs = file(2), file(1), file(3, "acct_2")
    change = change_to(wanted(mine, other, acct_1=5, acct_2=7, acct_3=1), contents(theirs))
    assert change.added == (other, mine)
    assert change.removed == (theirs.path,)
    assert change.revisions == {"acct_1": 5, "acct_2": 7}
    assert lag_of(wanted(mine, other), contents(theirs)) == 3
    assert change_to(wanted(mine), EMPTY).added == (mine,)
    assert bool(Change(added=(mine,)))
    assert bool(Change(removed=("x",)))


@pytest.mark.parametrize("listed", [Listed(4, 9), Listed(3, 8), Listed(3, 9, whole=False), Listed(None, 8)])
def test_a_file_with_other_figures_goes_and_comes_in_again_and_counts_once(listed):
    there = Contents({path(1): listed, path(2): Listed(3, 9)})
    change = change_to(wanted(file(1), file(2)), there)
    assert (change.added, change.removed) == ((file(1),), (path(1),))
    assert lag_of(wanted(file(1), file(2)), there) == 1
    assert alterations(wanted(file(1), file(2)), there) == [Alteration(path(1), "changed")]


def test_a_file_that_no_run_wrote_takes_the_revision_of_the_account_that_its_folder_names():
    strange = "balance_transactions/account=acct_2/created_date=2026-01-01/other.parquet"
    change = change_to(wanted(acct_1=5, acct_2=7), Contents({strange: Listed(1, 1)}))
    assert (change.removed, change.revisions) == ((strange,), {"acct_2": 7})


def test_what_somebody_else_did_is_told_by_what_the_table_was_published_with():
    published = {"acct_1": MappingProxyType({path(1): file(1), path(2): file(2)})}
    now = wanted(file(3), published=published)
    there = contents(file(1), file(4), file(9, "acct_2"), **{"x.parquet": Listed(1, 1)})
    assert alterations(now, there) == [
        Alteration(path(2), "missing"),
        Alteration(path(4), "foreign"),
        Alteration("x.parquet", "foreign"),
    ]
    assert alterations(now, contents(file(1), file(2))) == []


def test_of_an_account_whose_record_is_gone_files_that_runs_write_are_believed_unless_the_state_has_other_figures():
    assert alterations(wanted(file(1)), contents(file(1), file(2))) == []
    assert alterations(wanted(file(1, rows=4)), contents(file(1), file(2))) == [Alteration(path(1), "changed")]


def test_accounts_that_a_table_is_ahead_in_are_named():
    there = Contents({}, {"b": 6, "a": 1, "c": 5, "d": 2})
    assert newer(Wanted({}, {"b": 5, "c": 5, "d": 3}), there) == ["a", "b"]
