"""`expand`: which paths exist, and replacing ids by their objects.

A path is judged against the schemas before anything is fetched; a path that only some members of the `source` union
know is accepted and left alone where it does not apply. Rules: docs.stripe.com/expand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from connector.sandbox.http import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEEPEST = 4

Tree = dict[str, "Tree"]

_SOURCES = (
    "application_fee",
    "charge",
    "connect_collection_transfer",
    "customer_cash_balance_transaction",
    "dispute",
    "fee_refund",
    "issuing.authorization",
    "issuing.dispute",
    "issuing.transaction",
    "payout",
    "refund",
    "reserve_transaction",
    "tax_deducted_at_source",
    "topup",
    "transfer",
    "transfer_reversal",
)

_ROW = ("balance_transaction",)
_FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "account": {},
    "application_fee": {
        "account": ("account",),
        "application": ("application",),
        "balance_transaction": _ROW,
        "charge": ("charge",),
        "originating_transaction": ("charge",),
    },
    "balance": {},
    "balance_transaction": {"source": _SOURCES},
    "charge": {
        "application": ("application",),
        "application_fee": ("application_fee",),
        "balance_transaction": _ROW,
        "customer": ("customer",),
        "failure_balance_transaction": _ROW,
        "on_behalf_of": ("account",),
        "payment_intent": ("payment_intent",),
        "review": ("review",),
        "source_transfer": ("transfer",),
        "transfer": ("transfer",),
    },
    "connect_collection_transfer": {"destination": ("account",)},
    "customer_cash_balance_transaction": {"customer": ("customer",)},
    "dispute": {"charge": ("charge",), "payment_intent": ("payment_intent",)},
    "fee_refund": {"balance_transaction": _ROW, "fee": ("application_fee",)},
    "issuing.authorization": {"cardholder": ("issuing.cardholder",)},
    "issuing.dispute": {"transaction": ("issuing.transaction",)},
    "issuing.transaction": {
        "authorization": ("issuing.authorization",),
        "balance_transaction": _ROW,
        "card": ("issuing.card",),
        "cardholder": ("issuing.cardholder",),
        "dispute": ("issuing.dispute",),
    },
    "payment_intent": {
        "application": ("application",),
        "customer": ("customer",),
        "latest_charge": ("charge",),
        "on_behalf_of": ("account",),
        "payment_method": ("payment_method",),
        "review": ("review",),
    },
    "payout": {
        "application_fee": ("application_fee",),
        "balance_transaction": _ROW,
        "destination": ("bank_account",),
        "failure_balance_transaction": _ROW,
        "original_payout": ("payout",),
        "reversed_by": ("payout",),
    },
    "refund": {
        "balance_transaction": _ROW,
        "charge": ("charge",),
        "failure_balance_transaction": _ROW,
        "payment_intent": ("payment_intent",),
        "source_transfer_reversal": ("transfer_reversal",),
        "transfer_reversal": ("transfer_reversal",),
    },
    "topup": {"balance_transaction": _ROW},
    "transfer": {
        "balance_transaction": _ROW,
        "destination": ("account",),
        "destination_payment": ("charge",),
        "source_transaction": ("charge",),
    },
    "transfer_reversal": {
        "balance_transaction": _ROW,
        "destination_payment_refund": ("refund",),
        "source_refund": ("refund",),
        "transfer": ("transfer",),
    },
}


def parse_paths(paths: Iterable[str], root: str, *, listed: bool, old_intents: bool = False) -> Tree:
    """Check paths against the schemas and merge them.

    Args:
        paths: as received.
        root: type of the object, or of the list's members.
        listed: the answer is a list, so that every path starts with `data`.
        old_intents: the API version is 2022-08-01 or older, where a payment intent lists its `charges`.

    Raises:
        RefusedError: 400 for the first path that cannot be expanded.
    """
    tree: Tree = {}
    for path in paths:
        segments = path.split(".")
        if len(segments) > DEEPEST:
            raise problems.too_deep(path)
        _check(segments, path, root, listed=listed, old_intents=old_intents)
        branch = tree
        for segment in segments:
            branch = branch.setdefault(segment, {})
    return tree


def _check(segments: list[str], path: str, root: str, *, listed: bool, old_intents: bool) -> None:
    types: tuple[str, ...] = (root,)
    rest = segments
    if listed:
        if segments[0] != "data":
            raise problems.cannot_expand(segments[0], f"data.{segments[0]}" if segments[0] in _FIELDS[root] else None)
        rest = segments[1:]
    while rest:
        if old_intents and types == ("payment_intent",) and rest[0] == "charges":
            types, rest = ("charge",), rest[1:]
            if rest[:1] == ["data"]:
                rest = rest[1:]
            elif rest:
                raise problems.cannot_expand(path)
            continue
        types = tuple({target for type_ in types for target in _FIELDS.get(type_, {}).get(rest[0], ())})
        if not types:
            raise problems.cannot_expand(path)
        rest = rest[1:]


def apply(value: dict[str, Any], tree: Tree, resolve: Callable[[str], dict[str, Any] | None]) -> dict[str, Any]:
    """Replace ids by objects along `tree`, in place; null stays null, and what does not resolve stays an id."""
    for field, branch in tree.items():
        found: Any = value.get(field)
        if isinstance(found, str):
            found = resolve(found) or found
            value[field] = found
        for member in cast("list[Any]", found) if isinstance(found, list) else [found]:
            if isinstance(member, dict):
                apply(cast("dict[str, Any]", member), branch, resolve)
    return value
