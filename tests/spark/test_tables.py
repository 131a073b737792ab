"""A lake with tables: tasks commit to the state, and the driver brings the tables up to date, once."""

from __future__ import annotations

import pytest

import connector.spark
from tests.support.lakes import objects, truth, world
from tests.support.spark_stand_in import Session

DeltaTable = pytest.importorskip("deltalake", reason="an extra").DeltaTable


def test_tables_are_published_once_by_the_driver(tmp_path, asked):
    with asked(world(6_000)) as served:
        connector.spark.sync(Session(), tmp_path / "lake", rate=1_000, format="delta")
        assert objects(tmp_path / "lake") == truth(served)
    versions = DeltaTable(tmp_path / "lake" / "balance_transactions").history()
    assert len(versions) <= 2
