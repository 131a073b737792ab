"""A clean lake is proved, and every way of spoiling one is found by its honest name and figures."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import anyio
import pyarrow.parquet as pq
import pytest

from connector.core.intervals import Interval, Intervals
from connector.core.units import DAY
from connector.errors import ConfigError, LockedError, ManifestError, UsageError
from connector.lake.local import LocalStore
from connector.proof.calls import verify
from connector.report import Progress
from tests.lakes import START, config_for, interrupted_at, objects, run, truth, world
from tests.lakes import sandbox as serve
from tests.proof.doctoring import (
    BUSY,
    PROVED,
    answers,
    busiest,
    call_covered,
    check,
    forget_reports,
    layer,
    path_of,
    rewrite,
    save,
    the_manifest,
)


def a_charge(rows):
    """The place of a row in the middle that a payout paid out."""
    return next(at for at in range(len(rows) // 2, len(rows)) if rows[at]["type"] == "charge")


# Proof ---------------------------------------------------------------------------------------------------------------


def test_a_clean_lake_is_proved_at_all_four_layers(any_lake, busy):
    verdict = check(any_lake, busy)
    assert (answers(verdict), verdict.verdict) == (PROVED, "proved")
    assert layer(verdict, "rows").checked["rows"] == BUSY
    assert layer(verdict, "rows").checked["fees_compared"] == BUSY
    assert 0 < layer(verdict, "windows").checked["rows"] < BUSY
    assert layer(verdict, "payouts").checked["payouts"] > 10
    assert layer(verdict, "balance").checked["balances"] >= 6
    assert all(not one.findings and not one.counts and one.reason for one in verdict.layers)


@pytest.mark.parametrize("partition", ["month", "year"])
def test_a_lake_of_larger_partitions_is_proved(tmp_path, partition):
    with serve(world(900, days=50)) as server:
        run(tmp_path / "lake", server, partition=partition, format="jsonl")
        assert answers(check(tmp_path / "lake", server)) == PROVED


def test_a_lake_stays_proved_after_late_rows_a_refresh_and_time_gone_by(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(700)) as server:
        run(lake, server)
        server.add_rows(count=3, created=server.now - 3 * DAY, visible_at=server.now + 60)
        server.advance(2 * 3600)
        run(lake, server, since=server.now - 4 * DAY, full_refresh=True)
        assert answers(check(lake, server)) == PROVED
        server.advance(9 * DAY)  # statuses flip, and nobody syncs
        server.add_rows(count=130, created=server.now - 5 * DAY)
        verdict = check(lake, server)
        assert answers(verdict) == PROVED
        assert layer(verdict, "balance").checked["newer_rows"] == 130
        assert layer(verdict, "balance").checked["statuses_read"] > 0
        run(lake, server)
        assert answers(check(lake, server)) == PROVED


def test_every_account_of_a_lake_is_proved_by_its_own_rows_and_balance(tmp_path):
    with serve(world(900, days=40, connected=3)) as server:
        run(tmp_path / "lake", server, accounts=(None, *server.world.accounts[1:]))
        progress = Progress()
        verdict = anyio.run(partial(verify, tmp_path / "lake", config=config_for(server), progress=progress))
        assert progress.accounts_done == progress.accounts == len(server.world.accounts)
        assert {one.account for one in verdict.accounts} == set(server.world.accounts)
        assert verdict.verdict == "proved"
        one = server.world.accounts[2]
        verdict = anyio.run(partial(verify, tmp_path / "lake", config=config_for(server), accounts=[one]))
        assert [(each.account, each.verdict) for each in verdict.accounts] == [(one, "proved")]


def test_a_single_payout_is_spoken_of_as_one(tmp_path):
    with serve(world(8, days=9)) as server:
        run(tmp_path / "lake", server)
        reason = layer(check(tmp_path / "lake", server, layers=["payouts"]), "payouts").reason
        assert reason.startswith("1 automatic payout with 6 transactions, all in the lake")


def test_an_account_without_rows_is_proved(tmp_path):
    with serve(world(0)) as server:
        run(tmp_path / "lake", server)
        assert answers(check(tmp_path / "lake", server)) == PROVED


def test_rows_of_versions_without_balance_type_count_as_payments(tmp_path):
    old = {"api_version": "2024-04-10"}
    with serve(world(60)) as server:
        run(tmp_path / "few", server, settings=old)
        assert answers(check(tmp_path / "few", server)) == PROVED
    with serve(world(1_500)) as server:
        run(tmp_path / "many", server, settings=old)
        verdict = check(tmp_path / "many", server)
        assert answers(verdict) == PROVED | {"balance": "not_checkable"}
        assert "issuing" in layer(verdict, "balance").reason


def test_a_row_of_a_payout_that_is_missing_is_named_with_its_payout(any_lake, busy):
    paid = [row for row in objects(any_lake) if row["type"] == "payout"][40]
    rewrite(any_lake, path_of(any_lake, paid), lambda rows: [row for row in rows if row != paid], fix=True)
    for server in (busy, None):  # with the payouts read again, and from those that are there
        (finding,) = layer(check(any_lake, server, layers=["payouts"]), "payouts").findings
        assert (finding.kind, finding.id, finding.ids) == ("missing_transaction", paid["id"], (paid["source"],))
        assert paid["source"] in finding.message


def test_a_payout_whose_listing_does_not_add_up_is_residual(lake):
    path = min((lake / "payout_transactions").rglob("*.parquet"))
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(1), path)
    counts = layer(check(lake), "payouts").counts
    assert counts["changed_file"] == counts["payout_not_zero"] == 1


# One row deleted -----------------------------------------------------------------------------------------------------


def test_a_row_deleted_from_a_file_is_found_by_the_files_bytes_and_figures(any_lake, busy):
    path = busiest(the_manifest(any_lake)).path
    gone = []
    rewrite(any_lake, path, lambda rows: [*rows[:5], *gone_from(rows, gone)], fix=False)
    verdict = check(any_lake, busy)
    counts = layer(verdict, "rows").counts
    assert counts["changed_file"] == 1
    figures = {one.message for one in layer(verdict, "rows").findings if one.kind == "wrong_manifest_figure"}
    rows = busiest(the_manifest(any_lake)).rows
    assert any(f"rows {rows}, the file {rows - 1}" in one for one in figures)
    assert layer(verdict, "rows").findings[0].path == path


def gone_from(rows, gone):
    gone.append(rows[5])
    return rows[6:]


def test_a_row_deleted_along_with_its_traces_in_the_manifest_is_found(any_lake, busy):
    path = busiest(the_manifest(any_lake)).path
    gone = []

    def without_one(rows):
        at = a_charge(rows)
        gone.append(rows[at])
        return [*rows[:at], *rows[at + 1 :]]

    rewrite(any_lake, path, without_one, fix=True)
    verdict = check(any_lake, busy)
    (report,) = layer(verdict, "rows").findings
    assert (report.kind, report.expected, report.found) == ("fewer_rows_than_reported", BUSY, BUSY - 1)
    (balance,) = layer(verdict, "balance").findings
    assert balance.expected - balance.found == gone[0]["net"]
    assert balance.currency == gone[0]["currency"]
    forget_reports(any_lake)
    verdict = check(any_lake, busy, sample=None)
    assert answers(verdict)["rows"] == "proved"
    (missing,) = layer(verdict, "windows").findings
    assert (missing.kind, missing.ids) == ("missing_rows", (gone[0]["id"],))
    assert missing.expected - missing.found == 1


# One row altered -----------------------------------------------------------------------------------------------------


def altered(change):
    def apply(rows):
        at = a_charge(rows)
        return [*rows[:at], rows[at] | change(rows[at]), *rows[at + 1 :]]

    return apply


def more(row):
    return {"amount": row["amount"] + 100}


def more_throughout(row):
    return {"amount": row["amount"] + 100, "net": row["net"] + 100}


def other_words(_row):
    return {"description": "something else"}


@pytest.mark.parametrize("change", [more, more_throughout, other_words])
def test_an_altered_row_is_found_by_the_files_bytes(any_lake, busy, change):
    path = busiest(the_manifest(any_lake)).path
    rewrite(any_lake, path, altered(change), fix=False)
    found = layer(check(any_lake, busy, layers=["rows"]), "rows")
    assert found.counts["changed_file"] == 1


def test_an_altered_amount_is_found_by_arithmetic_though_the_manifest_matches(any_lake, busy):
    rewrite(any_lake, busiest(the_manifest(any_lake)).path, altered(more), fix=True)
    (finding,) = layer(check(any_lake), "rows").findings
    assert finding.kind == "wrong_net"
    assert finding.expected - finding.found == 100
    assert finding.id.startswith("txn_")


def test_an_amount_altered_throughout_is_found_by_the_last_report_and_by_the_balance(lake, busy):
    rewrite(lake, busiest(the_manifest(lake)).path, altered(more_throughout), fix=True)
    verdict = check(lake, busy)
    (finding,) = layer(verdict, "rows").findings
    assert finding.kind == "other_net_than_reported"
    assert finding.found - finding.expected == 100
    (finding,) = layer(verdict, "balance").findings
    assert (finding.kind, finding.found - finding.expected) == ("wrong_balance", 100)
    assert "more" in finding.message


def test_altered_words_are_found_by_asking_for_everything_again(any_lake, busy):
    rewrite(any_lake, busiest(the_manifest(any_lake)).path, altered(other_words), fix=True)
    verdict = check(any_lake, busy, sample=None)
    (finding,) = layer(verdict, "windows").findings
    assert finding.kind == "row_differs_from_stripe"
    assert "description" in finding.message
    assert verdict.verdict == "residual"


def test_a_fee_that_is_not_its_details_is_found(lake):
    def cheaper(row):
        return {"fee": row["fee"] - 1, "net": row["net"] + 1}

    rewrite(lake, busiest(the_manifest(lake)).path, altered(cheaper), fix=True)
    kinds = layer(check(lake), "rows").counts
    assert kinds["wrong_fee"] == 1
    assert "wrong_net" not in kinds


# Time that is not there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_day_removed_with_its_manifest_entry_is_found_without_luck(lake, busy, seed):
    files = sorted(the_manifest(lake).files)
    day = the_manifest(lake).files[files[20 + 7 * seed]]
    rewrite(lake, day.path, lambda _: [], fix=True)
    forget_reports(lake)
    verdict = check(lake, busy, seed=seed)
    assert answers(verdict)["rows"] == "proved"
    (finding,) = layer(verdict, "windows").findings
    assert finding.kind == "missing_rows"
    assert finding.expected - finding.found == day.rows == layer(verdict, "windows").counts["missing_rows"]
    assert finding.window.start <= day.first_created
    assert day.last_created < finding.window.stop
    assert answers(verdict)["balance"] == "residual"


def test_the_first_and_the_last_day_removed_are_found_too(lake, busy):
    files = the_manifest(lake).files
    ends = [files[min(files)], files[max(files)]]
    for file in ends:
        rewrite(lake, file.path, lambda _: [], fix=True)
    found = layer(check(lake, busy, layers=["windows"]), "windows")
    assert found.counts["missing_rows"] == sum(file.rows for file in ends)


def test_an_interval_called_covered_that_was_never_read_is_found(tmp_path, busy):
    lake = tmp_path / "lake"
    run(lake, busy, since=START + 30 * DAY)
    call_covered(lake, (0, START + 30 * DAY))
    found = layer(check(lake, busy, layers=["windows"]), "windows")
    missed = sum(row["created"] < START + 30 * DAY for row in truth(busy))
    assert found.counts == {"missing_rows": missed}
    assert found.findings[0].window.start == 0


def test_of_many_rows_never_read_only_enough_are_read_to_be_sure(tmp_path):
    with serve(world(2_600)) as server:
        run(tmp_path / "lake", server, since=START + 11 * DAY)
        call_covered(tmp_path / "lake", (0, START + 11 * DAY))
        (finding,) = layer(check(tmp_path / "lake", server, layers=["windows"]), "windows").findings
        assert "at least" in finding.message
        assert 1_000 < finding.expected - finding.found < 2_000


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_an_interval_never_read_is_found_in_a_quiet_account_too(tmp_path, form):
    """A row every few days: no gap is unusual, so all of it is asked again."""
    with serve(world(120, days=400)) as server:
        lake = tmp_path / "lake"
        run(lake, server, until=START + 200 * DAY, format=form)
        run(lake, server, since=START + 230 * DAY)
        call_covered(lake, (START + 200 * DAY, START + 230 * DAY))
        verdict = check(lake, server)
        missed = [row for row in truth(server) if START + 200 * DAY <= row["created"] < START + 230 * DAY]
        assert layer(verdict, "windows").counts == {"missing_rows": len(missed)}
        assert set(layer(verdict, "windows").findings[0].ids) <= {row["id"] for row in missed}


def test_a_hole_in_what_was_asked_for_is_said_without_asking_anybody(lake):
    manifest = the_manifest(lake)
    hole = Intervals.span(START + 10 * DAY, START + 12 * DAY)
    save(lake, replace(manifest, covered=manifest.covered.minus(hole)))
    found = layer(check(lake), "windows")
    assert [(one.kind, one.window) for one in found.findings] == [("time_not_covered", hole.parts[0])]
    assert layer(check(lake), "rows").counts.keys() == {"row_outside_covered_time"}


def test_coverage_that_was_there_and_is_gone_is_said(lake):
    manifest = the_manifest(lake)
    last = manifest.covered.parts[-1].stop
    save(lake, replace(manifest, covered=Intervals.span(0, last - 20 * DAY)))
    (finding,) = layer(check(lake), "windows").findings
    assert (finding.kind, finding.window) == ("time_no_longer_covered", Interval(last - 20 * DAY, last))


def test_an_interrupted_lake_is_said_to_lack_what_it_lacks_and_nothing_else(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(4_000, days=20), latency=0.02) as server:
        interrupted_at(1_000, lake, server)
        verdict = check(lake, server)
        assert answers(verdict)["rows"] == "proved"
        assert layer(verdict, "windows").counts.keys() == {"time_not_covered"}
        assert answers(verdict)["balance"] == "not_checkable"
        missing = Intervals.of(one.window for one in layer(verdict, "windows").findings)
        assert not missing.both(the_manifest(lake).covered)
        run(lake, server)
        assert answers(check(lake, server)) == PROVED


def test_since_and_until_bound_what_is_asked_again(lake, busy):
    files = sorted(the_manifest(lake).files)
    rewrite(lake, the_manifest(lake).files[files[20]].path, lambda _: [], fix=True)
    verdict = check(lake, busy, since=START, until=START + 10 * DAY, layers=["windows"])
    assert verdict.verdict == "proved"
    verdict = check(lake, busy, since=START + 15 * DAY, until=START + 25 * DAY, layers=["windows"])
    assert verdict.verdict == "residual"


# Files ---------------------------------------------------------------------------------------------------------------


def test_files_that_are_gone_extra_or_unreadable_are_named(any_lake, busy):
    first, second, third = sorted(the_manifest(any_lake).files)[3:6]
    (any_lake / first).unlink()
    (any_lake / second).write_bytes((any_lake / second).read_bytes()[:200])
    stray = (any_lake / third).with_name("part-1.parquet")
    stray.write_bytes(b"nobody's")
    verdict = check(any_lake, busy)
    kinds = {one.kind: one.path for one in layer(verdict, "rows").findings}
    assert kinds["missing_file"] == first
    assert kinds["changed_file"] == kinds["unreadable_file"] == second
    assert kinds["extra_file"] == stray.relative_to(any_lake).as_posix()
    assert answers(verdict)["balance"] == "residual"


def test_a_row_that_is_there_twice_is_named_with_its_files(any_lake):
    first, second = sorted(the_manifest(any_lake).files)[:2]
    stolen = []
    rewrite(any_lake, first, lambda rows: (stolen.append(rows[-1]), rows)[1], fix=False)
    rewrite(any_lake, second, lambda rows: [stolen[0], *rows], fix=True)
    found = layer(check(any_lake), "rows")
    (twice,) = [one for one in found.findings if one.kind == "id_not_unique"]
    assert (twice.id, twice.expected, twice.found) == (stolen[0]["id"], 1, 2)
    assert first in twice.message
    assert second in twice.message
    assert found.counts["row_in_wrong_partition"] == 1


def test_rows_out_of_order_are_found(any_lake):
    path = busiest(the_manifest(any_lake)).path
    rewrite(any_lake, path, lambda rows: [rows[1], rows[0], *rows[2:]], fix=True)
    assert layer(check(any_lake), "rows").counts["row_out_of_order"] == 1


def test_a_manifest_whose_figures_are_wrong_is_found(lake):
    manifest = the_manifest(lake)
    file = busiest(manifest)
    wrong = replace(file, pending=file.pending + 1)
    save(lake, replace(manifest, files=MappingProxyType({**manifest.files, file.path: wrong})))
    (finding,) = layer(check(lake), "rows").findings
    assert (finding.kind, finding.path) == ("wrong_manifest_figure", file.path)
    assert finding.expected - finding.found == 1


# Refusals ------------------------------------------------------------------------------------------------------------


def test_what_is_no_lake_has_no_such_account_or_no_such_layer_is_refused(lake, tmp_path):
    with pytest.raises(ConfigError, match="there is no lake"):
        check(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
    with pytest.raises(ConfigError, match="no rows of acct_nobody"):
        check(lake, accounts=["acct_nobody"])
    with pytest.raises(UsageError, match="no layer"):
        check(lake, layers=["columns"])
    with pytest.raises(UsageError, match="sample"):
        check(lake, sample=-1)


def test_a_damaged_manifest_is_an_error_not_a_verdict(lake):
    (path,) = (lake / "_stripe_balance" / "manifest").iterdir()
    path.write_text("{")
    with pytest.raises(ManifestError, match="damaged"):
        check(lake)


def test_a_lake_that_a_sync_holds_is_not_checked_meanwhile(lake):
    with LocalStore(lake).lock(), pytest.raises(LockedError):
        check(lake)


def test_the_same_seed_asks_for_the_same_windows(lake, busy):
    def asked():
        busy.reset_stats()
        check(lake, busy, seed=77, layers=["windows"])
        return sorted(one.query for one in busy.requests())

    assert asked() == asked()


@pytest.mark.parametrize("form", ["parquet", "jsonl.plain", "arrow"])
def test_bytes_that_are_not_ours_are_named_whatever_reading_them_ends_in(tmp_path, form):
    with serve(world(300, days=20)) as server:
        run(tmp_path, server, format=form)
        check(tmp_path, server)
    # In a process of its own: what Arrow makes of damaged bytes may be its end.
    child = multiprocessing.get_context("spawn").Process(target=name_every_damage, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 0


def name_every_damage(lake):
    for table in ("balance_transactions", "payout_transactions", "payouts"):
        victim = min((lake / table).rglob("part-0*"), key=lambda path: (path.stat().st_size, path))
        content, name = victim.read_bytes(), "rows" if table == "balance_transactions" else "payouts"
        for position in range(0, len(content), max(1, len(content) // 25)):
            changed = bytearray(content)
            changed[position] ^= 1 << position % 8
            victim.write_bytes(changed)
            assert layer(check(lake, layers=[name]), name).counts["changed_file"] == 1
        victim.write_bytes(content)
