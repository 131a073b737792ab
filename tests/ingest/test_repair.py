"""Lakes that were damaged, and keys that cannot say whose they are."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import MappingProxyType

import pytest

from connector.core.api.retry import RetryPolicy
from connector.core.units import DAY
from connector.errors import ConfigError, StorageError, UsageError
from connector.lake.state.table_states import commit, compare, states
from connector.lake.stores.base import open_store
from connector.lake.stores.local import LocalStore
from tests.support.lakes import START, objects, run, truth, world
from tests.support.lakes import sandbox as serve
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def sandbox():
    with serve(world(600)) as server:
        yield server


@pytest.fixture(scope="module")
def shy():
    """The same world, where nobody says whose a key is."""
    with serve(world(600), faults=("403:endpoint=account",)) as server:
        yield server


def data_files(lake):
    return sorted(lake.glob("balance_transactions/**/part-0.*"))


def contents(lake):
    return {path.relative_to(lake): path.read_bytes() for path in data_files(lake)}


def test_files_that_were_lost_or_changed_come_back_and_strange_ones_go_on_request(tmp_path, sandbox):
    lake = tmp_path / "lake"
    run(lake, sandbox)
    whole = contents(lake)
    first, second, third = data_files(lake)[:3]
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    damaged = bytearray(third.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    third.write_bytes(bytes(damaged))
    stray = third.with_name("part-1.parquet")
    stray.write_bytes(b"a dead run's")
    (account,) = run(lake, sandbox).accounts
    assert (account.files_damaged, account.healed.files) == (0, 3)
    assert contents(lake) == whole
    assert stray.exists()
    (account,) = run(lake, sandbox, repair=True).accounts
    assert (account.files_damaged, account.healed.files) == (0, 0)
    assert contents(lake) == whole
    assert not stray.exists()
    assert objects(lake) == truth(sandbox)


def test_a_key_that_cannot_name_its_account_adds_no_second_copy_of_it(tmp_path, sandbox, shy):
    lake = tmp_path / "lake"
    run(lake, sandbox)
    before = contents(lake)
    with pytest.raises(ConfigError, match="`account_id"):
        run(lake, shy)
    run(lake, shy, account_id=sandbox.account)
    assert contents(lake) == before


def test_a_lake_without_a_name_takes_no_named_rows(tmp_path, sandbox, shy):
    lake = tmp_path / "lake"
    run(lake, shy)
    before = contents(lake)
    with pytest.raises(ConfigError, match="`account_id=default`"):
        run(lake, sandbox)
    run(lake, sandbox, account_id="default")
    assert contents(lake) == before


def test_another_accounts_key_is_refused_by_name(tmp_path, sandbox):
    with pytest.raises(ConfigError, match="not of acct_other"):
        run(tmp_path / "lake", sandbox, account_id="acct_other")
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("name", ["", "  "])
def test_a_destination_without_a_name_is_refused(name):
    with pytest.raises(UsageError, match="empty"):
        open_store(name)


def test_coverage_ends_at_what_could_be_seen_when_reading_began(tmp_path):
    """The account's answer may come long after the first page: rows made in between are for the next run."""
    served = world(300)
    with serve(served, faults=("500:endpoint=account",)) as server:
        began = server.now
        patient = {"retry": RetryPolicy(attempts=10_000, first=0.02, longest=0.02, least=0.01)}

        def meanwhile():
            wait_until(lambda: server.stats()["by_endpoint"].get("balance_transactions"))
            server.advance(2_700)
            server.add_rows(count=2, created=began + 600)
            server.faults.clear()

        clock = threading.Thread(target=meanwhile)
        clock.start()
        (account,) = run(tmp_path / "lake", server, settings=patient, settle=0).accounts
        clock.join()
        assert account.covered[-1][1] <= began
        run(tmp_path / "lake", server)
        assert objects(tmp_path / "lake") == truth(server)


def test_test_rows_and_live_rows_do_not_mix(tmp_path, sandbox):
    lake = tmp_path / "lake"
    run(lake, sandbox)
    before = contents(lake)
    with serve(world(600), live=True) as live, pytest.raises(ConfigError, match="test mode"):
        run(lake, live)
    assert contents(lake) == before


def test_a_repair_brings_back_also_the_rows_of_time_that_was_not_covered_yet(tmp_path):
    with serve(world(300)) as server:
        server.add_rows(count=5, created=server.now - 60)
        run(tmp_path / "lake", server)
        newest = data_files(tmp_path / "lake")[-1]
        newest.write_bytes(b"damaged")
        (account,) = run(tmp_path / "lake", server, repair=True, until=server.now - 1_800).accounts
        assert account.rows_disappeared == 0
        assert objects(tmp_path / "lake") == truth(server)


def test_a_file_that_the_state_has_forgotten_is_replaced_by_no_run_and_read_again_on_request(tmp_path):
    with serve(world(300)) as server:
        run(tmp_path, server)
        store = LocalStore(tmp_path)
        (known,) = states(store)
        commit(store, replace(known, files=MappingProxyType({})))
        before = contents(tmp_path)
        server.add_rows(count=1, created=START + 3 * DAY)  # the files of other days are made again, byte for byte
        with pytest.raises(StorageError, match=r"the lake's state does not know it.*`repair`"):
            run(tmp_path, server, full_refresh=True)
        assert contents(tmp_path) == before
        run(tmp_path, server, repair=True)
        assert objects(tmp_path) == truth(server)
        (found,) = states(store)
        assert found.files.keys() == known.files.keys()
        assert compare(store, found, full=True) == []
