"""Text, CSV, JSON and HTML show the same values."""

from __future__ import annotations

import csv
import io
import pickle
import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import anyio
import pytest

import connector
from connector.core.ledger import money
from connector.core.ledger.bridge import BankLine
from connector.core.ledger.ledger import FeeKind
from connector.core.ledger.statement import FeeLine
from connector.reporting.cells import Money, decimal, shown
from connector.reporting.statement import csv_text, page, text
from connector.reporting.statement.all_accounts import all_together
from connector.reporting.statement.document import to_document
from connector.reporting.statement.lines import lines_of
from connector.reporting.statement.sections import sections_of
from connector.reporting.statement.statement_line import COLUMNS
from tests.support.lakes import DAY, START, sandbox
from tests.support.statements import fill, world


@pytest.fixture(scope="module")
def stated(tmp_path_factory):
    lake = tmp_path_factory.mktemp("outputs") / "lake"
    with sandbox(world(800, days=70, connected=1)) as served:
        fill(lake, served, expand=["source"], partition="month")

    async def go():
        return await connector.statement(lake, month="2026-02", timezone="Europe/Paris", compare="2026-01")

    return anyio.run(go)


def table(stated):
    written = "".join(csv_text.to_text(stated))
    return list(csv.DictReader(io.StringIO(written, newline="")))


def test_a_statement_goes_to_another_process_and_comes_back_the_same(stated):
    assert pickle.loads(pickle.dumps(stated)) == stated  # noqa: S301 - our own bytes


def test_csv_has_one_header_and_rows_of_one_width_ending_as_the_standard_says(stated):
    written = "".join(csv_text.to_text(stated))
    assert written.endswith("\r\n")
    assert "\n" not in written.replace("\r\n", "")
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert rows[0] == list(csv_text.HEADER)
    assert {len(row) for row in rows} == {len(csv_text.HEADER)}
    assert len(rows) == 1 + sum(1 for _ in lines_of(stated))


def test_csv_has_every_amount_in_major_and_in_minor_units(stated):
    seen = 0
    for row in table(stated):
        for name in ("gross", "fee", "fee_returned", "net", "paid"):
            currency = row["paid_currency"] if name == "paid" else row["currency"]
            assert bool(row[name]) == bool(row[f"{name}_minor"])
            if row[name]:
                seen += 1
                places = money.decimals(currency)
                assert Decimal(row[name]).scaleb(places) == int(row[f"{name}_minor"])
                assert -Decimal(row[name]).as_tuple().exponent == places
    assert seen > 500


def test_csv_has_iso_dates_with_the_offset_of_the_zone_and_says_on_each_line_whether_it_is_final(stated):
    rows = table(stated)
    for row in rows:
        assert datetime.fromisoformat(row["period_start"]).isoformat() == "2026-02-01T00:00:00+01:00"
        assert row["final"] == "true"
        assert row["timezone"] == "Europe/Paris"
        assert datetime.fromisoformat(row["payouts_as_of"]) >= datetime.fromisoformat(row["period_end"])
        assert not row["at"] or datetime.fromisoformat(row["at"]).utcoffset()
        assert not row["day"] or date.fromisoformat(row["day"])
    assert any(row["at"] for row in rows)
    assert any(row["day"] for row in rows)


def test_the_same_values_are_in_json(stated):
    document, rows = to_document(stated), table(stated)
    for account in document["accounts"]:
        for balance in account["balances"]:
            mine = [
                row
                for row in rows
                if (row["account"], row["balance_type"], row["currency"])
                == (account["account"], balance["balance_type"], balance["currency"])
            ]
            by_line = {row["line"]: row for row in mine if row["table"] == "balance"}
            assert int(by_line["opening"]["net_minor"]) == balance["opening"]["amount"]
            assert int(by_line["closing"]["net_minor"]) == balance["closing"]["amount"]
            assert int(by_line["closing_pending"]["net_minor"]) == balance["closing"]["computed"]["pending"]
            for part in ("activity", "payouts"):
                lines = {
                    row["name"]: [int(row[name]) for name in ("count", "gross_minor", "fee_minor", "net_minor")]
                    for row in mine
                    if (row["table"], row["line"]) == ("balance", part)
                }
                assert lines == {
                    one["category"]: [one[name] for name in ("count", "gross", "fee", "net")] for one in balance[part]
                }
            fees = sum(int(row["fee_minor"]) for row in mine if row["line"] in {"fee", "tax"})
            assert fees == balance["fees_total"]
        payouts = {
            row["id"]: int(row["gross_minor"])
            for row in rows
            if row["line"] == "payout" and row["account"] == account["account"]
        }
        assert payouts == {one["payout"]: one["amount"] for one in account["payouts"]}


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.tags, self.captions = [], [], []
        self._inside = None

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "caption":
            self.captions.append("")
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside in {"td", "th"}:
            self.rows[-1][-1] += data
        if self._inside == "caption":
            self.captions[-1] += data


def test_html_and_text_show_every_line_of_every_table_with_its_values(stated):
    parsed = Cells()
    parsed.feed("".join(page.to_text(stated)))
    lines = list(text.to_lines(stated))
    squeezed = {re.sub(r"\s+", " ", line.strip()) for line in lines}
    sections = [all_together(stated), *sections_of(stated)]
    assert len(parsed.captions) == len(sections)
    places = iter(parsed.rows)
    names = ["", *(account.account for account in stated.accounts)]
    in_order = [one for name in names for one in sections if one.account == name]
    for section in in_order:
        next(places)
        for line in section.lines:
            expected = [shown(line.cells.get(name)) for name, _ in section.columns]
            assert next(places) == expected
            if len(section.lines) <= text.MOST_ROWS:
                assert re.sub(r"\s+", " ", " ".join(expected).strip()) in squeezed


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_terminal_no_table_is_wider_and_each_value_is_still_there(stated, width):
    lines = list(text.to_lines(stated, width))
    for section in sections_of(stated):
        for line in section.lines[: text.MOST_ROWS]:
            for name, _ in section.columns:
                assert any(shown(line.cells.get(name)) in one for one in lines)
    wide = [one for one in lines if len(one) > width]
    assert not any("---" in one or re.search(r"\d {2,}-?\d", one) for one in wide)  # sentences, which are broken
    assert list(text.to_lines(stated, 10_000)) == list(text.to_lines(stated))


def test_the_page_asks_for_nothing_and_runs_nothing(stated):
    written = "".join(page.to_text(stated))
    parsed = Cells()
    parsed.feed(written)
    assert not {"script", "img", "iframe", "object"} & {tag for tag, _ in parsed.tags}
    assert [attrs["href"] for tag, attrs in parsed.tags if tag == "link"] == ["data:,"]  # no icon is asked for
    assert not re.search(r"https?:|url\((?!#)|@import|\son\w+=", written)
    assert dict(parsed.tags)["html"] == {"lang": "en"}
    assert len([1 for tag, _ in parsed.tags if tag == "h1"]) == 1
    assert all("scope" in attrs for tag, attrs in parsed.tags if tag == "th")


def test_every_output_says_that_it_is_not_final(tmp_path):
    made = world(500, days=60, connected=0, now=START + 45 * DAY)
    with sandbox(made) as served:
        fill(tmp_path / "lake", served, payouts=False)
    stated = anyio.run(lambda: connector.statement(tmp_path / "lake", month="2026-02"))
    assert any("NOT FINAL" in line for line in text.to_lines(stated))
    assert "NOT FINAL" in "".join(page.to_text(stated))
    assert {row["final"] for row in table(stated)} == {"false"}
    assert not to_document(stated)["final"]
    assert any("payouts were not read" in line for line in text.to_lines(stated))
    assert {row["state"] for row in table(stated) if row["line"] == "payout"} == {"unknown"}


def test_what_arrived_is_not_known_and_no_zero_where_the_states_of_payouts_are_not(stated):
    unread = BankLine(None, "eur", sent={"unknown": 700}, unknown=700, counts={"sent_unknown": 2, "unknown": 2})
    returned = replace(
        unread, sent={"unknown": 900}, on_the_way_after=200, counts=unread.counts | {"on_the_way_after": 1}
    )
    account = replace(stated.accounts[0], bank=(unread, returned), payouts_as_of=None)
    rows = [row for row in table(replace(stated, accounts=(account,), changes=())) if row["table"] == "bank"]
    said = [(row["line"], row["net"], row["count"]) for row in rows]
    before, arrived = ("on_the_way_before", "", ""), ("arrived", "", "")
    first = [("sent_unknown", "7.00", "2"), ("unknown", "-7.00", "2"), ("on_the_way_after", "", "")]
    second = [("sent_unknown", "9.00", "2"), ("unknown", "-7.00", "2"), ("on_the_way_after", "-2.00", "1")]
    assert said == [before, *first, arrived, before, *second, arrived]
    lines = list(text.to_lines(replace(stated, accounts=(account,), changes=())))
    assert [line.split("  ")[-1].strip() for line in lines if "arrived at the bank" in line] == ["not known"] * 2


def test_hostile_words_steer_neither_a_page_nor_a_terminal_nor_a_spreadsheet(stated):
    words = ['<script>alert("x")</script>', "=1+1", "\x1b[31mred\x1b[0m", 'a,"b"\r\nc', "@SUM(A1)"]
    account = stated.accounts[0]
    fees = tuple(FeeLine(FeeKind("stripe_fee", word), 1, 100) for word in words)
    purse = replace(account.purses[0], fees=fees)
    hostile = replace(stated, accounts=(replace(account, purses=(purse,)),), changes=())
    assert "<script>" not in "".join(page.to_text(hostile))
    assert not any("\x1b" in line or "\n" in line for line in text.to_lines(hostile))
    notes = [row["note"] for row in table(hostile) if row["line"] == "fee"]
    assert sorted(notes) == sorted(["'=1+1", "'@SUM(A1)", *(word for word in words if word[0] not in "=@")])


@pytest.mark.parametrize(
    ("amount", "currency", "plain", "read"),
    [
        (-123_450, "eur", "-1234.50", "-1,234.50"),
        (5, "kwd", "0.005", "0.005"),
        (-1_234_567, "jpy", "-1234567", "-1,234,567"),
        (0, "usd", "0.00", "0.00"),
    ],
)
def test_amounts_have_their_currencys_decimals(amount, currency, plain, read):
    assert decimal(amount, currency) == plain
    assert shown(Money(amount, currency)) == read
    assert shown(Money(None, currency)) == "not known"


def test_every_cell_has_a_column(stated):
    for line in lines_of(stated):
        assert line.cells.keys() <= set(COLUMNS)


def test_each_table_stands_once_with_all_its_lines_also_where_payouts_of_several_currencies_take_turns(stated):
    sections = list(sections_of(stated))
    named = [(one.account, one.title) for one in sections]
    assert len(set(named)) == len(named)
    assert sum(title.startswith("Payouts: ") for _, title in named) > 1
    assert sum(len(one.lines) for one in sections) == sum(1 for _ in lines_of(stated))
