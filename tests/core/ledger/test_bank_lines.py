from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.bank_lines import bank_line, is_of, matches
from connector.core.ledger.bridge import Known
from connector.core.ledger.money import decimals
from connector.errors import UsageError


def known(amount=119_911, currency="eur", trace=None):
    return Known("po_1", 1_000, 2_000, amount, currency, "paid", trace_id=trace)


def fits(amount=None, *, of=None, **said):
    asked = {"arrives": None, "trace": None, "currency": None} | said
    return is_of(bank_line(amount=amount, **asked), of or known())


@pytest.mark.parametrize(
    "text",
    ["1,199.11", "1.199,11", "1 199,11", "1\u202f199,11", "1'199.11", "1199.11", "1199,11", "+1,199.11", "1,199.110"],
)
def test_an_amount_is_read_as_banks_write_it(text):
    assert fits(text)


@pytest.mark.parametrize("text", ["1,199.12", "119.911", "1,199", "-1,199.11", "1,199.111", "11,9911"])
def test_another_amount_is_not_it(text):
    assert not fits(text)


@pytest.mark.parametrize("text", ["", "12.3.4", "1,99,1", "abc", "1,199.11 EUR", "--5", "1.1.1,1,1", "٣", "1e3"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(UsageError, match="not an amount"):
        fits(text)


def test_a_separator_that_could_be_either_is_both_as_far_as_the_currency_allows():
    assert fits("1,199", of=known(119_900, "eur"))
    assert fits("1,199", of=known(1_199, "jpy"))
    assert fits("1,199", of=known(1_199, "kwd"))
    assert fits("1,199", of=known(1_199_000, "kwd"))
    assert not fits("1,199", of=known(1_199, "eur"))


def test_a_sign_is_heeded_where_there_is_one():
    assert fits("50.00", of=known(-5_000))
    assert fits("-50.00", of=known(-5_000))
    assert fits("\u221250,00", of=known(-5_000))
    assert not fits("+50.00", of=known(-5_000))


@pytest.mark.parametrize("text", ["-50.00", "50.00-", "50,00 -", "(50.00)", "\u221250.00", "50.00\u2212"])
def test_what_the_bank_took_is_written_in_many_ways(text):
    assert fits(text, of=known(-5_000))
    assert not fits(text, of=known(5_000))


@pytest.mark.parametrize("text", ["KWD 96.100", "1,199.11 EUR", "€5", "eur5.00"])
def test_where_a_currency_stands_beside_the_amount_it_is_said_where_that_goes(text):
    with pytest.raises(UsageError, match="its currency goes with `currency`"):
        fits(text)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["eur", "jpy", "kwd"]), st.booleans())
def test_every_amount_is_found_as_either_half_of_the_world_writes_it(amount, currency, comma):
    places = decimals(currency)
    whole, part = divmod(abs(amount), 10**places)
    text = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    if comma:
        text = text.translate(str.maketrans(",.", ".,"))
    assert fits(text, of=known(amount, currency))


def test_a_trace_id_is_found_alone_or_in_the_whole_text_of_the_line():
    one = known(trace="TRN 00123456")
    assert fits(trace="trn00123456", of=one)
    assert fits(trace="STRIPE PAYOUT TRN00123456 ref 7", of=one)
    assert fits(trace="00123456", of=one)
    assert not fits(trace="00123457", of=one)
    assert not fits(trace="00123456", of=known())
    with pytest.raises(UsageError, match="too short"):
        fits(trace="123")


def test_the_nearest_day_comes_first_and_days_far_away_not_at_all():
    line = bank_line(amount="1,199.11", arrives="2026-10-05", trace=None, currency=None)
    days = [date(2026, 9, 29), date(2026, 10, 2), date(2026, 10, 5), date(2026, 10, 10), date(2026, 10, 11)]
    found = matches(line, [(known(), day) for day in days])
    assert [(one.day.day, one.days_apart) for one in found] == [(5, 0), (2, 3), (10, 5)]


@pytest.mark.parametrize(
    "said",
    [
        {"amount": None, "trace": None, "arrives": "2026-10-01"},
        {"amount": None, "trace": "  ", "arrives": None},
        {"amount": "5", "trace": None, "arrives": "1 October"},
    ],
)
def test_nothing_to_look_for_or_no_day_is_refused(said):
    with pytest.raises(UsageError):
        bank_line(currency=None, **said)


def test_a_currency_is_heeded():
    assert fits("1199.11", currency="EUR")
    assert not fits("1199.11", currency="usd")
