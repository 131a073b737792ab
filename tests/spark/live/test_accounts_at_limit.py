"""Accounts by tasks over a cluster behind Stripe's limiter: the rows of a plain `sync`, and no refusal."""

from __future__ import annotations

import pytest

from tests.spark.live.at_limit import by_tasks, cluster
from tests.support.behind_limit import reading_of, reference, same_rows, uneven

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # none is used
]


def test_two_thousand_accounts_over_a_cluster_end_with_the_rows_of_one_process(tmp_path, record_property):
    with uneven() as served, cluster(tmp_path / "spark") as spark:
        by_tasks(spark, served, tmp_path / "lake", all_accounts=True)
        seen = reading_of(served)
        record_property("shown", str(seen))
        assert same_rows(tmp_path / "lake", reference(tmp_path, served.world))
        assert seen.refused == 0
