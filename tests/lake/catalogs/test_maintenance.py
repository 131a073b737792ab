"""Upkeep of lakes with tables: nobody who reads loses a file, and what nobody needs goes."""

from __future__ import annotations

import json
import os
import time

import anyio
import jsonschema
import pytest

from connector import schemas
from connector.cli import main
from connector.errors import ConfigError, UsageError
from connector.lake.catalogs.maintenance import maintain, to_document
from connector.verification.calls import verify
from tests.support.extras import present
from tests.support.lakes import START, run, sandbox, state, world
from tests.support.reading_tables import rows_in, table_of, take_out_a_day, versions_of

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


def later(monkeypatch, days):
    at = time.time() + days * DAY
    monkeypatch.setattr(time, "time", lambda: at)


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_older_files_stay_as_long_as_they_are_to_and_then_go(lake, monkeypatch, request):
    kind = request.node.callspec.params["lake"]
    old, rows = older_files(lake), rows_in(table_of(lake, kind))
    assert old
    (lake / next(iter(old))).with_name("note.txt").write_text("not ours")
    maintain(lake)
    assert older_files(lake) == old
    later(monkeypatch, 8)
    would = maintain(lake, dry_run=True).tables[0]
    assert older_files(lake) == old
    done = maintain(lake).tables[0]
    assert (would.removed, done.removed) == (len(old), len(old))
    assert done.bytes > 0
    assert older_files(lake) == set()
    assert len(list(lake.glob("balance_transactions/*/*/note.txt"))) == 1
    assert rows_in(table_of(lake, kind)) == rows
    assert maintain(lake).tables[0].removed == 0
    jsonschema.validate(to_document(maintain(lake)), schemas.load("maintenance"))


@pytest.mark.parametrize("lake", KINDS, indirect=True)
def test_what_a_killed_run_left_goes_by_its_age(lake, monkeypatch):
    name = next(iter(state(lake).files))
    orphan = (lake / name).with_name("part-0123456789ab-20260101T000000Z-00000000.parquet")
    orphan.write_bytes(b"half")
    maintain(lake)
    assert orphan.exists()
    later(monkeypatch, 2)
    maintain(lake, keep_days=1)
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
    later(monkeypatch, 8)
    done = maintain(lake).tables[0]
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
    assert listed == {"balance_transactions": {"altered": 1, "behind": 1}}
    assert main(["maintain", str(lake), "--publish"]) == 65
    assert "repair" in capsys.readouterr().err
    assert main(["maintain", str(lake), "--publish", "--repair"]) == 0
    assert "1 alteration undone" in capsys.readouterr().err
    assert anyio.run(lambda: verify(lake, offline=True)).findings == ()
    assert len(table_of(lake, kind)) == state(lake).rows


def test_a_lake_of_files_needs_no_upkeep(tmp_path, served, capsys):
    run(tmp_path / "lake", served)
    assert main(["maintain", str(tmp_path / "lake"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["catalog"], document["tables"]) == ("hive", [])
    jsonschema.validate(document, schemas.load("maintenance"))


def test_where_there_is_no_lake_or_no_time_to_keep_that_is_said(tmp_path):
    with pytest.raises(ConfigError, match="there is no lake"):
        maintain(tmp_path / "lake")
    with pytest.raises(UsageError, match="keep_days"):
        maintain(tmp_path, keep_days=0)
