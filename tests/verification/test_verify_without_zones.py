"""A lake is checked on a machine without data of time zones: nothing here needs them."""

from __future__ import annotations

import pytest

from tests.support.lakes import DAY, START, run, world
from tests.support.lakes import sandbox as serve
from tests.verification.doctoring import PROVED, answers, check


@pytest.mark.usefixtures("without_zones")
def test_pending_rows_that_are_due_need_no_data_of_zones(tmp_path):
    with serve(world(300, days=10, now=START + 10 * DAY)) as server:
        run(tmp_path / "lake", server)
        server.advance(4 * DAY)  # what was pending then is available now, and the lake does not know
        assert answers(check(tmp_path / "lake", server)) == PROVED
