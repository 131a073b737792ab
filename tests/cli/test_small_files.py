"""A new lake of a quiet account turns out to be many small files: that is said once, with what makes fewer."""

from __future__ import annotations

import shlex

import pytest

from connector.sandbox import Limits, Sandbox, World

HINT = "NEW --partition month"
DAY = 86_400


@pytest.fixture
def quiet(environment):
    now = 1_790_000_000
    world = World(transactions=300, connected=0, start=now - 140 * DAY, end=now - DAY, now=now)
    with Sandbox(world, limits=Limits.none()) as running:
        environment.setenv("STRIPE_API_BASE", running.url)
        environment.setenv("STRIPE_API_KEY", running.key)
        yield running


@pytest.mark.usefixtures("quiet")
def test_a_quiet_accounts_new_lake_is_told_once_how_to_have_fewer_files(run, tmp_path):
    first = run("sync", tmp_path / "lake")
    assert HINT in " ".join(first.err.split())
    assert "300 rows are in" in first.err
    command = (
        " ".join(first.err.split()).partition("`stripe-balance ")[2].partition("`")[0].replace("NEW", f"{tmp_path}/new")
    )
    assert run(*shlex.split(command)).status == 0
    assert run("status", tmp_path / "new", "--json").json["accounts"][0]["files"] < 15
    again = run("sync", tmp_path / "lake", "--full-refresh")
    assert (again.status, HINT in again.err) == (0, False)
    assert "--partition" not in run("sync", tmp_path / "monthly", "--partition", "month").err
    assert run("sync", tmp_path / "other", "-q").err == ""


def test_a_busy_accounts_lake_is_not(run, tmp_path):
    assert HINT not in run("sync", tmp_path / "lake").err
