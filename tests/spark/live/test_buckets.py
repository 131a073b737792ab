"""A sync by tasks of a real Spark into a bucket: SeaweedFS' S3 on loopback, whose keys executors are handed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import connector.spark
from connector.config.destination import placed
from connector.sandbox import Limits, Sandbox
from tests.integrations import services
from tests.spark.live.spark_here import LOCAL_CLUSTER, session
from tests.support.bucket_lakes import bucket_files, same
from tests.support.lakes import objects, run, truth, world

pytestmark = [
    pytest.mark.skipif(not Path(sys.executable).with_name("weed").exists(), reason="SeaweedFS is for Linux"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # none is used
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    log = tmp_path_factory.mktemp("events")
    settings = {"spark__eventLog__enabled": "true", "spark__eventLog__dir": log.as_uri()}
    settings["spark__eventLog__compress"] = "false"  # else nothing is found in it
    with session(LOCAL_CLUSTER, **settings) as one:
        yield one, log


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with services.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as one:
        yield one


def test_a_bucket_ends_with_the_bytes_of_a_folder_and_no_key_is_in_sparks_log(spark, service, tmp_path):
    here, log = spark
    settings = services.storage_options_of(service)
    bucket = placed("s3://lake/by-spark", settings)
    with Sandbox(world(6_000, days=60), limits=Limits.none()) as served:
        report = connector.spark.sync(
            here,
            "s3://lake/by-spark",
            storage_options=settings,
            key=lambda: served.key,
            api_base=served.url,
            rate=1_000.0,
        )
        assert report["outcome"] == "complete"
        assert report["accounts"][0]["rows_new"] == 6_000
        assert objects(bucket) == truth(served)
        run(tmp_path, served)
        same(bucket, tmp_path, served)
        assert bucket_files(bucket)
        told = b"".join(file.read_bytes() for file in log.rglob("*") if file.is_file())
        assert b"SparkListenerJobEnd" in told
        for secret in (served.key, services.SECRET_KEY):
            assert secret.encode() not in told
    shutil.rmtree(log)
