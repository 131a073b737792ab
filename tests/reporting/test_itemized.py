"""The rows behind a statement as CSV: they add up to it, and are what an itemized report of Stripe's would be."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import anyio
import pytest

import connector
from connector.cli.__main__ import main
from connector.core.ledger import money
from connector.reporting.csv_lines import to_line, words
from connector.reporting.statement.calls import itemized_statement
from connector.reporting.statement.itemized import HEADER
from tests.support.lakes import DAY, START, run, sandbox
from tests.support.statements import balances, fill, world

MONTH = {"month": "2026-02", "timezone": "America/St_Johns"}


@pytest.fixture(scope="module")
def served():
    with sandbox(world(600, days=70, connected=1, reserves=True)) as running:
        yield running


@pytest.fixture(scope="module")
def lake(served, tmp_path_factory):
    made = tmp_path_factory.mktemp("itemized") / "lake"
    fill(made, served, partition="month")
    return made


def text_of(lake, **options):
    file = io.BytesIO()
    _, count = anyio.run(lambda: itemized_statement(lake, file, **(MONTH | options)))
    written = file.getvalue().decode()
    assert len(list(csv.reader(io.StringIO(written, newline="")))) == count + 1
    return written


def rows_of(lake, **options):
    return list(csv.DictReader(io.StringIO(text_of(lake, **options), newline="")))


def test_rows_add_up_to_each_line_of_the_statement(lake):
    sums = defaultdict(lambda: [0, 0, 0, 0])
    rows = rows_of(lake)
    for row in rows:
        one = sums[row["account"], row["balance_type"], row["currency"], row["reporting_category"]]
        for place, value in enumerate((1, *(int(row[f"{name}_minor"]) for name in ("gross", "fee", "net")))):
            one[place] += value
    document = connector.run_statement(lake, **MONTH)
    stated = {
        (account["account"], *purse, line["category"]): [line[name] for name in ("count", "gross", "fee", "net")]
        for account in document["accounts"]
        for purse, balance in balances(document, account["account"])
        for line in (*balance["activity"], *balance["payouts"])
    }
    assert sums == stated
    assert {row["balance_type"] for row in rows} > {"payments"}
    assert len({row["balance_transaction_id"] for row in rows}) == len(rows) == sum(one[0] for one in stated.values())
    by_time = [(row["account"], row["created_utc"], row["balance_transaction_id"]) for row in rows]
    assert by_time == sorted(by_time)


def test_laid_beside_the_lake_as_a_report_of_stripe_s_it_agrees_row_by_row(lake, served, tmp_path):
    account = served.world.accounts[0]
    (tmp_path / "rows.csv").write_text(text_of(lake, accounts=account), newline="")
    report = connector.run_statement(lake, accounts=account, against=tmp_path / "rows.csv", **MONTH)["report"]
    others = Counter(row["balance_type"] for row in rows_of(lake, accounts=account))
    assert (report["form"], report["agrees"], report["compared"]) == ("itemized", True, others.pop("payments"))
    assert others
    for balance, count in others.items():
        assert any(note.startswith(f"{count} row") and balance in note for note in report["notes"])


def test_amounts_have_the_currency_s_decimals_and_times_are_of_both_clocks(lake, served):
    received = {row["id"]: row for row in served.world.rows()}
    clocks, form = ZoneInfo(MONTH["timezone"]), "%Y-%m-%d %H:%M:%S"
    for row in rows_of(lake, accounts=served.world.accounts[0]):
        one = received[row["balance_transaction_id"]]
        places = money.decimals(row["currency"])
        pattern = rf"-?\d+\.\d{{{places}}}" if places else r"-?\d+"
        for name, value in (("gross", one["amount"]), ("fee", one["fee"]), ("net", one["net"])):
            assert re.fullmatch(pattern, row[name])
            assert int(row[name].replace(".", "")) == int(row[f"{name}_minor"]) == value
        assert row["created"] == f"{datetime.fromtimestamp(one['created'], clocks):{form}}"
        assert row["created_utc"] == f"{datetime.fromtimestamp(one['created'], ZoneInfo('UTC')):{form}}"
        assert row["available_on"][:10] in {row["available_on_utc"][:10], f"{_day(one['available_on'], clocks)}"}
        assert (row["source_id"], row["type"], row["final"]) == (one["source"] or "", one["type"], "true")


def _day(second, clocks):
    return datetime.fromtimestamp(second, clocks).date()


def test_each_row_has_the_payout_that_it_went_into_last(lake):
    pairs = connector.read(lake, table="payout_transactions").to_table().to_pylist()
    last = {}
    for pair in sorted(pairs, key=lambda pair: (pair["arrival_date"], pair["payout_id"])):
        last[pair["balance_transaction_id"]] = pair
    seen = 0
    for row in rows_of(lake):
        pair = last.get(row["balance_transaction_id"])
        assert row["automatic_payout_id"] == ("" if pair is None else pair["payout_id"])
        arrives = "" if pair is None else f"{pair['arrival_date']} 00:00:00"
        assert row["automatic_payout_effective_at_utc"] == arrives
        seen += pair is not None
    assert seen > 100


def test_lakes_of_json_lines_without_payouts_and_one_currency_alone_have_the_same_lines(lake, served, tmp_path):
    run(tmp_path / "lines", served, format="jsonl.zst", omit=["description"])
    account = served.world.accounts[0]
    emptied = ("description", "automatic_payout_id", "automatic_payout_effective_at_utc")
    plain = [row | dict.fromkeys(emptied, "") for row in rows_of(lake, accounts=account)]
    assert rows_of(tmp_path / "lines") == plain
    assert rows_of(tmp_path / "lines", currency="KWD") == [row for row in plain if row["currency"] == "kwd"]


def test_what_others_wrote_is_no_formula_and_stays_one_row():
    given = ["=1+1", 'a,"b"\r\nc', "@SUM(A1)", "+49", "-x", "\tx", "plain"]
    read = next(csv.reader(io.StringIO(to_line(map(words, given)), newline="")))
    assert read == ["'=1+1", 'a,"b"\r\nc', "'@SUM(A1)", "'+49", "'-x", "'\tx", "plain"]


def test_where_a_run_changes_the_lake_meanwhile_all_rows_are_of_the_state_after_it(tmp_path):
    with sandbox(world(300, days=70, connected=0)) as served:
        run(tmp_path / "lake", served, until=START + 45 * DAY)
        file, runs = io.BytesIO(), []

        def on_account(_):
            if not runs:
                runs.append(run(tmp_path / "lake", served))

        async def go():
            return await itemized_statement(tmp_path / "lake", file, on_account=on_account, **MONTH)

        stated, count = anyio.run(go)
    assert len(runs) == 1
    assert stated.final
    lines = list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))
    assert lines[0] == list(HEADER)
    assert len({line[0] for line in lines}) == len(lines) == count + 1


def test_at_the_command_line_rows_go_to_stdout_and_the_status_is_the_statement_s(lake, capsys):
    asked = ["statement", str(lake), "--month", MONTH["month"], "--timezone", MONTH["timezone"]]
    assert main([*asked, "--format", "itemized", "--strict"]) == 0
    out, err = capsys.readouterr()
    assert out == text_of(lake)
    assert f"{out.count('txn_'):,} rows of 2026-02 (America/St_Johns), final" in err
    assert main([*asked, "--format", "itemized", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*asked, "--format", "itemized", "--compare", "2026-01"]) == 2
    assert main([*asked, "--format", "itemized", "--json"]) == 2


def test_rows_of_a_month_that_is_not_final_say_so_on_each(tmp_path, capsys):
    with sandbox(world(200, days=60, connected=0, now=START + 45 * DAY)) as served:
        run(tmp_path / "lake", served)
    assert {row["final"] for row in rows_of(tmp_path / "lake")} == {"false"}
    asked = ["statement", str(tmp_path / "lake"), "--month", "2026-02", "--format", "itemized", "--strict"]
    assert main(asked) == 65
    out, err = capsys.readouterr()
    assert out.startswith("balance_transaction_id,")
    assert "NOT FINAL" in err
