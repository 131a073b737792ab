"""Lakes go from a disk into real stores and back, whatever cuts it off, and hold the same."""

from __future__ import annotations

import secrets
import signal

import pytest

import connector
from connector.config.destination import placed
from connector.errors import ConfigError
from tests.integrations.faulty_proxy import behind_faults
from tests.integrations.services import settings_of
from tests.support.bucket_lakes import bucket_files, command
from tests.support.lakes import data_files, objects, run, sandbox, state, world

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")

SERVICES = ("seaweedfs", "moto", "azurite", "gcs")

MOMENTS = ((1, "", False), (9, "", True), (41, "", False), (1, "/state/", True))
"""Writes at which a conversion of 40 days is killed, of which it makes some 50; and whether the store gets them."""


@pytest.fixture(params=SERVICES)
def service(request, started):
    return started(request.param)


@pytest.fixture(scope="module")
def stripe_():
    with sandbox(world(900, days=40)) as served:
        yield served


@pytest.fixture(scope="module")
def lake(tmp_path_factory, stripe_):
    there = tmp_path_factory.mktemp("lakes") / "lake"
    run(there, stripe_, balance=True)
    return there


def place_in(service):
    """A new place: its name, and the destination with its storage options."""
    name = f"{service.url}/{secrets.token_hex(4)}/lake"
    return name, placed(name, settings_of(service))


def test_a_lake_goes_into_a_bucket_comes_back_and_goes_on_in_both(service, lake, stripe_, tmp_path):
    name, bucket = place_in(service)
    report = connector.run_convert(lake, name, new_storage_options=settings_of(service))
    assert report["rows"] == state(lake).rows + 1  # a snapshot of the balance
    assert bucket_files(bucket) == data_files(lake)
    connector.run_convert(bucket, tmp_path / "months", partition="month", format="jsonl")
    assert objects(tmp_path / "months") == objects(bucket) == objects(lake)
    asked = [run(there, stripe_).requests.by_endpoint for there in (bucket, tmp_path / "months")]
    assert asked[0] == asked[1]
    assert bucket_files(bucket) == data_files(lake)


@pytest.mark.parametrize("extra", ["deltalake"])
def test_a_lake_goes_into_a_bucket_as_delta_tables(service, lake, extra):
    pytest.importorskip(extra)
    if service.url.startswith("gs:"):
        pytest.skip("deltalake knows no other address of Google's storage")
    _, bucket = place_in(service)
    connector.run_convert(lake, bucket, format="delta")
    assert objects(bucket) == objects(lake)


@pytest.mark.slow
def test_killed_again_and_again_it_is_refused_and_goes_on_to_the_same_bytes(service, lake):
    with behind_faults(service) as (behind, faults):
        name, bucket = place_in(behind)
        words = ("convert", str(lake), name, "-q")  # settings and keys are in the environment

        def convert():
            return command(*words, environ=behind.environment)

        for write, about, carried_out in MOMENTS:
            status = faults.killed_at_write(write, convert, carried_out=carried_out, about=about)
            assert status == -signal.SIGKILL
            with pytest.raises(ConfigError):
                objects(bucket)
        last = convert()
        _, said = last.communicate(timeout=300)
        assert last.returncode == 0, said
        assert objects(bucket) == objects(lake)
        assert bucket_files(bucket) == data_files(lake)
        again = convert()
        _, said = again.communicate(timeout=300)
        assert (again.returncode, b"not empty" in said) == (78, True), said
