"""Payouts of a Stripe that does as it is told: what the sandbox never does by itself."""

from __future__ import annotations

import json
import shutil
from threading import Event
from urllib.parse import parse_qsl, urlsplit

import pytest

import connector
from connector.core.planning.rereading.mended import Healed
from connector.core.state.payouts import SETTLE
from connector.core.time.intervals import Interval
from connector.core.tuning import RunTuning
from connector.core.units import DAY, AccountId
from connector.errors import (
    ConfigError,
    DamagedError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    SchemaError,
    StateError,
)
from connector.events import PartitionStaged, PhaseStarted
from connector.lake.state.lake_identity import load_payouts
from connector.lake.stores.local import LocalStore
from connector.payouts.account import AT_ONCE, MOST_REFUSED
from connector.payouts.report import to_document as report_document
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS, ok, refused
from tests.support.fitting import fits
from tests.support.lakes import START, touched
from tests.support.payout_world import (
    ScriptedStripe,
    data_files,
    held_pairs,
    held_payouts,
    scripted_row,
)
from tests.support.records import newest
from tests.support.seams import ClockAt


def some_payouts(count: int = 6) -> ScriptedStripe:
    made = ScriptedStripe()
    for number in range(1, count + 1):
        made.add(number, START + number * DAY)
    return made


def pairs_of(lake, payout: str) -> list[str]:
    return [one["balance_transaction_id"] for one in held_pairs(lake) if one["payout_id"] == payout]


def test_manual_payouts_are_named_and_never_asked_for(tmp_path):
    made = some_payouts(2)
    made.add(7, START + 3 * DAY, automatic=False, reconciliation_status="not_applicable")
    report = made.bring(tmp_path)
    assert report.manual == ("po_7",)
    assert len(held_payouts(tmp_path)) == 3
    assert {query["payout"] for path, query in made.asked if "payout" in query} == {"po_1", "po_2"}


def test_a_payout_that_is_not_reconciled_waits_for_a_later_run(tmp_path):
    made = some_payouts(3)
    made.payouts[1]["reconciliation_status"] = "in_progress"
    assert made.bring(tmp_path).waiting == ("po_2",)
    assert pairs_of(tmp_path, "po_2") == []
    made.payouts[1]["reconciliation_status"] = "completed"
    report = made.bring(tmp_path)
    assert (report.waiting, report.payouts_changed, report.payouts_listed) == ((), 1, 1)
    assert pairs_of(tmp_path, "po_2") == ["txn_00005", "txn_00004"]


def test_a_paid_payout_that_fails_within_two_weeks_is_noticed(tmp_path):
    made = some_payouts(3)
    made.now = made.payouts[2]["arrival_date"] + DAY
    made.bring(tmp_path)
    made.payouts[2] |= {"status": "failed", "failure_code": "account_closed"}
    made.now += 12 * DAY
    report = made.bring(tmp_path)
    assert report.payouts_changed == 1
    assert held_payouts(tmp_path) == made.payouts


def test_a_lone_old_payout_is_retrieved_and_when_it_is_gone_it_is_kept_and_counted(tmp_path):
    made = some_payouts(40)
    made.now = START + 400 * DAY
    made.payouts[5]["reconciliation_status"] = "in_progress"
    for number in range(50, 200):
        made.add(number, START + number * DAY)
    made.bring(tmp_path)
    made.asked.clear()
    assert made.bring(tmp_path).payouts_unchanged == 1
    assert [path for path, _ in made.asked] == ["/v1/account", "/v1/payouts", "/v1/payouts/po_6"]
    gone = made.payouts.pop(5)
    assert made.bring(tmp_path).payouts_disappeared == 1
    assert gone in held_payouts(tmp_path)


@pytest.mark.parametrize(
    "other",
    slow_but(
        [{"id": "po_7"}, {"created": "soon"}],
        [{"id": "po_7"}, {"object": "charge"}, {"created": START + 5}, {"created": "soon"}, {"amount": "much"}],
    ),
)
def test_an_answer_that_is_not_the_payout_asked_for_is_refused_and_nothing_changes(tmp_path, other):
    made = some_payouts(3)
    made.payouts[1]["reconciliation_status"] = "in_progress"
    made.now = START + 400 * DAY
    for number in range(50, 145):
        made.add(number, START + number * DAY)
    made.bring(tmp_path)
    before = touched(tmp_path)
    made.answers_for["po_2"] = made.payouts[1] | other
    with pytest.raises((ProtocolError, SchemaError)):
        made.bring(tmp_path)
    assert touched(tmp_path) == before
    made.answers_for.clear()
    assert made.bring(tmp_path).payouts_unchanged == 1


def test_without_a_date_in_the_answers_a_machine_whose_clock_is_ahead_covers_no_time_that_has_not_come(tmp_path):
    made = some_payouts(3)
    made.now = START + 4 * DAY
    made.dated = False
    ahead = ClockAt(lambda: made.now + 300 * DAY)
    assert made.bring(tmp_path, clock=ahead).covered == ((0, made.payouts[-1]["created"] - SETTLE),)
    made.now += 50 * DAY
    made.add(4, made.now - 10 * DAY)
    report = made.bring(tmp_path, clock=ahead)
    assert (report.payouts_new, report.covered) == (1, ((0, made.payouts[-1]["created"] - SETTLE),))
    assert held_payouts(tmp_path) == made.payouts
    assert ScriptedStripe(dated=False).bring(tmp_path / "nothing", clock=ahead).covered == ()


def test_a_payout_that_arrives_later_than_thought_takes_its_rows_along(tmp_path):
    made = some_payouts(3)
    made.now = START + 5 * DAY
    made.bring(tmp_path)
    made.payouts[1]["arrival_date"] += DAY
    made.bring(tmp_path)
    assert sorted(pairs_of(tmp_path, "po_2")) == ["txn_00004", "txn_00005"]
    days = {path.parent.name for path in (tmp_path / "payout_transactions").rglob("*.parquet")}
    assert days == {"arrival_date=2026-01-04", "arrival_date=2026-01-06"}
    assert held_payouts(tmp_path) == made.payouts


def test_rows_that_are_no_longer_listed_are_kept_and_counted(tmp_path):
    made = some_payouts(2)
    made.bring(tmp_path)
    gone = made.rows["po_1"].pop()
    made.rows["po_1"].append(scripted_row(77, START, gone["net"]))
    report = made.bring(tmp_path, full_refresh=True)
    assert report.transactions_disappeared == 1
    assert set(pairs_of(tmp_path, "po_1")) == {"txn_00002", "txn_00003", "txn_00077"}
    assert [(one.payout, one.net, one.rows) for one in report.unbalanced] == [("po_1", gone["net"], 3)]


def test_a_payout_that_does_not_add_up_is_named_with_the_difference(tmp_path):
    made = some_payouts(3)
    made.rows["po_2"].append(scripted_row(90, START, 2**53))
    made.rows["po_3"] = []
    report = made.bring(tmp_path)
    assert [(one.payout, one.net, one.rows) for one in report.unbalanced] == [("po_2", 2**53, 3), ("po_3", 0, 0)]
    made.rows["po_2"].pop()
    assert [one.payout for one in made.bring(tmp_path).unbalanced] == ["po_2", "po_3"]


def test_a_payout_whose_list_was_cut_short_is_listed_again_by_the_next_run(tmp_path):
    made = some_payouts(3)
    whole, made.rows["po_2"] = made.rows["po_2"], made.rows["po_2"][:1]
    assert [one.payout for one in made.bring(tmp_path).unbalanced] == ["po_2"]
    made.rows["po_2"] = whole
    report = made.bring(tmp_path)
    assert (report.unbalanced, report.payouts_listed) == ((), 1)
    assert made.bring(tmp_path).payouts_listed == 0


@pytest.mark.parametrize("kind", ["another payout's list", "all rows of the account"])
def test_rows_that_another_payout_paid_out_are_refused_and_what_the_others_paid_out_is_kept(tmp_path, kind):
    made = some_payouts(3)
    right, others = made.rows["po_2"], made.rows["po_1"]
    made.rows["po_2"] = others if kind == "another payout's list" else [*others, *right]
    with pytest.raises(ProtocolError, match="not what it paid out") as caught:
        made.bring(tmp_path)
    assert "listed for po_2" in str(caught.value)
    assert {one["payout_id"] for one in held_pairs(tmp_path)} == {"po_1", "po_3"}
    made.rows["po_2"] = right
    report = made.bring(tmp_path)
    assert (report.payouts_listed, report.unbalanced) == (1, ())
    assert sorted(pairs_of(tmp_path, "po_2")) == ["txn_00004", "txn_00005"]


def refusing(made: ScriptedStripe, payouts: set[str], answer) -> None:
    """Have a Stripe answer in a way of its own for the lists of some payouts."""
    usual = made.answer

    def answered(request):
        asked = dict(parse_qsl(urlsplit(request.url).query)).get("payout")
        return answer(usual(request)) if asked in payouts else usual(request)

    made.answer = answered


def upside_down(response):
    document = json.loads(response.body)
    return ok(document | {"data": document["data"][::-1]})


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (lambda _: refused(400, "No such payout", code="resource_missing"), NotFoundError, "po_4: No such payout"),
        (upside_down, ProtocolError, "po_4: rows are not newest first"),
    ],
)
def test_a_payout_whose_list_is_refused_or_broken_leaves_the_lists_of_the_others(tmp_path, answer, kind, words):
    made = some_payouts()
    usual = made.answer
    refusing(made, {"po_4", "po_2"}, answer)
    with pytest.raises(kind, match=f"{words}.*; and 1 more payout"):
        made.bring(tmp_path)
    assert {one["payout_id"] for one in held_pairs(tmp_path)} == {"po_1", "po_3", "po_5", "po_6"}
    made.answer = usual
    assert made.bring(tmp_path).payouts_listed == 2
    assert made.bring(tmp_path).payouts_listed == 0


def test_where_the_lists_of_very_many_payouts_are_refused_the_others_are_not_asked_for(tmp_path):
    made = some_payouts(50)
    refusing(made, {f"po_{number}" for number in range(1, 51)}, lambda _: refused(400, "no"))
    with pytest.raises(InvalidRequestError):
        made.bring(tmp_path)
    assert sum("payout" in query for _, query in made.asked) <= MOST_REFUSED + AT_ONCE


@pytest.mark.parametrize("retrieved", [False, True])
def test_payouts_of_another_mode_than_the_keys_are_refused(tmp_path, retrieved):
    made = some_payouts(2)
    if retrieved:
        made.payouts[0]["reconciliation_status"] = "in_progress"
        made.now = START + 400 * DAY
        for number in range(50, 200):
            made.add(number, START + number * DAY)
        made.bring(tmp_path)
    made.payouts[0]["livemode"] = True
    with pytest.raises(ProtocolError, match=r"the key is of test mode, and the answer \(po_1\) is of live mode"):
        made.bring(tmp_path)
    assert [one for one in held_payouts(tmp_path) if one["livemode"]] == [] if retrieved else not [*tmp_path.iterdir()]


def test_the_row_of_a_manual_payout_may_be_among_those_of_an_automatic_one(tmp_path):
    made = some_payouts(2)
    made.add(7, START + 3 * DAY, automatic=False, reconciliation_status="not_applicable")
    manual, _ = made.rows["po_7"]
    made.rows["po_2"] += [manual, scripted_row(90, START, -manual["net"])]
    assert made.bring(tmp_path).unbalanced == ()
    assert len(pairs_of(tmp_path, "po_2")) == 4


def test_a_payout_without_any_row_is_named_until_it_has_some_beside_others_of_its_day(tmp_path):
    made = some_payouts(2)
    made.payouts[1]["arrival_date"] = made.payouts[0]["arrival_date"]
    rows, made.rows["po_2"] = made.rows["po_2"], []
    for _ in range(2):
        assert [(one.payout, one.rows) for one in made.bring(tmp_path).unbalanced] == [("po_2", 0)]
    made.rows["po_2"] = rows
    assert made.bring(tmp_path, full_refresh=True).unbalanced == ()


def test_long_lists_are_read_to_their_end_in_about_as_many_requests_as_pages(tmp_path):
    made = ScriptedStripe()
    one = made.add(1, START + DAY)
    rows = [scripted_row(number, START + number * 7, 1) for number in range(100, 2_600)]
    made.rows["po_1"] = [scripted_row(1, one["created"], -len(rows), type="payout", source="po_1"), *rows]
    report = made.bring(tmp_path)
    assert report.transactions_listed == len(rows) + 1
    assert report.unbalanced == ()
    assert made.count("/v1/balance_transactions") <= 26 * 1.3


@pytest.mark.parametrize("harm", ["missing", "shorter", "other bytes"])
@pytest.mark.parametrize("table", ["payouts", "payout_transactions"])
def test_a_file_that_was_changed_or_lost_is_made_again(tmp_path, table, harm):
    made = some_payouts(4)
    made.now = START + 6 * DAY
    made.bring(tmp_path)
    expected = data_files(tmp_path)
    victim = sorted((tmp_path / table).rglob("*.parquet"))[1]
    content = victim.read_bytes()
    if harm == "missing":
        victim.unlink()
    else:
        victim.write_bytes(content[:-9] if harm == "shorter" else content[:-1] + bytes([content[-1] ^ 1]))
    report = made.bring(tmp_path, full_refresh=harm == "other bytes")
    assert data_files(tmp_path) == expected
    rows = 1 if table == "payouts" else 2
    assert (report.healed, report.rows_lost) == (Healed(1, rows), 0)
    assert made.bring(tmp_path).healed == Healed()


class CommitsBetween(LocalStore):
    """A disk on which the record of another day is written while a day is staged; `heard` hears the run."""

    def __init__(self, root, day):
        super().__init__(root)
        for name, one in (("day", day), ("listing", Event()), ("begun", Event()), ("staged", Event())):
            object.__setattr__(self, name, one)

    def heard(self, event):
        if isinstance(event, PhaseStarted) and event.phase == "reading what payouts paid out":
            self.listing.set()
        if isinstance(event, PartitionStaged) and event.path is not None and f"/{self.day}/" in event.path:
            self.staged.set()

    def staging(self, path):
        assert f"/{self.day}/" not in path or not self.listing.is_set() or self.begun.wait(ENDLESS_SECONDS)
        return super().staging(path)

    def write(self, path, data, **condition):
        if "/state/" in path and self.listing.is_set():
            self.begun.set()
            assert self.staged.wait(ENDLESS_SECONDS)
        return super().write(path, data, **condition)


def test_a_spoilt_file_is_made_again_also_where_the_record_is_written_while_it_is_staged(tmp_path):
    made = some_payouts(4)
    made.now = START + 6 * DAY
    made.bring(tmp_path)
    expected = data_files(tmp_path)
    victim = sorted((tmp_path / "payout_transactions").rglob("*.parquet"))[1]
    content = victim.read_bytes()
    victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    store = CommitsBetween(tmp_path, victim.parent.name)
    report = made.bring(
        tmp_path,
        full_refresh=True,
        services={"store": store, "on_event": store.heard, "tuning": RunTuning(book_seconds=-1.0)},
    )
    assert store.begun.is_set()
    assert data_files(tmp_path) == expected
    assert (report.healed, report.rows_lost) == (Healed(1, 2), 0)


def without_a_file(made, lake, table, day):
    """A lake that has lost the file of a payout's day, the day it arrives on for its transactions; and that file."""
    made.now = START + 20 * DAY
    made.bring(lake)
    victim = sorted((lake / table).rglob("*.parquet"))[day]
    victim.unlink()
    return victim


@pytest.mark.parametrize("table", ["payouts", "payout_transactions"])
def test_what_is_lost_is_read_again_whatever_is_asked_for(tmp_path, table):
    made = some_payouts(4)
    victim = without_a_file(made, tmp_path, table, 1)
    report = made.bring(tmp_path, asked=Interval(START + 10 * DAY, START + 11 * DAY))
    assert (report.healed.files, report.rows_lost) == (1, 0)
    assert victim.exists()
    assert sorted(pairs_of(tmp_path, "po_2")) == ["txn_00004", "txn_00005"]


@pytest.mark.parametrize("table", ["payouts", "payout_transactions"])
def test_what_is_lost_and_listed_no_more_ends_the_run_that_finds_it_with_66(tmp_path, table):
    made = some_payouts(4)
    without_a_file(made, tmp_path, table, 1)
    if table == "payouts":
        made.payouts = [one for one in made.payouts if one["id"] != "po_2"]
    else:
        made.rows["po_2"] = made.rows["po_2"][:1]
    with pytest.raises(DamagedError, match="1 row of payouts that was lost is listed by Stripe no more") as caught:
        made.bring(tmp_path)
    assert (caught.value.exit_code, caught.value.retryable, caught.value.account) == (66, False, "acct_1script")
    report = caught.value.report
    assert (report.outcome, report.accounts[0].rows_lost) == ("damaged", 1)
    fits(report_document(report), "payouts_report")
    assert made.bring(tmp_path).rows_lost == 0


def test_a_new_payout_does_not_stand_in_for_one_that_was_lost(tmp_path):
    made = some_payouts(4)
    without_a_file(made, tmp_path, "payouts", 1)
    made.payouts = [one for one in made.payouts if one["id"] != "po_2"]
    made.add(9, START + 2 * DAY)
    with pytest.raises(DamagedError):
        made.bring(tmp_path)


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("payouts", "/v1/payouts"),
        ("payout_transactions", "/v1/payouts"),
        ("payout_transactions", "/v1/balance_transactions"),
    ],
)
def test_a_run_that_fails_before_all_is_mended_leaves_it_to_the_next_one(tmp_path, table, path):
    made, honest, failing = some_payouts(4), ScriptedStripe.answer, [path]
    victim = without_a_file(made, tmp_path, table, 1)

    def answer(request):
        return refused(400, "not today") if urlsplit(request.url).path in failing else honest(made, request)

    made.answer = answer
    with pytest.raises(InvalidRequestError):
        made.bring(tmp_path)
    failing.clear()
    assert made.bring(tmp_path).healed == Healed(1, 1 if table == "payouts" else 2)
    assert victim.exists()
    assert sorted(pairs_of(tmp_path, "po_2")) == ["txn_00004", "txn_00005"]


def test_a_record_of_another_account_or_of_nobody_is_refused_and_left_alone(tmp_path):
    made = some_payouts(2)
    made.bring(tmp_path)
    record = newest(tmp_path, "payouts")
    document = json.loads(record.read_text())
    for content in (
        "{",
        "[]",
        json.dumps(document | {"record_version": 9}),
        json.dumps(document | {"account": "acct_2"}),
    ):
        record.write_text(content)
        with pytest.raises(StateError, match=r"move its folder away|upgrade|its own name"):
            made.bring(tmp_path)
        assert record.read_text() == content
    (record.parents[1] / "notes").mkdir()
    (record.parents[1] / "notes" / "notes.txt").write_text("mine")
    with pytest.raises(StateError, match="move it away"):
        made.bring(tmp_path)


def test_what_the_record_does_not_know_is_read_again_once_it_is_moved_away(tmp_path):
    made = some_payouts(3)
    made.bring(tmp_path)
    expected = data_files(tmp_path)
    shutil.rmtree(newest(tmp_path, "payouts").parent)
    assert made.bring(tmp_path).payouts_new == 3
    assert data_files(tmp_path) == expected


def test_reading_a_table_that_is_not_there_says_how_to_get_it(tmp_path):
    made = some_payouts(1)
    made.bring(tmp_path)
    with pytest.raises(ConfigError, match="stripe-balance balance"):
        connector.read(tmp_path, table="balances")
    with pytest.raises(ConfigError, match="payout_transactions"):
        connector.read(tmp_path, table="refunds")
    with pytest.raises(ConfigError, match="sync"):
        connector.read(tmp_path)
    with pytest.raises(ConfigError, match="acct_1script"):
        connector.read(tmp_path, "acct_2", table="payouts")


def test_the_record_says_when_payouts_were_last_read(tmp_path):
    made = ScriptedStripe()
    made.add(1, START + DAY)
    for later in (0, 3 * DAY):
        made.now = START + 20 * DAY + later
        made.bring(tmp_path)
        record = load_payouts(LocalStore(tmp_path), AccountId("acct_1script"))
        assert record.read_at == made.now
