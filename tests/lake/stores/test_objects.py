"""Buckets are stores, whatever becomes of answers: on a stand-in for S3 and GCS, and in memory.

The same and more is held by `tests/integrations` on SeaweedFS, moto and Azurite.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, StorageError
from connector.lake.stores.conditions import ABSENT
from tests.contracts.store import StoreContract
from tests.support.bucket_server import FakeTime, bucket_server

pytest.importorskip("obstore", reason="an extra")

from connector.lake.stores.bucket import LARGEST
from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.condition_support import PROBE, REMEMBERED
from connector.lake.stores.objects import UNHEEDED, ObjectStore
from connector.lake.stores.patience import LARGE, PATIENCE_SECONDS, attempt_seconds
from connector.lake.stores.tokens import condition_of, token_of
from tests.support.fakes import ENDLESS_SECONDS


@pytest.fixture
def clock():
    return FakeTime()


@pytest.fixture
def served():
    with bucket_server() as server:
        yield server


@pytest.fixture(params=["s3", "gs"])
def opened(request, served, clock):
    """Return a function that opens the bucket."""

    def call(**options):
        url = f"{request.param}://lake/{secrets.token_hex(4)}"
        bucket = open_bucket(url, getattr(served, request.param)(), environ={}, patience=clock.patience())
        return ObjectStore(bucket, **options)

    return call


class TestStandIn(StoreContract):
    @pytest.fixture
    def store(self, opened):
        store = opened()
        self.tells_equal_writes_apart = store.bucket.url.startswith("gs://")
        return store


class TestInMemory(StoreContract):
    @pytest.fixture
    def store(self):
        return ObjectStore(open_bucket(f"memory://{secrets.token_hex(4)}/lake", environ={}))


def test_what_is_in_memory_is_there_for_the_process_by_its_name():
    name = secrets.token_hex(4)
    ObjectStore(open_bucket(f"memory://{name}/lake", environ={})).write("a", b"1")
    assert ObjectStore(open_bucket(f"memory://{name}/lake/", environ={})).read("a").data == b"1"
    assert ObjectStore(open_bucket(f"memory://{name}/other", environ={})).read("a") is None


# Whether conditions are heeded ----------------------------------------------------------------------------------------


def test_a_store_is_asked_once_whether_it_heeds_conditions(opened, served):
    store = opened()

    def asked() -> int:
        return sum(many for name, many in served.requests.items() if PROBE in name)

    store.write("a", b"1", condition=ABSENT)
    assert asked() == 2
    store.write("b", b"1", condition=ABSENT)
    assert asked() == 2
    for data in (b"2", b"3"):
        store.write("a", data, condition=store.read("a").version)
    assert asked() == 3


def test_that_a_store_heeds_conditions_is_remembered_in_the_lake_for_a_day(opened, served):
    bucket = opened().bucket

    def asked() -> int:
        served.requests.clear()
        ObjectStore(bucket).write(secrets.token_hex(4), b"1", condition=ABSENT)
        return sum(many for name, many in served.requests.items() if PROBE in name)

    assert asked() > 0
    assert asked() == 0
    for hours, again in ((-1, True), (23, False), (25, True)):
        served.objects.update(
            {
                path: replace(one, at=datetime.now(UTC) - timedelta(hours=hours))
                for path, one in served.objects.items()
                if REMEMBERED in path
            }
        )
        assert (asked() > 0) is again, hours


def test_a_store_that_stops_heeding_conditions_is_found_out_once_it_is_asked_again(opened, served):
    first = opened()
    first.write("a", b"1", condition=ABSENT)
    first.write("a", b"2", condition=first.read("a").version)
    served.heeds = False  # a gateway before it was replaced, say
    served.objects.update(
        {
            path: replace(one, at=datetime.now(UTC) - timedelta(hours=25))
            for path, one in served.objects.items()
            if REMEMBERED in path
        }
    )
    before = dict(served.objects)
    for condition in (ABSENT, first.read("a").version):
        with pytest.raises(ConfigError, match="does not heed"):
            ObjectStore(first.bucket).write("a", b"3", condition=condition)
    assert {path: one.data for path, one in served.objects.items()} == {path: one.data for path, one in before.items()}


def test_what_another_store_did_is_not_believed_of_a_copy_of_the_lake(opened, served):
    store = opened()
    store.write("a", b"1", condition=ABSENT)
    copied = {path.replace("absence-", "absence-0"): one for path, one in served.objects.items()}
    served.objects.clear()
    served.objects.update(copied)
    served.heeds = False
    with pytest.raises(ConfigError, match="If-None-Match"):
        ObjectStore(store.bucket).write("b", b"1", condition=ABSENT)


def test_that_a_store_does_not_heed_conditions_is_not_remembered_as_the_contrary(opened, served):
    served.heeds = False
    for _ in range(2):
        with pytest.raises(ConfigError):
            opened().write("a", b"1", condition=ABSENT)


def test_a_store_that_heeds_no_conditions_is_refused_and_nothing_is_written(opened, served):
    served.heeds = False
    store = opened()
    with pytest.raises(ConfigError, match="If-None-Match") as raised:
        store.write("a", b"1", condition=ABSENT)
    assert store.bucket.url in str(raised.value)
    assert "single_writer" in str(raised.value)
    assert store.read("a") is None
    with pytest.raises(ConfigError):
        store.write("a", b"1", condition=ABSENT)


def test_a_store_that_knows_no_conditional_puts_is_refused_as_well(opened, served):
    served.choose = lambda method, _key: 501 if method == "PUT" else None
    with pytest.raises(ConfigError, match="does not heed"):
        opened().write("a", b"1", condition=ABSENT)


def test_a_single_writer_goes_on_without_conditions_and_says_what_that_may_cost(opened, served):
    served.heeds = False
    store = opened(single_writer=True)
    version = store.write("a", b"1", condition=ABSENT)
    assert store.lacks == (UNHEEDED,)
    for wrong in (ABSENT, token_of(store.bucket.url, "no-such", "1")):
        with pytest.raises(CommitConflictError):
            store.write("a", b"2", condition=wrong)
    assert store.read("a").data == b"1"
    store.write("a", b"2", condition=version)
    assert store.read("a").data == b"2"


def test_a_store_that_heeds_conditions_is_used_with_them_by_a_single_writer_too(opened):
    store = opened(single_writer=True)
    store.write("a", b"1", condition=ABSENT)
    assert store.lacks == ()


# What becomes of puts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["cut", "hang", 500, 503, 429])
def test_a_put_whose_answer_is_lost_or_refused_for_now_is_known_to_be_ours(opened, served, fault):
    store, left = opened(), [fault, fault]
    first = store.write("a", b"1", condition=ABSENT)
    served.choose = lambda method, _key: left.pop() if method == "PUT" and left else None
    second = store.write("a", b"2", condition=first)
    assert store.read("a").version == second
    assert store.read("a").data == b"2"
    assert not left


def test_a_minute_and_a_half_of_503_is_waited_out_and_for_ever_is_not(opened, served, clock):
    store = opened()
    store.write("a", b"1", condition=ABSENT)
    began = clock.seconds
    served.choose = lambda _method, _key: 503 if clock.seconds < began + 90 else None
    store.write("b", b"1", condition=ABSENT)
    assert 90 <= clock.seconds - began < PATIENCE_SECONDS
    served.choose = lambda _method, _key: 503
    began = clock.seconds
    with pytest.raises(CommitUnknownError, match="whether it was written is not known"):
        store.write("c", b"1", condition=ABSENT)
    assert clock.seconds - began <= PATIENCE_SECONDS
    with pytest.raises(StorageError, match="look at the network"):
        store.read("a")


@pytest.mark.parametrize("status", [301, 400, 405, 413])
def test_what_no_other_attempt_would_mend_ends_at_once(opened, served, clock, status):
    store = opened()
    store.write("a", b"1", condition=ABSENT)
    served.choose = lambda method, _key: status if method == "PUT" else None
    with pytest.raises(StorageError, match="look at the storage options"):
        store.write("b", b"1", condition=ABSENT)
    assert clock.seconds == 0


def test_refused_credentials_end_at_once_and_are_in_no_message(opened, served, clock):
    store = opened()
    for status in (401, 403):
        served.choose = lambda _method, _key, status=status: status
        for act in (lambda: store.read("a"), lambda: store.write("a", b"1"), lambda: list(store.list("a"))):
            with pytest.raises(StorageError, match="refuses these credentials") as raised:
                act()
            assert "not-a-real" not in f"{raised.value} {store!r}"
            assert store.bucket.url in str(raised.value)
    assert clock.seconds == 0


def test_a_put_refused_with_conflict_though_what_is_there_is_as_expected_is_sent_again(opened, served):
    store, left = opened(), [409, 409]
    first = store.write("a", b"1", condition=ABSENT)
    served.choose = lambda method, _key: left.pop() if method == "PUT" and left else None
    store.write("a", b"2", condition=first)
    left[:] = [409]
    store.write("b", b"1", condition=ABSENT)
    assert store.read("b").data == b"1"


def test_a_version_is_what_a_listing_shows_of_it(opened):
    store = opened()
    version = store.write("a/b", b"1", condition=ABSENT)
    (found,) = store.bucket.list("a")
    assert version.endswith(found.version)
    other = store.write("a/b", b"2", condition=version)
    assert not other.endswith(found.version)
    assert condition_of(version)


def test_what_consoles_put_for_folders_is_no_file_of_a_listing(opened, served):
    store = opened()
    store.write("table/account=a/created_date=2026-01-01/part-0.parquet", b"rows")
    folder = store.bucket.url.removeprefix(f"{store.bucket.url.partition('//')[0]}//lake/")
    for marker in ("table/", "table/account=a/", "table/account=a/created_date=2026-01-01/", "table/account=b/"):
        served.put(f"{folder}/{marker}", b"", {})
    served.put(f"{folder}/table/_SUCCESS", b"", {})
    paths = ["table/_SUCCESS", "table/account=a/created_date=2026-01-01/part-0.parquet"]
    assert [info.path for info in store.list("table")] == paths
    assert sorted(one.path for one in store.besides("table", ())) == paths


def test_a_listing_of_many_pages_is_whole(opened, served):
    store = opened()
    folder = store.bucket.url.partition("://")[2].partition("/")[2]
    for number in range(2_100):
        served.put(f"{folder}/many/{number:05d}", b"", {})
    assert [info.path for info in store.list("many")] == [f"many/{number:05d}" for number in range(2_100)]


# Large objects --------------------------------------------------------------------------------------------------------


def large_file(path, size):
    with path.open("wb") as file:
        file.truncate(size)
        file.write(os.urandom(1_000))
    return path


def test_a_large_file_is_put_in_one_request_and_read_in_pieces_of_bounded_time(opened, served, tmp_path):
    store, size = opened(), 3 * LARGE + 5
    data = large_file(store.staging("big"), size).read_bytes()
    store.publish(store.scratch / next(store.scratch.iterdir()).name, "big", condition=ABSENT)
    assert sum(many for name, many in served.requests.items() if name.startswith("PUT") and "big" in name) == 1
    with store.opened("big") as local:
        assert local.read_bytes() == data
    assert sum(many for name, many in served.requests.items() if name.startswith("GET") and "big" in name) == 5


def test_a_large_object_replaced_while_it_is_read_is_read_again_as_a_whole(opened, served):
    store, size = opened(), 2 * LARGE
    old, new = b"o" * size, b"n" * size
    store.write("big", old)
    folder = store.bucket.url.partition("://")[2].partition("/")[2]
    gets = []

    def replace(method, key):
        if method == "GET" and key.endswith("big"):
            gets.append(key)
            if len(gets) == 3:
                served.put(f"{folder}/big", new, {})

    served.choose = replace
    assert store.read("big").data == new


def test_what_is_too_large_for_one_request_names_the_way_out(opened, tmp_path):
    store = opened()
    with pytest.raises(StorageError, match="partition=day") as raised:
        store.publish(large_file(tmp_path / "x", LARGEST + 1), "balance_transactions/x")
    assert "as a file or in a table, has to be kept in a folder" in str(raised.value)  # tables' files go the same way
    assert f"{store.bucket.url}/balance_transactions/x" in str(raised.value)


def test_an_attempt_at_something_large_has_the_time_that_it_takes_at_half_a_mebibyte_a_second():
    assert attempt_seconds(LARGE) == 30
    assert attempt_seconds(LARGEST) == 30 + 512


# Not waited for -------------------------------------------------------------------------------------------------------


def test_without_credentials_nobody_waits_and_plain_http_is_for_this_machine():
    began = time.monotonic()
    with pytest.raises(ConfigError, match="no credentials for gs://"):
        open_bucket("gs://lake", environ={}, answers=lambda _address, _seconds: False)
    for name, url in (("endpoint", "s3://lake"), ("base_url", "gs://lake")):
        with pytest.raises(ConfigError, match="plain http"):
            open_bucket(url, {name: "http://store.example.com"}, environ={})
    with pytest.raises(ConfigError, match="no user, password"):
        open_bucket("s3://lake", environ={"AWS_ENDPOINT_URL": "https://me:secret@store.example.com"})
    assert time.monotonic() - began < ENDLESS_SECONDS  # as long as the client would look for credentials


def test_a_setting_that_the_client_refuses_is_told_without_its_value():
    with pytest.raises(ConfigError, match="make no sense") as raised:
        open_bucket("az://lake", {"account_key": "not-base64-but-secret!"}, environ={})
    assert "not-base64-but-secret!" not in str(raised.value)
