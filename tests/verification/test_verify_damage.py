"""What was done to the files of a lake, by accident or by a disk, or by somebody: `verify` names it."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType

import pyarrow.parquet as pq
import pytest

from connector.core.state.data_file import with_changes
from connector.core.state.tables import PAYOUTS
from connector.core.units import AccountId
from connector.errors import DamagedError
from connector.lake.state import state_log
from connector.lake.state.lake_identity import load_payouts
from connector.lake.stores.local import LocalStore
from tests.support.examples import EXTENT, slow_but
from tests.support.lakes import objects, run, world
from tests.support.lakes import sandbox as serve
from tests.support.payout_world import bring, held_payouts
from tests.verification.doctoring import (
    BUSY,
    answers,
    busiest,
    check,
    forget_reports,
    layer,
    path_of,
    rewrite,
    save,
    the_state,
)


def a_charge(rows):
    """The place of a row in the middle that a payout paid out."""
    return next(at for at in range(len(rows) // 2, len(rows)) if rows[at]["type"] == "charge")


def test_a_row_of_a_payout_that_is_missing_is_named_with_its_payout(any_lake, busy):
    paid = [row for row in objects(any_lake) if row["type"] == "payout"][40]
    rewrite(any_lake, path_of(any_lake, paid), lambda rows: [row for row in rows if row != paid], fix=True)
    for server in (busy, None):  # with the payouts read again, and from those that are there
        (finding,) = layer(check(any_lake, server, layers=["payouts"]), "payouts").findings
        assert (finding.kind, finding.id, finding.ids) == ("missing_transaction", paid["id"], (paid["source"],))
        assert paid["source"] in finding.message


def test_payouts_that_the_lake_does_not_have_are_named_by_their_rows(any_lake):
    (path,) = (any_lake / "_stripe_balance" / "state" / "payouts").iterdir()
    store, account = LocalStore(any_lake), AccountId(path.name)
    record = load_payouts(store, account)
    first = {payout.automatic: payout for payout in sorted(record.payouts.values(), key=attrgetter("created"))}
    gone = {payout.id for payout in first.values()}  # one whose rows Stripe lists, and one whose it does not
    left = {name: payout for name, payout in record.payouts.items() if name not in gone}
    state_log.commit(store, PAYOUTS, replace(record, payouts=MappingProxyType(left)))
    found = layer(check(any_lake, layers=["payouts"]), "payouts")
    rows = {
        row["id"]: (row["source"],) for row in objects(any_lake) if row["source"] in gone and row["type"] == "payout"
    }
    assert len(rows) == len(gone) == 2
    assert found.counts == {"missing_payout": 2}
    assert {finding.id: finding.ids for finding in found.findings} == rows
    assert all("payouts DEST --full-refresh" in finding.message for finding in found.findings)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "jsonl", "arrow"])
def test_a_payout_that_was_not_listed_when_its_time_was_read_is_named_until_it_is_there(tmp_path, form):
    with serve(world(120, days=40)) as server:
        run(tmp_path, server, format=form)
        server.faults.add("gone-payouts:p=0.3")
        check(tmp_path, server, layers=["payouts"])
        server.faults.clear()  # what was not listed once is not asked about again
        for asked in (server, None):
            found = layer(check(tmp_path, asked, layers=["payouts"]), "payouts")
            here = {row["id"] for row in held_payouts(tmp_path)}
            missing = {row["id"]: row["source"] for row in objects(tmp_path) if row["type"] == "payout"}
            missing = {row: payout for row, payout in missing.items() if payout not in here}
            assert found.counts == {"missing_payout": len(missing)}
            named = {finding.id: finding.ids for finding in found.findings}
            assert named.items() <= {row: (payout,) for row, payout in missing.items()}.items()
            assert "full-refresh" in found.findings[0].message
        bring(tmp_path, server, full_refresh=True)
        assert layer(check(tmp_path, server, layers=["payouts"]), "payouts").verdict == "proved"


def test_a_payout_whose_listing_does_not_add_up_is_residual(lake):
    path = min((lake / "payout_transactions").rglob("*.parquet"))
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(1), path)
    counts = layer(check(lake), "payouts").counts
    assert counts["changed_file"] == counts["payout_not_zero"] == 1


def test_a_row_deleted_from_a_file_is_found_by_the_files_bytes_and_figures(any_lake, busy):
    path = busiest(the_state(any_lake)).path
    gone = []
    rewrite(any_lake, path, lambda rows: [*rows[:5], *gone_from(rows, gone)], fix=False)
    verdict = check(any_lake, busy)
    counts = layer(verdict, "rows").counts
    assert counts["changed_file"] == 1
    figures = {one.message for one in layer(verdict, "rows").findings if one.kind == "wrong_recorded_figure"}
    rows = busiest(the_state(any_lake)).rows
    assert any(f"rows {rows}, the file {rows - 1}" in one for one in figures)
    assert layer(verdict, "rows").findings[0].path == path


def gone_from(rows, gone):
    gone.append(rows[5])
    return rows[6:]


def test_a_row_deleted_along_with_its_traces_in_the_state_is_found(any_lake, busy):
    path = busiest(the_state(any_lake)).path
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
    path = busiest(the_state(any_lake)).path
    rewrite(any_lake, path, altered(change), fix=False)
    found = layer(check(any_lake, busy, layers=["rows"]), "rows")
    assert found.counts["changed_file"] == 1


def test_an_altered_amount_is_found_by_arithmetic_though_the_state_matches(any_lake, busy):
    rewrite(any_lake, busiest(the_state(any_lake)).path, altered(more), fix=True)
    (finding,) = layer(check(any_lake), "rows").findings
    assert finding.kind == "wrong_net"
    assert finding.expected - finding.found == 100
    assert finding.id.startswith("txn_")


def test_an_amount_altered_throughout_is_found_by_the_last_report_and_by_the_balance(lake, busy):
    rewrite(lake, busiest(the_state(lake)).path, altered(more_throughout), fix=True)
    verdict = check(lake, busy)
    (finding,) = layer(verdict, "rows").findings
    assert finding.kind == "other_net_than_reported"
    assert finding.found - finding.expected == 100
    (finding,) = layer(verdict, "balance").findings
    assert (finding.kind, finding.found - finding.expected) == ("wrong_balance", 100)
    assert "more" in finding.message


def test_altered_words_are_found_by_asking_for_everything_again(any_lake, busy):
    rewrite(any_lake, busiest(the_state(any_lake)).path, altered(other_words), fix=True)
    verdict = check(any_lake, busy, sample=None)
    (finding,) = layer(verdict, "windows").findings
    assert finding.kind == "row_differs_from_stripe"
    assert "description" in finding.message
    assert verdict.verdict == "residual"


def test_a_fee_that_is_not_its_details_is_found(lake):
    def cheaper(row):
        return {"fee": row["fee"] - 1, "net": row["net"] + 1}

    rewrite(lake, busiest(the_state(lake)).path, altered(cheaper), fix=True)
    kinds = layer(check(lake), "rows").counts
    assert kinds["wrong_fee"] == 1
    assert "wrong_net" not in kinds


def test_files_that_are_gone_extra_or_unreadable_are_named(any_lake, busy):
    first, second, third = sorted(the_state(any_lake).files)[3:6]
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
    first, second = sorted(the_state(any_lake).files)[:2]
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
    path = busiest(the_state(any_lake)).path
    rewrite(any_lake, path, lambda rows: [rows[1], rows[0], *rows[2:]], fix=True)
    assert layer(check(any_lake), "rows").counts["row_out_of_order"] == 1


def test_a_state_whose_figures_are_wrong_is_found(lake):
    state = the_state(lake)
    file = busiest(state)
    wrong = with_changes(file, pending=file.pending + 1)
    save(lake, replace(state, files=MappingProxyType({**state.files, file.path: wrong})))
    (finding,) = layer(check(lake), "rows").findings
    assert (finding.kind, finding.path) == ("wrong_recorded_figure", file.path)
    assert finding.expected - finding.found == 1


@pytest.mark.parametrize("form", slow_but(["parquet"], ["parquet", "jsonl.plain", "arrow"]))
def test_bytes_that_are_not_ours_are_named_whatever_reading_them_ends_in(tmp_path, form):
    with serve(world(100, days=6)) as server:
        run(tmp_path, server, format=form)
        check(tmp_path, server)
    # In a process of its own: what Arrow makes of damaged bytes may be its end.
    child = multiprocessing.get_context("spawn").Process(target=name_every_damage, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 0


def test_rows_of_payouts_that_are_lost_for_good_end_a_verify_with_66(tmp_path):
    with serve(world(300, days=20)) as server:
        run(tmp_path, server)
        check(tmp_path, server, layers=["payouts"])
        max((tmp_path / "payout_transactions").rglob("part-0*"), key=lambda path: path.stat().st_size).unlink()
        server.faults.add("gone-rows:p=0.5")
        with pytest.raises(DamagedError, match="listed by Stripe no more") as caught:
            check(tmp_path, server, layers=["payouts"])
    assert caught.value.exit_code == 66


PLACES = 25 if EXTENT == "thorough" else 6
"""Bytes of each table that are altered, one at a time."""


def name_every_damage(lake):
    for table in ("balance_transactions", "payout_transactions", "payouts"):
        victim = min((lake / table).rglob("part-0*"), key=lambda path: (path.stat().st_size, path))
        content, name = victim.read_bytes(), "rows" if table == "balance_transactions" else "payouts"
        for position in range(0, len(content), max(1, len(content) // PLACES)):
            changed = bytearray(content)
            changed[position] ^= 1 << position % 8
            victim.write_bytes(changed)
            assert layer(check(lake, layers=[name]), name).counts["changed_file"] == 1
        victim.write_bytes(content)
