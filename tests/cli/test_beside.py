"""`status` of the tables beside the balance transactions, and what `sync` makes of a folder that has only those."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory, sandbox):
    """A folder with payouts and a snapshot, and nothing else."""
    from connector import run_record_balance, run_sync_payouts  # noqa: PLC0415 - as the environment is by then

    folder = tmp_path_factory.mktemp("made") / "lake"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("STRIPE_API_BASE", sandbox.url)
        environment.setenv("STRIPE_API_KEY", sandbox.key)
        run_sync_payouts(folder, rate=1_000)
        run_record_balance(folder)
    return folder


@pytest.fixture
def lake(made, tmp_path):
    return shutil.copytree(made, tmp_path / "lake")


def files(lake, table):
    return sorted((lake / table).rglob("part-0.*"))


def test_a_folder_with_payouts_and_snapshots_only_has_a_status(run, sandbox, lake):
    done = run("status", lake)
    assert (done.status, done.err) == (0, "")
    assert "without balance transactions" in done.out
    assert sandbox.account in done.out
    assert f"in {len(files(lake, 'payouts')):,} files" in done.out
    assert "the last snapshot on 20" in done.out
    document = run("status", lake, "--json").json
    assert document["accounts"] == []
    assert [one["table"] for one in document["tables"]] == ["payouts", "payout_transactions", "balances"]
    for one in document["tables"]:
        assert one["files"] == len(files(lake, one["table"]))
        assert one["rows"] >= one["files"]
        assert one["differences"] == []


def test_the_status_of_all_tables_is_told_account_by_account(run, lake):
    assert run("sync", lake, "--rate", 0).status == 0
    out = run("status", lake).out
    assert "one file for each account and day" in out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")][-3:] == [
        "payouts",
        "paid",
        "balances",
    ]


@pytest.mark.parametrize(
    ("table", "remedies"),
    [
        ("payouts", ("stripe-balance payouts", "takes up what a killed run left")),
        ("payout_transactions", ("stripe-balance payouts", "takes up what a killed run left")),
        ("balances", ("stripe-balance balance", "takes up what a killed run left", "only a backup")),
    ],
)
def test_files_that_changed_went_or_came_are_named_with_what_to_do_about_them(run, lake, table, remedies):
    first = files(lake, table)[0]
    (first.parent / "part-9.parquet").write_bytes(b"extra")
    first.unlink()
    done = run("status", lake, "--strict")
    assert done.status == 65
    assert f"{first.relative_to(lake)} (missing)" in done.err
    assert "part-9.parquet (extra)" in done.err
    assert all(one in done.err for one in remedies)
    assert "--repair" not in done.err


def test_what_payouts_lack_on_the_disk_the_next_run_over_payouts_makes_again(run, lake):
    for table in ("payouts", "payout_transactions"):
        files(lake, table)[0].unlink()
    assert run("sync", lake, "--repair", "--rate", 0).status == 0
    assert run("status", lake, "--strict").status == 65
    assert run("payouts", lake, "--rate", 0).status == 0
    assert run("status", lake, "--strict").status == 0


def test_a_sync_onto_payouts_keeps_their_format(run, tmp_path):
    for words in (("sync", tmp_path / "lines", "--format", "jsonl"), ("payouts", tmp_path / "lines")):
        assert run(*words, "--rate", 0).status == 0
    shutil.rmtree(tmp_path / "lines" / "balance_transactions")
    shutil.rmtree(tmp_path / "lines" / "_stripe_balance" / "state" / "balance_transactions")
    shutil.rmtree(tmp_path / "lines" / "_stripe_balance" / "runs")  # they say that there were records
    assert run("sync", tmp_path / "lines", "--rate", 0, "--json").json["format"] == "jsonl.zst"
    assert not list((tmp_path / "lines").rglob("*.parquet"))


def test_a_sync_in_another_format_than_that_of_the_payouts_is_refused(run, lake):
    done = run("sync", lake, "--format", "jsonl", "--rate", 0)
    assert (done.status, "was made with format parquet" in done.err) == (78, True)
    assert not (lake / "balance_transactions").exists()
