"""Upkeep of lakes with tables: nobody who reads loses a file, and what nobody needs goes."""

from __future__ import annotations

import json
import os
import shutil
import time

import anyio
import pytest

import connector
from connector.cli import main
from connector.core.state.balances_record import BalancesRecord
from connector.core.state.data_file import DataFile
from connector.core.state.payouts_record import PayoutsRecord
from connector.core.state.tables import BALANCES, PAYOUTS
from connector.errors import ConfigError, StateError, StorageError, UnpublishedError, UsageError
from connector.lake.catalogs.base import TableAlteredError
from connector.lake.catalogs.lake_tables import TableComparison, compared, publish_tables
from connector.lake.catalogs.maintenance import MOST_FILES, maintain, to_document
from connector.lake.state import state_log
from connector.lake.stores.local import LocalStore
from connector.verification.calls import verify
from tests.support.dating import dated, later
from tests.support.extras import present
from tests.support.fitting import fits
from tests.support.lakes import START, config_for, run, sandbox, state, world
from tests.support.reading_tables import opened, rows_in, table_of, take_out_a_day, versions_of

KINDS = [pytest.param("delta", marks=present("deltalake")), pytest.param("iceberg", marks=present("pyiceberg"))]
DAY = 86_400


@pytest.fixture(scope="module")
def served():
    with sandbox(world(400, days=5)) as found:
        yield found


@pytest.fixture
def lake(tmp_path, served, request):
    """A lake with a replaced file."""
    run(tmp_path / "lake", served, format=request.param, until=START + 2 * DAY + 40_000)
    run(tmp_path / "lake", served)
    return tmp_path / "lake"


def older_files(lake):
    there = {path.relative_to(lake).as_posix() for path in lake.glob("balance_transactions/account=*/*/*.parquet")}
    return there - set(state(lake).files)


def a_balance(account):
    """A file of the table of balances that nobody wrote."""
    return DataFile(f"balances/account={account}/snapshot_date=2026-01-01/part-{'0' * 12}-r1.parquet", 1, 9, "0" * 64)


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_older_files_stay_as_long_as_they_are_to_and_then_go(lake, monkeypatch, request):
    kind = request.node.callspec.params["lake"]
    old, rows = older_files(lake), rows_in(table_of(lake, kind))
    assert old
    (lake / next(iter(old))).with_name("note.txt").write_text("not ours")
    maintain(lake)
    assert older_files(lake) == old
    then = later(monkeypatch, lake, 8)
    would = maintain(then, dry_run=True).tables[0]
    assert older_files(lake) == old
    done = maintain(then).tables[0]
    assert (would.removed, done.removed) == (len(old), len(old))
    assert done.bytes > 0
    assert older_files(lake) == set()
    assert len(list(lake.glob("balance_transactions/*/*/note.txt"))) == 1
    assert rows_in(table_of(lake, kind)) == rows
    assert maintain(then).tables[0].removed == 0
    fits(to_document(maintain(then)), "maintenance")
    assert list((lake / "_stripe_balance" / "leases").iterdir()) == []


@pytest.mark.parametrize("lake", KINDS, indirect=True)
@pytest.mark.parametrize("ahead", ["machine", "store"])
def test_what_is_old_by_one_clock_alone_stays(lake, monkeypatch, ahead):
    there, far = sorted(lake.glob("*/account=*/**/*.parquet")), time.time() + 8 * DAY
    log = len(list((lake / "balance_transactions").glob("*/*.json")))
    if ahead == "machine":
        monkeypatch.setattr(time, "time", lambda: far)
        done = maintain(lake).tables[0]
    else:
        done = maintain(dated(lake, far)).tables[0]
    assert (done.removed, done.left, done.log, done.versions) == (0, 0, 0, 0)
    assert sorted(lake.glob("*/account=*/**/*.parquet")) == there
    assert len(list((lake / "balance_transactions").glob("*/*.json"))) >= log


@pytest.mark.parametrize("lake", KINDS, indirect=True)
@pytest.mark.parametrize(
    "options", [{}, {"publish_only": True}, {"publish_only": True, "repair": True}, {"dry_run": True}]
)
def test_no_table_is_published_of_files_that_are_gone(lake, options):
    before = {path: path.read_bytes() for path in (lake / "balance_transactions").rglob("*") if path.is_file()}
    gone = [path for path in before if path.relative_to(lake).as_posix() in state(lake).files]
    for path in gone:
        path.unlink()
    with pytest.raises(StateError, match=f"{len(gone)} data files are gone .*`verify`.*`repair`") as refused:
        maintain(lake, **options)
    assert refused.value.exit_code == 65
    there = {path: path.read_bytes() for path in (lake / "balance_transactions").rglob("*") if path.is_file()}
    assert there == {path: data for path, data in before.items() if path not in gone}


@pytest.mark.parametrize("lake", KINDS[:1], indirect=True)
def test_a_table_whose_folder_is_gone_is_not_made_anew_of_nothing(lake):
    shutil.rmtree(lake / "balance_transactions")
    with pytest.raises(StateError, match="so the table balance_transactions is left as it is"):
        maintain(lake, publish_only=True)
    assert not (lake / "balance_transactions").exists()


@pytest.mark.parametrize("lake", KINDS[:1], indirect=True)
def test_no_run_makes_the_table_of_a_folder_that_is_gone_anew_of_nothing(lake, served):
    shutil.rmtree(lake / "balance_transactions")
    with pytest.raises(UnpublishedError, match="so the table balance_transactions is left as it is") as refused:
        anyio.run(lambda: connector.record_balance(lake, config=config_for(served)))
    assert refused.value.exit_code == 65
    assert not refused.value.retryable
    assert not (lake / "balance_transactions").exists()
    assert table_of(lake, "delta", "balances").num_rows > 0
    run(lake, served)
    assert table_of(lake, "delta").num_rows == 400


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_what_a_killed_run_left_goes_by_its_age(lake, monkeypatch):
    name = next(iter(state(lake).files))
    orphan = (lake / name).with_name("part-0123456789ab-20260101T000000Z-00000000.parquet")
    orphan.write_bytes(b"half")
    maintain(lake)
    assert orphan.exists()
    maintain(later(monkeypatch, lake, 2), keep_days=1)
    assert not orphan.exists()


@pytest.mark.parametrize("lake", KINDS[:1], indirect=True)
def test_the_log_of_a_delta_table_is_kept_as_long_as_older_files_are(lake):
    log = lake / "balance_transactions" / "_delta_log"

    def versions() -> list[str]:
        return sorted(path.stem for path in log.glob("*.json"))

    there, rows = versions(), rows_in(table_of(lake, "delta"))
    assert '"delta.logRetentionDuration":"interval 604800 seconds"' in (log / f"{there[0]}.json").read_text()
    maintain(lake)
    assert versions() == there  # what it says already it is not told again, and nothing is a week old
    for path in log.iterdir():
        os.utime(path, (time.time() - 8 * DAY,) * 2)
    maintain(lake)
    assert versions() == there[-1:]
    assert rows_in(table_of(lake, "delta")) == rows
    assert maintain(lake, keep_days=2).tables[0].removed == 0
    assert '"interval 172800 seconds"' in (log / f"{versions()[-1]}.json").read_text()


@pytest.mark.parametrize("lake", KINDS[1:], indirect=True)
def test_versions_of_an_iceberg_table_go_with_their_metadata(lake, monkeypatch):
    before = len(list((lake / "balance_transactions" / "metadata").iterdir()))
    done = maintain(later(monkeypatch, lake, 8)).tables[0]
    assert done.versions == 1
    assert versions_of(lake, "iceberg") == 1
    assert done.log > 0
    assert len(list((lake / "balance_transactions" / "metadata").iterdir())) == before + 1 - done.log
    assert len(table_of(lake, "iceberg")) == state(lake).rows


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_verify_and_status_name_what_something_else_did_and_maintain_undoes_it(lake, capsys, request):
    kind = request.node.callspec.params["lake"]
    assert anyio.run(lambda: verify(lake, offline=True)).findings == ()
    take_out_a_day(lake, kind)
    told = anyio.run(lambda: verify(lake, offline=True))
    assert [one.kind for one in told.findings] == ["table_altered"]
    assert told.verdict == "residual"
    assert main(["status", str(lake), "--json", "--strict"]) == 65
    listed = json.loads(capsys.readouterr().out)["listed"]
    assert listed == {"balance_transactions": {"altered": 1, "behind": 1, "foreign": None}}
    assert main(["maintain", str(lake), "--publish"]) == 65
    assert "repair" in capsys.readouterr().err
    assert main(["maintain", str(lake), "--publish", "--repair"]) == 0
    assert "1 alteration undone" in capsys.readouterr().err
    assert anyio.run(lambda: verify(lake, offline=True)).findings == ()
    assert len(table_of(lake, kind)) == state(lake).rows


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_a_table_that_something_else_emptied_is_named_and_filled_again_on_demand_alone(lake, request):
    kind = request.node.callspec.params["lake"]
    with opened(lake, kind) as table:
        table.delete()
    (found,) = compared(LocalStore(lake)).values()
    assert {one.kind for one in found.altered} == {"missing"}
    with pytest.raises(TableAlteredError):
        maintain(lake, publish_only=True)
    assert len(table_of(lake, kind)) == 0
    maintain(lake, publish_only=True, repair=True)
    assert len(table_of(lake, kind)) == state(lake).rows


@pytest.mark.parametrize("lake", KINDS[1:], indirect=True)
def test_verify_and_status_name_a_table_that_another_engine_partitions_otherwise_and_look_at_the_rest(lake, capsys):
    store, account = LocalStore(lake), state(lake).account
    state_log.commit(store, BALANCES, BalancesRecord(account, "iceberg").with_file(a_balance(account)))
    with opened(lake, "iceberg") as table:
        table.update_spec().add_field("id", "bucket[16]", "id_bucket").commit()
    told = anyio.run(lambda: verify(lake, offline=True))
    said = [(one.kind, one.message) for one in told.findings]
    assert [kind for kind, _ in said] == ["table_foreign", "table_behind"]
    assert (
        "partitioned by account, created_date, bucket[16] as id_bucket, and not by account, created_date" in said[0][1]
    )
    assert "the table balances is 1 file behind" in said[1][1]
    assert main(["verify", str(lake), "--offline"]) == 65
    capsys.readouterr()
    assert main(["status", str(lake), "--json", "--strict"]) == 65
    found = json.loads(capsys.readouterr().out)["listed"]
    assert {name: (one["behind"], bool(one["foreign"])) for name, one in found.items()} == {
        "balance_transactions": (0, True),
        "balances": (1, False),
    }
    assert main(["status", str(lake)]) == 0
    assert "no run publishes to the table balance_transactions: " in capsys.readouterr().err
    there = lake / a_balance(account).path
    there.parent.mkdir(parents=True)
    there.write_bytes(b"x" * 9)  # what is not there is not published
    assert main(["maintain", str(lake), "--publish"]) == 78
    assert "bucket[16] as id_bucket" in capsys.readouterr().err
    assert compared(store)["balances"] == TableComparison()
    with opened(lake, "iceberg") as table:
        table.update_spec().remove_field("id_bucket").commit()
    assert [one.kind for one in anyio.run(lambda: verify(lake, offline=True)).findings] == []


def test_a_lake_of_files_needs_no_upkeep(tmp_path, served, capsys):
    run(tmp_path / "lake", served)
    assert main(["maintain", str(tmp_path / "lake"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["catalog"], document["tables"]) == ("hive", [])
    fits(document, "maintenance")


def test_where_there_is_no_lake_or_no_time_to_keep_that_is_said(tmp_path):
    with pytest.raises(ConfigError, match="there is no lake"):
        maintain(tmp_path / "lake")
    with pytest.raises(UsageError, match="keep_days"):
        maintain(tmp_path, keep_days=0)


def orphans(lake, number):
    """Files that runs left, without a record, in the order of their names."""
    folder = (lake / next(iter(state(lake).files))).parent
    found = [folder / f"part-{one:012x}-20260101T000000Z-00000000.parquet" for one in range(number)]
    for path in found:
        path.write_bytes(b"half")
    return found


def touched(*files):
    """Have files change one after the other, by the clock of their disk, and return the moments in seconds."""
    moments = [0]
    for path in files:
        while (at := path.stat().st_ctime_ns) <= moments[-1]:
            path.touch()
        moments.append(at)
    return [one / 1e9 for one in moments[1:]]


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_a_file_goes_once_it_is_older_than_the_time_to_keep(lake, monkeypatch):
    replaced = {lake / path for path in older_files(lake)}
    files = orphans(lake, 3)
    _, second, _ = touched(*files)
    monkeypatch.setattr(time, "time", lambda: second + DAY)
    then = dated(lake, second + DAY)
    maintain(then, keep_days=1, publish_only=True)
    assert [path.exists() for path in files] == [True] * 3
    done = maintain(then, keep_days=1, dry_run=True).tables[0]
    assert (done.removed, done.left) == (len(replaced) + 1, 0)
    assert done.bytes == sum(path.stat().st_size for path in replaced) + len(b"half")
    assert [path.exists() for path in files] == [True] * 3
    maintain(then, keep_days=1)
    assert [path.exists() for path in files] == [False, True, True]


@pytest.mark.parametrize("lake", KINDS[:1], indirect=True)
def test_so_many_files_go_at_once_the_oldest_first_and_the_rest_the_next_time(lake, monkeypatch):
    replaced, files = len(older_files(lake)), orphans(lake, MOST_FILES + 1)
    touched(files[-1], files[0])  # the first by name is the last to have changed
    then = later(monkeypatch, lake, 8)
    done = maintain(then).tables[0]
    assert (done.removed, done.left) == (MOST_FILES, replaced + 1)
    assert files[0].exists()
    done = maintain(then).tables[0]
    assert (done.removed, done.left, files[0].exists()) == (replaced + 1, 0, False)


@pytest.mark.parametrize("lake", KINDS[1:], indirect=True)
def test_metadata_that_no_version_needs_goes_by_its_age(lake, monkeypatch):
    left = [lake / "balance_transactions" / "metadata" / f"{name}.avro" for name in "abc"]
    for path in left:
        path.write_bytes(b"")
    _, second, _ = touched(*left)
    monkeypatch.setattr(time, "time", lambda: second + DAY)
    maintain(dated(lake, second + DAY), keep_days=1)
    assert [path.exists() for path in left] == [False, True, True]


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_what_would_be_published_is_told_and_not_done(lake, request):
    kind = request.node.callspec.params["lake"]
    assert (maintain(lake, dry_run=True).tables[0].published, maintain(lake).tables[0].published) == (0, 0)
    rows, versions = rows_in(table_of(lake, kind)), versions_of(lake, kind)
    take_out_a_day(lake, kind)
    would = maintain(lake, dry_run=True, repair=True)
    assert (would.dry_run, would.tables[0].published, would.tables[0].withdrawn) == (True, 1, 0)
    assert (len(rows_in(table_of(lake, kind))) < len(rows), versions_of(lake, kind)) == (True, versions + 1)
    with pytest.raises(TableAlteredError):
        maintain(lake)
    done = maintain(lake, repair=True)
    assert (done.dry_run, done.tables[0].published, done.tables[0].mended) == (False, 1, 1)
    assert rows_in(table_of(lake, kind)) == rows


@pytest.mark.parametrize("lake", KINDS[:1], indirect=True)
def test_of_tables_that_cannot_be_published_the_first_is_named_and_the_others_are_published(lake):
    store, account = LocalStore(lake), state(lake).account
    balance = a_balance(account)
    (lake / balance.path).parent.mkdir(parents=True)
    (lake / balance.path).write_bytes(bytes(balance.bytes))
    state_log.commit(store, BALANCES, BalancesRecord(account, "delta").with_file(balance))
    state_log.commit(store, PAYOUTS, PayoutsRecord(account, "delta"))
    (lake / "balance_transactions").rename(lake / "away")
    for name in ("payouts", "balance_transactions"):
        (lake / name).write_text("no folder")
    with pytest.raises(StorageError, match="the table balance_transactions"):
        publish_tables(store)
    assert (lake / "balances" / "_delta_log").is_dir()


@pytest.mark.parametrize("lake", KINDS[1:], indirect=True)
def test_tables_of_a_lake_that_was_moved_are_made_anew_on_demand_alone(lake):
    rows = rows_in(table_of(lake, "iceberg"))
    moved = lake.rename(lake.with_name("moved"))
    for options in ({}, {"repair": True, "dry_run": True}):
        with pytest.raises(ConfigError, match="if the lake was moved"):
            maintain(moved, **options)
    maintain(moved, repair=True)
    assert rows_in(table_of(moved, "iceberg")) == rows
