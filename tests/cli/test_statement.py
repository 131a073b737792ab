"""`statement` at the command line."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from tests.support.fitting import fits


@pytest.fixture
def month(sandbox):
    """The month of the middle of the sandbox's few days: there are rows in it on whatever day this runs."""
    middle = (sandbox.world.start + sandbox.world.end) // 2
    return f"{datetime.fromtimestamp(middle, UTC):%Y-%m}"


def test_a_month_is_stated_without_a_key(environment, run, lake, month):
    environment.delenv("STRIPE_API_KEY")
    environment.delenv("STRIPE_API_BASE")
    done = run("statement", lake, "--month", month)
    assert done.status == 0
    assert f"statement of {month} (UTC)" in done.out
    assert "closing balance" in done.out
    assert "complete up to" in done.out


def test_a_period_that_was_not_said_is_asked_for_in_the_words_of_the_command_line(run, lake):
    done = run("statement", lake)
    assert done.status == 2
    assert "--month, --quarter, --year, or --since and --until, as in --month last-month" in done.err
    assert run("statement", lake, "--month", "last-month").status == 0


def test_each_format_goes_to_stdout_alone(run, lake, month):
    words = ("statement", lake, "--month", month, "--timezone", "Europe/Paris", "-q")
    document = run(*words, "--format", "json")
    assert document.err == ""
    fits(document.json, "statement")
    assert run(*words, "--json").json["accounts"] == document.json["accounts"]
    rows = list(csv.reader(io.StringIO(run(*words, "--format", "csv").out, newline="")))
    assert len({len(row) for row in rows}) == 1
    assert run(*words, "--format", "html").out.startswith("<!doctype html>")
    assert run(*words, "--format", "html", "--json").status == 2


def test_an_account_without_a_row_of_the_currency_says_so_in_text_and_on_the_page(run, lake, month):
    said = "nothing in GBP in this period, and nothing before it that is known"
    assert said in run("statement", lake, "--month", month, "--currency", "gbp").out
    assert said in run("statement", lake, "--month", month, "--currency", "gbp", "--format", "html").out


def test_a_month_that_is_not_final_is_refused_only_where_that_is_asked_for(run, lake, sandbox):
    present = f"{datetime.fromtimestamp(sandbox.now, UTC):%Y-%m}"
    done = run("statement", lake, "--month", present)
    assert done.status == 0
    assert "NOT FINAL" in done.out
    assert run("statement", lake, "--month", present, "--strict").status == 65


def test_a_comparison_says_what_changed(run, lake, month):
    earlier = f"{datetime.fromisoformat(f'{month}-01').replace(day=1).year}-Q{(int(month[5:]) + 2) // 3}"
    assert run("statement", lake, "--month", month, "--compare", earlier).status == 2
    before = f"{int(month[:4]) - 1}-12" if month.endswith("01") else f"{month[:5]}{int(month[5:]) - 1:02d}"
    done = run("statement", lake, "--month", month, "--compare", before)
    assert f"Why fees changed since {before}" in done.out


def test_a_report_that_differs_ends_with_65(run, lake, month, tmp_path):
    report = tmp_path / "report.csv"
    report.write_text("category,description,net_amount,currency\nstarting_balance,x,123456.78,usd\n")
    done = run("statement", lake, "--month", month, "--against", report)
    assert done.status == 65
    assert "123456.78" in done.out
    assert "differs" in done.out
    assert run("statement", lake, "--month", month, "--against", tmp_path / "none.csv").status == 78


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--month", "October"],
        ["--month", "2026-10", "--year", "2026"],
        ["--month", "2026-10", "--currency", "euros"],
        ["--month", "2026-10", "--compare", "2026-10"],
    ],
)
def test_what_makes_no_sense_is_a_matter_of_usage(run, lake, words):
    done = run("statement", lake, *words)
    assert (done.status, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Europe", ""])
def test_what_is_no_time_zone_is_refused(run, lake, zone):
    done = run("statement", lake, "--month", "2026-10", "--timezone", zone)
    assert (done.status, done.out) == (78, "")
    assert repr(zone) in done.err


@pytest.mark.usefixtures("without_zones")
def test_without_data_of_time_zones_the_package_is_named_and_utc_still_works(run, lake, month):
    done = run("statement", lake, "--month", month, "--timezone", "Europe/Paris")
    assert done.status == 78
    assert "tzdata" in done.err
    assert run("statement", lake, "--month", month).status == 0


def test_a_place_without_a_lake_says_how_to_make_one(run, tmp_path):
    done = run("statement", tmp_path / "nothing", "--month", "2026-10")
    assert done.status == 78
    assert "sync" in done.err


def test_what_links_refunds_and_disputes_is_said_once_by_statement_and_status(run, lake, month):
    command = f"stripe-balance sync {lake} --expand source --backfill"
    assert run("statement", lake, "--month", month).out.count(command) == 1
    assert run("status", lake).out.count(command) == 1
    assert run("sync", lake, "--expand", "source", "--backfill", "--rate", 0).status == 0
    assert command not in run("statement", lake, "--month", month).out + run("status", lake).out
    (account, *_) = run("statement", lake, "--month", month, "--json").json["accounts"]
    assert account["sources"] == "expanded"
