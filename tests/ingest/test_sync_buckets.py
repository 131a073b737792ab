"""A lake in a bucket is the lake in a folder: the same rows and bytes, through every fault of the network.

On a stand-in for S3 and for Google Cloud Storage, and in memory; `tests/integrations` has the real ones.
"""

from __future__ import annotations

import random
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import anyio
import pytest

import connector
from connector.config.destination import placed
from connector.core.units import DAY
from connector.errors import StorageError
from tests.support.bucket_lakes import bucket_files, command, life_of_a_lake, same
from tests.support.bucket_server import bucket_server
from tests.support.examples import slow_but
from tests.support.lakes import run, sandbox, world

pytest.importorskip("obstore", reason="an extra")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore
from connector.lake.stores.patience import Patience
from tests.support.fakes import ENDLESS_SECONDS

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def served():
    with bucket_server() as server:
        yield server


@pytest.fixture(params=slow_but(["s3"], ["s3", "gs", "memory"]))
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


@pytest.mark.parametrize("scheme", slow_but(["s3"], ["s3", "gs"]))
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


@pytest.mark.parametrize("begins_empty", [False, True])
def test_a_listing_of_one_object_a_page_or_of_an_empty_first_page_is_followed_to_its_end(
    served, tmp_path, begins_empty
):
    served.page, served.begins_empty = 1, begins_empty
    with sandbox(world(120, days=5)) as stripe_:
        life_of_a_lake(placed("s3://lake/x", served.s3()), tmp_path, stripe_)


@pytest.mark.parametrize(
    "name", ["a b", "a+b", "a=b&c", "é", "e\u0301", "日本", "a'b\"c", "a[b]{c}", "a:b*c|d^e`f~", "<a>"]
)
@pytest.mark.parametrize("scheme", slow_but(["s3"], ["s3", "gs"]))
def test_a_folder_may_have_any_name_and_its_keys_have_it_as_it_is(served, tmp_path, scheme, name):
    bucket = placed(f"{scheme}://lake/{name}/x", getattr(served, scheme)())
    with sandbox(world(60, days=2)) as stripe_:
        for destination in (bucket, tmp_path):
            run(destination, stripe_)
            run(destination, stripe_)
        same(bucket, tmp_path, stripe_)
    assert {key.partition("/x/")[0] for key in served.objects} == {name}


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("scheme", slow_but(["s3"], ["s3", "gs"]))
def test_a_put_that_arrives_late_is_refused_by_its_condition_whatever_has_become_of_the_file(served, tmp_path, scheme):
    bucket = placed(f"{scheme}://lake/x", getattr(served, scheme)())
    day = "created_date=2026-01-05"

    def hold_one() -> None:
        left = ["late"]
        served.choose = lambda method, key: left.pop() if left and method == "PUT" and day in key else None

    with sandbox(world(300)) as stripe_:
        moment = stripe_.world.start + 4 * DAY + 1_000
        for round_ in range(3):
            hold_one()
            run(bucket, stripe_, full_refresh=True)
            run(tmp_path, stripe_, full_refresh=True)
            assert len(served.held) == round_ + 1
            stripe_.add_rows(count=3, created=moment + round_)
        run(bucket, stripe_, full_refresh=True)
        run(tmp_path, stripe_, full_refresh=True)
        before = bucket_files(bucket)
        assert [put() for put in served.held] == [None, None, None]
        assert bucket_files(bucket) == before
        same(bucket, tmp_path, stripe_)


def test_two_runs_at_once_write_one_lake_and_lose_nothing(served, tmp_path):
    def load(_number: int) -> str:
        return run(placed("s3://lake/x", served.s3()), stripe_, settings={"max_in_flight": 3}).outcome

    with sandbox(world(900, days=20), latency=0.005) as stripe_:
        run(tmp_path, stripe_)
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(load, range(2))) == ["complete", "complete"]
        same(placed("s3://lake/x", served.s3()), tmp_path, stripe_)


def test_files_are_put_several_at_once(served):
    met = threading.Barrier(3)
    left = [0] * 3

    def meet(method, key):
        if method == "PUT" and "balance_transactions/account" in key and left:
            left.pop()
            with suppress(threading.BrokenBarrierError):
                met.wait(ENDLESS_SECONDS)

    served.choose = meet
    with sandbox(world(300)) as stripe_:
        run(placed("s3://lake/x", served.s3()), stripe_)
    assert not left
    assert not met.broken


@pytest.mark.slow
@pytest.mark.parametrize("refused", slow_but([True], [False, True]))
def test_no_credential_is_in_what_is_said_or_kept(served, tmp_path, refused):
    secret, token, other = "a-secret-of-the-store-0001", "a-session-token-0002", "a-secret-in-a-file-0003"
    file = tmp_path / "store.env"
    file.write_text(f"secret_access_key={other}\n")
    served.choose = lambda method, _key: 403 if refused and method == "PUT" else None
    with sandbox(world(200)) as stripe_:
        environ = {
            "AWS_ENDPOINT_URL": served.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE0004",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
            "STRIPE_API_BASE": stripe_.url,
            "STRIPE_API_KEY": stripe_.key,
        }
        said = b""
        for words in (("sync",), ("sync", "--storage-options-file", file), ("status", "--json"), ("verify", "--json")):
            done = command(*words[:1], "s3://lake/x", *words[1:], "-v", environ=environ)
            said += b"".join(done.communicate(timeout=ENDLESS_SECONDS))
    kept = b"".join(one.data for one in served.objects.values())
    assert said
    assert bool(kept) is not refused
    for one in (secret, token, other, "AKIDEXAMPLE0004"):
        assert one.encode() not in said + kept
    assert stripe_.key.encode() not in said + kept


def test_a_file_that_a_run_replaced_and_has_not_recorded_yet_is_no_damage_to_who_looked_a_moment_ago(served):
    still = Patience(now=lambda: 0.0, sleep=lambda _seconds: None)  # all that was seen is of this moment
    lake = placed("s3://lake/x", served.s3())
    lake.once(lambda: ObjectStore(open_bucket("s3://lake/x", served.s3(), environ={}, patience=still)))
    with sandbox(world(300, days=5)) as stripe_:
        run(placed("s3://lake/x", served.s3()), stripe_)
        rows = connector.read(lake)
        stripe_.add_rows(count=3, created=stripe_.world.start + DAY)
        served.choose = lambda method, key: 403 if method == "PUT" and "/state/balance_transactions" in key else None
        with suppress(StorageError):
            run(placed("s3://lake/x", served.s3()), stripe_, full_refresh=True)
        assert rows.to_table().num_rows == 303
