"""Reports of runs are kept for a while, the newest always; a run removes some of the old ones, never many."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.allocation import Savings
from connector.core.units import DAY
from connector.errors import StorageError
from connector.lake.paths import RUNS, FileInfo
from connector.lake.state.run_reports import (
    KEPT_REPORTS,
    MOST_BYTES,
    MOST_REMOVED,
    MOST_WITNESSES,
    NewestReports,
    newest_reports,
    report_paths,
    thin_reports,
    too_large,
    too_old,
)
from connector.lake.stores.local import LocalStore

NOW = 1_800_000_000


def path_of(at: int, number: int = 0) -> str:
    return f"{RUNS}/{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(at))}-{number:08x}.json"


def fill(root, ages):
    """Write a report of each age in days, and return the folder."""
    folder = root / RUNS
    folder.mkdir(parents=True)
    for number, age in enumerate(ages):
        (root / path_of(NOW - age * DAY, number)).write_bytes(b"{}")
    return folder


@given(st.lists(st.integers(0, 1_000), max_size=700), st.integers(0, 1_000))
def test_what_is_removed_is_old_and_the_oldest_and_not_much_and_never_of_the_newest(ages, days):
    paths = sorted((path_of(NOW - age * DAY, number) for number, age in enumerate(ages)), reverse=True)
    gone = too_old(paths, now=NOW, days=days)
    assert len(gone) <= MOST_REMOVED
    assert gone == paths[::-1][: len(gone)]
    assert len(paths) - len(gone) >= min(len(paths), KEPT_REPORTS)
    kept = paths[: len(paths) - len(gone)]
    assert len(gone) == MOST_REMOVED or all(path >= path_of(NOW - days * DAY) for path in kept[KEPT_REPORTS:])


def test_runs_remove_what_is_too_old_by_and_by_and_leave_alone_what_is_no_report(tmp_path):
    folder = fill(tmp_path, [200] * (KEPT_REPORTS + MOST_REMOVED + 7) + [1] * 3)
    (folder / "20200101T000000Z-notes.txt").write_bytes(b"mine")
    store = LocalStore(tmp_path)
    assert [thin_reports(store, now=NOW, days=90) for _ in range(3)] == [MOST_REMOVED, 10, 0]
    assert len(report_paths(store)) == KEPT_REPORTS
    assert report_paths(store)[:3] == [path_of(NOW - DAY, KEPT_REPORTS + MOST_REMOVED + 7 + one) for one in (2, 1, 0)]
    assert (folder / "20200101T000000Z-notes.txt").exists()


@given(st.lists(st.integers(1, MOST_BYTES // 20), max_size=300))
def test_reports_of_very_many_accounts_go_once_they_take_too_much_and_never_the_newest(sizes):
    reports = [FileInfo(path_of(NOW - at, at), size, 0) for at, size in enumerate(sizes)]
    gone = too_large(reports)
    kept = reports[: len(reports) - len(gone)]
    assert gone == [info.path for info in reports[::-1]][: len(gone)]
    assert len(kept) >= min(len(reports), MOST_WITNESSES)
    assert len(gone) == MOST_REMOVED or len(kept) <= MOST_WITNESSES or sum(info.bytes for info in kept) <= MOST_BYTES
    if gone and len(gone) < MOST_REMOVED:
        assert sum(info.bytes for info in reports[: len(kept) + 1]) > MOST_BYTES


def test_runs_remove_reports_that_take_too_much_whatever_their_age(tmp_path):
    fill(tmp_path, [0] * (MOST_WITNESSES + 15))
    store, most = LocalStore(tmp_path), 2 * (MOST_WITNESSES + 10)  # of 2 bytes each
    assert [thin_reports(store, now=NOW, days=90, most=most) for _ in range(2)] == [5, 0]


def test_a_store_that_keeps_what_is_to_go_holds_nobody_up(tmp_path):
    class Stubborn(LocalStore):
        def delete(self, path):
            raise StorageError(f"{path}: no")

    fill(tmp_path, [200] * (KEPT_REPORTS + 5))
    assert thin_reports(Stubborn(tmp_path), now=NOW, days=90) == 0


@pytest.mark.parametrize("days", [0, 90])
def test_the_newest_are_kept_whatever_their_age(tmp_path, days):
    fill(tmp_path, [5_000] * KEPT_REPORTS)
    assert thin_reports(LocalStore(tmp_path), now=NOW, days=days) == 0


REPORT = {"outcome": "complete", "accounts": [{"account": "acct_1", "lake_record": 5}]}


def test_what_audits_have_in_hand_is_what_the_newest_report_says_that_says_it(tmp_path):
    (tmp_path / RUNS).mkdir(parents=True)
    assert newest_reports(LocalStore(tmp_path), ["acct_1"]) == NewestReports({})
    for number, audits in enumerate(
        [{"counted_at": 7, "in_hand": 2.5}, {"counted_at": 8, "in_hand": 1.5}, {"in_hand": 9}, None, "much", {}]
    ):
        (tmp_path / path_of(NOW + number)).write_text(json.dumps({**REPORT, "audits": audits}))
    assert newest_reports(LocalStore(tmp_path), ["acct_1"]) == NewestReports({"acct_1": 5}, Savings(8, 1.5))
    (tmp_path / path_of(NOW + 100)).write_bytes(b"[1")
    assert newest_reports(LocalStore(tmp_path), ["acct_1"]) == NewestReports({"acct_1": 5}, Savings(8, 1.5))
