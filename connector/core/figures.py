"""The figures of a balance transaction: gross, net, and the fee by kind.

Source: docs.stripe.com/api/balance_transactions/object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from connector.core.members import id_of, text, whole
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.page import Row

STRIPE_FEE = "stripe_fee"


@dataclass(frozen=True, slots=True)
class FeePart:
    """One entry of `fee_details`.

    Attributes:
        type: `stripe_fee`, `application_fee`, `tax`, `payment_method_passthrough_fee`, `withheld_tax`, or a newer one.
        amount: in minor units.
        currency: lower-case ISO code.
        application: the Connect application that earned it, `ca_…`.
        description: as Stripe words it.
    """

    type: str
    amount: int
    currency: str
    application: str | None = None
    description: str | None = None


def parts_of(row: Row) -> tuple[FeePart, ...]:
    """Return a balance transaction's `fee_details`, kinds we do not know included.

    Raises:
        ProtocolError: an entry is not of the documented form.
    """
    details = row.get("fee_details") or []
    if not isinstance(details, list) or not all(isinstance(one, dict) for one in cast("list[Any]", details)):
        raise ProtocolError(f"{row.get('id')}: fee_details is not a list of objects")
    return tuple(
        FeePart(
            type=text(one, "type"),
            amount=whole(one, "amount"),
            currency=text(one, "currency"),
            application=id_of(one.get("application")),
            description=one.get("description"),
        )
        for one in cast("list[Row]", details)
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
