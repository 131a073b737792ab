"""A frozen month keeps its figures, and a later statement says what changed of them since."""

from __future__ import annotations

import hashlib
import json
import shutil

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connector
from connector.core.ledger.ledger import Purse
from connector.core.ledger.since_frozen import Prints, RowComparison
from connector.core.state.frozen import digest_of
from connector.errors import FreezeError, StateError, UsageError
from connector.lake.state import frozen_periods
from connector.lake.state.table_states import states
from connector.lake.stores.local import LocalStore
from connector.reporting.statement.freezing import freeze
from tests.support.examples import examples, slow_but
from tests.support.fitting import fits
from tests.support.lakes import DAY, START, run, sandbox
from tests.support.statements import CURRENCIES, fill, world

MONTH = {"month": "2026-01", "timezone": "Europe/Paris"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    lake = tmp_path_factory.mktemp("freezing") / "lake"
    with sandbox(world(300, days=70)) as served:
        fill(lake, served, partition="month")
    return lake


@pytest.fixture
def lake(made, tmp_path):
    shutil.copytree(made, tmp_path / "lake")
    return tmp_path / "lake"


def frozen_files(lake):
    return {one.relative_to(lake): one.read_bytes() for one in lake.glob("_stripe_balance/frozen/*/*")}


def forget_prints(lake):
    for file in lake.glob("_stripe_balance/frozen/*/*"):
        file.write_text(json.dumps(json.loads(file.read_bytes()) | {"prints": None}))


def validated(document):
    fits(document, "statement")
    return document


def test_the_figures_the_records_hash_and_the_files_hash_are_kept_and_can_be_computed_anew(lake):
    document = validated(connector.run_statement(lake, freeze=True, **MONTH))
    kept = sorted(frozen_files(lake).items())
    assert [path.name for path, _ in kept] == ["2026-01.Europe.Paris.0001.json"] * 2
    for account, (_, data) in zip(document["accounts"], kept, strict=True):
        frozen = json.loads(data)
        fits(frozen, "frozen_period")
        assert frozen["figures"] == {name: account[name] for name in account if name not in {"frozen", "sources"}}
        text = json.dumps(frozen["figures"], indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        assert frozen["figures_sha256"] == hashlib.sha256(text.encode()).hexdigest()
        folder = lake / "_stripe_balance/state/balance_transactions" / account["account"]
        record = (folder / f"{frozen['lake_record']:014d}.json").read_bytes()
        assert frozen["lake_record_sha256"] == hashlib.sha256(record).hexdigest()
        assert account["frozen"]["written_now"]
        assert not account["frozen"]["differs"]


def test_what_is_frozen_is_told_by_later_statements_and_freezing_it_again_changes_nothing(lake):
    connector.run_statement(lake, freeze=True, **MONTH)
    before = frozen_files(lake)
    for again in ({}, {"freeze": True}, {"freeze_again": True}):
        for account in validated(connector.run_statement(lake, **again, **MONTH))["accounts"]:
            frozen = account["frozen"]
            assert not frozen["written_now"]
            assert not frozen["differs"]
            assert (frozen["changes"], frozen["rows"]) == ([], [])
            assert (frozen["rows_new"], frozen["rows_changed"], frozen["rows_gone"]) == (0, 0, 0)
    assert frozen_files(lake) == before
    other = connector.run_statement(lake, month="2026-01")
    assert [one["frozen"] for one in other["accounts"]] == [None, None]  # of another zone


@pytest.mark.parametrize("prints", slow_but([True], [True, False]))
def test_rows_that_come_late_are_named_with_what_they_moved_and_only_again_freezes_them(tmp_path, prints):
    lake = tmp_path / "lake"
    with sandbox(world(150, days=34, connected=0)) as served:
        fill(lake, served)
        connector.run_statement(lake, freeze=True, **MONTH)
        if not prints:  # as of a month of very many rows
            forget_prints(lake)
        before = frozen_files(lake)
        (late,) = served.add_rows(created=START + 9 * DAY, amount=5_000, fee=170, currency="kwd")
        run(lake, served, full_refresh=True)
        (account,) = validated(connector.run_statement(lake, **MONTH))["accounts"]
        frozen = account["frozen"]
        assert frozen["differs"]
        charges = {"count": 1, "gross": 5_000, "fee": 170, "fee_charged": 170, "net": 4_830}
        (moved, closing) = frozen["changes"]
        assert (moved["currency"], moved["line"], closing["line"]) == ("kwd", "charge", "closing")
        assert {name: moved[name] for name in charges} == charges
        assert closing["net"] == 4_830
        if prints:
            (row,) = frozen["rows"]
            assert (row["id"], row["kind"], row["net"], row["day"]) == (late, "new", 4_830, "2026-01-10")
            assert (frozen["rows_new"], frozen["rows_changed"], frozen["rows_gone"]) == (1, 0, 0)
        else:
            assert (frozen["rows"], frozen["rows_new"]) == ([], None)
        with pytest.raises(FreezeError, match="has changed since"):
            connector.run_statement(lake, freeze=True, **MONTH)
        assert frozen_files(lake) == before
        (account,) = connector.run_statement(lake, freeze_again=True, **MONTH)["accounts"]
        assert account["frozen"]["revision"] == 2
        after = frozen_files(lake)
        assert before.items() < after.items()  # the first is still there, as it was
        assert len(after) == 2
        assert not connector.run_statement(lake, **MONTH)["accounts"][0]["frozen"]["differs"]


def test_a_late_row_of_the_month_before_moves_the_ends_alone(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(200, days=62, connected=0)) as served:
        fill(lake, served, partition="month")
        connector.run_statement(lake, month="2026-02", freeze=True)
        served.add_rows(created=START + 9 * DAY, amount=900, fee=0, currency="eur")
        run(lake, served, full_refresh=True)
        (account,) = connector.run_statement(lake, month="2026-02")["accounts"]
    moved = [(one["line"], one["currency"], one["net"]) for one in account["frozen"]["changes"]]
    assert moved == [("opening", "eur", 900), ("closing", "eur", 900)]
    assert account["frozen"]["rows"] == []


def test_a_month_that_is_not_final_is_not_frozen_and_the_reason_is_said(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(200, days=70, connected=0, now=START + 45 * DAY)) as served:
        fill(lake, served, partition="month")
    with pytest.raises(FreezeError, match=r"2026-02 of acct_\w+ is not final, .* complete up to"):
        connector.run_statement(lake, month="2026-02", freeze=True)
    assert frozen_files(lake) == {}


@pytest.mark.parametrize(
    "asked",
    [{"since": "2026-01-01", "until": "2026-02-01"}, {"month": "2026-01", "currency": "eur"}],
)
def test_only_whole_parts_of_the_calendar_are_frozen(lake, asked):
    with pytest.raises(UsageError, match="freeze"):
        connector.run_statement(lake, freeze=True, **asked)


def test_figures_that_somebody_changed_are_refused(lake):
    connector.run_statement(lake, freeze=True, **MONTH)
    file = next(lake.glob("_stripe_balance/frozen/*/*"))
    document = json.loads(file.read_bytes())
    document["figures"]["balances"][0]["closing"]["amount"] += 1
    file.write_text(json.dumps(document))
    with pytest.raises(StateError, match="changed since it was written"):
        connector.run_statement(lake, **MONTH)


def test_of_two_who_freeze_at_once_one_is_told(lake):
    stated = anyio.run(lambda: connector.statement(lake, **MONTH))
    store = LocalStore(lake)
    both = (store, lake, list(states(store)), stated.accounts, stated.period)
    freeze(*both, again=False)
    kept = frozen_files(lake)
    with pytest.raises(FreezeError, match="somebody else"):
        freeze(*both, again=False)  # by what it found before the other
    assert frozen_files(lake) == kept


def test_no_row_is_printed_where_there_are_too_many():
    prints = Prints(most=2)
    for name in ("a", "b", "c"):
        prints.add({"id": name})
    assert prints.to_text() is None


def test_other_files_in_the_folder_are_no_frozen_periods(lake):
    connector.run_statement(lake, freeze=True, month="2026-01")
    (folder, *_) = lake.glob("_stripe_balance/frozen/*")
    (folder / "notes.txt").write_text("mine")
    names = frozen_periods.frozen_names(LocalStore(lake), folder.name)
    assert [one.words for one in names] == ["2026-01 (UTC)"]


def test_status_and_report_show_what_is_frozen_and_that_it_has_changed(tmp_path):
    lake = tmp_path / "lake"
    with sandbox(world(200, days=62, connected=0)) as served:
        fill(lake, served, partition="month")
        connector.run_statement(lake, month="2026-02", freeze=True)
        (account,) = connector.run_status(lake)["accounts"]
        assert account["frozen"] == [{"period": "2026-02", "timezone": "UTC", "revision": 1}]
        (facts,) = told(lake)
        assert facts["frozen"] == ["2026-02 (UTC)"]
        assert answers(facts) == {"as_frozen"}
        served.add_rows(created=START + 40 * DAY, amount=900, fee=0, currency="eur")
        run(lake, served, full_refresh=True)
        (facts,) = told(lake)
    assert answers(facts) == {"changed"}
    assert "2026-02 is frozen, and has changed since" in [one["text"] for one in facts["problems"]]


def told(lake):
    """Facts of the accounts, as they are told in March."""
    from connector.reporting.lake_report.document import to_document  # noqa: PLC0415 - as below
    from connector.reporting.lake_report.gather import Gathering  # noqa: PLC0415 - the call has no clock

    return to_document(Gathering(lake, (), START + 85 * DAY, lambda _: None).go())["accounts"]


def answers(facts):
    return {one["frozen"] for one in facts["files_say"]["months"] if one["month"] == "2026-02"}


ROW = st.fixed_dictionaries(
    {
        "id": st.integers(0, 12).map("txn_{}".format),
        "created": st.integers(0, 9),
        "currency": st.sampled_from(CURRENCIES),
        "type": st.sampled_from(["charge", "refund"]),
        "amount": st.integers(-3, 3),
        "fee": st.integers(0, 1),
        "net": st.integers(-3, 3),
    }
)
ROWS = st.lists(ROW, unique_by=lambda row: row["id"], max_size=12)


@given(then=ROWS, now=ROWS)
@settings(max_examples=examples(200), deadline=None)
def test_any_two_lists_of_rows_differ_by_those_that_are_new_changed_and_gone(then, now):
    prints = Prints()
    for row in then:
        prints.add(row)
    found = RowComparison(Prints.of_text(prints.to_text()).parts)
    for row in now:
        found.add(row, Purse("payments", row["currency"]), row["type"])
    before, after = ({row["id"]: row for row in rows} for rows in (then, now))
    assert {one.id for one in found.rows if one.kind == "new"} == after.keys() - before.keys()
    both = after.keys() & before.keys()
    assert {one.id for one in found.rows if one.kind == "changed"} == {one for one in both if before[one] != after[one]}
    assert len(found.left) == len(before.keys() - after.keys())
    assert found.new + found.changed == len(found.rows)


def test_a_digest_is_of_what_a_document_says_not_of_the_order_it_says_it_in():
    assert digest_of({"a": 1, "b": [2]}) == digest_of(json.loads('{"b":[2],"a":1}'))
    assert digest_of({"a": 10**30}) == digest_of(json.loads(f'{{"a":{10**30}}}'))


def test_the_call_is_told_of_as_values_too(lake):
    stated = anyio.run(lambda: connector.statement(lake, freeze=True, **MONTH))
    assert stated.as_frozen
    assert all(one.since_frozen and one.since_frozen.frozen.rows == one.rows for one in stated.accounts)
