"""A lake in a bucket is the lake in a folder: the same rows and bytes, through every fault of the network.

On a stand-in for S3 and for Google Cloud Storage, and in memory; `tests/integrations` has the real ones.
"""

from __future__ import annotations

import random
import secrets

import anyio
import pytest

import connector
from connector.config.destination import placed
from connector.core.units import DAY
from tests.support.bucket_lakes import bucket_files, life_of_a_lake, same
from tests.support.bucket_server import bucket_server
from tests.support.lakes import run, sandbox, world

pytest.importorskip("obstore", reason="an extra")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore
from connector.lake.stores.patience import Patience

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def served():
    with bucket_server() as server:
        yield server


@pytest.fixture(params=["s3", "gs", "memory"])
def bucket(request, served):
    name = f"{request.param}://lake-{secrets.token_hex(4)}/a/lake"
    return placed(name, {} if request.param == "memory" else getattr(served, request.param)())


def test_first_load_increments_late_rows_and_refreshed_statuses_are_the_bytes_of_a_folder(bucket, tmp_path):
    with sandbox(world(600)) as stripe_:
        life_of_a_lake(bucket, tmp_path, stripe_)


@pytest.mark.parametrize("form", ["jsonl", "arrow"])
def test_every_format_is_kept_in_buckets(served, tmp_path, form):
    bucket = placed("s3://lake/x", served.s3())
    with sandbox(world(300)) as stripe_:
        for destination in (bucket, tmp_path):
            run(destination, stripe_, format=form, partition="month")
        same(bucket, tmp_path, stripe_)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_answers_that_are_lost_late_or_refused_change_nothing(served, tmp_path, scheme):
    dice, settings = random.Random(5), getattr(served, scheme)()
    url = f"{scheme}://lake/x"
    hurried = Patience(sleep=lambda _seconds: None)
    bucket = placed(url, settings)
    bucket.once(lambda: ObjectStore(open_bucket(url, settings, environ={}, patience=hurried)))
    served.choose = lambda _method, _key: dice.choice(["cut", "hang", 500, 503, 429]) if dice.random() < 0.15 else None
    with sandbox(world(400)) as stripe_:
        life_of_a_lake(bucket, tmp_path, stripe_)
    assert served.total > 200


def test_a_listing_that_shows_objects_late_changes_nothing(served, tmp_path):
    served.listed_after = 1.0
    with sandbox(world(300)) as stripe_:
        bucket = placed("s3://lake/x", served.s3())
        for _ in range(3):
            run(bucket, stripe_)
            stripe_.advance(DAY)
            stripe_.add_rows(count=30, created=stripe_.now - DAY // 2)
        served.listed_after = 0.0
        for destination in (bucket, tmp_path):
            run(destination, stripe_)
        same(bucket, tmp_path, stripe_)


def test_what_a_lake_says_of_itself_it_says_in_a_bucket_too(served, tmp_path):
    bucket = placed("s3://lake/x", served.s3())
    with sandbox(world(400)) as stripe_:
        for destination in (bucket, tmp_path):
            run(destination, stripe_)
        here, there = (connector.run_status(one) for one in (tmp_path, bucket))
        assert there["accounts"][0]["differences"] == here["accounts"][0]["differences"] == []
        assert there["accounts"][0]["net"] == here["accounts"][0]["net"]
        verdict = anyio.run(lambda: connector.verify(bucket, offline=True, layers=("rows",)))
        assert verdict.verdict == anyio.run(lambda: connector.verify(tmp_path, offline=True, layers=("rows",))).verdict
        account = there["accounts"][0]["account"]
        connector.retire(bucket, account, reason="closed")
        assert connector.run_status(bucket)["accounts"][0]["retired"]["reason"] == "closed"


def test_an_object_that_somebody_else_replaced_is_found_and_read_again(served):
    bucket = placed("s3://lake/x", served.s3())
    with sandbox(world(400)) as stripe_:
        run(bucket, stripe_)
        before = bucket_files(bucket)
        spoiled = next(key for key in served.objects if "balance_transactions/account" in key)
        served.put(spoiled, b"not ours at all", {})
        assert connector.run_status(bucket)["accounts"][0]["differences"]
        report = run(bucket, stripe_, repair=True)
        assert report.outcome == "complete"
        assert bucket_files(bucket) == before
