"""A sync by tasks is a sync: the same rows, one report, whatever is lost or fails. No Spark is needed for it here."""

from __future__ import annotations

import asyncio
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

import connector.spark
from connector.config.api_key import VARIABLE, ApiKey
from connector.config.config import Config
from connector.config.destination import placed
from connector.config.salt import Salt
from connector.errors import AccountsError, AuthenticationError, ConfigError, UsageError
from connector.lake.state.lake_id import PATH
from connector.spark.executor_settings import ExecutorSettings
from connector.spark.task import Tasks
from tests.support.fitting import fits
from tests.support.lakes import objects, run, truth, world
from tests.support.spark_stand_in import Session


def checked(report):
    fits(json.loads(json.dumps(report)), "run_report")
    return report


def test_years_of_one_account_are_read_by_tasks_and_reported_as_one_run(tmp_path, asked):
    session = Session(cores=3)
    with asked(world(9_000, days=60)) as served:
        report = checked(connector.spark.sync(session, tmp_path / "lake", rate=6_000.0))
        assert objects(tmp_path / "lake") == truth(served)
    (account,) = report["accounts"]
    assert (report["outcome"], account["rows_new"], account["lake_rows"]) == ("complete", 9_000, 9_000)
    assert account["covered"][0][0] == 0
    assert len(account["covered"]) == 1
    assert 90 <= report["requests"]["by_endpoint"]["balance_transactions.list"] <= 150
    assert report["requests"]["rate_limit"] == 6_000.0
    tasks = session.tasks
    assert len(tasks.tasks) == 3  # one for each core: to begin another one costs more than ends that are uneven
    assert tasks.tasks[0].get("until") is None  # the newest first
    assert tasks.carried.config.rate == 2_000.0
    assert tasks.carried.config.account_rate == 2_000.0
    assert not tasks.carried.config.goes_shares
    assert not tasks.carried.config.followed


def test_a_second_sync_reads_what_is_new_and_says_so(tmp_path, asked):
    with asked(world(600)) as served:
        connector.spark.sync(Session(), tmp_path / "lake", rate=1_000)
        again = checked(connector.spark.sync(Session(), tmp_path / "lake", rate=1_000))
        assert objects(tmp_path / "lake") == truth(served)
    assert again["accounts"][0]["rows_new"] == 0
    assert again["requests"]["total"] <= 6


def test_many_accounts_are_read_in_groups_and_nobody_is_asked_before_his_turn(tmp_path, asked):
    session = Session(cores=1, lost=frozenset({0, 7}))
    with asked(world(120, connected=12)) as served:
        report = checked(connector.spark.sync(session, tmp_path / "lake", rate=1_000, all_accounts=True))
        for account in served.world.accounts:
            assert objects(tmp_path / "lake", account) == truth(served, account), account
    assert len(session.tasks.tasks) == 8
    assert report["requests"]["by_endpoint"]["account.retrieve"] <= 8  # one in each task, which says what time it is
    assert len(report["accounts"]) == 13
    assert report["outcome"] == "complete"


def test_an_account_that_fails_is_named_and_the_others_are_complete(tmp_path, asked):
    with asked(world(300, connected=12)) as served:
        lost = served.world.accounts[5]
        served.faults.add(f"403:account={lost}")
        with pytest.raises(AccountsError) as caught:
            connector.spark.sync(Session(cores=1), tmp_path / "lake", rate=1_000, all_accounts=True)
        for account in served.world.accounts:
            if account != lost:
                assert objects(tmp_path / "lake", account) == truth(served, account)
    assert list(caught.value.errors) == [lost]
    assert len([one for one in caught.value.report.accounts if one.error is None]) == 12


def test_a_task_carried_out_by_two_at_once_leaves_each_row_once(tmp_path, asked):
    session = Session(cores=1)
    with asked(world(900)) as served:
        connector.spark.sync(session, tmp_path / "first", rate=1_000)
        tasks = session.tasks
        again = Tasks(ExecutorSettings(tasks.carried.config, str(tmp_path / "lake")), {}, [{}])
        with ThreadPoolExecutor(4) as threads:
            ended = list(threads.map(again.carried_out, [0] * 4))
        assert [one.error for one in ended] == [None] * 4
        assert objects(tmp_path / "lake") == truth(served)


def test_a_worker_that_does_not_see_the_lake_ends_the_sync_with_78_and_what_to_do(tmp_path, asked):
    class Elsewhere(Session):
        def mapInArrow(self, tasks, schema):  # noqa: N802 - theirs
            (tmp_path / "lake" / PATH).unlink(missing_ok=True)
            return super().mapInArrow(tasks, schema)

    with asked(world(300)), pytest.raises(ConfigError, match="this worker does not see the lake") as caught:
        connector.spark.sync(Elsewhere(), tmp_path / "lake", rate=1_000)
    assert caught.value.exit_code == 78
    assert "use a bucket" in str(caught.value)


def test_accounts_may_come_from_a_generator(tmp_path, asked):
    with asked(world(120, connected=3)) as served:
        some = list(served.world.accounts)[1:3]
        report = connector.spark.sync(Session(), tmp_path / "lake", rate=1_000, accounts=(one for one in some))
        assert {one["account"] for one in report["accounts"]} == set(some)
        for account in some:
            assert objects(tmp_path / "lake", account) == truth(served, account)


def test_in_a_cell_of_a_notebook_it_is_called_as_anywhere(tmp_path, asked):
    class Executors(Session):
        def mapInArrow(self, tasks, schema):  # noqa: N802 - theirs
            with ThreadPoolExecutor(1) as threads:  # an executor is in another process, without a loop
                return threads.submit(super().mapInArrow, tasks, schema).result()

    async def cell():
        return connector.spark.sync(Executors(cores=1), tmp_path / "lake", rate=1_000)

    with asked(world(60)) as served:
        report = asyncio.run(cell())
        assert report["outcome"] == "complete"
        assert objects(tmp_path / "lake") == truth(served)


def test_a_lake_in_the_drivers_memory_is_refused_before_anything_is_asked(asked):
    with asked(world(10)) as served:
        with pytest.raises(ConfigError, match="do not see the driver's memory"):
            connector.spark.sync(Session(), "memory://lake")
        assert served.stats()["requests"] == 0


def test_a_key_that_is_refused_ends_it_and_is_in_no_text(tmp_path, asked, monkeypatch):
    with asked(world(10)):
        monkeypatch.setenv(VARIABLE, "sk_test_" + "q" * 40)
        with pytest.raises(AuthenticationError) as caught:
            connector.spark.sync(Session(), tmp_path / "lake")
    assert "q" * 20 not in str(caught.value)


def test_the_key_comes_from_a_function_that_only_the_driver_calls(tmp_path, asked, monkeypatch):
    calls = []
    with asked(world(300)) as served:
        monkeypatch.delenv(VARIABLE)

        def key():
            calls.append(1)
            return served.key

        connector.spark.sync(Session(), tmp_path / "lake", key=key, rate=1_000)
        assert objects(tmp_path / "lake") == truth(served)
    assert calls == [1]


@pytest.mark.parametrize("name", ["key", "api_key"])
def test_the_key_itself_is_refused_in_a_sentence_that_does_not_repeat_it(name, tmp_path):
    with pytest.raises(UsageError) as caught:
        connector.spark.sync(Session(), tmp_path / "lake", **{name: "sk_test_" + "q" * 40})
    assert "q" * 8 not in str(caught.value)
    assert name in str(caught.value)


def test_something_else_than_a_session_is_told_and_not_quoted(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sk_test_" + "q" * 40)
    with pytest.raises(UsageError, match="is a session of Spark, not of the type str") as caught:
        connector.spark.sync("sk_test_" + "q" * 40, tmp_path / "lake")
    assert "q" * 8 not in str(caught.value)


@pytest.mark.parametrize("nothing", [None, "", " ", b"sk_test_1", 5])
def test_a_function_that_returns_no_key_is_refused_by_that(nothing, tmp_path):
    with pytest.raises(ConfigError, match="`key` returned no key") as caught:
        connector.spark.sync(Session(), tmp_path / "lake", key=lambda: nothing)
    assert "sk_test" not in str(caught.value)


def test_two_ways_to_say_the_key_are_refused(tmp_path):
    with pytest.raises(UsageError, match="leave one out"):
        connector.spark.sync(Session(), tmp_path / "lake", key=lambda: "", api_key_file=tmp_path)


@pytest.mark.parametrize("slots", [0, -1, 1.5, True])
def test_slots_are_a_whole_number(slots, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sk_test_" + "q" * 40)
    with pytest.raises(UsageError, match="`slots`"):
        connector.spark.sync(Session(), tmp_path / "lake", slots=slots)


def test_a_session_that_does_not_say_its_cores_is_told_what_to_say(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sk_test_" + "q" * 40)
    without_context = SimpleNamespace(range=None)  # as one of Spark Connect
    with pytest.raises(UsageError, match="say `slots`"):
        connector.spark.sync(without_context, tmp_path / "lake")


def test_personal_data_is_hashed_by_tasks_under_the_drivers_salt(tmp_path, asked):
    salt = tmp_path / "salt"
    salt.write_text("s" * 40)
    chosen = {"hash": "source", "hash_salt_file": salt, "rate": 1_000}
    session = Session()
    with asked(world(600)) as served:
        connector.spark.sync(session, tmp_path / "lake", **chosen)
        report = connector.run_sync(tmp_path / "whole", api_base=served.url, **chosen)
    assert report["accounts"][0]["lake_rows"] == 600
    assert objects(tmp_path / "lake") == objects(tmp_path / "whole")
    assert "s" * 40 not in repr(session.tasks)


def test_what_is_carried_shows_no_secret_and_takes_all_of_them_along():
    key = "sk_test_" + "q" * 40
    config = Config(api_key=ApiKey(key), api_base="http://127.0.0.1:1", rate=3.0, account="acct_1")
    place = placed("s3://lake/stripe", {"region": "eu-west-1", "secret_access_key": "z" * 40})
    there = pickle.loads(pickle.dumps(ExecutorSettings(config, place, Salt("s" * 40))))  # noqa: S301 - our own
    assert not any(secret in repr(there) for secret in ("q" * 20, "z" * 40, "s" * 40))
    assert there.config.api_key.reveal() == key
    assert there.salt == Salt("s" * 40)
    assert (there.config.rate, there.config.account) == (3.0, "acct_1")
    assert (there.destination.name, there.destination.settings) == (place.name, place.settings)


def test_a_lake_made_by_tasks_goes_on_with_a_plain_sync(tmp_path, asked):
    with asked(world(600)) as served:
        connector.spark.sync(Session(), tmp_path / "lake", rate=1_000)
        assert run(tmp_path / "lake", served).accounts[0].rows_new == 0
