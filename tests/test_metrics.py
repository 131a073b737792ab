"""Figures of runs in a file for Prometheus: after runs that went well, failed or were stopped."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anyio
import pytest

import connector
from connector.errors import ConfigError, StoppedError, UsageError
from connector.events import Committed, Event
from connector.options.metrics import RunMetrics
from tests.support.exposition import families_in
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import config_for, sandbox, world
from tests.support.waiting import hold_answers, is_holding, wait_until

if TYPE_CHECKING:
    from pathlib import Path


def value(file: Path, name: str, **labels: str) -> float:
    """Return a sample's value, whatever its lake and command."""
    (found,) = [
        amount
        for whose, amount in families_in(file.read_text())[f"stripe_balance_{name}"].samples
        if {key: one for key, one in whose.items() if key not in {"lake", "command"}} == labels
    ]
    return found


@pytest.fixture(scope="module")
def served():
    with sandbox(world(700, connected=2)) as one:
        yield one


@pytest.fixture
def key_file(served, tmp_path):
    file = tmp_path / "key"
    file.write_text(served.key)
    return file


@pytest.fixture
def asked(served, key_file):
    return {"api_key_file": key_file, "api_base": served.url, "rate": 1_000.0}


def test_a_run_tells_rows_requests_and_how_far_the_lake_is(served, asked, tmp_path):
    lake, file = tmp_path / "lake", tmp_path / "sync.prom"
    report = connector.run_sync(lake, **asked, metrics=file)
    (account,) = report["accounts"]
    assert value(file, "run_status") == 0
    assert value(file, "rows_received_total") == account["rows_received"]
    assert value(file, "rows_new_total") == value(file, "lake_rows") == 700
    assert value(file, "requests_total", code="200") == report["requests"]["total"]
    assert value(file, "covered_until_timestamp_seconds") == account["covered"][0][1]
    assert value(file, "account_covered_until_timestamp_seconds", account=served.account) == account["covered"][0][1]
    assert 0 <= time.time() - value(file, "success_timestamp_seconds") < 600
    ((labels, _),) = families_in(file.read_text())["stripe_balance_run_status"].samples
    assert labels == {"lake": str(lake), "command": "sync"}


def test_counters_go_on_from_run_to_run(asked, tmp_path):
    lake, file = tmp_path / "lake", tmp_path / "sync.prom"
    for _ in range(2):
        connector.run_sync(lake, **asked, metrics=str(file))
    assert value(file, "runs_total", status="0") == 2
    assert value(file, "rows_new_total") == 700
    file.unlink()  # as a counter that begins anew
    connector.run_sync(lake, **asked, metrics=file)
    assert value(file, "runs_total", status="0") == 1
    assert value(file, "rows_new_total") == 0


def test_a_file_is_replaced_as_a_whole_and_others_may_read_it(asked, tmp_path):
    before = os.umask(0o022)
    try:
        file = tmp_path / "sync.prom"
        connector.run_sync(tmp_path / "lake", **asked, metrics=file)
        inode = file.stat().st_ino
        with file.open() as open_before:
            connector.run_sync(tmp_path / "lake", **asked, metrics=file)
            families_in(open_before.read())  # what somebody reads meanwhile is whole
    finally:
        os.umask(before)
    assert file.stat().st_ino != inode
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert sorted(one.name for one in tmp_path.iterdir()) == ["key", "lake", "sync.prom"]


def test_a_key_that_is_refused_is_told_and_how_far_the_lake_is_stays(served, asked, key_file, tmp_path):
    lake, file = tmp_path / "lake", tmp_path / "sync.prom"
    connector.run_sync(lake, **asked, metrics=file)
    until, success = value(file, "covered_until_timestamp_seconds"), value(file, "success_timestamp_seconds")
    key_file.write_text("rk_test_wrong")
    with pytest.raises(connector.AuthenticationError):
        connector.run_sync(lake, **asked, metrics=file)
    assert value(file, "run_status") == 77
    assert value(file, "requests_total", code="401") >= 1
    assert value(file, "covered_until_timestamp_seconds") == until
    assert value(file, "success_timestamp_seconds") == success
    key_file.unlink()
    with pytest.raises(ConfigError):
        connector.run_sync(lake, **asked, metrics=file)
    assert value(file, "run_status") == 78
    assert served.key not in file.read_text()
    assert "rk_test" not in file.read_text()


def test_accounts_that_fail_are_counted_and_the_others_have_theirs(served, asked, tmp_path):
    file = tmp_path / "sync.prom"
    accounts = [served.world.accounts[1], "acct_0000000000000000"]
    with pytest.raises(connector.ConnectorError) as caught:
        connector.run_sync(tmp_path / "lake", **asked, accounts=accounts, metrics=file)
    assert value(file, "run_status") == caught.value.exit_code != 0
    assert value(file, "accounts_failed") == 1
    assert value(file, "accounts") == 2
    assert value(file, "rows_new_total") > 0


@pytest.mark.slow
def test_refusals_and_retries_are_counted_by_reason(asked, tmp_path):
    told = tmp_path / "sync.prom"
    faults = ["rate-limit:k=2,times=2,reason=endpoint-rate", "rate-limit:k=5,reason=global-rate", "500:k=6"]
    with sandbox(world(1_500), faults=faults) as stripe_:
        connector.run_sync(tmp_path / "lake", **(asked | {"api_base": stripe_.url}), metrics=told)
    assert value(told, "requests_refused_total", reason="endpoint-rate") == 2
    assert value(told, "requests_refused_total", reason="global-rate") == 1
    assert (value(told, "requests_total", code="429"), value(told, "requests_total", code="500")) == (3, 1)
    assert value(told, "requests_retried_total") == 4


def test_each_call_tells_its_own_and_one_folder_holds_them_all(asked, tmp_path):
    lake, folder = tmp_path / "lake", tmp_path / "collected"
    folder.mkdir()
    connector.run_sync(lake, **asked, metrics=folder)
    payouts = connector.run_sync_payouts(lake, **asked, metrics=folder)
    connector.run_record_balance(lake, **asked, metrics=folder)
    verdict = connector.run_verify(lake, **asked, metrics=folder)
    files = {one.name.split("_")[2]: one for one in folder.iterdir()}
    assert sorted(files) == ["balance", "payouts", "sync", "verify"]
    assert all(one.suffix == ".prom" for one in files.values())
    assert value(files["payouts"], "rows_new_total") == payouts["accounts"][0]["payouts_new"]
    assert value(files["balance"], "covered_until_timestamp_seconds") > 0
    assert value(files["verify"], "verdict", verdict=verdict["verdict"]) == 1
    everything = "".join(sorted(one.read_text() for one in files.values()))
    series = [line.rpartition(" ")[0] for line in everything.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_a_check_that_does_not_agree_has_its_status_from_a_call_too(asked, tmp_path):
    lake, file = tmp_path / "lake", tmp_path / "verify.prom"
    connector.run_sync(lake, **asked)
    data = next((lake / "balance_transactions").rglob("part-0.parquet"))
    data.write_bytes(data.read_bytes()[:-9])
    assert connector.run_verify(lake, offline=True, metrics=file)["verdict"] == "residual"
    assert value(file, "run_status") == 65
    assert value(file, "verdict", verdict="residual") == 1
    assert value(file, "accounts_failed") == 1


def test_a_file_of_another_lake_or_another_program_is_left_alone_and_nothing_is_done(asked, tmp_path):
    file, ours = tmp_path / "node.prom", tmp_path / "ours.prom"
    file.write_text("node_load1 3\n")
    with pytest.raises(ConfigError, match=r"not to be replaced: it is no file of this program's"):
        connector.run_sync(tmp_path / "lake", **asked, metrics=file)
    assert file.read_text() == "node_load1 3\n"
    connector.run_sync(tmp_path / "lake", **asked, metrics=ours)
    with pytest.raises(ConfigError, match=r"it is of `sync` of the lake .*name another file, or the folder"):
        connector.run_sync(tmp_path / "other", **asked, metrics=ours)
    with pytest.raises(ConfigError, match=r"no folder that may be written to"):
        connector.run_sync(tmp_path / "other", **asked, metrics=tmp_path / "no" / "such.prom")
    with pytest.raises(ConfigError, match=r"there is no folder .*/textfile$"):
        connector.run_sync(tmp_path / "other", **asked, metrics=f"{tmp_path}/textfile/")
    assert not (tmp_path / "other").exists()


def test_a_link_to_a_file_goes_on_leading_to_it(asked, tmp_path):
    file, link = tmp_path / "textfile" / "sync.prom", tmp_path / "link.prom"
    file.parent.mkdir()
    link.symlink_to(file)
    connector.run_sync(tmp_path / "lake", **asked, metrics=link)
    assert link.is_symlink()
    assert families_in(file.read_text())


def test_what_is_no_file_is_not_replaced_and_nothing_is_done(asked, tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link.prom"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for metrics in (pipe, link):
        with pytest.raises(ConfigError, match="is no file that can be replaced"):
            connector.run_sync(tmp_path / "lake", **asked, metrics=metrics)
    assert (pipe.is_fifo(), link.is_symlink(), (tmp_path / "lake").exists()) == (True, True, False)


def test_a_dry_run_tells_nothing(asked, tmp_path):
    file = tmp_path / "sync.prom"
    connector.run_sync(tmp_path / "lake", **asked, dry_run=True, metrics=file)
    assert not file.exists()


def test_a_file_that_cannot_be_written_in_the_end_is_a_warning_and_no_failure(asked, tmp_path, caplog):
    folder = tmp_path / "gone"
    folder.mkdir()
    config = {name: one for name, one in asked.items() if name != "rate"}

    def remove(_event: object) -> None:
        if folder.is_dir():
            folder.rmdir()

    async def go() -> connector.Report:
        settings = connector.Config.from_env({}, **config, rate=1_000.0)
        return await connector.sync(tmp_path / "lake", config=settings, on_event=remove, metrics=folder / "sync.prom")

    assert anyio.run(go).outcome == "complete"
    assert "could not be written: No such file or directory" in caplog.text


def test_a_call_that_is_stopped_tells_so_and_what_it_kept(tmp_path):
    file, stop = tmp_path / "sync.prom", connector.Canceller()

    def heard(event: Event) -> None:
        if isinstance(event, Committed) and event.rows:
            stop()

    with sandbox(world(12_000), latency=0.02) as slow:
        config = config_for(slow, max_in_flight=2)

        async def go() -> None:
            await connector.sync(tmp_path / "lake", config=config, canceller=stop, on_event=heard, metrics=file)

        with pytest.raises(StoppedError):
            anyio.run(go)
    assert value(file, "run_status") == 75
    assert value(file, "rows_received_total") > 0
    assert value(file, "rows_new_total") > 0  # of its report
    assert "success_timestamp_seconds" not in file.read_text()


@pytest.mark.slow
def test_a_command_that_a_signal_stops_tells_the_status_it_ends_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sandbox(world(20_000)) as slow:
        hold_answers(slow, 8)
        environ = {**os.environ, "STRIPE_API_KEY": slow.key, "STRIPE_API_BASE": slow.url}
        command = [sys.executable, "-m", "connector.cli", "sync", "lake", "--metrics", "sync.prom", "-q"]
        process = subprocess.Popen(command, env=environ)
        try:
            wait_until(lambda: is_holding(slow))
            process.send_signal(signal.SIGTERM)
            assert process.wait(ENDLESS_SECONDS) == 143
        finally:
            process.kill()
            process.wait()
    assert value(tmp_path / "sync.prom", "run_status") == 143
    assert value(tmp_path / "sync.prom", "runs_total", status="143") == 1


def test_what_is_no_lake_has_no_metrics(tmp_path):
    from connector import cli  # noqa: PLC0415 - of this test

    for words in (["balance"], ["payouts", "lake", "--find", "--amount", "3"]):
        assert cli.main([*words, "--metrics", str(tmp_path / "x.prom"), "--no-config"]) == UsageError.exit_code
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_a_lakes_name_is_not_told(tmp_path):
    key = "sk_" + "live_51abcdefghijklmnopqrstuvwx"
    metrics = RunMetrics(tmp_path, command="sync", lake=f"s3://bucket/{key}/lake")
    metrics.write(0)
    assert key[:12] not in "".join(one.read_text() + one.name for one in tmp_path.iterdir())
