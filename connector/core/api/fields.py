"""Members of an object as received, taken out with their types checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.api.page import Row


def whole(row: Row, name: str) -> int:
    """Return an integer.

    Raises:
        ProtocolError: it is something else, or missing.
    """
    value = row.get(name)
    if type(value) is not int:
        raise ProtocolError(f"{_called(row)}: {name} is {str(value)[:40]!r}, not an integer")
    return value


def whole_or(row: Row, name: str, default: int) -> int:
    """Return an integer, the default where it is missing or null; raises what `whole` raises."""
    return default if row.get(name) is None else whole(row, name)


def text(row: Row, name: str) -> str:
    """Return a string.

    Raises:
        ProtocolError: it is something else, or missing.
    """
    value = row.get(name)
    if not isinstance(value, str):
        raise ProtocolError(f"{_called(row)}: {name} is {str(value)[:40]!r}, not text")
    return value


def object_of(value: object) -> Row | None:
    """Return a reference that was expanded; None for an id or null."""
    return cast("Row", value) if isinstance(value, dict) else None


def id_of(value: object) -> str | None:
    """Return the id of a reference, expanded or not; None for null."""
    if (expanded := object_of(value)) is not None:
        value = expanded.get("id")
    return value if isinstance(value, str) else None


def _called(row: Row) -> str:
    return str(row.get("id") or f"an object of type {row.get('type')!r}")
