"""A sync by tasks of a real Spark: a master and two workers of their own, whose executors know no key and die."""

from __future__ import annotations

import os
import runpy
import signal
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

import connector.spark
from connector.errors import ConfigError
from connector.sandbox import Limits, Sandbox
from connector.spark.task import Tasks
from tests.spark.live.dying import DyingTasks
from tests.spark.live.spark_here import EXAMPLES, executors, session, standalone, wait_for
from tests.support.lakes import objects, truth, world

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # none is used
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    with standalone(tmp_path_factory.mktemp("standalone")) as master, session(master) as one:
        wait_for(lambda: len(executors(one.sparkContext.applicationId)) == 2)
        yield one


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    monkeypatch.delenv("STRIPE_API_BASE", raising=False)


def given(served):
    return {"key": lambda: served.key, "api_base": served.url, "rate": 1_000.0}


@dataclass
class Changed:
    """A session that has other tasks carried out than it is told."""

    spark: Any
    change: Callable[[Tasks], Tasks]
    frame: Any = None

    @property
    def sparkContext(self):  # noqa: N802 - theirs
        return self.spark.sparkContext

    def range(self, *bounds):
        return replace(self, frame=self.spark.range(*bounds))

    def mapInArrow(self, tasks, schema):  # noqa: N802 - theirs
        changed = self.change(tasks) if isinstance(tasks, Tasks) else tasks
        return self.frame.mapInArrow(changed, schema)


def test_years_of_one_account_end_as_a_plain_sync_has_them_though_executors_have_no_key(spark, tmp_path):
    with Sandbox(world(6_000, days=60), limits=Limits.none()) as served:
        report = connector.spark.sync(spark, tmp_path / "lake", **given(served))
        assert objects(tmp_path / "lake") == truth(served)
    assert report["outcome"] == "complete"
    assert report["accounts"][0]["rows_new"] == 6_000


def test_executors_that_die_as_they_commit_leave_each_row_once(spark, tmp_path):
    application = spark.sparkContext.applicationId
    before = set(executors(application))
    with Sandbox(world(6_000, days=60), limits=Limits.none()) as served:
        dying = Changed(spark, lambda tasks: DyingTasks(tasks.carried, tasks.options, tasks.tasks))
        report = connector.spark.sync(dying, tmp_path / "lake", **given(served))
        assert objects(tmp_path / "lake") == truth(served)
    assert report["outcome"] == "complete"
    assert report["accounts"][0]["lake_rows"] == 6_000
    assert before.isdisjoint(executors(application))  # both have died, and others took their places


def test_an_executor_that_is_killed_as_it_reads_leaves_each_row_once(spark, tmp_path):
    application = spark.sparkContext.applicationId
    before = wait_for(lambda: len(found := executors(application)) == 2 and found)
    with Sandbox(world(8_000, days=60), limits=Limits.none(), latency=0.05) as served:

        def kill():
            wait_for(lambda: served.stats()["requests"] >= 25)
            os.kill(before[0], signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        report = connector.spark.sync(spark, tmp_path / "lake", **(given(served) | {"rate": 30.0}))
        killer.join()
        assert objects(tmp_path / "lake") == truth(served)
    assert report["accounts"][0]["lake_rows"] == 8_000
    assert before[0] not in executors(application)


@pytest.mark.slow
def test_many_accounts_are_read_in_groups_and_a_second_sync_reads_little(spark, tmp_path):
    with Sandbox(world(200, connected=20), limits=Limits.none()) as served:
        chosen = given(served) | {"all_accounts": True}
        report = connector.spark.sync(spark, tmp_path / "lake", **chosen)
        for account in served.world.accounts:
            assert objects(tmp_path / "lake", account) == truth(served, account)
        again = connector.spark.sync(spark, tmp_path / "lake", **chosen)
    assert len(report["accounts"]) == 21
    assert sum(one["rows_new"] for one in again["accounts"]) == 0


def test_workers_that_see_another_lake_are_told_what_to_do(spark, tmp_path):
    def elsewhere(tasks):
        return replace(tasks, carried=replace(tasks.carried, destination=str(tmp_path / "elsewhere")))

    with Sandbox(world(200), limits=Limits.none()) as served, pytest.raises(ConfigError) as caught:
        connector.spark.sync(Changed(spark, elsewhere), tmp_path / "lake", **given(served))
    assert caught.value.exit_code == 78
    assert "this worker does not see the lake that the plan was made for" in str(caught.value)
    assert "use a bucket" in str(caught.value)


@pytest.mark.slow
def test_the_example_of_the_page_runs_as_it_stands(spark, tmp_path, monkeypatch, capfd):
    with Sandbox(world(300, connected=3), limits=Limits.none()) as served:
        for name, value in {"KEY": served.key, "BASE": served.url}.items():
            monkeypatch.setenv(f"STRIPE_API_{name}", value)
        monkeypatch.setenv("STRIPE_LAKE", str(tmp_path / "lake"))
        runpy.run_path(str(EXAMPLES / "sync_accounts.py"))
        rows = sum(len(truth(served, account)) for account in served.world.accounts)
    said = capfd.readouterr().out
    assert f"complete {rows} new rows" in said
    assert "sum(net)" in said
