"""A place that has lost the records of a lake is told from one where none was."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

import connector
from connector.errors import ConfigError, StateError
from connector.ingest.kept_report import LINED_ACCOUNTS, stored
from connector.lake.catalogs.maintenance import maintain
from connector.lake.paths import STATE
from connector.lake.state.no_lake import no_lake
from connector.lake.stores.local import LocalStore
from tests.support.lakes import run, sandbox, world


@pytest.fixture(scope="module")
def served():
    with sandbox(world(60, days=3)) as found:
        yield found


LOOKS = {
    "status": connector.run_status,
    "report": connector.run_report,
    "statement": lambda lake: connector.run_statement(lake, month="2026-01"),
    "maintain": maintain,
    "convert": lambda lake: connector.run_convert(lake, lake.with_name("other"), format="jsonl"),
    "verify": lambda lake: connector.run_verify(lake, offline=True),
    "retire": lambda lake: connector.retire(lake, "acct_1", reason="closed"),
}


@pytest.mark.slow
def test_where_the_records_of_a_lake_are_gone_nobody_is_told_to_make_one(tmp_path, served):
    lake = tmp_path / "lake"

    def told(kind, words):
        for name, look in LOOKS.items():
            with pytest.raises(kind, match=words) as raised:
                look(lake)
            assert raised.value.exit_code == (78 if kind is ConfigError else 65), name

    told(ConfigError, r"`stripe-balance sync .*` makes one")
    run(lake, served)
    shutil.rmtree(lake / STATE / "state")
    told(StateError, r"records 1 to \d+ are gone")
    shutil.rmtree(lake / STATE)
    told(StateError, r"files in balance_transactions, and no records .*`repair`")
    assert run(lake, served, repair=True).outcome == "complete"
    assert connector.read(lake).to_table().num_rows == 60


def test_what_a_first_run_left_that_was_killed_is_no_lake_that_was_lost(tmp_path):
    (tmp_path / "balance_transactions" / "account=acct_1" / "created_date=2026-01-01").mkdir(parents=True)
    (tmp_path / "balance_transactions" / "account=acct_1" / "created_date=2026-01-01" / "part-0.parquet").touch()
    assert isinstance(no_lake(LocalStore(tmp_path), tmp_path), StateError)
    (tmp_path / STATE / "intents").mkdir(parents=True)
    (tmp_path / STATE / "intents" / "run.json").write_bytes(b"{}")
    assert isinstance(no_lake(LocalStore(tmp_path), tmp_path), ConfigError)


def test_an_older_record_that_is_damaged_hides_what_the_newest_tells_from_nobody(tmp_path, served):
    lake = tmp_path / "lake"
    run(lake, served, until=served.world.start + 86_400)
    run(lake, served)
    first, *_, newest = sorted((lake / STATE / "state" / "balance_transactions").glob("*/*.json"))
    first.write_bytes(b"")
    (there,) = connector.run_status(lake)["accounts"]
    assert there["rows"] == 60
    assert connector.read(lake).to_table().num_rows == 60
    newest.write_bytes(b"")
    with pytest.raises(StateError, match=f"{newest.name} is damaged"):
        connector.run_status(lake)


def test_the_report_of_very_many_accounts_is_one_line_of_the_same(tmp_path, served):
    made = run(tmp_path, served)
    (kept,) = (tmp_path / STATE / "runs").iterdir()
    assert kept.read_bytes() == stored(made, served.key)
    assert kept.read_bytes().count(b"\n") > LINED_ACCOUNTS
    many = stored(replace(made, accounts=made.accounts * (LINED_ACCOUNTS + 1)), served.key)
    assert many.count(b"\n") == 0
    assert json.loads(many)["accounts"] == json.loads(kept.read_bytes())["accounts"] * (LINED_ACCOUNTS + 1)
