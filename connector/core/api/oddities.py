"""What is legal JSON and yet odd in an answer: members that come twice, whole numbers written as `100.0` or `1e2`."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.json_text import REPEATED, Earlier, LongNumber

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.api.page import Row

WHOLE = ("amount", "fee", "net", "created", "available_on", "arrival_date")
"""Members that are whole numbers wherever they occur."""

_VITAL = frozenset(
    {
        *WHOLE,
        "available",
        "balance_type",
        "currency",
        "data",
        "exchange_rate",
        "fee_details",
        "has_more",
        "id",
        "livemode",
        "object",
        "pending",
        "reporting_category",
        "source",
        "status",
        "type",
    }
)
"""Members a ledger rests on."""

_CUSTOMERS = "metadata"
"""Customers name what is in it as they like."""

_SHARES = "source_types"
"""Amounts by kind, whatever the kinds are."""

_EXACT = 2**53
"""From here on a double may be the nearest to another whole number than itself."""


class RepeatedError(Exception):
    """A member that a ledger rests on came more than once; its path is the text."""


def gather_repeats(document: Row) -> None:
    """Bring together what came more than once: for each row of a list, or for the whole object, by path.

    Where an object has a member twice, the last one counts. The earlier ones are put under `REPEATED` in the row:
    `{"source.description": ["the first"]}`.

    Raises:
        RepeatedError: it is a member that a ledger rests on.
    """
    rows = document.get("data")
    if not isinstance(rows, list):
        _gather(document)
        return
    for row in cast("list[Any]", rows):
        if isinstance(row, dict):
            _gather(cast("Row", row))
    for _ in _taken({name: value for name, value in document.items() if name != "data"}, ()):
        pass  # beside the rows nothing is kept: it only has to be none that counts
    document.pop(REPEATED, None)


def settle_numbers(value: object, *, shares: bool = False) -> None:
    """Make integers of whole numbers that were written with a fraction or an exponent, where integers are documented.

    Args:
        value: an object or a list, changed in place; the rate of exchange, whose column is a double, becomes one where
            there is one.
        shares: whether all its members are amounts.
    """
    if isinstance(value, list):
        for member in cast("list[Any]", value):
            settle_numbers(member)
    elif isinstance(value, dict):
        members = cast("Row", value)
        for name, member in members.items():
            if type(member) is float:
                if (shares or _is_amount(name)) and member.is_integer() and abs(member) < _EXACT:
                    members[name] = int(member)
            elif isinstance(member, LongNumber):
                members[name] = float(member) if name == "exchange_rate" and isfinite(member) else member
            elif isinstance(member, dict | list) and name != _CUSTOMERS:
                settle_numbers(cast("object", member), shares=name == _SHARES)


def _gather(owner: Row) -> None:
    if repeated := dict(_taken(owner, ())):
        owner[REPEATED] = repeated


def _taken(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, list[Any]]]:
    """Take out what came more than once, in a value and below it, with its path."""
    if isinstance(value, list):
        for position, member in enumerate(cast("list[Any]", value)):
            yield from _taken(member, (*path, str(position)))
    elif isinstance(value, dict):
        members = cast("Row", value)
        if isinstance(members.get(REPEATED), Earlier):
            for name, values in members.pop(REPEATED).items():
                if _is_vital((*path, name)):
                    raise RepeatedError(".".join((*path, name)))
                yield ".".join((*path, name)), values
        for name, member in members.items():
            yield from _taken(member, (*path, name))


def _is_vital(path: tuple[str, ...]) -> bool:
    return _CUSTOMERS not in path and (path[-1] in _VITAL or _is_amount(path[-1]) or _SHARES in path)


def _is_amount(name: str) -> bool:
    return name in WHOLE or name.startswith("amount_") or name.endswith("_amount")
