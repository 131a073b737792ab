"""A lake that is checked while runs replace its files is checked by the newest record, or not at all."""

from __future__ import annotations

import pytest

from connector.errors import LakeChangedError
from connector.events import FileRead
from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from tests.verification.doctoring import answers, busiest, check, rewrite, the_state


def replaced_when_first_read(lake, times):
    """Replace the busiest file, with its record, each time that another file was read; so many times."""
    left = [times]

    def hear(event):
        if isinstance(event, FileRead) and left[0]:
            left[0] -= 1
            path = busiest(the_state(lake)).path
            rewrite(lake, path, lambda rows: [{**row, "description": f"{left[0]}"} for row in rows], fix=True)

    return hear


def test_files_replaced_while_they_are_checked_are_checked_anew_by_the_newer_record(any_lake):
    verdict = check(any_lake, on_event=replaced_when_first_read(any_lake, 1), layers=["rows"])
    assert answers(verdict) == {"rows": "proved"}


def test_a_lake_whose_files_are_replaced_each_time_is_called_neither_right_nor_wrong(lake):
    with pytest.raises(LakeChangedError, match=r"replaced 1 file of acct_.* while the lake was checked: verify again"):
        check(lake, on_event=replaced_when_first_read(lake, 10_000), layers=["rows"])


def test_files_that_are_only_added_meanwhile_change_nothing_of_what_is_checked(lake):
    added = []

    def hear(event):
        if isinstance(event, FileRead) and not added:
            added.append(table_states.commit(LocalStore(lake), the_state(lake)))

    assert answers(check(lake, on_event=hear, layers=["rows"])) == {"rows": "proved"}
    assert added
