"""A mapped backfill behind Stripe's limiter, in a whole Airflow 3: the rows of a plain `sync`, and nothing refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connector.config.destination import placed
from tests.airflow.live.airflow_here import THREE
from tests.airflow.live.at_limit import SLOTS, backfill, backfilling
from tests.integrations import services
from tests.support.behind_limit import history, reference, same_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2_400),
    pytest.mark.skipif(not THREE, reason="the executor that Airflow 2 has for SQLite runs one task at a time"),
]


def test_four_tasks_at_once_end_with_the_rows_of_one_process_and_nothing_is_refused(
    tmp_path, migrated, record_property
):
    lake = str(tmp_path / "lake")
    with history() as served, backfilling(tmp_path, served, lake, migrated=migrated) as here:
        seen = backfill(here, served)
        record_property("shown", str(seen))
        assert len(here.states("stripe_backfill")["window"]) == SLOTS
        assert same_rows(lake, reference(tmp_path, served.world))
        assert seen.refused == 0


@pytest.mark.skipif(not Path(sys.executable).with_name("weed").exists(), reason="SeaweedFS is for Linux")
def test_four_tasks_at_once_do_in_a_bucket_too(tmp_path, migrated, record_property):
    with services.seaweedfs(tmp_path / "seaweedfs") as store, history() as served:
        settings = services.storage_options_of(store)
        bucket = placed(f"{store.url}/lake", settings)
        with backfilling(tmp_path, served, f"{store.url}/lake", migrated=migrated, **store.environment) as here:
            seen = backfill(here, served)
            record_property("shown", str(seen))
            assert same_rows(bucket, reference(tmp_path, served.world))
            assert seen.refused == 0
