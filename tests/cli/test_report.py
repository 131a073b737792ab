"""`report` at the command line."""

from __future__ import annotations

import webbrowser

import pytest

from tests.support.fitting import fits
from tests.support.pages import PageRead


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A current folder of the test's own, and no browser."""
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    return opened


def test_the_page_is_written_here_without_a_key_and_said_to_be(environment, run, lake, tmp_path, here):
    environment.delenv("STRIPE_API_KEY")
    environment.delenv("STRIPE_API_BASE")
    done = run("report", lake)
    assert done.status == 0
    assert "stripe-balance-report.html" in done.err
    page = PageRead((tmp_path / "stripe-balance-report.html").read_text())
    assert page.headings[0][1] in done.out
    assert "never checked" in done.out
    assert here == []


@pytest.mark.parametrize(
    ("output", "said"), [(".", "is a folder: name the page in it"), ("no/x.html", "no folder 'no'")]
)
def test_a_page_that_has_no_place_is_refused_before_anything_is_done(run, sandbox, lake, tmp_path, output, said):
    before = len(sandbox.requests())
    done = run("report", lake, "--verify", "-o", output)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert len(sandbox.requests()) == before
    assert list(tmp_path.glob("*.html")) == []


def test_json_is_the_facts_alone_and_a_page_only_where_it_was_asked_for(run, lake, tmp_path):
    done = run("report", lake, "--json")
    fits(done.json, "lake_report")
    assert list(tmp_path.glob("*.html")) == []
    assert run("report", lake, "--json", "-o", "page.html").json["rows"] == done.json["rows"]
    assert done.json["sentence"] in PageRead((tmp_path / "page.html").read_text()).headings[0][1]


def test_the_page_goes_to_stdout_alone(run, lake, tmp_path):
    done = run("report", lake, "-o", "-", "-q")
    assert done.out.startswith("<!doctype html>")
    assert (done.err, list(tmp_path.glob("*.html"))) == ("", [])
    assert run("report", lake, "-o", "-", "--json").status == 2
    assert run("report", lake, "-o", "-", "--open").status == 2


def test_open_shows_the_page_in_a_browser(run, lake, tmp_path, here):
    assert run("report", lake, "-o", "a page.html", "--open").status == 0
    assert here == [(tmp_path / "a page.html").as_uri()]


def test_verify_proves_it_first_and_strict_asks_for_that(run, lake):
    assert run("report", lake, "--strict").status == 65
    done = run("report", lake, "--verify", "--strict", "--json")
    assert (done.status, done.json["proof"]) == (0, "proved")
    assert done.json["sentence"].endswith("and it adds up.")
    assert run("report", lake, "--strict").status == 0


def test_what_does_not_agree_ends_with_65_where_it_is_verified(run, lake):
    file = next((lake / "balance_transactions").rglob("part-0.parquet"))
    file.write_bytes(file.read_bytes() + b"more")
    done = run("report", lake, "-q")
    assert done.status == 0
    assert "it does not add up" in done.out
    assert run("report", lake, "--verify").status == 65


def test_where_there_is_no_lake_that_is_said_and_no_page_is_made(run, tmp_path):
    done = run("report", tmp_path)
    assert done.status == 78
    assert "there is no lake" in done.err
    assert list(tmp_path.glob("*.html")) == []
