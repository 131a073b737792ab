"""Buckets are stores: the contract that holds a disk and memory holds S3 and Azure."""

from __future__ import annotations

import secrets

import pytest

from tests.contracts.store import StoreContract
from tests.integrations.services import SERVICES, settings_of

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")

from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore


class TestObjectStore(StoreContract):
    @pytest.fixture(params=SERVICES)
    def store(self, request, started):
        service = started(request.param)
        self.tells_equal_writes_apart = request.param in {"azurite", "gcs"}
        self.forgets_empty_folders = request.param != "seaweedfs"
        return ObjectStore(open_bucket(f"{service.url}/{secrets.token_hex(4)}", settings_of(service), environ={}))

    def test_what_is_opened_is_gone_from_the_local_disk_afterwards(self, store):
        store.write("a/b", b"1")
        with store.opened("a/b") as local:
            assert local.read_bytes() == b"1"
        assert not local.exists()
        assert not list(store.scratch.iterdir())
