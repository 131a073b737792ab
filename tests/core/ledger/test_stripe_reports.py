"""Stripe's own reports beside a statement: forms, amounts, signs of fees, and what one of the two lacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.ledger import Purse, Sums
from connector.core.ledger.money import decimals
from connector.core.ledger.openings import Opening
from connector.core.ledger.statement import AccountStatement, CategoryLine, PurseStatement
from connector.core.ledger.stripe_reports import (
    Compared,
    Comparison,
    Itemized,
    compare_balance,
    compare_summary,
    differences,
    form_of,
    itemized,
    minor,
)
from connector.errors import ConfigError

CHARGES = CategoryLine("charge", "activity", Sums(3, 9_000, 270, 8_730))
REFUNDS = CategoryLine("refund", "activity", Sums(1, -1_000, 0, -1_000))
PAYOUTS = CategoryLine("payout", "payouts", Sums(2, -5_000, 25, -5_025))


def purse(currency="usd", balance_type="payments", opening=100, lines=(CHARGES, REFUNDS, PAYOUTS)) -> PurseStatement:
    closing = None if opening is None else opening + sum(one.sums.net for one in lines)
    told = Opening(opening, "rows" if opening is not None else "not_known", "why")
    return PurseStatement(Purse(balance_type, currency), told, tuple(lines), closing, None, None, (), (), (), (), {})


def account(*purses: PurseStatement) -> AccountStatement:
    return AccountStatement("acct_1", None, None, 0, 0, (), purses)


# Forms and amounts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "form"),
    [
        (["balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category"], "itemized"),
        (["reporting_category", "currency", "gross", "fee", "net", "count"], "summary by category"),
        (["category", "net_amount", "currency", "description"], "balance summary"),
    ],
)
def test_a_reports_form_is_told_by_its_columns_whatever_others_there_are(columns, form):
    assert form_of(columns, "x.csv") == form
    for lacking in columns[:3]:
        with pytest.raises(ConfigError, match=r"x\.csv is none of Stripe's reports"):
            form_of([one for one in columns if one not in {lacking, "reporting_category", "category"}], "x.csv")
    with pytest.raises(ConfigError):
        form_of(None, "x.csv")


@given(st.integers(-(10**15), 10**15), st.sampled_from(["usd", "jpy", "kwd", "EUR"]))
def test_an_amount_in_major_units_is_the_integer_that_it_was(amount, currency):
    places = decimals(currency)
    whole, part = divmod(abs(amount), 10**places)
    text = f"{'-' if amount < 0 else ''}{whole}" + (f".{part:0{places}d}" if places else "")
    assert minor(text, currency, "x") == amount
    assert minor(f" {text.replace('.', ',')} ", currency, "x") == amount
    assert minor(text + ("00" if places else ".00"), currency, "x") == amount


def test_what_is_no_amount_or_too_fine_is_refused_with_its_place():
    assert minor("+1.5", "usd", "x") == 150
    assert minor("0.100", "usd", "x") == 10
    for text in ("", "1.", ".5", "1e3", "1 000", "--1", "1.2.3"):
        with pytest.raises(ConfigError, match=r"r, line 7: .* is not an amount"):
            minor(text, "usd", "r, line 7")
    for text, currency in (("1.005", "usd"), ("1.5", "jpy"), ("0.0001", "kwd")):
        with pytest.raises(ConfigError, match=f"more decimals than {currency.upper()} has"):
            minor(text, currency, "x")


# The balance summary --------------------------------------------------------------------------------------------------

BALANCE = {
    "starting_balance": "1.00",
    "activity_gross": "80.00",
    "activity_fee": "-2.70",
    "activity": "77.30",
    "payouts_gross": "-50.00",
    "payouts_fee": "-0.25",
    "payouts": "-50.25",
    "ending_balance": "28.05",
}


def balance_rows(currency="usd", **others):
    return [
        {"category": f" {name} ", "net_amount": value, "currency": f" {currency.upper()} "}
        for name, value in {**BALANCE, **others}.items()
    ]


def told(found: Comparison) -> dict[str, tuple]:
    return {one.name: (one.report, one.lake) for one in found.lines if not one.agrees}


def test_a_balance_summary_that_says_the_same_agrees_line_by_line():
    found = compare_balance(balance_rows(), account(purse()), "x.csv")
    assert (found.form, found.compared, found.differing, found.notes) == ("balance summary", 8, 0, [])
    assert {(one.currency, one.figure) for one in found.lines} == {("usd", "net")}
    assert [one.report for one in found.lines] == [100, 8_000, -270, 7_730, -5_000, -25, -5_025, 2_805]


def test_a_fee_without_its_minus_is_read_as_the_lines_add_up():
    found = compare_balance(balance_rows(activity_fee="2.70", payouts_fee="0.25"), account(purse()), "x.csv")
    assert found.differing == 0
    wrong = compare_balance(balance_rows(activity_fee="2.60"), account(purse()), "x.csv")
    assert told(wrong) == {"activity_fee": (260, -270)}


@pytest.mark.parametrize("name", BALANCE)
def test_each_line_of_a_balance_summary_that_differs_is_told_and_counted(name):
    found = compare_balance(balance_rows(**{name: "999.99"}), account(purse()), "x.csv")
    assert found.differing == 1
    assert told(found).keys() == {name}
    assert told(found)[name][0] == 99_999


def test_a_line_that_is_there_twice_is_refused_for_nobody_knows_which_counts():
    with pytest.raises(ConfigError, match=r"x\.csv, line 10: activity of USD is there twice"):
        compare_balance([*balance_rows(), *balance_rows()[3:4]], account(purse()), "x.csv")
    with pytest.raises(ConfigError, match=r"x\.csv, line 5: charge of USD is there twice"):
        compare_summary([*ACTIVITY, ACTIVITY[0]], account(purse()), "x.csv")
    both = [*balance_rows(), *balance_rows("eur")]
    assert compare_balance(both, account(purse(), purse("eur")), "x.csv").differing == 0


def test_of_a_currency_without_rows_what_moved_is_nothing_and_the_balance_not_known():
    found = compare_balance(balance_rows("eur"), account(purse()), "x.csv")
    lake = {one.name: one.lake for one in found.lines}
    assert {lake[name] for name in BALANCE if not name.endswith("_balance")} == {0}
    assert (lake["starting_balance"], lake["ending_balance"]) == (None, None)
    assert found.notes == ["the report has no lines of USD"]


def test_a_line_that_nobody_knows_and_an_opening_that_is_not_known_do_not_agree():
    found = compare_balance(balance_rows(surprise="1.00"), account(purse(opening=None)), "x.csv")
    assert told(found) == {
        "surprise": (100, None),
        "starting_balance": (100, None),
        "ending_balance": (2_805, None),
    }
    assert not Compared("x", "usd", "net", None, None).agrees


def test_other_balances_and_currencies_that_the_report_lacks_are_noted():
    there = account(purse(), purse("gbp"), purse("eur"), purse(balance_type="issuing"))
    assert compare_balance(balance_rows(), there, "x.csv").notes == [
        "the report has no lines of EUR, GBP",
        "Stripe's reports are about the payments balance: issuing not compared",
    ]


# The summary by category ----------------------------------------------------------------------------------------------


def category_row(category, gross, fee, net, count="", currency="usd"):
    return {
        "reporting_category": category,
        "currency": currency,
        "gross": gross,
        "fee": fee,
        "net": net,
        "count": count,
    }


ACTIVITY = [
    category_row("charge", "90.00", "-2.70", "87.30", "3"),
    category_row("refund", "-10.00", "0.00", "-10.00", "1"),
    category_row("total", "80.00", "-2.70", "77.30", "4"),
]


def test_a_summary_that_says_the_same_agrees_with_its_counts_and_its_total():
    found = compare_summary(ACTIVITY, account(purse()), "x.csv")
    assert (found.form, found.compared, found.differing, found.notes) == ("summary by category", 12, 0, [])
    assert [one.figure for one in found.lines[:4]] == ["gross", "fee", "net", "count"]
    payouts = compare_summary([category_row("payout", "-50.00", "-0.25", "-50.25", "2")], account(purse()), "x.csv")
    assert (payouts.compared, payouts.differing) == (4, 0)


def test_a_fee_is_read_with_either_sign_and_a_report_without_counts_is_compared_without():
    positive = compare_summary([category_row("charge", "90.00", "2.70", "87.30")], account(purse()), "x.csv")
    assert told(positive) == {"refund": (None, -1_000)}
    assert [one.figure for one in positive.lines] == ["gross", "fee", "net", "net"]
    nothing = compare_summary([category_row("refund", "-10.00", "0.00", "-10.00", "²")], account(purse()), "x.csv")
    assert told(nothing) == {"charge": (None, 8_730)}


def test_a_category_that_the_lake_lacks_has_sums_of_nothing_and_one_that_the_report_lacks_is_named():
    rows = [*ACTIVITY[:1], category_row("dispute", "-5.00", "-15.00", "-20.00", "1")]
    found = compare_summary(rows, account(purse()), "x.csv")
    assert [(one.name, one.figure, one.report, one.lake) for one in found.lines if not one.agrees] == [
        ("dispute", "gross", -500, 0),
        ("dispute", "fee", 1_500, 0),
        ("dispute", "net", -2_000, 0),
        ("dispute", "count", 1, 0),
        ("refund", "net", None, -1_000),
    ]
    elsewhere = compare_summary([category_row("charge", "1.00", "0", "1.00", "1", "eur")], account(purse()), "x.csv")
    assert elsewhere.differing == 3
    assert elsewhere.notes == ["the report has no lines of USD"]


# Itemized -------------------------------------------------------------------------------------------------------------


def item(**others):
    row = {"balance_transaction_id": " txn_1 ", "currency": " USD ", "gross": "10.00", "fee": "0.59", "net": "9.41"}
    return {**row, "reporting_category": "charge", **others}


def test_itemized_rows_are_read_with_either_sign_of_the_fee():
    wanted = Itemized("txn_1", "usd", "charge", 1_000, 59, 941)
    assert list(itemized([item(), item(fee="-0.59")], "x.csv")) == [wanted, wanted]
    assert list(itemized([item(reporting_category="  ")], "x.csv")) == [wanted._replace(category=None)]
    without = item()
    del without["reporting_category"]
    assert list(itemized([without], "x.csv")) == [wanted._replace(category=None)]
    assert list(itemized([item(fee="0.00", net="10.00")], "x.csv")) == [wanted._replace(fee=0, net=1_000)]
    assert next(itemized([item(net="9.00")], "x.csv")).fee == 59  # adds up with neither sign: as it is printed
    with pytest.raises(ConfigError, match=r"x\.csv, line 3"):
        list(itemized([item(), item(gross="ten")], "x.csv"))


def test_each_figure_of_a_row_that_differs_is_told_and_a_row_that_one_side_lacks():
    row = Itemized("txn_1", "usd", "charge", 1_000, 59, 941)
    assert differences(row, row) == []
    assert differences(None, None) == []
    assert differences(row, None) == [Compared("txn_1", "usd", "row", 941, None)]
    assert differences(None, row) == [Compared("txn_1", "usd", "row", None, 941)]
    assert differences(row._replace(category=None), row) == []
    other = Itemized("txn_1", "eur", "refund", 1, 2, 3)
    assert differences(row, other) == [
        Compared("txn_1", "usd", "currency", "usd", "eur"),
        Compared("txn_1", "usd", "category", "charge", "refund"),
        Compared("txn_1", "usd", "gross", 1_000, 1),
        Compared("txn_1", "usd", "fee", 59, 2),
        Compared("txn_1", "usd", "net", 941, 3),
    ]


def test_lines_that_are_not_kept_are_counted_all_the_same():
    found = Comparison("itemized")
    same, other = Compared("a", "usd", "net", 1, 1), Compared("b", "usd", "net", 1, 2)
    found.add(same, other, keep=False)
    assert (found.compared, found.differing, found.lines) == (2, 1, [])
    found.add(other)
    assert (found.compared, found.differing, found.lines) == (3, 2, [other])


@pytest.mark.parametrize(
    ("text", "currency", "value"),
    [
        ("1,234", "usd", 123_400),
        ("1,234", "kwd", 1_234),  # as many digits as there are decimals: a comma before decimals
        ("1,23", "usd", 123),
        ("1,234", "jpy", 1_234),
        ("1.234", "kwd", 1_234),
        ("1,234.56", "usd", 123_456),
        ("1.234,56", "eur", 123_456),
        ("-1,234,567.891", "kwd", -1_234_567_891),
        ("1,234,567", "kwd", 1_234_567_000),
        ("1.234.567", "jpy", 1_234_567),
    ],
)
def test_marks_between_thousands_are_no_decimals(text, currency, value):
    assert minor(text, currency, "x") == value
