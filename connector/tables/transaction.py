"""Balance transactions exactly as documented, read from a page's bytes and written as lines without a look in Python.

msgspec holds every value to its type while it decodes, in less time than it takes to make dictionaries of them. A page
with anything else in it (an unknown field, an expanded source, a null where none is documented) is decoded as objects
instead, and `columnize` finds a place for all of it. Both ways give the same columns and the same lines.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeGuard

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from connector.core.api.json_text import MARK, has_repeats
from connector.core.api.page import Page, decode_page
from connector.tables.fields import FIRST_INSTANT, LAST_INSTANT, Json
from connector.tables.known_values import known_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Name = Annotated[str, Meta(min_length=1)]
_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Instant = Annotated[int, Meta(ge=FIRST_INSTANT, le=LAST_INSTANT)]
_Number: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)] | float


class FeePart(Struct, forbid_unknown_fields=True, gc=False):
    """One item of `fee_details`; the fields are those of `columnize.FEE_PART`."""

    amount: _Whole
    application: str | None
    currency: str
    description: str | None
    type: str


class Transaction(Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """One balance transaction whose source is not expanded; the fields are those of `columnize.BALANCE_TRANSACTION`.

    Lines have the fields in this order, which is that of Stripe's reference
    (docs.stripe.com/api/balance_transactions/object).
    """

    id: _Name
    object: str
    amount: _Whole
    available_on: _Instant
    balance_type: str | UnsetType = UNSET
    created: _Instant
    currency: str
    description: str | None
    exchange_rate: _Number | None
    fee: _Whole
    fee_details: list[FeePart]
    net: _Whole
    reporting_category: str
    source: str | None
    status: str
    type: str


@cache
def _readers() -> tuple[Callable[[bytes], Any], ...]:
    """Return what decodes a list: of rows with documented values only, and of any that have the documented types.

    Values out of few cost least where they are known, and then there is nothing to report of them either.
    """
    known = {name: Literal[tuple(sorted(values))] for name, values in known_values().items()}
    part = _narrowed(FeePart, [("type", known.pop("fee_details.type"))])
    optional = ("balance_type", known.pop("balance_type") | UnsetType, UNSET)
    row = _narrowed(Transaction, [*known.items(), ("fee_details", list[part]), optional])
    return tuple(msgspec.json.Decoder(_list_of(kind)).decode for kind in (row, Transaction))


def _narrowed(kind: type[Struct], fields: list[Any]) -> type[Struct]:
    name = f"Known{kind.__name__}"
    return defstruct(name, fields, bases=(kind,), forbid_unknown_fields=True, gc=False, kw_only=True)


def _list_of(kind: type[Struct]) -> type[Struct]:
    return defstruct(
        "Listed",
        [("object", Literal["list"]), ("data", list[kind]), ("has_more", bool), ("url", str | UnsetType, UNSET)],
        gc=False,
    )


_writer = msgspec.json.Encoder()

_ESCAPE, _MARK = b"\\", ord('"')
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_MOST_ESCAPES = 256
"""Escapes of a page that are looked for one by one: few are found sooner than all bytes are looked at."""

_PAGE = ("object", "list", "data", "has_more")
_ROW = len(Transaction.__struct_fields__) - 1 + 6
"""Names and texts that every row has: all names but `balance_type`, and the six texts that are never null."""

_PART = len(FeePart.__struct_fields__) + 2
"""The same of a part of a fee."""


def decode_transactions(body: bytes, *, request_id: str | None = None) -> Page:
    """Decode the body of a list of balance transactions: all rows as `Transaction`, or all as objects.

    Raises:
        ProtocolError: see `decode_page`.
    """
    body = body.removeprefix(MARK)
    for read in _readers():
        try:
            listed = read(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        if _repeats(body, listed):
            break
        return Page(listed.data, listed.has_more, request_id)
    return decode_page(body, request_id=request_id)  # says what is wrong, if anything is


def _repeats(body: bytes, listed: Any) -> bool:  # noqa: ANN401 - a type that is made
    """Say whether an object has a member more than once, which no fast reader tells: the quotation marks do.

    A page has no fewer of them than its members and texts need; one that has more, as where a member of the page is
    not known, is looked at once more.
    """
    marks = body.count(b'"') - _escaped_marks(body)
    return marks != _fewest_marks(listed) and has_repeats(body)


def _escaped_marks(body: bytes) -> int:
    """Count the quotation marks that stand within texts."""
    marks, place = 0, body.find(_ESCAPE)
    for _ in range(_MOST_ESCAPES):
        if place < 0:
            return marks
        marks += body[place + 1] == _MARK
        place = body.find(_ESCAPE, place + 2)
    return marks + _ESCAPED.findall(body, place).count(b'"') if place >= 0 else marks


def _fewest_marks(listed: Any) -> int:  # noqa: ANN401 - a type that is made
    """Count the quotation marks around the names and texts of a page."""
    rows: list[Transaction] = listed.data
    texts = len(_PAGE) + (2 if listed.url is not UNSET else 0) + _ROW * len(rows)
    for row in rows:
        texts += (row.description is not None) + (row.source is not None) + 2 * (row.balance_type is not UNSET)
        for part in row.fee_details:
            texts += _PART + (part.application is not None) + (part.description is not None)
    return 2 * texts


def are_documented(rows: Sequence[object]) -> TypeGuard[Sequence[Transaction]]:
    """Say whether there are rows and they were decoded as documented: all of a page were, or none."""
    return bool(rows) and isinstance(rows[0], Transaction)


def have_known_values(rows: Sequence[Transaction]) -> bool:
    """Say whether the fields of few values have documented ones in every row."""
    return type(rows[0]) is not Transaction


def as_documented(row: Json) -> Transaction | None:
    """Return an object as a `Transaction`, or None if anything of it would be lost."""
    try:
        return msgspec.convert(row, Transaction)
    except (msgspec.ValidationError, RecursionError):
        return None


def to_object(row: Transaction) -> Json:
    """Return a row as orjson would have read it."""
    return msgspec.to_builtins(row)


def to_line(row: Transaction) -> bytes:
    """Write a row as compact JSON that ends in a line feed."""
    return _writer.encode(row) + b"\n"


def to_text_lines(rows: Sequence[Transaction]) -> list[bytes]:
    """Write rows as `to_line` does, in a third of the time."""
    return _writer.encode_lines(rows).splitlines(keepends=True)
