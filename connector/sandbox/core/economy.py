"""What things cost and which kinds of row happen: the numbers a history is drawn from."""

from __future__ import annotations

import functools
import math
import random

from connector.sandbox.core.kinds import Kind

ISO_EXPONENTS = {
    0: "bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf",
    3: "bhd iqd jod kwd lyd omr tnd",
    4: "clf uyw",
}
"""Decimals of ISO 4217 (list one of the maintenance agency, six-group.com, as of 2026), where they are not two."""

DEPARTURES = {"isk": 2, "ugx": 2, "mga": 0}
"""Where Stripe's API departs from ISO 4217, as open-source integrations found out: Shopify/money (its `:stripe` format)
and polarsource/polar for the two that have hundredths in the API only, and for ariary, whose fifths Stripe leaves out.
The client has its table from Stripe's own page; a test holds one against the other."""

WHOLE_ONLY = frozenset({"isk", "ugx"})
"""Currencies charged in whole units, though the API has hundredths of them."""

_DECIMALS = {code: places for places, codes in ISO_EXPONENTS.items() for code in codes.split()} | DEPARTURES

FX_STEP = 48_271
"""Spreads presentment amounts and rates over row numbers; prime."""

PRICES = 4096

PER_MILLE = {
    Kind.CHARGE_FX: 30,
    Kind.PAYMENT: 90,
    Kind.REFUND: 55,
    Kind.PAYMENT_REFUND: 8,
    Kind.REFUND_FAILURE: 2,
    Kind.DISPUTE: 5,
    Kind.DISPUTE_REVERSAL: 2,
    Kind.STRIPE_FEE: 4,
    Kind.TAX_FEE: 1,
    Kind.TOPUP: 4,
    Kind.PAYOUT_MANUAL: 2,
    Kind.RESERVE_TRANSACTION: 2,
    Kind.RESERVE_HOLD: 2,  # only where Stripe holds risk reserves
    Kind.ISSUING_TOPUP: 1,
    Kind.ISSUING_TRANSACTION: 3,
    Kind.PREFUNDING_TOPUP: 1,
}
PLATFORM_PER_MILLE = {
    Kind.TRANSFER: 35,
    Kind.APPLICATION_FEE: 25,
    Kind.TRANSFER_REVERSAL: 3,
    Kind.APPLICATION_FEE_REFUND: 2,
}


def minor_units(currency: str) -> int:
    """Minor units in one unit of a currency."""
    return 10 ** _DECIMALS.get(currency, 2)


def smallest_step(currency: str) -> int:
    """What charged amounts are multiples of, in minor units: Stripe refuses others."""
    return 100 if currency in WHOLE_ONLY else 10 if minor_units(currency) == 1000 else 1  # noqa: PLR2004 - thousandths


def fx_of(number: int) -> tuple[int, float]:
    """What a payment in a foreign currency was for: presentment amount in its minor units, and the exchange rate."""
    step = number * FX_STEP
    return 500 + step % 24_989, round(1.05 + (step // 24_989 % 30_011) / 100_000, 6)


def conversion_fee(amount: int) -> int:
    """What Stripe takes for converting a payment: a hundredth of what it came to, shown apart in `fee_details`."""
    return amount // 100


@functools.cache
def mix(*, connected: bool, reserves: bool = False) -> tuple[Kind, ...]:
    """A thousand kinds to draw from, charges for what the tables leave.

    Args:
        connected: with what platforms do.
        reserves: with risk reserves.
    """
    per_mille = PER_MILLE | PLATFORM_PER_MILLE if connected else PER_MILLE
    rare = [kind for kind, count in per_mille.items() for _ in range(count)]
    rare = [kind if reserves or kind != Kind.RESERVE_HOLD else Kind.CHARGE for kind in rare]
    return (*rare, *[Kind.CHARGE] * (1000 - len(rare)))


@functools.cache
def prices(currency: str) -> tuple[int, ...]:
    """What things cost, in minor units: log-normal around 40 dollars or 5,000 yen."""
    unit = minor_units(currency)
    median = math.log(5_000 if unit == 1 else 40 * unit)
    step = smallest_step(currency)
    low = 50 if unit == 1 else max(step, unit // 2)
    rng = random.Random(f"prices/{currency}")
    return tuple(max(low, round_down(int(rng.lognormvariate(median, 0.9)), step)) for _ in range(PRICES))


def round_down(amount: int, step: int) -> int:
    """The largest multiple of `step` that is not above `amount`."""
    return amount - amount % step
