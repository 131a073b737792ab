"""The figures of a balance transaction: gross, net, and the fee by kind. A fee that was given back is negative.

Source: docs.stripe.com/api/balance_transactions/object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.fields import id_of, text, whole
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.api.page import Row

STRIPE_FEE = "stripe_fee"


@dataclass(frozen=True, slots=True)
class FeePart:
    """One entry of `fee_details`.

    Attributes:
        type: `stripe_fee`, `application_fee`, `tax`, `payment_method_passthrough_fee`, `withheld_tax`, or a newer one.
        amount: in minor units; negative where it was given back.
        currency: lower-case ISO code.
        application: the Connect application that earned it, `ca_…`.
        description: as Stripe words it.
    """

    type: str
    amount: int
    currency: str
    application: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class FeeRow:
    """A balance transaction as far as its fees go; amounts in minor units of `currency`.

    Attributes:
        balance_transaction: `txn_…`.
        type: such as `charge`, `refund`, `adjustment`, `payout`.
        reporting_category: such as `dispute`, `dispute_reversal`; None where not received.
        gross: its `amount`.
        fee: all fees together, negative where they were given back; None where the row does not tell.
        net: gross less fee; None where the fee is.
        currency: of settlement.
        exchange_rate: gross for one unit of what the customer paid, where the currencies differ.
        parts: the fee by kind.
        unexplained: fee less all parts, 0 as a rule; None where a part is in another currency.
        status: `pending` or `available`.
        available_on: UTC seconds.
    """

    balance_transaction: str | None
    type: str
    reporting_category: str | None
    gross: int
    fee: int | None
    net: int | None
    currency: str
    exchange_rate: float | None
    parts: tuple[FeePart, ...]
    unexplained: int | None
    status: str | None
    available_on: int | None


def fee_row(row: Row) -> FeeRow:
    """Read the figures of a balance transaction as received.

    Raises:
        ProtocolError: a figure is no integer, or they do not add up.
    """
    gross, fee, net = figures_of(row)
    parts, currency = parts_of(row), text(row, "currency")
    same = all(part.currency == currency for part in parts)
    return FeeRow(
        balance_transaction=id_of(row),
        type=text(row, "type"),
        reporting_category=row.get("reporting_category"),
        gross=gross,
        fee=fee,
        net=net,
        currency=currency,
        exchange_rate=row.get("exchange_rate"),
        parts=parts,
        unexplained=fee - sum(part.amount for part in parts) if same else None,
        status=row.get("status"),
        available_on=row.get("available_on"),
    )


def parts_of(row: Row) -> tuple[FeePart, ...]:
    """Return a balance transaction's `fee_details`, kinds we do not know included.

    Raises:
        ProtocolError: an entry is not of the documented form.
    """
    details: list[Any] = row.get("fee_details") or []
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):  # pyright: ignore[reportUnnecessaryIsInstance] - as received
        raise ProtocolError(f"{row.get('id')}: fee_details is not a list of objects")
    return tuple(
        FeePart(
            type=text(detail, "type"),
            amount=whole(detail, "amount"),
            currency=text(detail, "currency"),
            application=id_of(detail.get("application")),
            description=detail.get("description"),
        )
        for detail in cast("list[Row]", details)
    )


def figures_of(row: Row) -> tuple[int, int, int]:
    """Return a balance transaction's gross, fee and net, in minor units.

    Raises:
        ProtocolError: one is no integer, or they do not add up.
    """
    gross, fee, net = (whole(row, name) for name in ("amount", "fee", "net"))
    if net != gross - fee:
        raise ProtocolError(f"{row.get('id')}: net {net} is not amount {gross} minus fee {fee}")
    return gross, fee, net
