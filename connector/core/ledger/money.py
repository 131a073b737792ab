"""Amounts for people: integers in the minor unit, shown with the currency's own decimals. Never a float.

The decimals are those of the API, which are not always those of daily life: 5 Ugandan shillings are 500 in the API, as
5 Icelandic krónur are, though nobody has coins for a hundredth of either.

Source: docs.stripe.com/currencies, as of 2026-11-27: the lists of zero-decimal and three-decimal currencies, less what
the special cases of the same page take back. It has `ugx` in the list and among the special cases; the API goes by the
latter, as Stripe's own refusal says: "Currency UGX has become effectively zero-decimal and charged amounts must be
evenly divisible by 100" (quoted in woocommerce-gateway-stripe, pull request 2723; in WordPress/wordcamp.org, pull
request 1320, an amount of 380000 was charged as 3,800 shillings). `huf` and `twd` are whole in payouts, in hundredths.
"""

from __future__ import annotations

from connector.errors import UsageError

_NO_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
_THREE_DECIMALS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])

MOST_DECIMALS = 3

_LETTERS = 3
"""Of a code of ISO 4217."""

NOT_TWO = {0: tuple(sorted(_NO_DECIMALS)), MOST_DECIMALS: tuple(sorted(_THREE_DECIMALS))}
"""Currencies that do not have two decimals, by how many they have."""


def decimals(currency: str) -> int:
    """Return how many decimals Stripe's amounts of a currency have: 0, 2 or 3.

    An amount in minor units, as Stripe sends it and the lake keeps it, is `10 ** decimals(currency)` times the amount
    in whole units.

    Args:
        currency: ISO code in any case. One that is not in the table has two decimals, as most have.

    Raises:
        UsageError: the currency is not text.

    Source: docs.stripe.com/currencies, as of 2026-11-27; `isk` and `ugx` have two, by the special cases there.
    """
    if not isinstance(currency, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may have no types
        raise UsageError(f"a currency is its ISO code as text, such as 'usd', not {type(currency).__name__}")
    code = currency.lower()
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def currency_code(text: str) -> str:
    """Return a currency's code as Stripe writes it, in lower case.

    Raises:
        UsageError: it cannot be one.
    """
    code = text.strip().lower() if isinstance(text, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance] - as above
    if not (len(code) == _LETTERS and code.isascii() and code.isalpha()):
        raise UsageError(f"{text!r} is not a currency: write the three letters of its ISO code, such as eur")
    return code


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
