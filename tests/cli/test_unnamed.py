"""`status` and `verify` name whatever ends like a data file where readers look, under whatever name it lies there."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest

from connector.cli.lake_status import run_status
from tests.support.examples import slow_but


def a_partition(lake):
    """A partition's folder of the lake's one account."""
    return sorted((lake / "balance_transactions").rglob("part-0.parquet"))[3].parent


def a_file(name, data=b"PAR1"):
    return lambda folder: (folder / name).write_bytes(data)


def _in_a_folder_beside(folder):
    shutil.copytree(folder, folder.with_name(f"{folder.name} copy"))


def _outside_of_any_partition(folder):
    shutil.copy(folder / "part-0.parquet", folder.parent / "part-0.parquet")


def _of_an_account_that_no_record_names(folder):
    shutil.copytree(folder, folder.parents[1] / "account=acct_0" / folder.name)


def _in_the_tables_folder(folder):
    shutil.copy(folder / "part-0.parquet", folder.parents[1] / "all.parquet")


def _in_another_table(folder):
    there = folder.parents[2] / "payouts" / "account=acct_9" / "created_date=2026-01-01"
    there.mkdir(parents=True)
    shutil.copy(folder / "part-0.parquet", there)


def _in_the_place_of_a_folder(folder):
    shutil.move(folder, folder.parents[3] / "away")
    folder.write_bytes(b"not a folder")


FOUND = {
    "._part-0.parquet": (a_file("._part-0.parquet"), "._part-0.parquet", "macOS left it"),
    "a copy of a finder": (a_file("part-0 (1).parquet"), "part-0 (1).parquet", None),
    "hidden": (a_file(".part-0.parquet"), ".part-0.parquet", "move it out of the lake"),
    "in capitals, hidden": (a_file(".PART.PARQUET"), ".PART.PARQUET", "move it out of the lake"),
    "lines among columns": (a_file("part-0.jsonl.gz"), "part-0.jsonl.gz", None),
    "a backslash": (a_file("part\\0.parquet"), "part\\0.parquet", "move it out of the lake"),
    "control characters": (a_file("a\x1b[2J\nb.parquet"), "a\\x1b[2J\\nb.parquet", "move it out of the lake"),
    "no text": (
        lambda folder: (folder / os.fsdecode(b"\xff\xfe.parquet")).write_bytes(b"PAR1"),
        "\\udcff\\udcfe.parquet",
        "move it out of the lake",
    ),
    "a checksum": (a_file(".part-0.parquet.crc", b"crc\0"), ".part-0.parquet.crc", "Spark refuses its file"),
    "empty and hidden": (a_file(".x.parquet", b""), ".x.parquet", "it is empty, and readers fail at it"),
    "a link": (lambda folder: (folder / "x.parquet").symlink_to("part-0.parquet"), "x.parquet", "it is a link"),
    "a link to nothing": (lambda folder: (folder / "y.parquet").symlink_to("nothing"), "y.parquet", "it is a link"),
    "a folder that is a link": (
        lambda folder: folder.with_name("created_date=2001-01-01").symlink_to(folder),
        "created_date=2001-01-01",
        "it is a link",
    ),
    "a folder beside": (_in_a_folder_beside, " copy/part-0.parquet", None),
    "outside of any partition": (_outside_of_any_partition, "/part-0.parquet", None),
    "of another account": (_of_an_account_that_no_record_names, "account=acct_0/", "move it out of the lake"),
    "in the table's folder": (_in_the_tables_folder, "balance_transactions/all.parquet", "move it out of the lake"),
    "in another table": (_in_another_table, "payouts/account=acct_9/", "move it out of the lake"),
    "in the place of a folder": (_in_the_place_of_a_folder, "created_date=", None),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_no_record_names_is_told_by_status_and_verify_and_steers_no_terminal(run, lake, what):
    make, name, remedy = FOUND[what]
    if what == "no text" and sys.platform == "darwin":
        pytest.skip("the file system takes text alone")
    make(a_partition(lake))
    status, told = run("status", lake), run("status", lake, "--json")
    assert name in status.err
    assert remedy is None or remedy in status.err
    assert (status.out + status.err).replace("\n", "").isprintable()
    assert run("status", lake, "--strict").status == 65
    found = [*told.json["extra_files"], *(one["path"] for one in told.json["accounts"][0]["differences"])]
    assert any(name in one and one.isprintable() for one in found)
    assert json.loads(json.dumps(run_status(lake))) == run_status(lake)
    verdict = run("verify", lake, "--offline", "--layer", "rows")
    assert verdict.status == 65
    assert name in verdict.out
    assert verdict.out.replace("\n", "").isprintable()
    assert any(name in one["message"] for one in _findings(run("verify", lake, "--offline", "--json").json))


def _findings(verdict):
    layers = [layer for account in verdict["accounts"] for layer in account["layers"]]
    return [finding for part in (verdict, *layers) for finding in part["findings"]]


def test_what_no_reader_takes_is_no_matter(run, lake):
    folder = a_partition(lake)
    for name in (".DS_Store", ".part-0.parquet.swp", "..part.tmp"):
        (folder / name).write_bytes(b"x")
    status = run("status", lake, "--strict")
    assert (status.status, status.err) == (0, "")
    assert run("verify", lake, "--offline", "--layer", "rows").status == 0


def test_a_repair_removes_what_it_can_name_and_no_name_ends_it(run, lake):
    folder = a_partition(lake)
    (folder / "part-1.parquet").write_bytes(b"PAR1")
    for name in ("part\\2.parquet", "a\nb.parquet"):
        (folder / name).write_bytes(b"PAR1")
    (folder / "x.parquet").symlink_to("nothing")
    assert run("sync", lake, "--repair").status == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "a\nb.parquet",
        "part-0.parquet",
        "part\\2.parquet",
        "x.parquet",
    ]


# What a run says ------------------------------------------------------------------------------------------------------

BESIDE = sorted(
    FOUND.keys() - {"of another account", "in the table's folder", "in another table", "in the place of a folder"}
)
"""What lies in the folder of an account that a run writes to."""


@pytest.mark.parametrize("what", slow_but(["._part-0.parquet", "a copy of a finder", "a link"], BESIDE))
def test_a_sync_warns_of_what_lies_beside_its_files_and_ends_as_before(run, lake, what):
    make, name, remedy = FOUND[what]
    make(a_partition(lake))
    done = run("sync", lake, "--rate", 0, "--json")
    warning = next(one for one in done.json["warnings"] if name in one)
    assert (done.status, warning.startswith("no record names "), (remedy or "move it out of the lake") in warning) == (
        0,
        True,
        True,
    )
    assert f"warning: {warning}" in done.err
    kept = json.loads(max((lake / "_stripe_balance" / "runs").iterdir()).read_text())
    assert kept["warnings"] == done.json["warnings"]


def test_a_sync_warns_of_nothing_where_all_files_are_its_own(run, lake):
    (a_partition(lake) / "part-0.parquet").unlink()  # which is read again
    done = run("sync", lake, "--rate", 0, "--json")
    assert (done.status, done.json["warnings"]) == (0, [])
    a_file("part-0 (1).parquet")(a_partition(lake))
    done = run("sync", lake, "--rate", 0, "--json", "--repair")
    assert (done.status, done.json["warnings"]) == (0, [])  # it is gone


def test_payouts_and_balances_warn_of_what_lies_beside_their_files(run, lake):
    assert run("payouts", lake, "--rate", 0, "-q").status == 0
    assert run("balance", lake, "-q").status == 0
    for table in ("payouts", "payout_transactions", "balances"):
        first = min((lake / table).rglob("part-0.parquet"))
        shutil.copy(first, first.with_name("part-0 (1).parquet"))
    done = run("payouts", lake, "--rate", 0, "--json")
    assert (done.status, [one.split("/")[0].rpartition(" ")[2] for one in done.json["warnings"]]) == (
        0,
        ["payout_transactions", "payouts"],
    )
    assert "part-0 (1).parquet: readers that take all files count its rows, too" in done.err
    done = run("balance", lake)
    assert (done.status, "no record names balances/" in done.err) == (0, True)
    done = run("sync", lake, "--rate", 0, "--json", "--balance")
    assert [one.split("/")[0].rpartition(" ")[2] for one in done.json["warnings"]] == ["balances"]
