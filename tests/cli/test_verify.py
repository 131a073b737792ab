"""`verify`: a verdict as text, as JSON, and as exit status."""

from __future__ import annotations

import json
import re

import pytest

from connector.sandbox import Limits, Sandbox, World
from tests.support.fitting import fits
from tests.support.records import newest


def held_to_the_schema(document):
    fits(document, "verdict")
    return document


@pytest.fixture
def spoilt(lake):
    """A lake that lost a file."""
    lost = sorted((lake / "balance_transactions").rglob("*.parquet"))[3]
    lost.unlink()
    return lake


def test_a_proved_lake_ends_with_status_0_and_says_what_was_proved(run, lake, sandbox):
    done = run("verify", lake, "--rate", 0, "--strict", "--seed", 3)
    assert (done.status, done.err) == (0, "")
    first, account, *layers = done.out.splitlines()
    assert first.startswith(f"{lake}: all agrees (proved) (")
    assert "seed 3" in first
    assert account.strip() == sandbox.account
    assert [line.split()[:2] for line in layers if not line.startswith(14 * " ")] == [
        ["rows", "agrees"],
        ["windows", "agrees"],
        ["payouts", "agrees"],
        ["balance", "agrees"],
    ]
    assert "700 rows" in layers[0]


def test_as_json_the_verdict_keeps_to_its_schema(run, lake, spoilt, sandbox):
    done = run("verify", spoilt, "--rate", 0, "--json", "--layer", "rows", "--layer", "windows", "--layer", "balance")
    document = held_to_the_schema(done.json)
    assert (done.status, document["verdict"]) == (65, "residual")
    assert document["layers"] == {"proved": 0, "residual": 3, "not_checkable": 0}
    assert document["accounts"][0]["account"] == sandbox.account
    rows = document["accounts"][0]["layers"][0]
    assert rows["counts"] == {"missing_file": 1}
    assert rows["findings"][0]["found"] == 0
    assert document["requests"] > 0


def test_what_does_not_agree_is_named_and_never_ends_with_0(run, spoilt):
    done = run("verify", spoilt, "--rate", 0)
    assert done.status == 65
    assert "(residual): 1 missing file" in done.out
    assert "is gone, and with it" in done.out
    assert "the balance is" in done.out
    assert run("verify", spoilt, "--rate", 0, "--strict").status == 65


def test_what_could_not_be_checked_is_not_proved(run, lake, environment):
    environment.delenv("STRIPE_API_KEY")
    done = run("verify", lake, "--rate", 0, "--offline", "--json")
    assert (done.status, held_to_the_schema(done.json)["verdict"]) == (0, "not_checkable")
    assert done.json["layers"] == {"proved": 1, "residual": 0, "not_checkable": 3}
    assert done.json["requests"] == 0
    assert run("verify", lake, "--rate", 0, "--offline", "--strict").status == 65
    assert run("verify", lake, "--rate", 0, "--offline", "--strict", "--layer", "rows").status == 0


def test_rows_that_no_balance_shows_keep_strict_from_0(run, environment, tmp_path):
    world = World(transactions=300, connected=0, start=1_767_225_600, end=1_768_521_600)
    with Sandbox(world, limits=Limits.none()) as sandbox:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        sandbox.add_rows(count=60, type="risk_reserve", amount=2_000, fee=0)
        sandbox.add_rows(count=59, type="strange_balance", amount=1_000, fee=0)
        sandbox.advance(86_400)
        assert run("sync", tmp_path / "lake", "--rate", 0).status == 0
        done = run("verify", tmp_path / "lake", "--rate", 0)
        assert done.status == 0
        assert "balance   could not be checked (not checkable): 119 of 419 rows are compared with nothing" in done.out
        assert "orbital_reserve (59 rows, 590.00 USD), risk_reserved (60 rows, 1,200.00 USD)" in done.out
        strict = run("verify", tmp_path / "lake", "--rate", 0, "--strict", "--json")
    (balance,) = (one for one in held_to_the_schema(strict.json)["accounts"][0]["layers"] if one["layer"] == "balance")
    assert strict.status == 65
    assert balance["not_compared"] == [
        {"balance_type": "orbital_reserve", "currency": "usd", "rows": 59, "net": 59_000},
        {"balance_type": "risk_reserved", "currency": "usd", "rows": 60, "net": 120_000},
    ]


def test_what_does_not_agree_is_told_apart_from_what_could_not_be_checked(run, spoilt, environment):
    environment.delenv("STRIPE_API_KEY")
    done = run("verify", spoilt, "--offline", "--json")
    assert done.status == 65
    assert held_to_the_schema(done.json)["verdict"] == "residual"
    assert done.json["layers"] == {"proved": 0, "residual": 1, "not_checkable": 3}


def test_everything_is_asked_again_on_request(run, lake):
    done = run("verify", lake, "--rate", 0, "--layer", "windows", "--sample", "all", "--json")
    (layer,) = done.json["accounts"][0]["layers"]
    assert layer["checked"]["rows"] == 700


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--layer", "columns"], 2, "columns"),
        (["--sample", "-1"], 2, "--sample"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], 2, "--until"),
        (["--account", "acct_nobody"], 78, "acct_nobody"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(run, lake, words, status, says):
    done = run("verify", lake, "--rate", 0, *words)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert says in done.err


def test_a_folder_without_a_lake_and_a_damaged_one_are_errors_not_verdicts(run, lake, tmp_path):
    done = run("verify", tmp_path / "nothing")
    assert (done.status, done.out) == (78, "")
    assert "stripe-balance sync" in done.err
    newest(lake).write_text(json.dumps({"record_version": 99}))
    done = run("verify", lake, "--rate", 0, "--json")
    assert done.status == 65
    assert done.json["error"]["type"] == "StateError"


def test_a_lake_is_left_as_it_was_but_for_its_payouts_and_what_was_found(run, lake):
    def contents():
        return {
            path: path.read_bytes()
            for path in lake.rglob("*")
            if path.is_file() and path.name != "turn" and not re.search("payout|verdicts", str(path.relative_to(lake)))
        }

    before = contents()
    run("verify", lake, "--rate", 0)
    assert contents() == before
    payouts = sorted((lake / "payout_transactions").rglob("*.parquet"))
    assert payouts


@pytest.mark.parametrize("words", [(), ("-q",)])
def test_what_was_lost_of_payouts_and_mended_on_the_way_is_said_in_any_case(run, tmp_path, words):
    run("sync", tmp_path / "lake", "--rate", 0)
    run("payouts", tmp_path / "lake", "--rate", 0)
    min((tmp_path / "lake" / "payout_transactions").rglob("part-0.*")).unlink()
    asked = ("--layer", "payouts", "--rate", 0)
    done = run("verify", tmp_path / "lake", *asked, *words)
    assert "1 file of payouts gone or not as written: read again" in done.err
    again = run("verify", tmp_path / "lake", *asked, *words)
    assert "read again" not in again.err


@pytest.mark.parametrize("ending", ["html", "json"])
def test_a_workpaper_is_written_beside_the_verdict(run, lake, tmp_path, ending):
    paper = tmp_path / f"paper.{ending}"
    done = run("verify", lake, "--offline", "--report", paper)
    assert done.status == 0
    assert str(paper) in done.err
    text = paper.read_text()
    if ending == "json":
        fits(json.loads(text), "verdict")
    else:
        assert "could not be checked" in text


@pytest.mark.parametrize("name", ["paper.pdf", "missing/paper.html"])
def test_a_workpaper_that_cannot_be_written_is_refused_before_anything_is_checked(run, lake, tmp_path, name):
    assert run("verify", lake, "--report", tmp_path / name).status == 2
    assert list(tmp_path.glob("paper*")) == []
