"""What is not to be kept touches no disk: neither a data file, nor the temporary file, nor a state, nor a report."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import connector
from connector.config.salt import Salt
from connector.core.planning.windows.frontier import Frontier
from connector.core.privacy import Privacy
from connector.core.state.partition import Granularity
from connector.core.time.intervals import Intervals
from connector.errors import ConfigError, UsageError
from connector.ingest.batcher import Batcher
from connector.lake.formats.formats import format_named
from connector.lake.layout import Lake
from connector.lake.stores.local import LocalStore
from connector.lake.writing.row_buffer import Memory, RowBuffer
from connector.tables.redact import Redactor
from tests.support import lakes
from tests.support.fitting import fits
from tests.support.payout_world import bring, data_files, held_pairs, held_payouts, some_days
from tests.support.records import records
from tests.support.rows import OFFICIAL_ROW
from tests.verification.doctoring import PROVED, answers, check

if TYPE_CHECKING:
    from pathlib import Path

SALT = Salt("the salt of the tests, long enough")
SECRET = "jane@example.com"
CHOICE: dict[str, Any] = {
    "expand": ("source",),
    "omit": (
        "description",
        "source.billing_details",
        "source.receipt_email",
        "source.description",
        "source.balance_transactions",
    ),
    "hash": ("source.customer", "source.payment_intent"),
    "salt": SALT,
}


@pytest.fixture(scope="module")
def served():
    with lakes.sandbox(lakes.world(300)) as running:
        yield running


@pytest.fixture(scope="module")
def paid_out():
    """A sandbox whose payouts have all arrived, with connected accounts."""
    with lakes.sandbox(some_days(400, connected=2)) as running:
        yield running


@pytest.fixture(scope="module")
def everything(served, tmp_path_factory):
    """The lake as it is when everything is kept."""
    lake = tmp_path_factory.mktemp("everything") / "lake"
    lakes.run(lake, served, expand=("source",))
    return lakes.objects(lake)


def texts(lake: Path) -> str:
    """Everything that is in a folder's files, columns and lines decompressed, with the files' own bytes."""
    found = [path.read_bytes().decode("latin-1") for path in lake.rglob("*") if path.is_file()]
    tables = [name for name in ("balance_transactions", "payouts", "payout_transactions") if (lake / name).exists()]
    rows = [pa.table(connector.read(lake, table=name)).to_pylist() for name in tables]
    return "\n".join([*found, json.dumps(rows, default=str)])


def personal(rows: list[dict[str, Any]]) -> set[str]:
    """What is to be gone: every text at the places named in `CHOICE`."""
    sources = [row["source"] for row in rows if isinstance(row["source"], dict)]
    found = {row["description"] for row in rows}
    for source in sources:
        found |= {source.get(name) for name in ("description", "receipt_email", "customer", "payment_intent")}
        found |= {text for text in (source.get("billing_details") or {}).values() if isinstance(text, str)}
    kept = json.dumps([{**row, "source": "", "description": ""} for row in rows])
    return {text for text in found if text and text not in kept}


@pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl.plain"])
def test_personal_data_is_nowhere_in_the_lake_and_the_rest_is_all_there(served, everything, tmp_path, form):
    lakes.run(tmp_path / "lake", served, format=form, **CHOICE)
    gone, there = personal(everything), texts(tmp_path / "lake")
    assert len(gone) > 100
    assert not {text for text in gone if text in there}
    assert SALT.reveal() not in there
    for row, kept in zip(everything, lakes.objects(tmp_path / "lake"), strict=True):
        assert {**row, "source": 0, "description": None} == {**kept, "source": 0}
        if isinstance(row["source"], dict) and row["source"].get("customer"):
            assert kept["source"]["customer"] == SALT.mac(row["source"]["customer"].encode())
            assert "billing_details" not in kept["source"]


@pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl.zst"])
def test_reading_again_finds_hashed_rows_the_same(served, tmp_path, form):
    sync = partial(lakes.run, tmp_path / "lake", served, format=form, **CHOICE)
    sync(until=lakes.START + 6 * lakes.DAY)
    sync()
    before = lakes.data_files(tmp_path / "lake")
    (account,) = sync(full_refresh=True).accounts
    assert (account.rows_new, account.rows_changed) == (0, 0)
    assert account.rows_unchanged == account.lake_rows == 300
    assert lakes.data_files(tmp_path / "lake") == before


@pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl.plain"])
def test_rows_set_aside_on_the_disk_are_redacted_already(tmp_path, form):
    redactor = Redactor(Privacy(("description", "extra"), ("source.receipt_email",)), SALT)
    lake = Lake(LocalStore(tmp_path), format_named(form), Granularity.DAY, redactor)
    frontier = Frontier(Intervals.span(0, 2 * lakes.START))
    charge = {"id": "ch_1", "object": "charge", "receipt_email": SECRET, "kept": "in plain sight"}
    row = {**OFFICIAL_ROW, "description": f"for {SECRET}", "news": SECRET, "source": charge}
    with RowBuffer(lake.store.scratch, memory=Memory(budget=1)) as buffer:
        Batcher(lake, buffer, frontier).take([row])
        assert buffer.held < 1_000
        spilled = os.pread(buffer._spill._descriptor(), buffer._spill.bytes, 0)
    assert b"in plain sight" in spilled
    assert SALT.mac(SECRET.encode()).encode() in spilled
    assert SECRET.encode() not in spilled


def test_the_choice_is_fixed_with_the_lake_and_so_is_the_salt(served, tmp_path):
    sync = partial(lakes.run, tmp_path / "lake", served)
    sync(**CHOICE)
    before = lakes.touched(tmp_path / "lake")
    with pytest.raises(ConfigError, match="made with another salt"):
        sync(**{**CHOICE, "salt": Salt("another salt, as long as the first")})
    with pytest.raises(ConfigError, match=r"was made with `omit=description` .* is now asked for with `omit=desc"):
        sync(**{**CHOICE, "omit": ("description",)})
    with pytest.raises(ConfigError, match=r"was made with `hash=source.customer` .* asked for without `hash`"):
        sync(**{**CHOICE, "hash": ()})
    with pytest.raises(ConfigError, match="asked for with `source_columns`"):
        sync(**CHOICE, source_columns=True)
    with pytest.raises(ConfigError, match="asked for without `expand`"):
        sync()
    assert lakes.touched(tmp_path / "lake") == before
    assert lakes.state(tmp_path / "lake").options["salt"] == SALT.fingerprint


def test_a_choice_that_makes_no_sense_is_refused_before_anything_is_asked(served, tmp_path, monkeypatch):
    monkeypatch.delenv("STRIPE_BALANCE_SALT", raising=False)
    sync = partial(lakes.run, tmp_path / "lake", served)
    for options, says in (
        ({"omit": ["source.billing_details"]}, "add `expand=source`"),
        ({"source_columns": True}, "add `expand=source`"),
        ({"expand": ["source"], "omit": ["source"]}, "add `omit=source_object`"),
        ({"omit": "amount"}, "cannot do without amount"),
    ):
        with pytest.raises(UsageError, match=says):
            sync(**options)
    with pytest.raises(ConfigError, match="STRIPE_BALANCE_SALT"):
        sync(hash=["description"])
    with pytest.raises(ConfigError, match="for parquet and arrow"):
        sync(expand=["source"], source_columns=True, format="jsonl")
    assert not (tmp_path / "lake").exists()


def test_the_salt_may_come_from_the_environment_or_a_file(served, tmp_path, monkeypatch):
    monkeypatch.setenv("STRIPE_BALANCE_SALT", SALT.reveal())
    lakes.run(tmp_path / "lake", served, hash="description")
    (tmp_path / "salt").write_text(SALT.reveal())
    monkeypatch.delenv("STRIPE_BALANCE_SALT")
    monkeypatch.setenv("STRIPE_API_KEY", served.key)
    report = connector.run_sync(
        tmp_path / "lake", api_base=served.url, rate=1e6, hash=["description"], hash_salt_file=str(tmp_path / "salt")
    )
    assert report["accounts"][0]["rows_changed"] == 0


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_deeper_expansions_come_back_as_received_and_columns_hold_the_id(served, everything, tmp_path, form):
    columns = {"source_columns": True} if form == "parquet" else {}
    lakes.run(tmp_path / "lake", served, format=form, expand=["source", "source.payment_intent"], **columns)
    held = lakes.objects(tmp_path / "lake")
    intents = [row["source"]["payment_intent"] for row in held if (row["source"] or {}).get("object") == "charge"]
    assert sum(isinstance(intent, dict) for intent in intents) > 100
    for row, flat in zip(held, everything, strict=True):
        if isinstance((row["source"] or {}).get("payment_intent"), dict):
            assert row["source"]["payment_intent"]["id"] == flat["source"]["payment_intent"]
    if columns:
        found = pa.table(connector.read(tmp_path / "lake", columns=["charge_payment_intent"])).column(0).to_pylist()
        assert [text for text in found if text] == [
            row["source"]["payment_intent"]
            for row in everything
            if (row["source"] or {}).get("object") == "charge" and row["source"]["payment_intent"]
        ]


def test_source_columns_are_read_back_and_merged(served, tmp_path):
    sync = partial(lakes.run, tmp_path / "lake", served, expand=["source"], source_columns=True)
    sync(until=lakes.START + 6 * lakes.DAY + 7)
    sync()
    table = pa.table(connector.read(tmp_path / "lake"))
    for row in table.to_pylist():
        source = json.loads(row["source_object"] or "{}")
        assert row["source_object_type"] == source.get("object")
        if source.get("object") == "charge":
            assert (row["charge_amount"], row["charge_customer"]) == (source["amount"], source["customer"])
    assert {"charge", "refund", "payout"} <= set(table["source_object_type"].to_pylist())
    assert sync(full_refresh=True).accounts[0].files_written == 0


# Beside payouts ------------------------------------------------------------------------------------------------------

FORMATS = ["parquet", "arrow", "jsonl"]


def sources_in_sight(lake: Path, account: str | None = None) -> set[str | None]:
    """Every source in the table of pairs, but for the payouts' own rows, whose source is the payout."""
    pairs = held_pairs(lake, account)
    own = [one["payout_id"] for one in pairs if one["type"] == "payout" and one["source"] == one["payout_id"]]
    assert sorted(own) == sorted({one["payout_id"] for one in pairs})
    return {one["source"] for one in pairs if one["source"] != one["payout_id"]}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "choice",
    [
        pytest.param({"omit": ["source", "description"]}, id="omit", marks=pytest.mark.slow),
        pytest.param({"omit": "description", "hash": "source", "salt": SALT}, id="hash"),
    ],
)
def test_sources_that_a_lake_hides_do_not_come_back_with_payouts_and_it_is_proved_all_the_same(
    paid_out, tmp_path, form, choice
):
    lakes.run(tmp_path / "lake", paid_out, format=form, **choice)
    assert answers(check(tmp_path / "lake", paid_out)) == PROVED
    bring(tmp_path / "plain", paid_out)
    assert sources_in_sight(tmp_path / "lake") == {None}
    plain = held_pairs(tmp_path / "plain")
    expected = [one if one["source"] == one["payout_id"] else {**one, "source": None} for one in plain]
    assert held_pairs(tmp_path / "lake") == expected
    payouts = {one["id"] for one in held_payouts(tmp_path / "plain")}
    held = texts(tmp_path / "lake")
    assert not [one for one in sources_in_sight(tmp_path / "plain") - payouts - {None} if one in held]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_payouts_that_were_there_before_are_written_again_without_what_a_lake_hides(paid_out, tmp_path, form):
    lake, straight = tmp_path / "lake", tmp_path / "straight"
    choice = {"omit": ["source", "description"], "format": form}
    lakes.run(lake, paid_out, format=form)
    bring(lake, paid_out)
    for folder in (lake, lake / "_stripe_balance" / "state"):
        shutil.rmtree(folder / "balance_transactions")
    shutil.rmtree(lake / "_stripe_balance" / "runs")  # they say that there was a state
    (lake / "_stripe_balance" / "lake.json").unlink()  # it says how that was made
    lakes.run(lake, paid_out, **choice)
    lakes.run(straight, paid_out, **choice)
    bring(straight, paid_out)
    assert len(sources_in_sight(lake)) > 50
    (account,) = bring(lake, paid_out, since=paid_out.now + 1).accounts  # whatever is asked for
    assert (account.payouts_listed, account.payouts_new, account.payouts_changed) == (0, 0, 0)
    assert data_files(lake) == data_files(straight)
    assert sources_in_sight(lake) == {None}
    for path in records(lake, "payouts"):
        fits(json.loads(path.read_text()), "state_record")
    before = lakes.touched(lake)
    assert bring(lake, paid_out).requests.total == 2
    assert lakes.touched(lake) == before


def test_an_account_without_rows_of_its_own_hides_what_the_others_of_the_lake_hide(paid_out, tmp_path):
    lakes.run(tmp_path, paid_out, omit=["source"])
    other = paid_out.world.accounts[1]
    bring(tmp_path, paid_out, accounts=[other])
    assert sources_in_sight(tmp_path, other) == {None}


def test_columns_that_a_lake_leaves_out_are_empty_in_the_tables_of_payouts(paid_out, tmp_path):
    omit = ["description", "reporting_category", "source.statement_descriptor", "source.metadata.note", "source.amount"]
    lakes.run(tmp_path / "lake", paid_out, expand=["source"], omit=omit)
    bring(tmp_path / "lake", paid_out)
    bring(tmp_path / "plain", paid_out)
    nothing = dict.fromkeys(["description", "statement_descriptor", "metadata"])
    plain = held_payouts(tmp_path / "plain")
    assert any(one["description"] for one in plain)
    assert held_payouts(tmp_path / "lake") == [{**one, **nothing} for one in plain]
    pairs = held_pairs(tmp_path / "plain")
    assert held_pairs(tmp_path / "lake") == [{**one, "reporting_category": None} for one in pairs]


def test_a_lake_that_hides_nothing_of_payouts_has_them_as_they_come(paid_out, tmp_path):
    lakes.run(tmp_path / "lake", paid_out, expand=["source"], omit=["source.billing_details", "extra"])
    bring(tmp_path / "lake", paid_out)
    bring(tmp_path / "plain", paid_out)
    assert data_files(tmp_path / "lake") == data_files(tmp_path / "plain")
