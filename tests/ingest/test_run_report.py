"""The report of a run is there to be read; the run does not depend on it."""

from __future__ import annotations

import pytest

from connector.errors import StorageError
from connector.lake.paths import RUNS
from connector.lake.stores.local import LocalStore
from tests.support.lakes import objects, run, sandbox, truth, world


@pytest.fixture
def stripe_():
    with sandbox(world(600)) as served:
        yield served


class NoReports(LocalStore):
    """A disk that takes everything but reports of runs."""

    def write(self, path, *args, **options):
        if path.startswith(RUNS):
            raise StorageError(f"cannot write {path}: No space left on device")
        return super().write(path, *args, **options)


def test_a_complete_run_whose_report_cannot_be_kept_is_complete_and_warns(stripe_, tmp_path):
    report = run(tmp_path / "lake", stripe_, services={"store": NoReports(tmp_path / "lake")})
    assert report.outcome == "complete"
    assert any("report could not be kept" in warning and "No space" in warning for warning in report.warnings)
    assert objects(tmp_path / "lake") == truth(stripe_)


def test_a_report_names_the_record_that_the_lake_goes_up_to(stripe_, tmp_path):
    first = run(tmp_path / "lake", stripe_).accounts[0]
    records = sorted((tmp_path / "lake" / "_stripe_balance" / "state").rglob("*.json"))
    assert int(records[-1].stem.split(".")[0]) == first.lake_record > 0
