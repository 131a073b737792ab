"""A new lake is announced, and refused where one was said to exist; a run that overlaps others goes on, or waits."""

from __future__ import annotations

from time import monotonic

import pytest

import connector
from connector.errors import ConfigError
from tests.support.lakes import at_work_elsewhere

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
def test_a_run_goes_on_beside_another_or_waits_for_it_as_long_as_it_may(run, lake, command):
    with at_work_elsewhere(lake):
        assert run(*command, lake, "-q").err == ""
        began = monotonic()
        assert run(*command, lake, "--wait", 1, "-q").err == ""
        assert monotonic() - began > 1
    began = monotonic()
    assert run(*command, lake, "--wait", 600, "-q").err == ""
    assert monotonic() - began < 300
