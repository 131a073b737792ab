"""A lake made of another one holds the same and goes on where the other would have; the other is only read."""

from __future__ import annotations

import shutil

import anyio
import pytest

import connector
from connector.core.units import DAY
from connector.errors import ConfigError, ConnectorError, StateError, UsageError
from connector.lake.state.frozen_periods import load_frozen
from connector.lake.state.lake_id import lake_id
from connector.lake.state.lake_identity import account_records, facts_of, load_balances
from connector.lake.state.record_files import record_path
from connector.lake.state.unfinished import FOLDER
from connector.lake.stores.base import open_store
from connector.lake.stores.local import LocalStore
from connector.payouts.calls import sync_payouts
from connector.verification.calls import verify
from tests.support.extras import present
from tests.support.fitting import fits
from tests.support.lakes import START, config_for, data_files, objects, run, sandbox, state, touched, world

SMALL = ("payouts", "payout_transactions", "balances")

FORMS = [
    {"format": "jsonl"},
    pytest.param({"format": "arrow"}, marks=pytest.mark.slow),
    {"partition": "month"},
    pytest.param({"format": "jsonl.gz", "partition": "year"}, marks=pytest.mark.slow),
    pytest.param({"format": "delta"}, marks=present("deltalake")),
    pytest.param({"format": "iceberg"}, marks=present("pyiceberg")),
]


def fill(lake, served):
    """Bring everything that a lake can hold."""
    run(lake, served, balance=True)
    anyio.run(lambda: sync_payouts(lake, config=config_for(served)))


@pytest.fixture(scope="module")
def served():
    with sandbox(world(200, days=12)) as found:
        yield found


@pytest.fixture(scope="module")
def lake(tmp_path_factory, served):
    """A lake with rows of every table, some of them pending."""
    there = tmp_path_factory.mktemp("lakes") / "lake"
    fill(there, served)
    return there


def tables(lake):
    return {name: connector.read(lake, table=name).to_table() for name in SMALL}


def same(new, old):
    """Hold a lake to another one: rows of every table, and what is known of them."""
    assert objects(new) == objects(old)
    assert tables(new) == tables(old)
    here, there = state(new), state(old)
    for name in ("covered", "asked", "read_until", "livemode", "api_versions", "options", "audits", "account_created"):
        assert getattr(here, name) == getattr(there, name), name
    assert (here.rows, here.net(), here.pending) == (there.rows, there.net(), there.pending)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
def test_a_lake_in_another_form_holds_the_same_and_a_sync_goes_on_with_it(form, lake, served, tmp_path):
    new, before = tmp_path / "new", touched(lake)
    report = connector.run_convert(lake, new, **form)
    assert touched(lake) == before
    fits(report, "conversion")
    assert lake_id(LocalStore(new)) != lake_id(LocalStore(lake))
    assert not (new / FOLDER / "mark.json").exists()
    same(new, lake)
    shutil.copytree(lake, tmp_path / "copy")
    for goes_on in (run, lambda there, asked: anyio.run(lambda: sync_payouts(there, config=config_for(asked)))):
        asked = [goes_on(there, served).requests.by_endpoint for there in (new, tmp_path / "copy")]
        assert asked[0] == asked[1]
    assert objects(new) == objects(lake)
    assert tables(new) == tables(lake)


@pytest.mark.parametrize("form", [{"format": "jsonl"}, {"partition": "month"}], ids=["jsonl", "month"])
def test_the_files_are_byte_for_byte_those_that_a_sync_would_have_written(form, lake, served, tmp_path):
    connector.run_convert(lake, tmp_path / "new", **form)
    run(tmp_path / "synced", served, **form)
    assert data_files(tmp_path / "new") == data_files(tmp_path / "synced")


def test_there_and_back_is_the_same_lake(lake, tmp_path):
    connector.run_convert(lake, tmp_path / "months", partition="month", format="jsonl")
    connector.run_convert(tmp_path / "months", tmp_path / "days", partition="day", format="parquet")
    assert data_files(tmp_path / "days") == data_files(lake)
    same(tmp_path / "days", lake)


def test_verify_proves_the_new_lake_as_it_did_the_old_one(lake, served, tmp_path):
    connector.run_convert(lake, tmp_path / "new", format="jsonl", partition="month")
    found = anyio.run(lambda: verify(tmp_path / "new", config=config_for(served)))
    assert found.verdict == "proved"


def test_a_lake_goes_into_a_bucket_and_comes_back(lake, served, tmp_path):
    pytest.importorskip("obstore", reason="an extra")
    bucket = f"memory://{tmp_path.name}/lake"
    connector.run_convert(lake, bucket, format="jsonl")
    assert objects(bucket) == objects(lake)
    connector.run_convert(bucket, tmp_path / "back", format="parquet")
    assert data_files(tmp_path / "back") == data_files(lake)
    same(tmp_path / "back", lake)
    assert run(bucket, served).requests.by_endpoint == run(tmp_path / "back", served).requests.by_endpoint


def test_rows_that_change_status_are_read_again_where_they_would_have_been(tmp_path):
    with sandbox(world(300, days=20, now=START + 20 * DAY)) as served:
        run(tmp_path / "lake", served)
        assert state(tmp_path / "lake").pending
        connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl")
        served.advance(9 * DAY)
        one, other = (run(tmp_path / name, served) for name in ("new", "lake"))
        assert one.requests.by_endpoint == other.requests.by_endpoint
        assert objects(tmp_path / "new") == objects(tmp_path / "lake")


def test_what_is_known_of_accounts_goes_along(lake, tmp_path):
    shutil.copytree(lake, tmp_path / "lake")
    connector.retire(tmp_path / "lake", state(lake).account, reason="closed")
    connector.run_convert(tmp_path / "lake", tmp_path / "new")
    (known,) = account_records(LocalStore(tmp_path / "new"))
    assert known.retired is not None
    assert known.retired.reason == "closed"


def test_frozen_periods_go_along_and_nothing_has_changed_since(tmp_path):
    with sandbox(world(100, days=9, now=START + 40 * DAY)) as served:
        fill(tmp_path / "lake", served)
    connector.run_statement(tmp_path / "lake", month="2026-01", freeze=True)
    connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl", partition="month")
    store, account = LocalStore(tmp_path / "new"), state(tmp_path / "new").account
    kept = load_frozen(store, account, "2026-01", "UTC")
    assert kept == load_frozen(LocalStore(tmp_path / "lake"), account, "2026-01", "UTC")
    (told,) = anyio.run(lambda: connector.statement(tmp_path / "new", month="2026-01")).accounts
    assert told.since_frozen is not None
    assert not told.since_frozen.differs


def test_hidden_and_hashed_columns_and_expanded_sources_stay_what_they_were(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIPE_BALANCE_SALT", "0123456789abcdef0123456789abcdef")
    options = {"omit": ["description"], "expand": "source"}
    with sandbox(world(200, days=5)) as served:
        run(tmp_path / "lake", served, **options)
        anyio.run(lambda: sync_payouts(tmp_path / "lake", config=config_for(served)))
        run(tmp_path / "synced", served, format="jsonl", **options)
        connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl")
        assert data_files(tmp_path / "new") == data_files(tmp_path / "synced")
        run(tmp_path / "new", served, **options)
    payouts = connector.read(tmp_path / "new", table="payouts").to_table()
    assert payouts.equals(connector.read(tmp_path / "lake", table="payouts").to_table())


def test_columns_of_sources_go_along_and_lines_have_none(tmp_path):
    options = {"source_columns": True, "expand": "source"}
    with sandbox(world(200, days=5)) as served:
        run(tmp_path / "lake", served, **options)
    connector.run_convert(tmp_path / "lake", tmp_path / "new", format="arrow", partition="month")
    here, there = (connector.read(tmp_path / name).to_table() for name in ("new", "lake"))
    assert here.drop_columns("created_month").equals(there.drop_columns("created_date"))
    with pytest.raises(ConfigError, match="source_columns"):
        connector.run_convert(tmp_path / "lake", tmp_path / "lines", format="jsonl")


def test_a_place_that_holds_something_is_refused(lake, tmp_path):
    connector.run_convert(lake, tmp_path / "new")
    with pytest.raises(ConfigError, match="not empty"):
        connector.run_convert(lake, tmp_path / "new")
    (tmp_path / "other" / "payouts").mkdir(parents=True)
    (tmp_path / "other" / "payouts" / ".hidden").write_text("x")
    with pytest.raises(ConfigError, match="not empty"):
        connector.run_convert(lake, tmp_path / "other")
    for inside in (lake, lake / "inside", lake.parent):
        with pytest.raises(ConfigError, match="lie in each other"):
            connector.run_convert(lake, inside)


def test_a_lake_whose_newest_records_are_gone_is_refused_instead_of_making_one_of_fewer_rows(lake, tmp_path):
    shutil.copytree(lake, tmp_path / "lake")
    (tmp_path / "lake" / record_path("balance_transactions", state(lake).account, state(lake).number)).unlink()
    with pytest.raises(StateError, match=r"gone\. Restore"):
        connector.run_convert(tmp_path / "lake", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_is_refused_before_anything_is_written(lake, tmp_path):
    new = tmp_path / "new"
    for wrong in ({"format": "csv"}, {"partition": "week"}, {"catalog": "mine"}):
        with pytest.raises(ConfigError):
            connector.run_convert(lake, new, **wrong)
    with pytest.raises(UsageError, match="formt"):
        connector.run_convert(lake, new, formt="arrow")
    with pytest.raises(ConfigError, match="there is no lake"):
        connector.run_convert(tmp_path / "nothing", new)
    assert not new.exists()


def test_a_lake_of_payouts_alone_can_be_converted(served, tmp_path):
    anyio.run(lambda: sync_payouts(tmp_path / "lake", config=config_for(served)))
    report = connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl")
    assert {one["table"] for one in report["tables"]} == {"payouts", "payout_transactions"}
    assert facts_of(open_store(tmp_path / "new")).format == "jsonl.zst"
    for table in ("payouts", "payout_transactions"):
        here, there = (connector.read(tmp_path / name, table=table).to_table() for name in ("new", "lake"))
        assert here.equals(there)


def test_every_account_goes_along_also_one_without_a_row(tmp_path):
    with sandbox(world(200, days=5, connected=2)) as served:
        run(tmp_path / "lake", served, all_accounts=True)
        with sandbox(world(0, days=5)) as empty:
            run(tmp_path / "empty", empty)
            connector.run_convert(tmp_path / "empty", tmp_path / "none", format="jsonl")
            asked = [run(tmp_path / name, empty).requests.by_endpoint for name in ("none", "empty")]
            assert asked[0] == asked[1]
        report = connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl", partition="month")
        assert len({one["account"] for one in report["tables"]}) == 3
        assert objects(tmp_path / "new") == objects(tmp_path / "lake")
        asked = [run(tmp_path / name, served, all_accounts=True).requests.by_endpoint for name in ("new", "lake")]
        assert asked[0] == asked[1]


def test_a_snapshot_that_was_lost_stays_named(tmp_path):
    with sandbox(world(100, days=3)) as served:
        run(tmp_path / "lake", served, balance=True)
        for file in (tmp_path / "lake" / "balances").rglob("part-0.parquet"):
            file.unlink()
        served.advance(DAY)
        with pytest.raises(ConnectorError):
            run(tmp_path / "lake", served, balance=True)
    account = state(tmp_path / "lake").account
    lost = load_balances(LocalStore(tmp_path / "lake"), account).lost
    assert lost
    connector.run_convert(tmp_path / "lake", tmp_path / "new", format="jsonl")
    kept = load_balances(LocalStore(tmp_path / "new"), account).lost
    assert [one.sha256 for one in kept.values()] == [one.sha256 for one in lost.values()]
    assert [path.rpartition("/")[0] for path in kept] == [path.rpartition("/")[0] for path in lost]
