"""From an id to its object, wherever it lives: what retrieval and `expand` stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.core import disputes, movements, payments
from connector.sandbox.core.kinds import CHARGES, PAYOUTS, REFUNDS, TOPUPS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.core.view import View

_PAYABLE = tuple(kind for kind in CHARGES if kind != Kind.TRANSFER_IN)

MAKERS: dict[str, tuple[tuple[Kind, ...], Callable[[View, int], dict[str, Any]]]] = {
    "ch_": (CHARGES, payments.charge),
    "py_": (CHARGES, payments.charge),
    "pi_": (_PAYABLE, payments.payment_intent),
    "re_": (REFUNDS, payments.refund),
    "pyr_": (REFUNDS, payments.refund),
    "du_": ((Kind.DISPUTE,), disputes.dispute),
    "po_": (PAYOUTS, movements.payout),
    "tr_": ((Kind.TRANSFER,), movements.transfer),
    "trr_": ((Kind.TRANSFER_REVERSAL,), movements.transfer_reversal),
    "fee_": ((Kind.APPLICATION_FEE,), movements.application_fee),
    "fr_": ((Kind.APPLICATION_FEE_REFUND,), movements.fee_refund),
    "tu_": (TOPUPS, movements.topup),
    "rsvtx_": ((Kind.RESERVE_TRANSACTION,), movements.reserve_transaction),
    "ipi_": ((Kind.ISSUING_TRANSACTION,), movements.issuing_transaction),
}
"""By prefix: the kinds of row that have such an object, and what makes it."""

_STUBS = {
    "cus_": "customer",
    "pm_": "payment_method",
    "ca_": "application",
    "ba_": "bank_account",
    "ic_": "issuing.card",
    "ich_": "issuing.cardholder",
}
"""Objects outside the sandbox's world: expanded to their id, type, and that they are gone."""


def number_of(view: View, value: str, *prefixes: str) -> int | None:
    """The row of this account behind an id with one of `prefixes`, if it exists by now."""
    number = view.ledger.find(value, *prefixes)
    if number is None or view.ledger.created[number] > view.now:
        return None
    prefix = value[: value.rindex("_") + 1]
    if prefix == "txn_":
        return None if number in view.ledger.rowless else number
    kinds = MAKERS[prefix][0]
    fitting = view.ledger.kind[number] in kinds and (prefix == "pi_" or view.ledger.source_of(number) == value)
    return number if fitting else None


def retrieve(view: View, value: str, *prefixes: str) -> dict[str, Any] | None:
    """An object of this account, or None."""
    number = number_of(view, value, *prefixes)
    if number is None:
        return None
    prefix = value[: value.rindex("_") + 1]
    return view.row(number) if prefix == "txn_" else MAKERS[prefix][1](view, number)


def resolve(view: View, value: str) -> dict[str, Any] | None:
    """What `expand` puts in an id's place: an object of whichever account owns it, or None."""
    prefix = value[: value.rfind("_") + 1]
    if prefix in _STUBS:
        return {"id": value, "object": _STUBS[prefix], "deleted": True}
    if value in view.world.account_index:
        return account(view.of(view.world.account_index[value]))
    owner = view.world.owner_of(value)
    if owner is None or (prefix != "txn_" and prefix not in MAKERS):
        return None
    return retrieve(view.of(owner), value, prefix)


def account(view: View) -> dict[str, Any]:
    """An account; without `created` where the world is told to leave it out."""
    created = view.world.created_of(view.index)
    platform = view.index == 0
    empty: dict[str, Any] = {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": [],
        "disabled_reason": None,
        "errors": [],
        "eventually_due": [],
        "past_due": [],
        "pending_verification": [],
    }
    out: dict[str, Any] = {
        "id": view.account,
        "object": "account",
        "business_profile": {"mcc": "5734", "name": f"Sandbox shop {view.index}", "url": "https://shop.example"},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": created,
        "default_currency": view.world.currencies[0],
        "details_submitted": True,
        "email": "platform@example.com" if platform else f"shop{view.index}@example.com",
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{view.account}/external_accounts",
        },
        "future_requirements": empty,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": empty,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": f"Sandbox shop {view.index}", "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": "SANDBOX",
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }
    if created is None:
        del out["created"]
    return out


def balance(view: View) -> dict[str, Any]:
    """The account's balance: Σ net of its rows, so it agrees with them to the minor unit."""
    sums = view.ledger.balances(view.now)
    currencies = view.ledger.currencies

    def amounts(type_: str, part: int, *, by_source: bool = False) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        for (balance_type, currency), pair in sorted(sums.items(), key=lambda item: item[0][1]):
            if balance_type == type_:
                entry = {"amount": pair[part], "currency": currencies[currency]}
                out.append(entry | ({"source_types": {"card": pair[part]}} if by_source else {}))
        return out

    nothing = [{"amount": 0, "currency": currencies[0]}]
    reserved = _connect_reserved(view)
    out: dict[str, Any] = {
        "object": "balance",
        "available": amounts("payments", 0, by_source=True) or [nothing[0] | {"source_types": {"card": 0}}],
        "livemode": view.livemode,
        "pending": amounts("payments", 1, by_source=True) or [nothing[0] | {"source_types": {"card": 0}}],
    }
    if reserved:
        out["connect_reserved"] = [{"amount": reserved, "currency": currencies[0]}]
    if issuing := amounts("issuing", 0):
        out["issuing"] = {"available": issuing}
    if not view.legacy:
        prefunded = "refund_and_dispute_prefunding"
        out[prefunded] = {"available": amounts(prefunded, 0) or nothing, "pending": amounts(prefunded, 1) or nothing}
    return out


def _connect_reserved(view: View) -> int:
    """What reserve transactions took out of the payments balance, in the first currency."""
    ledger = view.ledger
    numbers = (ledger.order[at] for at in ledger.positions((Kind.RESERVE_TRANSACTION,)))
    return -sum(ledger.amount[number] for number in numbers if ledger.created[number] <= view.now)
