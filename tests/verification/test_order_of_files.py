"""Small files are looked at together and large ones alone, and what is gathered of them is in order of time."""

from __future__ import annotations

from functools import partial

import pytest

from connector.core.planning.audit.sampling import RowProfile
from connector.core.units import DAY
from connector.lake.stores.local import LocalStore
from connector.verification.earlier_runs import EarlierRuns
from connector.verification.ids import IdIndex
from connector.verification.inventory import Inventory
from connector.verification.rows import take_inventory
from connector.verification.sums import Ledger
from tests.support.lakes import START, objects, run, sandbox, state, world
from tests.verification.doctoring import rewrite


def days_without_rows(profile):
    return [(gap.start, gap.stop) for gap in profile.gaps() if gap.has_a_day]


@pytest.mark.parametrize("large", [1, 5, 10_000])
def test_the_days_without_rows_are_the_same_whichever_files_are_large(tmp_path, large):
    """A row in the middle of nine quiet days: its file is small, and the ones around it are not."""
    with sandbox(world(300, days=12)) as served:
        run(tmp_path, served)
    for number, path in enumerate(sorted(state(tmp_path).files)):
        if 1 <= number <= 9:
            rewrite(tmp_path, path, lambda rows, number=number: rows[:1] if number == 5 else [], fix=True)
    expected = RowProfile()
    expected.add([row["created"] for row in objects(tmp_path)])
    with IdIndex() as ids:
        found = Inventory(state(tmp_path), ids, Ledger(due_by=START + 99 * DAY))
        take_inventory(LocalStore(tmp_path), found, EarlierRuns(), partial(str), large=large)
    assert len(days_without_rows(expected)) == 2
    assert days_without_rows(found.profile) == days_without_rows(expected)
    assert found.profile.marks == expected.marks
