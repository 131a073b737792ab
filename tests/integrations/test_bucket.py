"""What a put in a bucket comes to is known, whatever becomes of its answers: on SeaweedFS, moto and Azurite."""

from __future__ import annotations

import random
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, StorageError
from tests.integrations.faulty_proxy import behind_faults
from tests.integrations.services import SERVICES, settings_of

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.patience import Patience


def open_at(service, **options):
    return open_bucket(f"{service.url}/{secrets.token_hex(4)}", settings_of(service), environ={}, **options)


def quick(seconds=20.0):
    return Patience(seconds=seconds, jitter=lambda: 0.0)


@pytest.fixture(params=SERVICES)
def service(request, started):
    return started(request.param)


def test_an_object_is_created_once_replaced_by_version_and_gone_when_deleted(service):
    bucket = open_at(service)
    first = bucket.put("a/b=1/part-0.parquet", b"one", replaces=None)
    assert bucket.get("a/b=1/part-0.parquet") == (b"one", first)
    with pytest.raises(CommitConflictError):
        bucket.put("a/b=1/part-0.parquet", b"two", replaces=None)
    second = bucket.put("a/b=1/part-0.parquet", b"two", replaces=first)
    assert second != first
    with pytest.raises(CommitConflictError):
        bucket.put("a/b=1/part-0.parquet", b"three", replaces=first)
    (listed,) = bucket.list("a")
    assert (listed.path, listed.bytes) == ("a/b=1/part-0.parquet", 3)
    assert second.endswith(listed.version)
    assert not first.endswith(listed.version)
    bucket.delete("a/b=1/part-0.parquet")
    bucket.delete("a/b=1/part-0.parquet")
    assert bucket.get("a/b=1/part-0.parquet") is None
    assert bucket.version("a/b=1/part-0.parquet") is None
    assert not list(bucket.list("a"))


def test_a_large_file_goes_in_one_put_and_comes_back_in_parts(service, tmp_path):
    bucket = open_at(service)
    local = tmp_path / "large"
    local.write_bytes(random.Random(1).randbytes(24 * 2**20))
    bucket.put("large", local, replaces=None)
    back = tmp_path / "back"
    assert bucket.download("large", back)
    assert back.read_bytes() == local.read_bytes()
    assert not bucket.download("nothing", back)


@pytest.mark.parametrize("fault", ["cut", "error after", "refuse before", "late"])
def test_a_put_whose_answer_is_lost_is_in_once_and_known_to_be_ours(service, fault):
    with behind_faults(service) as (behind, faults):
        bucket = open_at(behind, patience=quick())
        left = [fault, fault]
        faults.choose = lambda method, _path: left.pop() if method == "PUT" and left else None
        first = bucket.put("state/1.json", b"ours", replaces=None)
        assert bucket.get("state/1.json") == (b"ours", first)
        left = [fault]
        second = bucket.put("state/1.json", b"ours again", replaces=first)
        assert bucket.get("state/1.json") == (b"ours again", second)
        assert faults.seen[fault] == 3


@pytest.mark.slow
def test_of_many_writers_that_create_one_object_exactly_one_has_it(service):
    with behind_faults(service) as (behind, faults):
        dice = random.Random(7)
        faults.choose = lambda method, _path: (
            dice.choice(["cut", "error after", "refuse before", None]) if method == "PUT" else None
        )
        bucket = open_at(behind, patience=quick(60.0))

        def write(number):
            try:
                bucket.put("state/2.json", f"writer {number}".encode(), replaces=None)
            except CommitConflictError:
                return None
            return number

        with ThreadPoolExecutor(6) as pool:
            winners = [one for one in pool.map(write, range(6)) if one is not None]
        assert len(winners) == 1
        assert bucket.get("state/2.json")[0] == f"writer {winners[0]}".encode()


def test_a_put_that_is_never_answered_ends_in_not_known_and_a_get_in_a_sentence(service):
    with behind_faults(service) as (behind, faults):
        bucket = open_at(behind, patience=quick(2.0))
        faults.choose = lambda _method, _path: "cut"
        with pytest.raises(CommitUnknownError, match="not known"):
            bucket.put("state/3.json", b"x", replaces=None)
        with pytest.raises(StorageError, match="look at the network"):
            bucket.get("state/3.json")


def test_a_wrong_secret_is_refused_at_once_and_is_in_no_message(service):
    if service.name in {"moto", "GCS stand-in"}:
        pytest.skip(f"{service.name} lets everybody in")
    wrong = {**settings_of(service)}
    name = "secret_access_key" if "secret_access_key" in wrong else "account_key"
    wrong[name] = "bm90LXRoZS1zZWNyZXQtdGhhdC1pdC1pcw=="
    bucket = open_bucket(f"{service.url}/x", wrong, environ={}, patience=quick(5.0))
    with pytest.raises(StorageError) as told:
        bucket.put("a", b"x", replaces=None)
    assert wrong[name] not in str(told.value)
    assert wrong[name] not in repr(bucket)
    assert "refuses these credentials" in str(told.value)


def test_a_bucket_that_is_not_there_is_named(service):
    if service.name == "GCS stand-in":
        pytest.skip("the stand-in has every bucket")
    bucket = open_bucket(
        service.url.replace("lake", "no-such-lake"), settings_of(service), environ={}, patience=quick(5.0)
    )
    with pytest.raises(StorageError, match="no such bucket"):
        list(bucket.list("state"))
    if service.name != "SeaweedFS":  # it makes the bucket
        with pytest.raises(StorageError, match="no such bucket"):
            bucket.put("a", b"x", replaces=None)


@pytest.mark.parametrize(
    ("url", "options", "environ", "told"),
    [
        ("s3://lake", {"endpoint": "http://store.example.com"}, {}, "plain http"),
        ("s3://lake", {}, {"AWS_ENDPOINT_URL": "http://10.0.0.1:9000"}, "plain http"),
        ("az://lake", {"account_name": "a", "endpoint": "http://192.168.1.2"}, {}, "plain http"),
        ("s3://", {}, {}, "names no bucket"),
        ("s3://user:password@lake/x", {}, {}, "no user, password"),
        ("s3://lake/x?versionId=3", {}, {}, "no user, password"),
        ("s3://lake", {"no_such_setting": "very-secret-value"}, {}, "no_such_setting"),
    ],
)
def test_an_address_or_a_setting_that_makes_no_sense_is_refused(url, options, environ, told):
    with pytest.raises(ConfigError, match=told) as raised:
        open_bucket(url, options, environ=environ)
    assert "very-secret-value" not in str(raised.value)
    assert "password@" not in str(raised.value)
