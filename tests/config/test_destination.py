"""A destination is a folder or a bucket's address, and goes with its storage options, which it does not show."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from connector.config.destination import Destination, bucket_address, placed
from connector.errors import ConfigError, UsageError
from connector.lake.stores.base import open_store

SECRET = "a-real-secret-0123456789"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://bucket", ("s3", "bucket", "", "s3://bucket")),
        ("s3://bucket/", ("s3", "bucket", "", "s3://bucket")),
        ("S3://bucket/a/b/", ("s3", "bucket", "a/b", "s3://bucket/a/b")),
        ("gs://b/lake", ("gs", "b", "lake", "gs://b/lake")),
        ("az://c/lake", ("az", "c", "lake", "az://c/lake")),
        ("memory://name/x", ("memory", "name", "x", "memory://name/x")),
        ("abfss://c@me.dfs.core.windows.net/lake", ("az", "c", "lake", "az://c/lake")),
        ("s3://bucket/with space/ü=1", ("s3", "bucket", "with space/ü=1", "s3://bucket/with space/ü=1")),
    ],
)
def test_an_address_names_a_bucket_and_a_folder(text, parts):
    found = bucket_address(text)
    assert (found.scheme, found.bucket, found.folder, found.url) == parts


def test_an_address_of_spark_names_the_account_as_well():
    assert bucket_address("abfss://c@me.dfs.core.windows.net/lake").settings == {"account_name": "me"}
    assert bucket_address("abfs://c@me.blob.core.windows.net").settings == {"account_name": "me"}


@pytest.mark.parametrize("text", ["lake", "./s3:/x", "./dbfs:/mnt", "/a/b", "~/lake", "C:/x", "s3:bucket", "a:b/c"])
def test_what_is_no_address_is_a_folder(text):
    assert bucket_address(text) is None
    assert placed(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3a://bucket/x", "did you mean s3://?"),
        ("gcs://bucket/x", "did you mean gs://?"),
        ("wasbs://c@me.blob.core.windows.net/x", "did you mean az://?"),
        ("https://bucket.s3.amazonaws.com/x", "https:// are not known"),
        ("s3:/bucket/x", "write s3://… with both slashes, and as text"),  # what pathlib makes of an address
        (Path("S3://bucket/x"), "write s3://… with both slashes, and as text"),
        (Path("abfss://c@me.dfs.core.windows.net/x"), "write abfss://…"),
        ("dbfs:/mnt/lake", "begins with ./"),
        ("file:/x", "a local folder is a plain path"),
        ("file:///x", "a local folder is a plain path"),
        ("s3://", "names no bucket"),
        ("s3:///x", "names no bucket"),
        ("s3://bucket:9000/x", "names no bucket"),
        (f"s3://AKIDEXAMPLE:{SECRET}@bucket/x", "no user, password"),
        (f"az://c/x?sig={SECRET}", "query"),
        (f"s3://bucket/x#{SECRET}", "fragment"),
        ("s3://bucket/a//b", "empty part"),
        ("s3://bucket/a/../b", "empty part"),
        ("s3://bucket/a\nb", "characters"),
        ("s3://bucket/a%41b/c", "has a % in it"),  # obstore would go to `aAb`, other clients to what is written
        ("gs://bucket/a%2Fpayouts", "has a % in it"),
        ("abfss://c@me.dfs.core.windows.net/a%20b", "has a % in it"),
        ("abfss://c@elsewhere.example.com/x", "an @ and ACCOUNT.dfs"),
        ("abfss://c/x", "an @ and ACCOUNT.dfs"),
    ],
)
def test_an_address_of_something_else_is_refused_with_what_to_write(text, told):
    with pytest.raises(ConfigError) as raised:
        open_store(text)
    assert told in str(raised.value)
    assert SECRET not in str(raised.value)


def test_a_destination_shows_its_name_alone_and_is_not_pickled():
    found = placed("s3://bucket/lake", {"secret_access_key": SECRET, "region": "eu"}, single_writer=True)
    assert isinstance(found, Destination)
    assert os.fspath(found) == str(found) == "s3://bucket/lake"
    assert SECRET not in repr(found)
    assert placed(found) is found
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(found)


def test_storage_options_are_for_buckets(tmp_path):
    for more in ({"storage_options": {"region": "eu"}}, {"single_writer": True}):
        with pytest.raises(ConfigError, match="for buckets"):
            placed(tmp_path, **more)
    with pytest.raises(UsageError, match="names and values"):
        placed("s3://bucket", ["region=eu"])
    assert placed(Path("lake")) == Path("lake")


def test_options_win_over_those_of_the_file(tmp_path):
    file = tmp_path / "store.env"
    file.write_text("region=eu\nendpoint=https://s3.example.com\n")
    found = placed("s3://bucket", {"AWS_REGION": "us"}, storage_options_file=file)
    assert found.settings == {"region": "us", "endpoint": "https://s3.example.com"}


@pytest.mark.parametrize(
    "text", ["$LAKE", "$HOME/lake", "${LAKE}/x", "$(LAKE)", "data/$ENV/lake", "s3://$BUCKET/lake", "s3://b/${ENV}/lake"]
)
def test_a_variable_that_nobody_put_a_value_in_the_place_of_names_no_new_lake(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"which only a shell puts a value in the place of") as caught:
        open_store(text)
    assert repr(text) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_really_called_like_a_variable_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "$LAKE").mkdir()
    assert open_store("$LAKE").root == tmp_path / "$LAKE"
    for name in ("cash$flow", "US$", "$1", "a$b/c"):
        assert open_store(name).root == tmp_path / name
