"""The values that Stripe documents for fields of few values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from connector import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def known_values() -> dict[str, frozenset[str]]:
    """Give the documented values of each field of a balance transaction that has any.

    Returns:
        By name; those of the items of `fee_details` as `fee_details.type`.
    """
    return {name: frozenset(values) for name, values in _values_in(schemas.load("api/balance_transaction"), "")}


def _values_in(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, list[str]]]:
    for name, field in schema["properties"].items():
        if "x-known-values" in field:
            yield prefix + name, field["x-known-values"]
        if "items" in field:
            yield from _values_in(field["items"], f"{prefix}{name}.")
