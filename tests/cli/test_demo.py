from __future__ import annotations

import shlex
from decimal import Decimal

import duckdb
import pytest

import connector
from connector.cli.commands import demo
from connector.cli.process.sandbox_process import World, stand_in
from connector.errors import ConfigError
from tests.support.demos import ROWS, few_rows


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A demo of few rows, in a folder of its own."""
    few_rows(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_demo_needs_no_key_makes_a_lake_and_says_what_to_do_next(run, small, environment):
    environment.delenv("STRIPE_API_KEY")
    environment.setenv("STRIPE_API_BASE", "https://nowhere.invalid")
    done = run("demo")
    assert (done.status, done.out) == (0, "")
    assert "400 new" in done.err
    assert "demo-lake: all agrees (proved)" in done.err
    assert all(f"{layer} agrees (proved):" in " ".join(done.err.split()) for layer in ("rows", "windows", "balance"))
    for step in ("stripe-balance status demo-lake", "stripe-balance sync my-lake"):
        assert step in done.err
    assert run("status", "demo-lake", "--strict").status == 0


@pytest.mark.slow
def test_what_a_demo_says_to_do_next_answers_what_it_says_about_money(run, small, monkeypatch):
    few_rows(monkeypatch, days=40)  # monthly fees are rows of their own
    said = run("demo", "the lake").err.splitlines()
    state = next(shlex.split(line) for line in said if "stripe-balance statement" in line)
    assert run(*state[1:]).status == 0
    views = next(shlex.split(line) for line in said if "stripe-balance views" in line)
    made, written = run(*views[1 : views.index(">")]), views[-1]
    query = next(shlex.split(line) for line in said if "duckdb -init" in line)
    assert query[2] == written == "the lake.sql"
    rows = connector.read("the lake").to_table().to_pylist()
    own = [row for row in rows if row["reporting_category"] in {"fee", "tax"} or row["type"] == "stripe_fx_fee"]
    fees = [(row["currency"], "part of a row", row["fee"]) for row in rows if row["fee_details"]]
    fees += [(row["currency"], "row of its own", -row["amount"]) for row in own]
    expected: dict[tuple[str, str], Decimal] = {}
    for currency, place, amount in fees:
        money = Decimal(amount).scaleb(-connector.decimals(currency))
        expected[currency, place] = expected.get((currency, place), Decimal(0)) + money
    with duckdb.connect() as connection:
        connection.execute(made.out)
        found = {(currency, place): fee for currency, place, fee in connection.sql(query[-1]).fetchall()}
    assert found == expected
    assert {place for _, place in found} == {"part of a row", "row of its own"}


@pytest.mark.slow
def test_a_second_demo_reads_nothing_twice(run, small):
    run("demo", "other lake", "-q")
    done = run("demo", "other lake", "--json")
    assert done.json["accounts"][0]["rows_new"] == 0
    assert done.json["accounts"][0]["lake_rows"] == ROWS
    assert done.json["requests"]["total"] <= 4


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(run, small):
    (small / "demo-lake").mkdir()
    (small / "demo-lake" / "mine.txt").write_text("mine")
    done = run("demo")
    assert (done.status, done.out, done.err.count("\n")) == (78, "", 1)
    assert [path.name for path in (small / "demo-lake").iterdir()] == ["mine.txt"]


def test_a_lake_of_a_real_account_is_not_mixed_with_a_demo(run, small, lake):
    assert run("demo", lake).status == 78


def test_a_damaged_mark_is_an_error_that_says_what_to_do(run, small):
    (small / "demo-lake" / "_stripe_balance").mkdir(parents=True)
    (small / "demo-lake" / demo.MARK).write_text("{")
    done = run("demo")
    assert done.status == 78
    assert "remove" in done.err


def test_a_stand_in_that_cannot_start_says_why():
    with pytest.raises(ConfigError, match="did not start"), stand_in(World(start=2, end=1)):
        pass
