"""A new lake is announced, and refused where one was said to exist; a run that overlaps another waits for it."""

from __future__ import annotations

import threading

import pytest

import connector
from connector.errors import ConfigError
from connector.lake.stores.local import LocalStore

MAKERS = (["sync"], ["payouts"], ["balance"])


@pytest.mark.parametrize("command", MAKERS)
def test_the_first_line_says_where_a_lake_is_new_and_only_there(run, tmp_path, command):
    lake = tmp_path / "lake"
    first = run(*command, lake).err.splitlines()[0]
    assert first.startswith(f"stripe-balance: new lake in {lake}")
    assert "new lake" not in run(*command, lake, "--existing").err + run(*command, lake).err
    assert run(*command, tmp_path / "other", "-q").err == ""


@pytest.mark.parametrize("command", MAKERS)
@pytest.mark.parametrize("there", [False, True], ids=["no folder", "an empty folder"])
def test_with_existing_no_lake_is_made(run, tmp_path, command, there):
    lake = tmp_path / "mount"
    if there:
        lake.mkdir()
    done = run(*command, lake, "--existing", "-q")
    assert (done.status, done.out, done.err.count("\n")) == (78, "", 1)
    assert "mounted" in done.err
    assert list(tmp_path.rglob("*")) == [lake] * there


def test_a_call_refuses_a_new_lake_too(environment, tmp_path):
    for call in (connector.run_sync, connector.run_sync_payouts, connector.run_record_balance):
        with pytest.raises(ConfigError, match="no lake in"):
            call(tmp_path / "lake", existing=True)


@pytest.mark.parametrize("command", MAKERS)
def test_a_run_that_overlaps_waits_for_the_other_and_says_so_with_its_status_alone(run, lake, command):
    held = LocalStore(lake).lock()
    held.__enter__()
    at_once = run(*command, lake)
    assert (at_once.status, "in use by another run" in at_once.err) == (75, True)
    threading.Timer(0.3, held.__exit__, (None, None, None)).start()
    assert run(*command, lake, "--wait", 20, "-q").err == ""


def test_a_wait_that_is_over_is_the_same_error(run, lake):
    with LocalStore(lake).lock():
        done = run("sync", lake, "--wait", 1)
    assert (done.status, "in use by another run" in done.err) == (75, True)
