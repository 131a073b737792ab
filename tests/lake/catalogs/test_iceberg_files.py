"""An Iceberg table in a bucket: its metadata goes through the lake's own client of it."""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack

import pytest
from pyiceberg.utils.config import Config

from connector.errors import CommitConflictError, ConfigError
from connector.lake.catalogs.base import publish
from connector.lake.catalogs.iceberg import IcebergCatalogTable
from connector.lake.catalogs.iceberg_catalog import open_catalog
from tests.support.bucket_server import bucket_server
from tests.support.table_files import TABLE, Lake, rows_of

pytest.importorskip("obstore", reason="an extra")

from connector.lake.catalogs.iceberg_files import BucketFiles, address_in_tables, files_in
from connector.lake.stores.bucket_opening import open_bucket


@pytest.fixture
def bucket():
    return open_bucket(f"memory://{secrets.token_hex(4)}/lake", environ={})


@pytest.fixture
def files(bucket):
    with files_in(bucket) as properties:
        yield BucketFiles(properties)


def test_a_file_in_the_bucket_is_written_read_and_removed(bucket, files):
    address = f"{bucket.url}/metadata/1.json"
    new = files.new_output(address)
    assert not new.exists()
    with pytest.raises(FileNotFoundError, match="is not there"):
        files.new_input(address).open()
    with new.create() as to:
        to.write(b"one")
        assert not new.exists()
    there = files.new_input(address)
    assert (there.exists(), len(there), there.open().read(), there.location) == (True, 3, b"one", address)
    assert len(new) == 3
    assert (new.to_input_file().open().read(), bucket.get("metadata/1.json")[0]) == (b"one", b"one")
    files.delete(address)
    assert bucket.get("metadata/1.json") is None


def test_a_file_is_replaced_on_demand_alone(bucket, files):
    to = files.new_output(f"{bucket.url}/a")
    to.create().close()
    with pytest.raises(CommitConflictError), to.create() as again:
        again.write(b"2")
    assert bucket.get("a")[0] == b""
    with to.create(overwrite=True) as again:
        again.write(b"3")
    assert bucket.get("a")[0] == b"3"


def test_of_a_writer_that_fails_nothing_is_put(bucket, files):
    def fail():
        with files.new_output(f"{bucket.url}/a").create() as to:
            to.write(b"half")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert bucket.get("a") is None


def test_files_elsewhere_are_left_to_ways_of_pyiceberg(bucket, files, tmp_path):
    place = f"file://{tmp_path}/a.json"
    with files.new_output(place).create() as to:
        to.write(b"one")
    assert (tmp_path / "a.json").read_bytes() == b"one"
    assert files.new_input(place).open().read() == b"one"
    files.delete(files.new_input(place))
    assert list(tmp_path.iterdir()) == []
    assert list(bucket.list("")) == []


def test_a_bucket_is_found_for_the_length_of_the_block_alone(bucket):
    with files_in(bucket) as properties:
        BucketFiles(properties)
    with pytest.raises(KeyError):
        BucketFiles(properties)


def test_azure_is_named_by_its_account():
    azure = {"account_name": "acme", "account_key": "Ym9v"}
    there = open_bucket("az://lake/x/y", azure, environ={}, answers=lambda *_: False)
    assert address_in_tables(there) == "abfss://lake@acme.dfs.core.windows.net/x/y"
    whole = open_bucket("az://lake", azure, environ={}, answers=lambda *_: False)
    assert address_in_tables(whole) == "abfss://lake@acme.dfs.core.windows.net"


def test_azure_without_an_account_is_refused():
    class Nameless:
        url = "az://lake/x"

        def access(self):
            return {}

    with pytest.raises(ConfigError, match="set account_name"):
        address_in_tables(Nameless())


def test_a_table_lives_in_the_bucket_and_its_catalog_elsewhere(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("PYICEBERG_CATALOG__ELSEWHERE__URI", f"sqlite:///{tmp_path}/catalog.db")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it is read when pyiceberg is imported
    lake = Lake(tmp_path / "lake")  # data files are not looked at
    with ExitStack() as stack:
        catalog = open_catalog(bucket.url, "elsewhere", stack.enter_context(files_in(bucket)))
        stack.callback(catalog.close)
        table = IcebergCatalogTable(lake.shape, catalog, bucket.url)
        for day in range(3):
            file = lake.put(rows_of(day, ["txn_a"]))
            publish(table, lake.wanted)
        table = IcebergCatalogTable(lake.shape, catalog, bucket.url)
        table.read()
        held = table.contents()
        assert held.files.keys() == lake.files.keys()
        assert (held.files[file.path].bytes, held.revisions, held.version) == (file.bytes, lake.revisions, 3)
        assert publish(table, lake.wanted).added == 0
    assert {one.path.rpartition("/")[0] for one in bucket.list("")} == {f"{TABLE}/metadata"}


def test_a_commit_reads_each_manifest_once_and_none_that_it_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("PYICEBERG_CATALOG__ELSEWHERE__URI", f"sqlite:///{tmp_path}/catalog.db")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    lake = Lake(tmp_path / "lake")
    with bucket_server() as served, ExitStack() as stack:
        bucket = open_bucket("s3://lake/x", served.s3(), environ={})
        catalog = open_catalog(bucket.url, "elsewhere", stack.enter_context(files_in(bucket)))
        stack.callback(catalog.close)
        for day in (0, 1, 2, 0):
            lake.put(rows_of(day, [f"txn_{day}"]))
            before = set(served.objects)
            there = [name for name in before if re.fullmatch(r".*-m\d+\.avro", name)]
            served.requests.clear()
            publish(IcebergCatalogTable(lake.shape, catalog, bucket.url), lake.wanted)
            new = [one for one in served.objects if one.endswith(".avro") and one not in before]
            assert [served.requests[f"GET {name}"] for name in new] == [0] * len(new)
            assert new
        assert [served.requests[f"GET {name}"] for name in there] == [1, 1, 1]
