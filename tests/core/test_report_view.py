"""A report at a prompt, and in a notebook."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from connector.core.report_view import MOST_ACCOUNTS
from connector.core.run_report import AccountReport, Late, Report, Requests

parsed = ET.fromstring
REQUESTS = Requests(42, {}, {}, {}, 0, 1_000, None, None)


def report_of(*accounts, outcome="complete", error=None):
    return Report("run", outcome, "lake", "parquet", "day", "v", "0", "now", 1.94, REQUESTS, accounts, error)


def account(name="acct_1", **fields):
    return AccountReport(name, (0, 1), **fields)


def test_at_a_prompt_a_report_is_one_short_line():
    assert repr(report_of(account(rows_new=1_500))) == (
        "<Report complete: 1 account, 1,500 rows new, 42 requests, 1.9 s>"
    )
    two = report_of(account(rows_new=1), account("acct_2"), outcome="failed", error="no key")
    assert repr(two) == "<Report failed: 2 accounts, 1 row new, 42 requests, 1.9 s; no key>"


def test_in_a_notebook_it_is_a_table_with_a_line_for_each_account():
    one = account(rows_new=1_500, rows_changed=2, rows_unchanged=3, late=Late(rows=4), lake_rows=9_999)
    table = parsed(report_of(one, account("acct_2", error="gone"))._repr_html_())
    lines = [[cell.text or "" for cell in line] for line in table.iter("tr")]
    assert lines[1] == ["acct_1", "1,500", "2", "3", "4", "9,999", ""]
    assert (lines[2][0], lines[2][-1]) == ("acct_2", "gone")
    assert table.findtext("caption") == "Report complete: 2 accounts, 1,500 rows new, 42 requests, 1.9 s, lake"


def test_of_very_many_accounts_the_others_are_counted():
    many = report_of(*(account(f"acct_{number}") for number in range(MOST_ACCOUNTS + 7)))
    lines = list(parsed(many._repr_html_()).iter("tr"))
    assert len(lines) == 1 + MOST_ACCOUNTS + 1
    assert lines[-1][0].text == "and 7 more accounts"


def test_what_comes_from_outside_is_text_and_no_markup():
    hostile = '<img src=x onerror="alert(1)">&'
    shown = replace(report_of(account(hostile, error=hostile), error=hostile), destination=hostile)._repr_html_()
    table = parsed(shown)
    assert {one.tag for one in table.iter()} <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert hostile in [cell.text for cell in table.iter("td")]
