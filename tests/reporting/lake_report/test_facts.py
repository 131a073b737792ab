"""A report's facts are those of the files and the records, whatever the lake is like."""

from __future__ import annotations

import json
from collections import Counter

import anyio
import pyarrow as pa
import pytest

import connector
from connector.core.time.times import to_text, to_words
from connector.core.units import DAY
from connector.errors import ConfigError
from connector.lake.state.table_states import states
from connector.lake.stores.local import LocalStore
from connector.reporting.lake_report.document import to_document
from connector.reporting.lake_report.gather import IN_FULL
from connector.reporting.lake_report.spans import LATEST_DAYS
from tests.support.fitting import fits
from tests.support.lakes import START, interrupted_at, run, sandbox, world


def facts(lake, **options):
    async def go():
        return await connector.report(lake, **options)

    report = anyio.run(go)
    fits(json.loads(json.dumps(to_document(report))), "lake_report")
    return report


def rows_of(lake, account):
    return pa.table(connector.read(lake, account)).to_pylist()


def test_days_hold_every_row_once_by_day_balance_currency_and_category(made):
    for account in facts(made).accounts:
        expected = Counter()
        for row in rows_of(made, account.account):
            key = (f"{row['created']:%Y-%m-%d}", row["balance_type"], row["currency"], row["reporting_category"])
            for place, value in enumerate((1, row["amount"], row["fee"], row["net"])):
                expected[*key, place] += value
        found = Counter()
        for line in account.files_say.days:
            day = pa.scalar(line.key.day, pa.timestamp("s")).as_py()
            key = (f"{day:%Y-%m-%d}", *line.key.purse, line.key.category)
            for place, value in enumerate((line.sums.count, line.sums.gross, line.sums.fee, line.sums.net)):
                found[*key, place] += value
        assert found == expected
        assert account.rows == sum(line.sums.count for line in account.files_say.days) > 0


def test_months_and_the_latest_days_have_the_sums_of_their_rows_once_for_every_rendering(made):
    for one in connector.run_report(made)["accounts"]:
        rows = pa.table(connector.read(made, one["account"])).to_pylist()
        newest = max(row["created"] for row in rows).date()
        for name, label, chosen in (
            ("by_month", "%Y-%m", rows),
            ("by_day", "%Y-%m-%d", [row for row in rows if (newest - row["created"].date()).days < LATEST_DAYS]),
        ):
            expected, charged = {}, Counter()
            for row in chosen:
                key = (row["balance_type"], row["currency"], f"{row['created']:{label}}")
                payout = row["reporting_category"] in {"payout", "payout_reversal"}
                for part in (row["reporting_category"], "total", *([] if payout else ["without_payouts"])):
                    sums = expected.setdefault(key, {}).setdefault(part, [0, 0, 0, 0])
                    for place, value in enumerate((1, row["amount"], row["fee"], row["net"])):
                        sums[place] += value
                if row["reporting_category"] == "charge":
                    charged[*key, "fee"] += row["fee"]
                    charged[*key, "gross"] += row["amount"]
            told = {}
            for span in one["files_say"][name]:
                when = f"{pa.scalar(span['start'], pa.timestamp('s')).as_py():{label}}"
                key = (span["balance_type"], span["currency"], when)
                sums = {part["category"]: part for part in span["categories"]}
                sums |= {part: span[part] for part in ("total", "without_payouts") if span[part]["rows"]}
                told[key] = {
                    part: [each[figure] for figure in ("rows", "gross", "fee", "net")] for part, each in sums.items()
                }
                gross = charged[*key, "gross"]
                assert span["fee_rate"] == (charged[*key, "fee"] * 10_000 // gross if gross > 0 else None)
            assert told == expected


def test_pending_money_is_told_by_the_day_it_becomes_available(made):
    for account in facts(made).accounts:
        expected = Counter()
        for row in rows_of(made, account.account):
            if row["status"] == "pending":
                expected[row["balance_type"], row["currency"], row["available_on"].date()] += row["net"]
        found = {
            (*line.purse, pa.scalar(line.day, pa.timestamp("s")).as_py().date()): line.net
            for line in account.files_say.pending
        }
        assert found == dict(expected)
        assert sum(line.rows for line in account.files_say.pending) == account.pending


def test_months_are_those_of_statement(made, monkeypatch):
    now = max(state.read_until for state in states(LocalStore(made)))
    monkeypatch.setattr("time.time", lambda: now)
    (first, *_) = facts(made).accounts
    assert first.files_say.months
    for line in first.files_say.months:
        document = connector.run_statement(made, month=line.month, accounts=[first.account])
        (balance,) = [
            one
            for one in document["accounts"][0]["balances"]
            if (one["balance_type"], one["currency"]) == tuple(line.purse)
        ]
        assert line.opening == balance["opening"]["amount"]
        assert line.closing == balance["closing"]["amount"]
        assert line.final == document["accounts"][0]["final"]
        for part, sums in (("activity", line.activity), ("payouts", line.payouts)):
            assert sums.net == sum(one["net"] for one in balance[part])
            assert sums.fee == sum(one["fee"] for one in balance[part])


def test_what_verify_found_is_told_with_its_age_and_a_proved_lake_adds_up(made):
    found = facts(made)
    assert found.proof == "proved"
    assert found.grade == "well"
    assert found.sentence.endswith("is here, and it adds up.")
    assert {layer.layer for one in found.accounts for layer in one.layers} == {"rows", "windows", "payouts", "balance"}
    assert found.verified_at <= found.made_at


def test_every_payout_adds_up_or_says_why_not(made):
    record = {one.account: one for one in facts(made).accounts}
    for account, one in record.items():
        table = pa.table(connector.read(made, account, table="payouts"))
        assert sum(count for _, count in one.payouts.counts) == table.num_rows
        lines = {line.id: line for line in one.payouts.lines}
        listed = Counter(pa.table(connector.read(made, account, table="payout_transactions"))["payout_id"].to_pylist())
        assert listed
        assert {name: line.rows for name, line in lines.items() if line.rows} == {
            name: count for name, count in listed.items() if name in lines
        }
        assert dict(one.payouts.counts)["adds_up"] == len(listed)


@pytest.mark.parametrize("form", ["jsonl", "arrow"])
def test_the_facts_are_the_same_in_every_format(served, made, tmp_path, form):
    run(tmp_path / "lake", served, format=form)
    (mine,) = facts(tmp_path / "lake").accounts
    theirs = next(one for one in facts(made).accounts if one.account == mine.account)
    assert mine.files_say.days == theirs.files_say.days
    assert mine.calendar == theirs.calendar
    assert (mine.payouts, mine.files_say.pending) == (None, theirs.files_say.pending)


def test_days_are_the_same_when_files_hold_months(served, made, tmp_path):
    run(tmp_path / "lake", served, partition="month")
    (mine,) = facts(tmp_path / "lake").accounts
    theirs = next(one for one in facts(made).accounts if one.account == mine.account)
    assert (mine.files_say.days, mine.calendar) == (theirs.files_say.days, theirs.calendar)


def test_damaged_files_are_told_and_the_others_count(lake):
    before = facts(lake).accounts[0]
    gone, changed, unreadable = sorted((lake / "balance_transactions").rglob("part-0.parquet"))[3:6]
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b"more")
    size = unreadable.stat().st_size
    unreadable.write_bytes(b"\0" * size)
    report = facts(lake)
    one = next(one for one in report.accounts if one.account == before.account)
    assert {(file.path, file.kind) for file in one.damaged} == {
        (path.relative_to(lake).as_posix(), kind)
        for path, kind in ((gone, "missing"), (changed, "changed"), (unreadable, "unreadable"))
    }
    lost = {f"{path.parent.name.partition('=')[2]}" for path in (gone, changed, unreadable)}
    days = {f"{pa.scalar(line.key.day, pa.timestamp('s')).as_py():%Y-%m-%d}" for line in one.files_say.days}
    assert days
    assert not days & lost
    marked = {start for part in one.calendar if part.status == "damaged" for start in range(part.start, part.stop, DAY)}
    assert {f"{pa.scalar(day, pa.timestamp('s')).as_py():%Y-%m-%d}" for day in marked} == lost
    assert one.lost == 3
    assert one.files_say.months == ()
    assert "damaged" in one.files_say.unstated
    assert report.sentence == "Not everything is here, and it does not add up."


def test_a_record_that_is_damaged_is_told_and_the_other_accounts_count(lake):
    whole = facts(lake)
    record = max((lake / "_stripe_balance/state/balance_transactions" / whole.accounts[0].account).iterdir())
    record.write_text("{")
    report = facts(lake)
    assert report.grade == "wrong"
    assert [one.kind for one in report.accounts[0].problems if one.grade == "wrong"] == ["damaged_record"]
    assert report.accounts[1].files_say == whole.accounts[1].files_say


def test_a_record_of_a_newer_program_is_told_without_a_command_that_would_refuse_it_too(lake):
    whole = facts(lake)
    record = max((lake / "_stripe_balance/state/balance_transactions" / whole.accounts[0].account).iterdir())
    record.write_text(record.read_text().replace('"record_version": 1', '"record_version": 99'))
    (problem,) = (one for one in facts(lake).accounts[0].problems if one.grade == "wrong")
    assert "version 99" in problem.text
    assert problem.text.endswith("upgrade stripe-balance-connector")
    assert problem.remedy is None


def test_parked_rows_and_days_not_read_are_told(served, tmp_path):
    interrupted_at(300, tmp_path / "lake", served)
    (one,) = facts(tmp_path / "lake").accounts
    assert one.parked
    assert {part.status for part in one.calendar} >= {"parked", "not_covered"}
    assert "Not everything is here" in facts(tmp_path / "lake").sentence
    assert "parked" in {problem.kind for problem in one.problems}


def test_time_between_that_nobody_asked_for_is_told_with_what_reads_it(served, tmp_path):
    lake = tmp_path / "lake"
    for since, until in ((0, 10), (20, 25), (30, 40)):
        run(lake, served, since=START + since * DAY, until=START + until * DAY)
    report = facts(lake)
    assert report.sentence.startswith("Everything that was asked for up to ")
    (told,) = [one for one in report.accounts[0].problems if one.kind == "unasked"]
    assert (told.grade, report.grade) == ("look", "look")
    assert f"{to_words(START + 10 * DAY)} to {to_words(START + 20 * DAY)}, and 1 time more" in told.text
    assert told.remedy.endswith(f"--since {to_text(START + 10 * DAY)} --until {to_text(START + 30 * DAY)}")
    run(lake, served, since=START + 10 * DAY, until=START + 30 * DAY)
    assert facts(lake).sentence.startswith("Everything up to ")


def test_a_lake_without_a_row_says_that_nothing_is_missing(tmp_path):
    with sandbox(world(0)) as empty:
        run(tmp_path / "lake", empty)
    report = facts(tmp_path / "lake")
    assert report.rows == 0
    assert report.accounts[0].files_say.days == ()
    assert "never checked" in report.sentence


def test_where_there_is_no_lake_or_no_such_account_that_is_said(made, tmp_path):
    with pytest.raises(ConfigError, match="there is no lake"):
        facts(tmp_path)
    with pytest.raises(ConfigError, match="there are no rows of acct_none"):
        facts(made, accounts="acct_none")


def test_of_many_accounts_only_those_with_something_to_say_are_read(tmp_path):
    with sandbox(world(240, connected=IN_FULL + 2)) as many:
        run(tmp_path / "lake", many, all_accounts=True)
    report = facts(tmp_path / "lake")
    assert len(report.accounts) == IN_FULL + 3
    assert [one for one in report.accounts if one.files_say is not None] == []
    grave = next(one for one in report.accounts if one.files)
    next((tmp_path / "lake/balance_transactions" / f"account={grave.account}").rglob("*.parquet")).unlink()
    report = facts(tmp_path / "lake")
    assert [one.account for one in report.accounts if one.files_say is not None] == [grave.account]
    assert facts(tmp_path / "lake", accounts=[report.accounts[-1].account]).accounts[0].files_say is not None


def test_days_of_the_calendar_reach_from_the_first_row_to_today(made):
    report = facts(made)
    for account in report.accounts:
        first = min(row["created"].timestamp() for row in rows_of(made, account.account))
        assert account.calendar[0].start <= first
        assert account.calendar[-1].status == "running"
        assert account.calendar[-1].stop > report.made_at >= account.calendar[-1].stop - DAY
