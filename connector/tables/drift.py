"""How the rows received differ from the schema: fields and values Stripe has added, types it has changed.

Nothing of this is an error and nothing of it is lost; it is worth a line in the run report. An ordinary page costs a
few set operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.json_text import REPEATED
from connector.core.state.drift import Drift, DriftFinding
from connector.tables.columnize import BALANCE_TRANSACTION, FEE_PART, Columnized, columnize
from connector.tables.fields import ABSENT, Fields, Json
from connector.tables.known_values import known_values
from connector.tables.transaction import are_documented, have_known_values, to_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.tables.columnize import Received

_REPEATED = f"${REPEATED}"
"""How `extra` calls what came more than once."""

_LONGEST = 100
"""Characters kept of a name."""


def drift(rows: Received | Columnized) -> Drift:
    """Compare rows with `schemas/api/balance_transaction.json`.

    Args:
        rows: balance transactions as documented; or objects, best after `columnize`, which makes this cheap.

    Raises:
        SchemaError: as `columnize`.
    """
    if not isinstance(rows, Columnized) and are_documented(rows):
        if have_known_values(rows):
            return Drift()
        rows = [to_object(row) for row in rows]
    columnized = rows if isinstance(rows, Columnized) else columnize(rows)
    distinct = columnized.distinct
    strange = {
        name: values - known
        for name, known in known_values().items()
        if not (values := distinct[name] - {None}) <= known
    }
    if not strange and not columnized.extras:
        return Drift()
    return Drift.of([*_fields(columnized), *_values(columnized, strange)])


def _fields(columnized: Columnized) -> Iterator[DriftFinding]:
    """Read the extras for fields that are unknown, missing or of another type."""
    for row, extra in zip(columnized.received, columnized.extras, strict=bool(columnized.extras)):
        beside_parts = "fee_details" in extra and BALANCE_TRANSACTION.tests["fee_details"](row["fee_details"])
        own = {name: value for name, value in extra.items() if not (beside_parts and name == "fee_details")}
        yield from _of_one(own, BALANCE_TRANSACTION, "", row["id"])
        for part in extra["fee_details"] if beside_parts else ():
            yield from _of_one(part or {}, FEE_PART, "fee_details.", row["id"])


def _of_one(extra: Json, fields: Fields, prefix: str, row_id: str) -> Iterator[DriftFinding]:
    for name in extra.get(ABSENT, ()):
        yield DriftFinding("missing_field", prefix + name, 1, row_id)
    for name in extra.keys() - {ABSENT}:
        if name == _REPEATED:
            yield from (
                DriftFinding("repeated_field", _short(_without_positions(path)), 1, row_id) for path in extra[name]
            )
        elif name in fields.tests:
            yield DriftFinding("changed_type", prefix + name, 1, row_id)
        else:
            yield DriftFinding("unknown_field", _short(prefix + name.removeprefix("$")), 1, row_id)


def _without_positions(path: str) -> str:
    """Return a path as the fields are called, whichever part of a list it leads to."""
    return ".".join(step for step in path.split(".") if not step.isdecimal())


def _values(columnized: Columnized, strange: dict[str, set[str | None]]) -> Iterator[DriftFinding]:
    """Find the rows that have a value which is not documented."""
    for name, values in strange.items():
        column, _, member = name.partition(".")
        for row_id, value in zip(columnized.columns["id"], columnized.columns[column], strict=True):
            for member_value in (value,) if not member else (part[member] for part in value or ()):
                if member_value in values:
                    yield DriftFinding("unknown_value", _short(f"{name}={member_value}"), 1, row_id)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
