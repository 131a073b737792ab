"""Tables in a bucket through any schedule of its store's faults: each row is in the table once, as the state has it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from connector.lake.catalogs.lake_tables import TableComparison, compared
from connector.lake.stores.base import open_store
from tests.support.bucket_server import bucket_server
from tests.support.examples import examples
from tests.support.lakes import objects, sandbox, truth, world

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")
pytest.importorskip("deltalake", reason="`make integrations` sets up what runs this")
pytest.importorskip("pyiceberg", reason="`make integrations` sets up what runs this")

from tests.integrations.services import Service
from tests.integrations.test_tables import TableLake, configured
from tests.support.bucket_schedules import lived_through, schedules

__all__ = ["configured"]

REQUESTS = 200
REFUSED = 6
"""How many requests are refused in a row: deltalake's own client waits by a clock of its own."""


def as_service(served):
    """The stand-in for S3, as a service that answers."""
    environment = {
        "AWS_ENDPOINT_URL": served.url,
        "AWS_ACCESS_KEY_ID": served.s3()["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": served.s3()["secret_access_key"],
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    return Service("the stand-in", "s3://lake", environment, served.url, None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["delta", "iceberg"])
@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(schedule=schedules(REQUESTS, refused=REFUSED))
def test_whatever_a_store_does_the_next_run_leaves_each_row_in_the_table_once(kind, schedule, configured):
    configured.unlink(missing_ok=True)
    with bucket_server() as served, sandbox(world(60, days=3)) as stripe_:
        lake = TableLake(kind, as_service(served))
        left = lived_through(served, stripe_, lake.name, served.s3(), schedule, audit=0, **lake.options)
        assert objects(left) == truth(stripe_)
        assert len(lake.rows()) == len(truth(stripe_))
        assert compared(open_store(left)) == {"balance_transactions": TableComparison()}
