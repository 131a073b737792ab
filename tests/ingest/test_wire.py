"""What a gateway may make of an answer: every legal form gives the same lake, byte for byte."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from typing import TYPE_CHECKING

import anyio
import orjson
import pyarrow as pa
import pytest

import connector
from connector.core.units import DAY
from connector.errors import ProtocolError
from connector.sandbox.http.encodings import HOW
from connector.tables.balance_transactions import to_batch, to_lines, to_objects
from connector.tables.transaction import decode_transactions
from tests.support.lakes import START, config_for, data_files, objects, run, sandbox, truth, world
from tests.support.payout_world import bring
from tests.support.rows import OFFICIAL_ROW

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("fault", ["non-authoritative", *(f"encoded:how={how}" for how in HOW if how != "bomb")])
def test_every_legal_form_of_an_answer_gives_the_same_lake(tmp_path, fault):
    with sandbox(world(500)) as stripe_:
        run(tmp_path / "plain", stripe_)
        stripe_.faults.add(fault)
        report = run(tmp_path / "other", stripe_)
        assert report.requests.statuses == {"203" if fault == "non-authoritative" else "200": report.requests.total}
        assert objects(tmp_path / "other") == truth(stripe_)
        assert data_files(tmp_path / "other") == data_files(tmp_path / "plain")


def test_a_small_body_that_unfolds_without_end_is_an_error_and_nothing_of_it_is_kept(tmp_path):
    with sandbox(world(500), faults=["encoded:how=bomb,k=3"]) as stripe_:
        with pytest.raises(ProtocolError, match="more than"):
            run(tmp_path, stripe_)
        stripe_.faults.clear()
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


def lines_of(lake: Path) -> list[bytes]:
    """Every line of a lake of plain JSON lines, by its time and id."""
    lines = [
        line for path in lake.rglob("part-0.jsonl.zst") for line in pa.input_stream(path, "zstd").read().split(b"\n")
    ]
    return sorted(filter(None, lines), key=lambda line: (re.search(rb'"created":(\d+)', line)[1], line))


@pytest.mark.parametrize("fault", ["byte-order-mark", "decimal-integers"])
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_every_legal_form_of_the_same_json_gives_the_same_lake(tmp_path, fault, form):
    with sandbox(world(300)) as stripe_:
        run(tmp_path / "plain", stripe_, format=form)
        stripe_.faults.add(f"{fault}:endpoint=")
        run(tmp_path / "other", stripe_, format=form)
        assert data_files(tmp_path / "other") == data_files(tmp_path / "plain")


def test_half_a_surrogate_pair_closes_no_window(tmp_path):
    with sandbox(world(300), faults=["half-pair"]) as stripe_:
        report = run(tmp_path, stripe_)
        table = pa.table(connector.read(tmp_path))
        assert set(table["description"].to_pylist()) == {"half a pair: \ufffd."}
        assert set(table["extra"].to_pylist()) == {r'{"description":"half a pair: \ud83d."}'}
        assert {one["name"]: one["count"] for one in report.accounts[0].drift} == {"description": 300}
        assert {row["description"] for row in objects(tmp_path)} == {"half a pair: \ud83d."}


def test_half_a_surrogate_pair_is_in_the_lines_as_it_came_and_stays_when_they_are_written_again(tmp_path):
    with sandbox(world(300), faults=["half-pair"]) as stripe_:
        run(tmp_path, stripe_, format="jsonl", until=START + 6 * DAY + 3_600)
        run(tmp_path, stripe_, format="jsonl")
        lines = lines_of(tmp_path)
        assert len(lines) == 300
        assert all(rb'"description":"half a pair: \ud83d."' in line for line in lines)
        assert all(json.loads(line)["description"] == "half a pair: \ud83d." for line in lines)


LONG = '"odds":1e400,"share":0.12345678901234567890123,"weight":-123456789012345678901234567890'


@pytest.mark.parametrize("expand", [(), ("source",)])
def test_long_numbers_keep_their_text(tmp_path, expand):
    with sandbox(world(120), faults=["long-number"]) as stripe_:
        run(tmp_path / "parquet", stripe_, expand=expand)
        table = pa.table(connector.read(tmp_path / "parquet"))
        assert set(table["extra"].to_pylist()) == {f"{{{LONG}}}"}
        charges = [text for text in table["source_object"].to_pylist() if text and '"object":"charge"' in text]
        assert bool(charges) == bool(expand)
        assert all(text.count("-123456789012345678901234567890") == 1 for text in charges)

        run(tmp_path / "lines", stripe_, format="jsonl", expand=expand)
        lines = lines_of(tmp_path / "lines")
        assert len(lines) == 120
        assert all(b'"share":0.12345678901234567890123,"odds":1e400' in line for line in lines)
        assert objects(tmp_path / "lines") == objects(tmp_path / "parquet")


def test_a_field_that_comes_twice_is_drift_and_nothing_of_it_is_lost(tmp_path):
    with sandbox(world(120), faults=["repeated-field"]) as stripe_:
        report = run(tmp_path, stripe_)
        assert [(one["kind"], one["name"], one["count"]) for one in report.accounts[0].drift] == [
            ("repeated_field", "description", 120)
        ]
        table = pa.table(connector.read(tmp_path))
        assert table["description"].to_pylist() == [row["description"] for row in truth(stripe_)]
        assert set(table["extra"].to_pylist()) == {'{"$$repeated":{"description":["the first"]}}'}
        assert all(row["$repeated"] == {"description": ["the first"]} for row in objects(tmp_path))


@pytest.mark.parametrize(
    "field", ["amount", "fee", "net", "created", "available_on", "id", "currency", "status", "type"]
)
def test_an_amount_that_comes_twice_is_refused(tmp_path, field):
    with sandbox(world(120), faults=[f"repeated-field:field={field}"]) as stripe_:
        with pytest.raises(ProtocolError, match=rf"^{field} came more than once"):
            run(tmp_path, stripe_)
        stripe_.faults.clear()
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("levels", [260, 1_000, 100_000])
def test_a_row_that_nests_too_deeply_is_an_error(tmp_path, levels):
    with (
        sandbox(world(20), faults=[f"deep:levels={levels}"]) as stripe_,
        pytest.raises(ProtocolError, match=r"deeply|depth"),
    ):
        run(tmp_path, stripe_)


def test_what_is_left_out_of_a_lake_is_not_in_it_as_an_earlier_value(tmp_path):
    with sandbox(world(120), faults=["repeated-field"]) as stripe_:
        run(tmp_path, stripe_, omit=["description"])
        assert not any("the first" in str(row) for row in objects(tmp_path))


def test_a_run_says_what_its_file_system_lacks(tmp_path, monkeypatch):
    forced = os.fsync

    def refuse(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        forced(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with sandbox(world(100)) as stripe_:
        report = run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
    (said,) = report.warnings
    assert "fsync of a folder" in said
    (kept,) = (tmp_path / "_stripe_balance" / "runs").glob("*.json")
    assert json.loads(kept.read_bytes())["warnings"] == [said]


def test_a_run_says_that_something_came_that_nobody_had_asked_for(tmp_path):
    """It comes with the answer, so that is none, and the request is sent again."""
    with sandbox(world(100), faults=["stray:how=behind,k=1,endpoint=account"]) as stripe_:
        report = run(tmp_path, stripe_)
    (said,) = report.warnings
    assert "a connection was closed: an answer came that nobody had asked for" in said


def test_rows_of_another_version_than_was_asked_for_are_recorded_as_that_and_told(tmp_path):
    with sandbox(world(100), faults=["other-version"]) as stripe_:
        report = run(tmp_path, stripe_)
        of_payouts = bring(tmp_path, stripe_)
    (account,) = report.accounts
    assert account.api_versions == ("2019-12-03",)
    for one in (report, of_payouts):
        (said,) = one.warnings
        assert "2019-12-03" in said
        assert report.api_version in said


def test_a_run_without_anything_odd_has_no_warnings(tmp_path):
    with sandbox(world(100)) as stripe_:
        assert run(tmp_path, stripe_).warnings == ()


def test_what_comes_twice_is_no_difference_to_verify(tmp_path):
    """An expanded source has members that come twice, too; verify asks for rows without it."""
    with sandbox(world(700), faults=["repeated-field", "half-pair", "long-number"]) as stripe_:
        run(tmp_path, stripe_, expand=("source",))
        verdict = anyio.run(lambda: connector.verify(tmp_path, config=config_for(stripe_)))
    assert [one.message for part in verdict.accounts for layer in part.layers for one in layer.findings] == []


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_text_with_nul_and_every_control_character_is_kept(form):
    text = "".join(map(chr, range(32))) + "\x7f\u2028\ufeff\U0001f600"
    row = {**OFFICIAL_ROW, "description": text}
    page = decode_transactions(orjson.dumps({"object": "list", "data": [row], "has_more": False}))
    if form == "parquet":
        assert to_objects(to_batch(page.rows))[0]["description"] == text
    else:
        (line,) = to_lines(page.rows).column("line").to_pylist()
        assert json.loads(line)["description"] == text
