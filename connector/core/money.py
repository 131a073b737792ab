"""Amounts for people: integers in the minor unit, shown with the currency's own decimals. Never a float.

Source: docs.stripe.com/currencies (zero-decimal and three-decimal currencies).
"""

from __future__ import annotations

_NO_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"]
)
_THREE_DECIMALS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def decimals(currency: str) -> int:
    """Return how many decimals the currency's minor unit stands for: 0, 2 or 3."""
    code = currency.lower()
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def to_text(amount: int, currency: str) -> str:
    """Return an amount as people write it, for example `-1,234.50 USD`, `500 JPY`, `1.234 KWD`.

    Args:
        amount: in minor units.
        currency: ISO code in any case.
    """
    places = decimals(currency)
    whole, part = divmod(abs(amount), 10**places)
    fraction = f".{part:0{places}d}" if places else ""
    return f"{'-' if amount < 0 else ''}{whole:,}{fraction} {currency.upper()}"
