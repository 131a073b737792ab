"""The data source in a real Spark with two executors: found by itself, exact, and with a key that is shown nowhere."""

from __future__ import annotations

import json
import os
import runpy
import signal
import threading
import time
import urllib.request
from itertools import count

import pytest

import connector.spark
from connector.sandbox import Limits, Sandbox, World
from tests.spark.live.spark_here import EXAMPLES, LOCAL_CLUSTER, executors, session, wait_for
from tests.support.lakes import START, in_order, truth, world
from tests.support.ports import free_port

DAY = 86_400
ROWS = 4_000

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # none is used
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of its own sockets
]


@pytest.fixture(scope="module")
def stripe_():
    with Sandbox(world(ROWS, days=40), limits=Limits.none()) as served:
        yield served


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="module")
def spark(stripe_, logs):
    """A session whose driver has the key in its environment, as the source finds it."""
    settings = {
        "spark__ui__enabled": "true",
        "spark__ui__port": str(free_port()),
        "spark__eventLog__enabled": "true",
        "spark__eventLog__dir": logs.as_uri(),
        "spark__eventLog__compress": "false",  # else nothing is found in it
        "spark__sql__warehouse__dir": str(logs.parent / "warehouse"),
    }
    with session(LOCAL_CLUSTER, {"STRIPE_API_KEY": stripe_.key, "STRIPE_API_BASE": stripe_.url}, **settings) as one:
        yield one


def reading(spark, **options):
    reader = spark.read.format("stripe_balance").option("rate", "1000")
    for name, value in options.items():
        reader = reader.option(name, value)
    return reader


def test_it_is_found_by_its_name_and_every_row_is_there_once(spark, stripe_):
    frame = reading(spark).load()
    assert frame.rdd.getNumPartitions() in {3, 4}
    found = {row["id"]: row for row in frame.select("id", "net", "account", "created").collect()}
    assert {one: row["net"] for one, row in found.items()} == {row["id"]: row["net"] for row in truth(stripe_)}
    assert {row["account"] for row in found.values()} == {stripe_.world.accounts[0]}
    assert frame.count() == ROWS


@pytest.mark.slow
def test_a_schema_of_the_users_own_is_obeyed_in_order_nullability_and_types(spark, stripe_):
    frame = (
        reading(spark, limit="5").schema("net decimal(20,0), id string not null, created date, account string").load()
    )
    newest = in_order(truth(stripe_))[::-1][:5]
    assert [(row["id"], int(row["net"])) for row in frame.collect()] == [(row["id"], row["net"]) for row in newest]


def test_every_action_reads_again_what_was_planned_once(spark, stripe_):
    frame = reading(spark, partitions="1").load()
    frame.count()
    stripe_.reset_stats()
    frame.count()
    asked = stripe_.stats()["by_endpoint"]
    assert sum(asked["balance_transactions"].values()) >= ROWS // 100
    assert sum(asked.get("account", {}).values()) <= 1  # of the reading itself: nothing is planned anew


def test_filters_narrow_what_is_asked_for_where_that_is_asked_for(spark, stripe_):
    where = "type = 'charge' and created >= '2026-01-20' and created < '2026-01-21'"  # in New York
    expected = sum(
        row["type"] == "charge" and START + 19 * DAY + 18_000 <= row["created"] < START + 20 * DAY + 18_000
        for row in truth(stripe_)
    )
    assert reading(spark).load().where(where).count() == expected
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    try:
        stripe_.reset_stats()
        assert reading(spark, pushdown="true").load().where(where).count() == expected
        assert stripe_.stats()["requests"] <= 12
        assert reading(spark, pushdown="true").load().where("created < '1999-01-01'").count() == 0
    finally:
        spark.conf.set("spark.sql.python.filterPushdown.enabled", "false")


@pytest.mark.slow
def test_a_table_made_by_sql_reads_the_same(spark):
    spark.sql("create table balance_rows using stripe_balance options (rate '1000', since '2026-01-10')")
    try:
        assert spark.sql("select count(*) as n from balance_rows").collect()[0]["n"] > 0
    finally:
        spark.sql("drop table balance_rows")


def test_an_executor_that_is_killed_as_it_reads_costs_no_row_and_doubles_none(spark, stripe_):
    application = spark.sparkContext.applicationId
    victim = wait_for(lambda: len(found := executors(application)) == 2 and found)[0]
    stripe_.reset_stats()

    def kill():
        wait_for(lambda: stripe_.stats()["requests"] >= 12)
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    found = [row["id"] for row in reading(spark, rate="20").schema("id string").load().collect()]
    killer.join()
    assert sorted(found) == sorted(row["id"] for row in truth(stripe_))
    assert victim not in executors(application)


def test_the_key_is_in_nothing_that_spark_shows(spark, stripe_, logs, tmp_path):
    key = stripe_.key
    frame = reading(spark, limit="3").load()
    frame.collect()
    connector.spark.register(spark, key=lambda: key, api_base=stripe_.url)
    registered = spark.read.format("stripe_balance").option("limit", "2").load()
    assert registered.count() == 2
    connector.spark.sync(spark, tmp_path / "lake", key=lambda: key, api_base=stripe_.url, rate=1_000.0)
    shown = [one._jdf.queryExecution().toString() for one in (frame, registered)]
    for name in ("api_key", "key"):
        with pytest.raises(Exception, match="a key is no option") as refused:
            reading(spark, **{name: key}).load()
        shown.append(str(refused.value))
    stripe_.faults.add("hostile-error:endpoint=balance_transactions,status=400")
    try:
        with pytest.raises(Exception, match="status 400") as failed:
            reading(spark, retries="0").load().collect()
    finally:
        stripe_.faults.clear()
    shown.append(str(failed.value))
    shown += pages(spark)
    logged = [file.read_text("utf-8", "replace") for file in logs.rglob("*") if file.is_file()]
    assert any("SparkListenerJobEnd" in text for text in logged)
    shown += logged
    assert len(shown) >= 12
    assert any("stripe_balance" in text for text in shown)
    forms = (key, key[:24], key[-12:])
    assert [text[:200] for text in shown if any(form in text for form in forms)] == []


def pages(spark):
    """What the REST API says, and the pages that people look at."""
    base, application = spark.sparkContext.uiWebUrl, spark.sparkContext.applicationId
    port = base.rpartition(":")[2]
    rest = ["environment", "jobs", "stages?details=true", "executors", "storage/rdd"]
    rest.append("sql?details=true&planDescription=true&length=1000")
    paths = [f"/api/v1/applications/{application}/{name}" for name in rest]
    found = []
    for path in [*paths, "/environment/", "/SQL/", "/jobs/", "/stages/"]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            found.append(answer.read().decode("utf-8", "replace"))
    assert all(json.loads(text) is not None for text in found[: len(paths)])
    return found


@pytest.mark.slow
def test_the_example_of_the_page_runs_as_it_stands(spark, tmp_path, monkeypatch, capfd):
    start = 1_788_220_800  # in September of 2026, so that October is whole
    made = World(transactions=900, start=start, end=start + 90 * DAY, now=start + 95 * DAY, connected=0, seed=4)
    with Sandbox(made, limits=Limits.none()) as served:
        connector.spark.register(spark, key=lambda: served.key, api_base=served.url)
        monkeypatch.setenv("STRIPE_ROWS", str(tmp_path / "october"))
        runpy.run_path(str(EXAMPLES / "read_rows.py"))
        october = 1_790_812_800, 1_793_491_200
        rows = [one for one in truth(served) if one["type"] == "charge" and october[0] <= one["created"] < october[1]]
    assert "sum(fee)" in capfd.readouterr().out
    assert spark.read.parquet(str(tmp_path / "october")).count() == len(rows) > 0


@pytest.fixture
def now_(spark):
    """A Stripe whose clock goes with ours, as streams go by it."""
    now = int(time.time())
    made = World(transactions=3_000, start=now - 60 * DAY, end=now, now=now, ticking=True, connected=0, seed=5)
    with Sandbox(made, limits=Limits.none()) as served:
        connector.spark.register(spark, key=lambda: served.key, api_base=served.url, rate=1_000.0)
        yield served


def streamed(spark, folder, now, **options):
    reader = spark.readStream.format("stripe_balance").schema("id string, created timestamp")
    for name, value in options.items():
        reader = reader.option(name, value)
    batches = count()

    def keep(frame, _number):
        next(batches)
        frame.write.mode("append").parquet(f"{folder}/rows")

    writer = reader.load().writeStream.option("checkpointLocation", f"{folder}/checkpoint").foreachBatch(keep)
    writer.trigger(availableNow=True).start().awaitTermination()
    return [row["id"] for row in spark.read.parquet(f"{folder}/rows").collect()], next(batches), now


def settled(served, offset):
    return sorted(row["id"] for row in truth(served) if row["created"] < offset)


def last_offset(folder):
    files = [file for file in (folder / "checkpoint" / "offsets").iterdir() if file.name.isdigit()]
    newest = max(files, key=lambda file: int(file.name))
    return json.loads(newest.read_text().splitlines()[-1])["created"]


def test_a_stream_reads_all_that_has_settled_in_batches_and_the_next_run_goes_on_from_there(spark, tmp_path, now_):
    began = int(time.time())
    ids, batches, _ = streamed(spark, tmp_path, now_, pages_per_batch="10")
    end = last_offset(tmp_path)
    assert end >= began - 600 - 180  # however long it took: about what had settled when it began
    assert sorted(ids) == settled(now_, end)
    assert 3 <= batches <= 10
    again, _, _ = streamed(spark, tmp_path, now_, pages_per_batch="10", settle="60")
    assert sorted(again) == settled(now_, last_offset(tmp_path))
    assert last_offset(tmp_path) > end


@pytest.mark.slow
def test_lateness_reads_the_end_of_the_last_batch_again(spark, tmp_path, now_):
    first, _, _ = streamed(spark, tmp_path, now_, settle="864000")
    end = last_offset(tmp_path)
    second, _, _ = streamed(spark, tmp_path, now_, lateness="172800")
    twice = [row["id"] for row in truth(now_) if end - 172_800 <= row["created"] < end]
    assert len(second) - len(set(second)) == len(twice) > 0
    assert set(first) < set(second)
    assert sorted(set(second)) == settled(now_, last_offset(tmp_path))


def test_an_idle_stream_asks_nothing_though_spark_asks_it_all_the_time(spark, tmp_path, now_):
    now_.reset_stats()
    frame = spark.readStream.format("stripe_balance").option("since", "today").load()
    query = frame.writeStream.format("noop").option("checkpointLocation", str(tmp_path / "checkpoint")).start()
    try:
        wait_for(lambda: query.lastProgress is not None)
        asked = now_.stats()["requests"]
        time.sleep(5)
        assert now_.stats()["requests"] <= asked + 6  # at most a batch of the next minute
        assert query.exception() is None
    finally:
        query.stop()


@pytest.mark.slow
def test_the_example_of_a_stream_runs_as_it_stands_as_often_as_it_is_started(spark, tmp_path, monkeypatch, now_):
    monkeypatch.setenv("STRIPE_ROWS", str(tmp_path / "rows"))
    for _ in range(2):
        runpy.run_path(str(EXAMPLES / "stream_rows.py"))
    found = [row["id"] for row in spark.read.parquet(str(tmp_path / "rows")).select("id").collect()]
    assert len(found) == len(set(found)) > 2_000
