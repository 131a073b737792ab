"""`stream` and `get`."""

from __future__ import annotations

import io
import sys

import pytest

from connector.sandbox import Limits, Sandbox


@pytest.fixture
def ids(run):
    return [row["id"] for row in run("stream", "--rate", 0, "--limit-rows", 6).lines]


def test_a_stream_from_after_its_end_is_refused_by_the_options_names(run):
    refused = run("stream", "--since", "2026-02", "--until", "2026-01")
    assert (refused.status, refused.out) == (2, "")
    assert "--until must be later than --since" in refused.err
    assert "created" not in refused.err


def test_a_stream_is_every_row_newest_first(run, sandbox):
    done = run("stream", "--rate", 0)
    created = [row["created"] for row in done.lines]
    assert (done.status, done.err, len(created)) == (0, "", 700)
    assert created == sorted(created, reverse=True)
    assert len({row["id"] for row in done.lines}) == 700


def test_an_unordered_stream_is_the_same_rows(run):
    ordered, unordered = run("stream", "--rate", 0), run("stream", "--rate", 0, "--unordered")
    assert sorted(ordered.out.splitlines()) == sorted(unordered.out.splitlines())


@pytest.mark.parametrize(("name", "value"), [("currency", "jpy"), ("type", "charge")])
def test_filters_are_stripes_own(run, name, value):
    rows = run("stream", "--rate", 0, f"--{name}", value).lines
    assert rows
    assert {row[name] for row in rows} == {value}


def test_a_row_of_one_source_or_payout_can_be_asked_for(run):
    rows = run("stream", "--rate", 0).lines
    charge = next(row for row in rows if row["type"] == "charge")
    payout = next(row for row in rows if row["type"] == "payout" and row["status"] == "available")
    assert charge in run("stream", "--source", charge["source"]).lines
    assert run("stream", "--payout", payout["source"]).status == 0


def test_an_interval_and_an_expansion_apply(run, sandbox):
    since = sandbox.world.end - 86_400 * 5
    rows = run("stream", "--rate", 0, "--since", since, "--until", since + 86_400, "--expand", "source").lines
    assert rows
    assert all(since <= row["created"] < since + 86_400 for row in rows)
    assert any(isinstance(row["source"], dict) for row in rows)


def test_a_connected_account_is_read_as_itself(run, sandbox):
    own = {row["id"] for row in run("stream", "--rate", 0).lines}
    theirs = {row["id"] for row in run("stream", "--rate", 0, "--account", sandbox.world.accounts[1]).lines}
    assert theirs
    assert own.isdisjoint(theirs)


def test_a_limit_of_rows_is_kept_to_the_row(run):
    assert len(run("stream", "--limit-rows", 3).lines) == 3
    assert len(run("stream", "--rate", 0, "--limit-rows", 150).lines) == 150


def test_with_json_a_stream_is_one_object(run):
    done = run("stream", "--limit-rows", 150, "--rate", 0, "--json")
    assert done.json["rows"] == len(done.json["data"]) == 150


def test_with_json_a_stream_that_fails_is_one_object_that_says_so(run, environment):
    environment.setenv("STRIPE_API_KEY", "sk_test_thisIsNotTheSandboxesKey1234")
    done = run("stream", "--json")
    assert done.status == 77
    assert done.json["data"] == []
    assert done.json["error"]["type"] == "AuthenticationError"


def test_rows_come_in_the_order_of_the_ids(run, ids):
    wanted = [ids[3], ids[0], ids[5], ids[0]]
    assert [row["id"] for row in run("get", *wanted).lines] == wanted


def test_ids_come_from_stdin_too(run, ids, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*ids[1:], ""])))
    assert [row["id"] for row in run("get", ids[0], "-").lines] == ids


@pytest.mark.parametrize("stdin", [io.StringIO("\n"), None])
def test_an_empty_or_closed_stdin_is_wrong(run, monkeypatch, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    done = run("get", "-")
    assert (done.status, "no ids on stdin" in done.err) == (2, True)


def test_an_empty_id_is_not_blamed_on_stdin(run):
    done = run("get", "")
    assert (done.status, "stdin" in done.err) == (2, False)


def test_a_mark_of_byte_order_is_no_part_of_the_first_id(run, ids, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"\ufeff{ids[0]}\r\n{ids[1]}\r\n"))
    assert [row["id"] for row in run("get", "-").lines] == ids[:2]


@pytest.mark.parametrize("command", [["stream"], ["stream", "--follow"], ["get", "txn_1"], ["sync", "lake"]])
def test_a_path_as_lists_have_it_is_refused_with_the_one_of_rows(run, monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    done = run(*command, "--expand", "data.source.customer")
    assert (done.status, done.out, list(tmp_path.glob("lake"))) == (2, "", [])
    assert "without data.: source.customer" in done.err


def test_an_unknown_id_is_named_after_the_others_are_printed(run, ids):
    done = run("get", ids[0], "txn_unknown", ids[1])
    assert [row["id"] for row in done.lines] == ids[:2]
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "txn_unknown" in done.err


def test_with_json_an_unknown_id_is_an_error_beside_the_rows(run, ids):
    done = run("get", ids[0], "txn_unknown", "--json")
    assert [row["id"] for row in done.json["data"]] == ids[:1]
    assert done.json["error"]["code"] == "resource_missing"
    assert done.status == 1


def test_what_is_no_id_of_a_transaction_is_refused_before_anything_is_asked(run):
    done = run("get", "ch_123")
    assert (done.status, done.out) == (2, "")
    assert "a charge" in done.err


def test_more_ids_than_are_asked_for_at_once_all_come(run):
    ids = [row["id"] for row in run("stream", "--rate", 0, "--limit-rows", 250).lines]
    assert [row["id"] for row in run("get", *ids, "--rate", 0).lines] == ids


def test_a_row_can_be_expanded(run):
    charge = run("stream", "--type", "charge", "--limit-rows", 1).lines[0]
    (row,) = run("get", charge["id"], "--expand", "source").lines
    assert row["source"]["id"] == charge["source"]


def test_every_account_that_failed_is_named_and_the_others_rows_are_there(run, environment, sandbox):
    own, *others = sandbox.world.accounts
    with Sandbox(sandbox.world, limits=Limits.none(), faults=[f"403:account={one}" for one in others]) as refusing:
        environment.setenv("STRIPE_API_BASE", refusing.url)
        shown = run("stream", "--all-accounts", "--rate", 0)
        told = run("stream", "--all-accounts", "--rate", 0, "--json")
    assert (shown.status, told.status) == (77, 77)
    assert {row["account"] for row in shown.lines} == {row["account"] for row in told.json["data"]} == {own}
    assert all(f"stripe-balance: {one}: " in shown.err for one in others)
    assert set(told.json["error"]["accounts"]) == set(others)
