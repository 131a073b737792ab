"""Documents with sums in them: any integer, any nesting of values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from connector.core.documents import to_json, to_line, to_plain
from connector.core.run_report import AccountReport, Report, Requests
from connector.core.run_report import to_document as run_document
from connector.payouts.report import AccountPayoutsReport, PayoutsReport, Unbalanced
from connector.payouts.report import to_document as payouts_document
from connector.verification.verdict import AccountVerdict, Finding, Layer, Verdict
from connector.verification.verdict import to_document as verdict_document

LARGE = (2**53 + 1) * 1_024
"""Beyond 64 bits, as orjson has them."""

REQUESTS = Requests(1, {"a": 1}, {"200": 1}, {}, 0, 10, 20.0, 0.5)
KEYS = st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_written_is_read_back_the_same(document):
    assert json.loads(to_json(document)) == json.loads(to_line(document)) == to_plain(document) == document
    assert b"\n" not in to_line(document)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_sum_beyond_64_bits_leaves_the_rest_of_the_text_as_it_is(document):
    text, beside = to_json({"rest": document, "sum": 1}), to_json({"rest": document, "sum": LARGE})
    assert beside.decode() == text.decode().replace('"sum": 1\n}', f'"sum": {LARGE}\n}}')


def test_equal_documents_are_equal_bytes_when_keys_are_sorted():
    assert to_json({"b": 1, "a": 2}, sort_keys=True) == to_json({"a": 2, "b": 1}, sort_keys=True)


def test_the_report_of_a_run_has_sums_beyond_64_bits():
    account = AccountReport("acct_1", (0, 1), net={"jpy": LARGE})
    report = Report("r", "complete", "lake", "parquet", "day", "v", "0", "t", 1.0, REQUESTS, (account,))
    assert json.loads(to_json(run_document(report)))["accounts"][0]["net"] == {"jpy": LARGE}


def test_the_report_over_payouts_has_sums_beyond_64_bits():
    account = AccountPayoutsReport("acct_1", (0, 1), unbalanced=(Unbalanced("po_1", "jpy", -LARGE, 2),))
    report = PayoutsReport("complete", "lake", "parquet", "v", "0", "t", 1.0, REQUESTS, (account,))
    assert json.loads(to_json(payouts_document(report)))["accounts"][0]["unbalanced"][0]["net"] == -LARGE


def test_a_verdict_has_sums_beyond_64_bits():
    finding = Finding("balance", "too much", expected=LARGE, found=-LARGE)
    verdict = Verdict(
        "lake", 0, 1.0, 0, 1, (AccountVerdict("acct_1", (Layer("rows", "residual", "", findings=(finding,)),)),)
    )
    (found,) = json.loads(to_json(verdict_document(verdict)))["accounts"][0]["layers"][0]["findings"]
    assert (found["expected"], found["found"]) == (LARGE, -LARGE)


def test_at_a_prompt_and_in_a_notebook_a_verdict_is_one_line():
    verdict = Verdict("lake", 0, 1.94, 0, 1, (AccountVerdict("acct_1", (Layer("rows", "proved", ""),)),))
    assert repr(verdict) == "<Verdict of lake: proved; 1 account, 1 request, 1.9 s>"
