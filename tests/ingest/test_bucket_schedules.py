"""A lake in a bucket through any schedule of the store's faults: nothing is lost, doubled, or brought back."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.support.bucket_server import bucket_server
from tests.support.examples import examples, slow_but
from tests.support.lakes import run, sandbox, world

pytest.importorskip("obstore", reason="an extra")

from pathlib import Path

from tests.support.bucket_lakes import same
from tests.support.bucket_schedules import lived_through, schedules

REQUESTS = 120
"""About as many as such a life takes."""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", slow_but(["s3"], ["s3", "gs"]))
@settings(
    max_examples=examples(40),
    derandomize=True,  # the same schedules each time
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(schedule=schedules(REQUESTS), form=st.sampled_from(["parquet", "jsonl"]))
def test_whatever_a_store_does_the_next_run_ends_in_the_bytes_of_a_folder(scheme, schedule, form):
    with TemporaryDirectory() as local, bucket_server() as served, sandbox(world(60, days=3)) as stripe_:
        lake = lived_through(
            served, stripe_, f"{scheme}://lake/x", getattr(served, scheme)(), schedule, format=form, audit=0
        )
        run(Path(local), stripe_, format=form)
        same(lake, Path(local), stripe_)
        event(f"{len(schedule.seen)} faults")
