"""The one look at every value of a page of balance transactions, before it becomes columns or lines.

Rows decoded as documented need no look. A page of objects is read column by column, which costs well under two
microseconds a row, where each object has the known fields and each column one Python type. If anything at all is
different, the page is gone through row by row instead, and what its columns cannot hold goes to `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pyarrow as pa
from msgspec import UNSET
from msgspec.structs import astuple

from connector.tables.arrow import INSTANT, SECOND, instants
from connector.tables.fields import (
    FIRST_INSTANT,
    LAST_INSTANT,
    Fields,
    Json,
    is_instant,
    is_name,
    is_number,
    is_object,
    is_text,
    is_whole,
    or_null,
)
from connector.tables.transaction import FeePart, Transaction, are_documented, to_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Values: TypeAlias = Callable[[Json], tuple[Any, ...]]

FEE_PART = Fields(
    {
        "amount": is_whole,
        "application": or_null(is_text),
        "currency": is_text,
        "description": or_null(is_text),
        "type": is_text,
    }
)
"""One item of `fee_details`."""


def _is_fee_details(value: object) -> bool:
    return type(value) is list and all(map(is_object, cast("list[object]", value)))


BALANCE_TRANSACTION = Fields(
    {
        "id": is_name,
        "object": is_text,
        "amount": is_whole,
        "available_on": is_instant,
        "balance_type": is_text,
        "created": is_instant,
        "currency": is_text,
        "description": or_null(is_text),
        "exchange_rate": or_null(is_number),
        "fee": is_whole,
        "fee_details": _is_fee_details,
        "net": is_whole,
        "reporting_category": is_text,
        "source": lambda value: value is None or is_text(value) or is_object(value),
        "status": is_text,
        "type": is_text,
    },
    optional=frozenset({"balance_type"}),
    vital=("id", "created", "amount", "fee", "net", "currency", "type"),
    noun="balance transaction",
)
"""One balance transaction; API versions before 2025-05-28.basil have no `balance_type` (docs.stripe.com/changelog).

`status` and `available_on` are not vital: no sum and no file depends on them. Where one is missing or null, its column
is null, and that is counted as drift.
"""

_SINCE_BASIL = "balance_type"
_NAMES = tuple(BALANCE_TRANSACTION.tests)
_OLD_NAMES = tuple(name for name in _NAMES if name != _SINCE_BASIL)
_PART_NAMES = tuple(FEE_PART.tests)
_values = cast("Values", itemgetter(*_NAMES))
_old_values = cast("Values", itemgetter(*_OLD_NAMES))
_part_values = cast("Values", itemgetter(*_PART_NAMES))

pa.array([0])  # has pyarrow look for pandas now, while modules are imported, rather than in the middle of a page

_AMOUNTS = ("amount", "fee", "net")
_TIMES = ("created", "available_on")
_OPEN_LISTS = ("object", "balance_type", "currency", "reporting_category", "status", "type")
_NULL = type(None)

Received: TypeAlias = "Sequence[Json] | Sequence[Transaction]"
"""Balance transactions: objects as orjson reads them, or all of them decoded as documented."""


@dataclass(frozen=True, slots=True)
class Columnized:
    """A page of balance transactions whose values fit their columns.

    Attributes:
        rows: as they came.
        columns: for each known field its values in the order of the rows; null where it had none or one that does not
            fit. An expanded `source` is the id here.
        numbers: `amount`, `fee` and `net` as int64, `created` and `available_on` as moments.
        parts: for each field of the items of `fee_details` its values, those of all rows one after the other.
        sources: for each row the expanded `source`, or null; empty when no row has one.
        extras: for each row what its columns cannot hold, maybe nothing; empty when all rows fit.
        keeps_sources: whether expanded sources are to be kept, rather than only read for their columns.
    """

    rows: Received
    columns: dict[str, Sequence[Any]]
    numbers: dict[str, pa.Array]
    parts: Mapping[str, Sequence[Any]]
    sources: Sequence[Json | None] = ()
    extras: Sequence[Json] = ()
    keeps_sources: bool = True

    @property
    def distinct(self) -> dict[str, set[str | None]]:
        """The values that occur in columns of few values, and as `fee_details.type`."""
        return _distinct(self.columns, self.parts)

    @property
    def received(self) -> Sequence[Json]:
        """The rows as objects."""
        return [to_object(row) for row in self.rows] if are_documented(self.rows) else cast("Sequence[Json]", self.rows)


def columnize(rows: Received) -> Columnized:
    """Look at every value of some rows.

    Args:
        rows: about a page, and less than 2 GB of text.

    Raises:
        SchemaError: a row lacks its id, created, amount, fee, net, currency or type, or has one of another JSON type or
            beyond 64 bits (for `created`: beyond the year 9999). A ledger cannot do without them.
    """
    if are_documented(rows):
        return _as_documented(rows)
    objects = cast("Sequence[Json]", rows)
    return _by_column(objects) or _by_row(objects)


def _as_documented(rows: Sequence[Transaction]) -> Columnized:
    """Columnize rows whose every value has been held to its type already."""
    columns = _cut(rows, _NAMES)
    fees: list[FeePart] = list(chain.from_iterable(columns["fee_details"]))
    parts = _cut(fees, _PART_NAMES)
    if UNSET in columns[_SINCE_BASIL]:
        columns[_SINCE_BASIL] = [None if value is UNSET else value for value in columns[_SINCE_BASIL]]
    numbers = {name: pa.array(columns[name], pa.int64()) for name in _AMOUNTS}
    moments = {name: instants(columns[name]) for name in _TIMES}
    return Columnized(rows, columns, numbers | moments, parts)


def _cut(rows: Sequence[Transaction] | Sequence[FeePart], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Cut the columns of rows from one list of all values, which is quicker than asking each row for each."""
    values: list[Any] = []
    for row in rows:
        values += astuple(row)
    return {name: values[place :: len(names)] for place, name in enumerate(names)}


def _distinct(columns: Mapping[str, Sequence[Any]], parts: Mapping[str, Sequence[Any]]) -> dict[str, set[str | None]]:
    """Give the values that occur where there are few."""
    return {
        **{name: set(columns[name]) for name in _OPEN_LISTS if name in columns},
        "fee_details.type": set(parts.get("type", ())),
    }


def _by_column(rows: Sequence[Json]) -> Columnized | None:
    """Columnize rows whose known fields are all as documented, for their API version; None if any is not."""
    old = bool(rows) and _SINCE_BASIL not in rows[0] and not any(_SINCE_BASIL in row for row in rows)
    names, values = (_OLD_NAMES, _old_values) if old else (_NAMES, _values)
    try:
        columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*map(values, rows), strict=True), strict=True))
        parts = list(chain.from_iterable(columns["fee_details"]))
        part_columns = dict(zip(_PART_NAMES, zip(*map(_part_values, parts), strict=True), strict=bool(parts)))
        distinct = _distinct(columns, part_columns)
        times = [*columns["created"], *columns["available_on"]]
        if set(map(type, times)) != {int}:
            return None
        amounts = chain.from_iterable(columns[name] for name in _AMOUNTS)
        numbers = pa.array([*amounts, *[second * SECOND for second in times], *part_columns.get("amount", ())])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    sources, columns["source"] = _collapse(columns["source"])
    notes = [
        columns["description"],
        columns["source"],
        part_columns.get("application", ()),
        part_columns.get("description", ()),
    ]
    if (
        numbers.type != pa.int64()
        or numbers.null_count
        or "" in columns["id"]
        or min(times) < FIRST_INSTANT
        or max(times) > LAST_INSTANT
        or _types(columns["id"], part_columns.get("currency", ()), *distinct.values()) != {str}
        or not _types(*notes) <= {str, _NULL}
        or not _types(columns["exchange_rate"]) <= {float, _NULL}
        or _types(columns["fee_details"]) != {list}
        or not _types(parts) <= {dict}
        or not set(map(len, parts)) <= {len(_PART_NAMES)}
    ):
        return None
    ordinary = set(map(len, rows)) == {len(names)}
    if old:
        columns[_SINCE_BASIL] = (None,) * len(rows)
    extras = () if ordinary else [BALANCE_TRANSACTION.unknown(row) for row in rows]
    return Columnized(rows, columns, _name(numbers, len(rows)), part_columns, sources, extras)


def _by_row(rows: Sequence[Json]) -> Columnized:
    """Columnize rows one at a time, keeping in `extras` what their columns cannot hold."""
    known: list[Json] = []
    extras: list[Json] = []
    for row in rows:
        fields, extra = BALANCE_TRANSACTION.split(row)
        if fields["fee_details"]:
            fields["fee_details"], extra = _split_fee(fields["fee_details"], extra)
        known.append(fields)
        extras.append(extra)
    columns: dict[str, Sequence[Any]] = {name: [fields[name] for fields in known] for name in _NAMES}
    sources, columns["source"] = _collapse(columns["source"])
    fees = [part for parts in columns["fee_details"] for part in parts or ()]
    parts = {name: [part[name] for part in fees] for name in _PART_NAMES}
    amounts = chain.from_iterable(columns[name] for name in _AMOUNTS)
    times = chain.from_iterable(columns[name] for name in _TIMES)
    moments = (None if second is None else second * SECOND for second in times)
    numbers = pa.array([*amounts, *moments], pa.int64())
    return Columnized(
        rows,
        columns,
        _name(numbers, len(rows)),
        parts,
        sources,
        extras if any(extras) else (),
    )


def _collapse(sources: Sequence[Any]) -> tuple[Sequence[Json | None], Sequence[Any]]:
    """Put the id in the place of each expanded source, and give the objects apart; none if there are none."""
    if dict not in _types(sources):
        return (), sources
    objects = [source if is_object(source) else None for source in sources]
    return objects, [expanded_id(source) if is_object(source) else source for source in sources]


def expanded_id(expanded: Json) -> str | None:
    """Give an expanded object's id; null where it has none that is text."""
    source_id = expanded.get("id")
    return source_id if is_text(source_id) else None


def _split_fee(parts: list[Json], extra: Json) -> tuple[list[Json], Json]:
    """Split the parts of a fee as their columns need it, and put the rest of them in `extra`, aligned."""
    split_parts = [FEE_PART.split(part) for part in parts]
    if any(rest for _, rest in split_parts):
        extra = {**extra, "fee_details": [rest or None for _, rest in split_parts]}
    return [known for known, _ in split_parts], extra


def _name(numbers: pa.Array, rows: int) -> dict[str, pa.Array]:
    """Cut what was converted in one call, which costs as much as thirty values, into its columns."""
    instants = numbers.slice(len(_AMOUNTS) * rows, len(_TIMES) * rows).view(INSTANT)
    return {
        **{name: numbers.slice(i * rows, rows) for i, name in enumerate(_AMOUNTS)},
        **{name: instants.slice(i * rows, rows) for i, name in enumerate(_TIMES)},
    }


def _types(*columns: Iterable[Any]) -> set[type]:
    return set(map(type, chain(*columns)))
