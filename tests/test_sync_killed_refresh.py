"""A run that dies between a file and the manifest leaves nothing that the next one would not look at."""

from __future__ import annotations

import json

import pytest

from connector import api
from connector.core.units import AccountId
from connector.errors import ManifestError
from connector.lake import journal
from connector.lake.commit import compare, manifests
from connector.lake.local import LocalStore
from tests.dying_store import DyingStore
from tests.lakes import START, manifest, objects, run, sandbox, truth, world

DAY = 86_400


def differences(lake):
    store = LocalStore(lake)
    return [one for each in manifests(store) for one in compare(store, each, full=True)]


@pytest.mark.parametrize("step", range(1, 11))
def test_files_newer_than_the_manifest_are_read_again_by_any_run(tmp_path, monkeypatch, step):
    with sandbox(world(600)) as stripe_:
        stripe_.advance(20 * DAY)
        run(tmp_path, stripe_)
        for day in (3, 6, 9):
            stripe_.add_rows(count=20, created=START + day * DAY)
        store = DyingStore(tmp_path, dies_at=step)
        with monkeypatch.context() as patch:
            patch.setattr(api, "open_store", lambda _: store)
            with pytest.raises(BaseException):  # noqa: B017, PT011 - dies like a process would
                run(tmp_path, stripe_, full_refresh=True)
        run(tmp_path, stripe_)
        assert differences(tmp_path) == []
        assert manifest(tmp_path).rows == len(objects(tmp_path))
        run(tmp_path, stripe_, full_refresh=True)
        assert objects(tmp_path) == truth(stripe_)
    assert not list((tmp_path / "_stripe_balance" / "replacing").glob("*"))


def test_a_run_that_replaces_nothing_announces_nothing(tmp_path):
    with sandbox(world(600)) as stripe_:
        run(tmp_path, stripe_)
        run(tmp_path, stripe_, full_refresh=True)
    assert not (tmp_path / "_stripe_balance" / "replacing").exists()


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b'["balance'])
def test_a_damaged_announcement_is_refused_with_what_to_do(tmp_path, damage):
    store, account = LocalStore(tmp_path), AccountId("acct_1")
    journal.announce(store, account, ["b", "a"])
    assert journal.left_behind(store, account) == {"a", "b"}
    (where,) = (tmp_path / "_stripe_balance" / "replacing").glob("*")
    assert json.loads(where.read_bytes()) == ["a", "b"]
    where.write_bytes(damage)
    with pytest.raises(ManifestError, match="--repair"):
        journal.left_behind(store, account)
    journal.settle(store, account)
    assert journal.left_behind(store, account) == frozenset()
