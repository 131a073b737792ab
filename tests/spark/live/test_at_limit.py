"""A sync by tasks behind Stripe's limiter: the rows of a plain `sync`, no refusal at the default pace, and how long."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connector.config.destination import placed
from tests.integrations import services
from tests.spark.live.at_limit import by_tasks, four_slots
from tests.support.behind_limit import history, reading_of, reference, same_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # none is used
]
needs_a_store = pytest.mark.skipif(not Path(sys.executable).with_name("weed").exists(), reason="SeaweedFS is for Linux")


@pytest.fixture(scope="module")
def spark():
    with four_slots() as one:
        yield one


def test_four_partitions_end_with_the_rows_of_one_process_and_nothing_is_refused(spark, tmp_path, record_property):
    with history() as served:
        by_tasks(spark, served, tmp_path / "lake")
        seen = reading_of(served)
        record_property("shown", str(seen))
        assert seen.refused == 0
        assert same_rows(tmp_path / "lake", reference(tmp_path, served.world))


@needs_a_store
def test_four_partitions_do_in_a_bucket_too(spark, tmp_path, record_property):
    with services.seaweedfs(tmp_path / "seaweedfs") as store, history() as served:
        settings = services.storage_options_of(store)
        bucket = placed(f"{store.url}/by-tasks", settings)
        by_tasks(spark, served, f"{store.url}/by-tasks", storage_options=settings)
        seen = reading_of(served)
        record_property("shown", str(seen))
        assert seen.refused == 0
        assert same_rows(bucket, reference(tmp_path, served.world))
