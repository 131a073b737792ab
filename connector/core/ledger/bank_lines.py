"""A line of a bank's statement: what it says of an amount, a day and a reference, and which payout it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from connector.core.ledger.money import currency_code, decimals
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.ledger.bridge import Known

NEAR_DAYS = 5
"""Days between Stripe's arrival date and the bank's booking within which a payout counts as near: weekends and holidays
lie between (docs.stripe.com/payouts)."""

_SPACES = str.maketrans("", "", "\u00a0\u202f\u2009 '\u2019_")
"""What some banks group thousands with."""

_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_CODE = re.compile(r"^\s*[A-Za-z]{3}(?![A-Za-z])|(?<![A-Za-z])[A-Za-z]{3}\s*$|[€$£¥]")
_LEAST_TRACE = 6


@dataclass(frozen=True, slots=True)
class BankStatementLine:
    """What to look for.

    Attributes:
        amounts: readings of the amount, each as digits before and after the decimal sign; none for any amount.
        sign: -1 or 1 where the amount has one, else 0: either.
        arrives: day of the line, or None.
        trace: reference in it, without spaces, in upper case; empty for none.
        currency: lower-case ISO code, or None for any.
    """

    amounts: frozenset[tuple[str, str]] = frozenset()
    sign: int = 0
    arrives: date | None = None
    trace: str = ""
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A payout that the line may be.

    Attributes:
        known: the payout.
        day: of its arrival.
        days_apart: days from there to the line's day; 0 where the line has none.
    """

    known: Known
    day: date
    days_apart: int


def bank_line(
    *, amount: str | None, arrives: str | date | None, trace: str | None, currency: str | None
) -> BankStatementLine:
    """Return what to look for.

    Args:
        amount: as the bank writes it: `1,199.11`, `1.199,11`, `1 199,11`, `-50.00`, `50.00-`, `(50.00)`.
        arrives: day, as ISO 8601 writes it, or a date.
        trace: reference, or the whole text of the line with the reference in it.
        currency: ISO code.

    Raises:
        UsageError: there is nothing to look for, or it is no amount or no day.
    """
    if amount is None and not (trace or "").strip():
        raise UsageError("what to find? give an amount, a trace id, or both, and the day it arrived if that is known")
    readings, sign = (frozenset[tuple[str, str]](), 0) if amount is None else _read(amount)
    reference = _plain(trace or "")
    if trace is not None and len(reference) < _LEAST_TRACE:
        raise UsageError(f"{trace!r} is too short for a trace id: give at least {_LEAST_TRACE} letters or digits")
    return BankStatementLine(
        readings, sign, _day(arrives), reference, None if currency is None else currency_code(currency)
    )


def matches(line: BankStatementLine, payouts: Iterable[tuple[Known, date]]) -> list[Match]:
    """Return the payouts that a line may be, those nearest to its day first.

    Args:
        line: what to look for.
        payouts: each with the day it arrives on.
    """
    matched: list[Match] = []
    for known, day in payouts:
        apart = 0 if line.arrives is None else abs((line.arrives - day).days)
        if apart <= NEAR_DAYS and is_of(line, known):
            matched.append(Match(known, day, apart))
    return sorted(matched, key=lambda match: (match.days_apart, match.known.created, match.known.id))


def is_of(line: BankStatementLine, known: Known) -> bool:
    """Say whether a payout has the line's amount, reference and currency, as far as it has any."""
    if line.currency not in {None, known.currency}:
        return False
    if line.trace and not _same_trace(line.trace, known.trace_id):
        return False
    if not line.amounts:
        return True
    if line.sign and (known.amount < 0) != (line.sign < 0):
        return False
    places = decimals(known.currency)
    return abs(known.amount) in {value for amount in line.amounts if (value := _minor(amount, places)) is not None}


def _read(text: str) -> tuple[frozenset[tuple[str, str]], int]:
    """Return every reading of an amount: `1,199` is eleven hundred and ninety-nine, or one and a bit."""
    sign, digits = _signed(text.strip().translate(_SPACES))
    readings: set[tuple[str, str]] = set()
    for grouping, decimal in ((",", "."), (".", ",")):
        whole, point, part = digits.rpartition(decimal) if decimal in digits else (digits, "", "")
        grouped = whole.isdecimal() or bool((shape := _GROUPED.fullmatch(whole)) and shape[1] == grouping)
        if grouped and (part.isdecimal() or not point) and digits.isascii():
            readings.add((whole.replace(grouping, ""), part))
    if not readings:
        elsewhere = "; its currency goes with `currency`" if _CODE.search(text) else ""
        raise UsageError(
            f"{text!r} is not an amount: write it as the bank does, such as 1,199.11 or 1.199,11{elsewhere}"
        )
    return frozenset(readings), sign


def _signed(plain: str) -> tuple[int, str]:
    """Return the sign and what follows from it: `-50.00`, `50.00-` and `(50.00)` are all less than nothing."""
    if plain.startswith("(") and plain.endswith(")"):
        return -1, plain[1:-1]
    for sign, signs in ((-1, ("-", "\u2212")), (1, ("+",))):
        if plain.startswith(signs):
            return sign, plain[1:]
        if plain.endswith(signs):
            return sign, plain[:-1]
    return 0, plain


def _minor(reading: tuple[str, str], places: int) -> int | None:
    """Return an amount in minor units of a currency; None where it has more decimals than the currency."""
    whole, part = reading
    return None if part[places:].strip("0") else int(whole + part[:places].ljust(places, "0"))


def _day(value: str | date | None) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise UsageError(f"{value!r} is not a day: write 2026-10-01, today or yesterday") from error


def _same_trace(asked: str, known: str | None) -> bool:
    """Say whether a reference is the payout's, or the payout's stands in it, as in the whole text of a line."""
    own = _plain(known or "")
    return len(own) >= _LEAST_TRACE and (own in asked or asked in own)


def _plain(text: str) -> str:
    return "".join(text.split()).upper()
