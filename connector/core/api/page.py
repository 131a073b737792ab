"""Pages of a list: a body becomes one, and the pages of a window are held to the contract.

Decoding happens once; rows of a sync that are as documented are decoded in `connector.tables.transaction`. Whatever
breaks the contract of a list (docs.stripe.com/api/pagination) ends the window with a `ProtocolError`: it is better to
stop than to publish a ledger with a hole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import partial
from itertools import compress, takewhile
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from connector.core.api.fields import object_of
from connector.core.api.json_text import LongNumber, TooDeepError, read
from connector.core.api.oddities import WHOLE, RepeatedError, gather_repeats, settle_numbers
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.time.intervals import Interval

Row = dict[str, Any]
"""An object as received. `Any` ends where rows become Arrow columns."""

AnyRow: TypeAlias = Any
"""A `Row`, or a value of a documented type with an `id` and a `created`: one or the other for all rows of a page.

Where rows of several pages are put together, as of a second that is read by itself, there may be both.
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest row first.

    Attributes:
        rows: the objects as received, or decoded as documented; at most the `limit` asked for.
        has_more: whether older rows of the same query exist.
        request_id: `req_…` of the response, where sent.
        connection: number of the connection the response came on, where known.
        is_full: whether it has as many rows as were asked for.
        bytes: size of the body, decoded.
        seconds: from the request's being sent to the last byte of the answer.
    """

    rows: list[AnyRow]
    has_more: bool
    request_id: str | None = None
    connection: int | None = None
    is_full: bool = False
    bytes: int = 0
    seconds: float = 0.0


def decode_object(body: bytes, *, request_id: str | None = None) -> Row:
    """Decode the body of a successful response.

    Raises:
        ProtocolError: when the body is not a JSON object, or has an amount twice. What is not even JSON was damaged on
            the way, and may pass.
    """
    document = _read(body, request_id)
    settle_numbers(document)
    return document


def decode_asked(body: bytes, asked: str, *, kind: str, request_id: str | None) -> Row:
    """Decode the body of an answer to a request for one object by its id.

    Args:
        body: of a successful response.
        asked: the id asked for; Stripe answers with exactly that one.
        kind: what `object` names it, such as `balance_transaction`.
        request_id: `req_…` of the response, where sent.

    Raises:
        ProtocolError: when it is another object, or none at all.
    """
    document = decode_object(body, request_id=request_id)
    if (document.get("object"), document.get("id")) != (kind, asked):
        came = [
            f"{name} {str(document[name])[:60]!r}" if name in document else f"no {name}" for name in ("object", "id")
        ]
        raise ProtocolError(
            f"the {kind.replace('_', ' ')} {asked} was asked for, and something else came ({', '.join(came)})",
            request_id=request_id,
        )
    return document


def decode_page(body: bytes, *, request_id: str | None = None) -> Page:
    """Decode the body of a list.

    Raises:
        ProtocolError: when the body is not a list object with `data` of objects and a boolean `has_more`, or a row has
            an amount twice. What is not even JSON was damaged on the way, and may pass.
    """
    document = _read(body, request_id)
    rows, has_more = document.get("data"), document.get("has_more")
    if document.get("object") != "list" or not isinstance(rows, list) or not isinstance(has_more, bool):
        raise ProtocolError("the body is not a list with `data` and `has_more`", request_id=request_id)
    rows = cast("list[Row]", rows)
    if not set(map(type, rows)) <= {dict}:
        raise ProtocolError("the list holds something other than objects", request_id=request_id)
    for row in rows:
        if any(type(row.get(name)) is float for name in WHOLE) or type(row.get("exchange_rate")) is LongNumber:
            settle_numbers(row)
    return Page(rows, has_more, request_id)


def _read(body: bytes, request_id: str | None) -> Row:
    try:
        decoded = read(body)
        document = object_of(decoded.value)
        if document is None:
            raise ProtocolError("the body is not a JSON object", request_id=request_id)
        if decoded.odd:
            gather_repeats(document)
    except ValueError as error:
        said = _PAGE_ON_THE_WAY if body.lstrip()[:1] == b"<" else f"the body is not JSON ({error}; {len(body)} bytes)"
        failure = ProtocolError(said, request_id=request_id)
        if not isinstance(error, TooDeepError):
            failure.came_from_the_way()
        raise failure from error
    except RepeatedError as error:
        raise ProtocolError(
            f"{error} came more than once in one object, and nobody can say which of them holds", request_id=request_id
        ) from error
    return document


_PAGE_ON_THE_WAY = (
    "HTML or XML came, not JSON: something on the way answers in Stripe's place, such as a network's login page or a"
    " proxy; look at what `api_base` leads through"
)

LOOK_FROM = 1_000
"""Rows of a window up to which each page is compared with all of them."""

TWICE = "a row came twice, or the cursor did not advance"


@dataclass(slots=True)
class StrictOrder:
    """Holds one window's rows to the contract: in order, inside the window, each id once.

    A row that comes again in its own second is found at once; one that comes again in another second, in a window of
    many pages, when twice as many have come, or at the window's end: all ids in one set would take 100 bytes a row.

    Attributes:
        window: bounds every `created` must lie in.
        oldest: `created` of the last row admitted, or None before the first.
        last_id: its id, the next cursor.
        ties: ids of all rows admitted that were created in the same second.
        tied: the same, in the order they came. Both grow with each page of that second, and are new for another one.
    """

    window: Interval
    oldest: int | None = None
    last_id: str | None = None
    ties: set[str] = field(default_factory=set[str])
    tied: list[str] = field(default_factory=list[str])
    _hashes: array[int] = field(default_factory=lambda: array("q"))  # of all ids
    _few: set[int] = field(default_factory=set[int])  # the same, as long as there are at most LOOK_FROM
    _look_at: int = LOOK_FROM

    def admit(self, page: Page, *, again: bool = False) -> list[AnyRow]:
        """Check a page and return its rows that are new.

        Args:
            page: the next page of the window.
            again: the page repeats the boundary second, so rows of that second seen before are skipped.

        Raises:
            ProtocolError: rows out of order, outside the window, seen before, or without `id` and `created`.
        """
        rows = page.rows
        try:
            ids, created = ids_of(rows), created_of(rows)
        except KeyError as error:
            raise self._broken(page, f"a row has no {error}") from error
        if not (set(map(type, ids)) <= {str} and set(map(type, created)) <= {int}):
            raise self._broken(page, "a row's `id` is not a string or its `created` not an integer")
        if "" in ids:
            raise self._broken(page, "a row has no 'id' but an empty text")
        if again:
            new = [
                second != self.oldest or row_id not in self.ties for row_id, second in zip(ids, created, strict=True)
            ]
            rows = list(compress(rows, new))
            ids, created = ids_of(rows), created_of(rows)
        if not rows:
            return []
        end = ids_of(page.rows[-1:])[0]
        self._check(page, ids, created)
        self._note(ids)
        if len(self._hashes) <= LOOK_FROM or len(self._hashes) >= self._look_at:
            self.look_back(page)
        last = created[-1]
        tied = ids[-created.count(last) :]
        if last == self.oldest:
            self.ties.update(tied)
            self.tied.extend(tied)
        else:
            self.ties, self.tied = set(tied), tied
        self.oldest, self.last_id = last, end
        return rows

    def also(self, second: int, ids: Sequence[str]) -> None:
        """Note rows of a second that was left that only another reading of it has shown."""
        self._note(ids)
        if second == self.oldest:
            self.ties.update(ids)

    def look_back(self, page: Page) -> None:
        """See that no row came in two seconds of the window; due at its end.

        Raises:
            ProtocolError: one did.
        """
        count = len(self._hashes)
        if len(self._few if count <= LOOK_FROM else set(self._hashes)) < count:
            raise self._broken(page, TWICE)
        self._look_at = 2 * count

    def _note(self, ids: Sequence[str]) -> None:
        hashes = [*map(hash, ids)]
        self._hashes.extend(hashes)
        if len(self._hashes) <= LOOK_FROM:
            self._few.update(hashes)
        else:
            self._few.clear()

    def _check(self, page: Page, ids: list[str], created: list[int]) -> None:
        if created != sorted(created, reverse=True) or (self.oldest is not None and created[0] > self.oldest):
            raise self._broken(page, "rows are not newest first")
        if created[0] >= self.window.stop or created[-1] < self.window.start:
            raise self._broken(page, "a row lies outside the window asked for")
        if len(set(ids)) < len(ids) or (created[0] == self.oldest and not self.ties.isdisjoint(ids)):
            raise self._broken(page, TWICE)

    def _broken(self, page: Page, what: str) -> ProtocolError:
        bounds = (self.window.start, self.window.stop)
        error = ProtocolError(
            f"{what}, in the window [{bounds[0]}, {bounds[1]}): nothing of it is published",
            request_id=page.request_id,
            window=bounds,
        )
        error.connection = page.connection
        return error


def ids_of(rows: Sequence[AnyRow]) -> list[str]:
    """Return the ids of some rows; a KeyError means that one has none."""
    try:
        return [row["id"] for row in rows] if _are_objects(rows) else [row.id for row in rows]
    except (AttributeError, TypeError):  # of pages that were decoded in different ways
        return [row["id"] if isinstance(row, dict) else row.id for row in rows]


def leading_ties(rows: Sequence[AnyRow], second: int) -> list[str]:
    """Return the ids of a page's first rows, as long as they were created in `second`; none where rows lack either."""
    try:
        return ids_of(list(takewhile(partial(_is_of, second), rows)))
    except KeyError:
        return []


def moment_of(row: AnyRow) -> object:
    """Return what a row says of when it was created, None where it says nothing."""
    received = object_of(row)
    return row.created if received is None else received.get("created")


def _is_of(second: int, row: AnyRow) -> bool:
    return moment_of(row) == second


def created_of(rows: Sequence[AnyRow]) -> list[int]:
    """Return when some rows were created; a KeyError means that one does not say."""
    try:
        return [row["created"] for row in rows] if _are_objects(rows) else [row.created for row in rows]
    except (AttributeError, TypeError):  # of pages that were decoded in different ways
        return [row["created"] if isinstance(row, dict) else row.created for row in rows]


def _are_objects(rows: Sequence[AnyRow]) -> bool:
    return bool(rows) and isinstance(rows[0], dict)


def in_file_order(rows: list[AnyRow]) -> list[AnyRow]:
    """Return a page's rows, newest first, as files have them: by `created`, then by id."""
    ordered = rows[::-1]
    created = created_of(ordered)
    ties = [position for position in range(1, len(created)) if created[position] == created[position - 1]]
    done = 0
    for position in ties:
        if position >= done:
            done = bisect_right(created, created[position], lo=position)
            key = itemgetter("id") if _are_objects(ordered) else attrgetter("id")
            ordered[position - 1 : done] = sorted(ordered[position - 1 : done], key=key)
    return ordered
