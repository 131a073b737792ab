from __future__ import annotations

from functools import partial

import pyarrow as pa
import pytest

import connector
from connector import schemas
from connector.core.tuning import RunTuning
from tests.support.fitting import fits
from tests.support.seams import opened_with


def test_a_sync_brings_every_row_and_says_so_on_stderr(run, sandbox, tmp_path):
    done = run("sync", tmp_path / "lake", "--rate", 0)
    assert (done.status, done.out) == (0, "")
    assert "700 new" in done.err
    assert sandbox.account in done.err
    assert pa.table(connector.read(tmp_path / "lake")).num_rows == 700


def test_a_second_sync_finds_nothing_new_in_three_requests(run, lake):
    done = run("sync", lake, "--json")
    assert done.json["accounts"][0]["rows_new"] == 0
    assert done.json["requests"]["total"] <= 3
    assert "nothing new" in run("sync", lake).err


def test_with_json_stdout_is_the_run_report_and_stderr_is_empty(run, lake):
    done = run("sync", lake, "--json")
    assert (done.status, done.err) == (0, "")
    assert done.json["outcome"] == "complete"
    if "run_report" in schemas.names():
        fits(done.json, "run_report")


def test_quiet_says_nothing_at_all(run, tmp_path):
    done = run("sync", tmp_path / "lake", "--rate", 0, "-q", "--since", "2026-01-01")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_an_interval_is_read_and_nothing_else(run, sandbox, tmp_path):
    middle = (sandbox.world.start + sandbox.world.end) // 2
    done = run("sync", tmp_path / "lake", "--rate", 0, "--since", middle, "--until", middle + 86_400 * 3, "--json")
    rows = pa.table(connector.read(tmp_path / "lake", columns=["created"]))["created"].cast(pa.int64()).to_pylist()
    assert 0 < len(rows) < 700
    assert all(middle <= row // 1_000_000 < middle + 86_400 * 3 for row in rows)
    assert done.json["accounts"][0]["covered"] == [[middle, middle + 86_400 * 3]]


def test_every_account_is_read_the_own_one_included(run, sandbox, tmp_path):
    done = run("sync", tmp_path / "lake", "--all-accounts", "--rate", 0, "--json")
    accounts = [one["account"] for one in done.json["accounts"]]
    assert accounts[0] == sandbox.account
    assert sorted(accounts) == sorted(sandbox.world.accounts)


def test_accounts_can_be_named_one_by_one(run, sandbox, tmp_path):
    named = sandbox.world.accounts[1:]
    words = [word for name in (*named, named[0]) for word in ("--account", name)]
    done = run("sync", tmp_path / "lake", *words, "--rate", 0, "--json")
    assert [one["account"] for one in done.json["accounts"]] == list(named)


def test_many_accounts_are_summed_up_in_a_line_each(run, tmp_path, sandbox):
    words = [word for name in sandbox.world.accounts for word in ("--account", name)]
    err = run("sync", tmp_path / "lake", *words, "--rate", 0).err
    assert all(name in err for name in sandbox.world.accounts)


def test_a_dry_run_says_what_it_would_read_and_leaves_no_trace(run, sandbox, tmp_path):
    done = run("sync", tmp_path / "lake", "--dry-run", "--since", "2026-01-01", "--until", "2026-02-01")
    assert done.status == 0
    assert "2026-01-01 to 2026-02-01" in done.err
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(("asked", "suffix"), [("jsonl", ".jsonl.zst"), ("jsonl.plain", ".jsonl"), ("arrow", ".arrow")])
def test_the_format_and_the_partition_are_as_asked_for(run, tmp_path, asked, suffix):
    run("sync", tmp_path / "lake", "--rate", 0, "--format", asked, "--partition", "year", "-q")
    names = {path.name for path in (tmp_path / "lake" / "balance_transactions").rglob("part-*")}
    assert names == {f"part-0{suffix}"}
    assert list((tmp_path / "lake").rglob("created_year=*"))


def test_expanded_sources_are_kept(run, tmp_path, sandbox):
    since = sandbox.world.end - 86_400 * 5
    run("sync", tmp_path / "lake", "--rate", 0, "--since", since, "--expand", "source", "-q")
    objects = pa.table(connector.read(tmp_path / "lake", columns=["source_object"]))["source_object"].to_pylist()
    assert any(one and one.startswith("{") for one in objects)


def test_settled_rows_are_covered_up_to_the_moment_asked_for(run, tmp_path, sandbox):
    done = run("sync", tmp_path / "lake", "--rate", 0, "--settle", 0, "--json")
    account = done.json["accounts"][0]
    assert account["covered"][0][1] == account["asked"][1]


def test_verbose_says_whom_it_asks_without_the_key(run, sandbox, lake):
    err = run("sync", lake, "-v").err
    assert sandbox.url in err
    assert "Stripe-Version" in err


def test_the_account_may_be_named_and_another_name_than_its_own_is_refused(run, sandbox, tmp_path):
    done = run("sync", tmp_path / "lake", "--account-id", sandbox.account, "--rate", 0, "--json")
    assert done.json["accounts"][0]["account"] == sandbox.account
    refused = run("sync", tmp_path / "other", "--account-id", "acct_named", "--rate", 0, "--json")
    assert refused.json["error"]["exit_code"] == 78
    assert not (tmp_path / "other").exists()


def test_a_lake_whose_account_had_no_name_is_gone_on_with_by_the_name_it_has(run, sandbox, tmp_path):
    done = run("sync", tmp_path / "lake", "--account-id", "default", "--rate", 0, "--json")
    assert done.json["accounts"][0]["account"] == "default"
    assert run("sync", tmp_path / "lake", "--rate", 0, "--json").json["error"]["exit_code"] == 78
    assert run("sync", tmp_path / "lake", "--account-id", "default", "--rate", 0).status == 0
    assert run("sync", tmp_path / "lake", "--account-id", "", "--rate", 0).status == 2


def test_an_interval_that_is_still_to_come_is_said_to_be(run, tmp_path):
    done = run("sync", tmp_path / "lake", "--since", "2099-01-01", "--rate", 0)
    assert done.status == 0
    assert "what was asked for is still to come: now it is 20" in done.err


def without_files(lake, count):
    victims = sorted((lake / "balance_transactions").rglob("*.parquet"))[:count]
    for victim in victims:
        victim.unlink()
    return len(victims)


def test_what_was_lost_and_mended_is_told_whoever_asked_for_quiet(run, lake):
    without_files(lake, 3)
    done = run("sync", lake, "-q")
    assert (done.status, done.out, done.err.count("\n")) == (0, "", 1)
    assert "3 data files gone or not as written: read again, " in done.err
    assert run("sync", lake, "-q").err == ""
    without_files(lake, 2)
    done = run("sync", lake, "--json")
    assert (done.status, done.json["accounts"][0]["healed"]["files"]) == (0, 2)
    assert "2 data files gone" in done.err


def test_what_is_lost_and_could_not_be_mended_ends_with_66(run, lake, monkeypatch):
    lost = without_files(lake, 4)
    # The command line has no option for what a run does unasked: the services that its call opens are changed.
    monkeypatch.setattr("connector.ingest.calls.opened", partial(opened_with, tuning=RunTuning(reread_requests=0)))
    done = run("sync", lake, "-q")
    assert (done.status, done.out, done.err.count("\n")) == (66, "", 1)
    assert f"{lost} data files are gone" in done.err
    assert "--repair" in done.err
    done = run("sync", lake, "--json")
    assert (done.status, done.json["outcome"]) == (66, "damaged")
    fits(done.json, "run_report")
    said = run("sync", lake).err
    assert f"{lake} is up to date" not in said
    assert "has lost something" in said
    assert run("sync", lake, "--repair").status == 0
    assert run("verify", lake, "--strict", "--layer", "rows").status == 0


def test_a_dry_run_names_what_is_lost(run, lake):
    without_files(lake, 2)
    done = run("sync", lake, "--dry-run")
    assert done.status == 0
    assert "2 data files gone or not as written: a run reads them again" in done.err


def test_a_dry_run_says_what_it_will_cost_about(run, tmp_path):
    lake = tmp_path / "lake"
    planned = run("sync", lake, "--dry-run", "--json")
    assert planned.status == 0
    expected = planned.json["accounts"][0]["expected"]
    real = run("sync", lake, "--json", "--audit", 0).json
    assert real["accounts"][0]["expected"] is None
    assert expected["rows"] == pytest.approx(real["accounts"][0]["rows_new"], rel=0.3)
    assert expected["requests"] == pytest.approx(real["requests"]["total"], abs=5)
    assert planned.json["requests"]["total"] <= expected["probes"] + 2
    said = run("sync", tmp_path / "other", "--dry-run", "--rate", 10).err
    assert f"about {expected['rows']:,} rows, {expected['requests']} requests, " in said
    assert " at 10 requests/s" in said


def test_a_dry_run_of_a_full_lake_says_so_and_that_little_is_to_come(run, lake):
    done = run("sync", lake, "--dry-run")
    assert "nothing read yet" not in done.err
    assert "700 rows so far" in done.err
    expected = run("sync", lake, "--dry-run", "--json").json["accounts"][0]["expected"]
    assert expected["exact"]
    assert expected["rows"] < 100


def test_a_dry_run_of_several_accounts_claims_nothing_of_those_it_has_not_read(run, tmp_path):
    done = run("sync", tmp_path / "lake", "--dry-run", "--all-accounts", "--rate", 0)
    assert done.status == 0
    assert "nothing new" not in done.err
    assert done.err.count("expected") == 3
    assert not (tmp_path / "lake").exists()


def test_a_dry_run_that_may_not_see_an_account_says_so_and_ends_with_its_status(run, tmp_path):
    done = run("sync", tmp_path / "lake", "--dry-run", "--account", "acct_unknown")
    assert done.status == 77
    several = run("sync", tmp_path / "lake", "--dry-run", "--account", "acct_unknown", "--account", "acct_unknown2")
    assert several.status == 77
    assert "up to date" not in several.err


def test_a_dry_run_says_what_it_does_not_know_of_an_account_that_it_could_not_ask_about(run, sandbox, tmp_path):
    own, gone = sandbox.world.accounts[0], "acct_1AAAAAAAAAAAAAAA"
    done = run("sync", tmp_path / "lake", "--dry-run", "--account", own, "--account", gone)
    assert done.status == 77
    told = done.err.partition(f"  {gone}\n")[2].split("\n")
    assert told[0].split() == ["to", "read", "not", "known,", "since", "asking", "failed"]
    assert "net" not in done.err.split()
