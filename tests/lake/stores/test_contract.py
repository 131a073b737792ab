"""Every store does what stores have to do."""

from __future__ import annotations

import errno
import multiprocessing
import os

import pytest

from connector.errors import CommitConflictError
from connector.lake.stores.conditions import ABSENT
from connector.lake.stores.local import LocalStore
from tests.contracts.store import PATH, StoreContract
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.memory_store import MemoryStore


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return LocalStore(tmp_path / "lake")


class TestLocalStoreWithoutLinks(StoreContract):
    """A file system that gives no file a second name, such as exFAT."""

    @pytest.fixture
    def store(self, tmp_path, monkeypatch):
        def refuse(*_: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
        return LocalStore(tmp_path / "lake")


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return MemoryStore(tmp_path)


def create(root, barrier, won, number):
    """What one of several processes does: create files that the others want to create as well."""
    store = LocalStore(root)
    barrier.wait()
    for turn in range(20):
        try:
            store.write(f"a/{turn}", f"{number}".encode() * 10_000, condition=ABSENT)
        except CommitConflictError:
            continue
        won.put((turn, number))
    won.put(None)


def test_of_several_processes_that_create_a_file_one_succeeds_and_nobody_sees_half_of_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, won = context.Barrier(3), context.Queue()
    processes = [context.Process(target=create, args=(tmp_path, barrier, won, number)) for number in range(3)]
    for process in processes:
        process.start()
    winners, ended = {}, 0
    while ended < len(processes):
        if (told := won.get(timeout=ENDLESS_SECONDS)) is None:
            ended += 1
            continue
        assert told[0] not in winners
        winners[told[0]] = told[1]
    for process in processes:
        process.join(ENDLESS_SECONDS)
    assert sorted(winners) == list(range(20))
    store = LocalStore(tmp_path)
    for turn, number in winners.items():
        assert store.read(f"a/{turn}").data == f"{number}".encode() * 10_000


def test_a_created_file_has_one_name_and_leaves_nothing_staged(tmp_path):
    store = LocalStore(tmp_path)
    store.write(PATH, b"1", condition=ABSENT)
    assert (tmp_path / PATH).stat().st_nlink == 1
    assert list(store.scratch.iterdir()) == []
