"""Query strings into values: the parameters an endpoint knows, `created` ranges, cursors, arrays.

Pure. Messages and precedence follow the live API as far as it has been observed (docs.stripe.com/api/pagination and
docs.stripe.com/expand).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from connector.sandbox.http import problems

if TYPE_CHECKING:
    from collections.abc import Collection

DEFAULT_LIMIT, MOST = 10, 100
FOREVER = 1 << 62
_OPERATORS = ("gt", "gte", "lt", "lte")
_LIST = frozenset({"limit", "starting_after", "ending_before"})


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds in `[start, stop)`; the whole of time unless bounds are given."""

    start: int = -FOREVER
    stop: int = FOREVER

    def __contains__(self, second: int) -> bool:
        return self.start <= second < self.stop

    @property
    def bounded(self) -> bool:
        """Whether any bound was given."""
        return self != Span()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list was asked for.

    Attributes:
        limit: rows in a page, 1 to 100.
        starting_after: cursor towards older rows.
        ending_before: cursor towards newer rows.
        spans: by name of a time parameter (`created`, `arrival_date`).
        filters: the remaining parameters, by name.
        expand: paths, in order.
    """

    limit: int
    starting_after: str | None
    ending_before: str | None
    spans: dict[str, Span]
    filters: dict[str, str]
    expand: tuple[str, ...]

    @property
    def created(self) -> Span:
        """The window of `created`."""
        return self.spans.get("created", Span())


def parse_list(raw: str, times: Collection[str], filters: Collection[str], *, clamp: bool = True) -> ListQuery:
    """Read a list's query string.

    Args:
        raw: percent-encoded, without the question mark.
        times: parameters that take a second or a range of seconds.
        filters: parameters that take one string.
        clamp: pull `limit` into 1 to 100 rather than refuse it.

    Raises:
        RefusedError: 400 for anything unknown or malformed.
    """
    pairs = parse_qsl(raw, keep_blank_values=True)
    expand, rest = take_array(pairs, "expand")
    plain: dict[str, str] = {}
    bounds: dict[str, list[tuple[str, str]]] = {}
    for name, value in rest:
        base, _, inside = name.partition("[")
        if base in times and (not inside or inside.rstrip("]") in _OPERATORS):
            bounds.setdefault(base, []).append((inside.rstrip("]"), value))
        elif name in _LIST or name in filters:
            plain[name] = _nonempty(name, value)
        else:
            raise problems.unknown_parameter(name)
    return ListQuery(
        limit=_limit(plain.pop("limit", None), clamp=clamp),
        starting_after=plain.pop("starting_after", None),
        ending_before=plain.pop("ending_before", None),
        spans={name: _span(name, given) for name, given in bounds.items()},
        filters=plain,
        expand=expand,
    )


def parse_single(raw: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """Read the query string of a retrieval: only `expand`, and parameters that are accepted and ignored.

    Raises:
        RefusedError: 400 for anything else.
    """
    expand, rest = take_array(parse_qsl(raw, keep_blank_values=True), "expand")
    for name, _ in rest:
        if name not in known:
            raise problems.unknown_parameter(name)
    return expand


def take_array(pairs: list[tuple[str, str]], name: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Split an array parameter, `name[]` or `name[0]`, from the others.

    Raises:
        RefusedError: 400 where explicit indices are not 0, 1, 2, …
    """
    values: list[str] = []
    indexed: list[tuple[str, str]] = []
    rest: list[tuple[str, str]] = []
    for key, value in pairs:
        if key == f"{name}[]":
            values.append(value)
        elif key.startswith(f"{name}["):
            indexed.append((key[len(name) + 1 :].rstrip("]"), value))
        else:
            rest.append((key, value))
    for place, (key, value) in enumerate(sorted(indexed, key=_index)):
        if key != str(place):
            raise problems.array_keys(name, [key for key, _ in indexed], str(place))
        values.append(value)
    return tuple(values), rest


def _index(item: tuple[str, str]) -> tuple[int, str]:
    return (int(item[0]), "") if item[0].isdecimal() else (1 << 30, item[0])


def _nonempty(name: str, value: str) -> str:
    if not value:
        raise problems.empty_value(name)
    return value


def _integer(name: str, value: str) -> int:
    try:
        return int(_nonempty(name, value))
    except ValueError:
        raise problems.bad_integer(name, value) from None


def _limit(value: str | None, *, clamp: bool) -> int:
    if value is None:
        return DEFAULT_LIMIT
    limit = _integer("limit", value)
    if not clamp and not 1 <= limit <= MOST:
        raise problems.limit_out_of_range(limit)
    return min(max(limit, 1), MOST)


def _span(name: str, bounds: list[tuple[str, str]]) -> Span:
    """Bounds combine; a bare number is that second."""
    start, stop = -FOREVER, FOREVER
    for operator, value in bounds:
        second = _integer(f"{name}[{operator}]" if operator else name, value)
        if operator in {"", "gte", "gt"}:
            start = max(start, second + (operator == "gt"))
        if operator in {"", "lte", "lt"}:
            stop = min(stop, second + (operator != "lt"))
    return Span(start, stop)
