"""What a column can hold of a received object, and what has to go elsewhere: the way for objects out of the ordinary.

`Fields.split` divides an object into the values its columns take and `extra`, a JSON object with all the rest;
`Fields.merge` is its exact inverse. In `extra`

* an unknown field stands under its own name, with one more `$` in front where the name begins with `$`;
* a known field stands under its name when its value has another type than the column, or is null where the API
  promises a value: the column is null then;
* `$absent` lists known fields that were not received.
"""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import Repr
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from connector.core.api.json_text import dumps, plain
from connector.core.time.times import END_OF_TIME, START_OF_TIME
from connector.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json: TypeAlias = dict[str, Any]
"""A JSON object as orjson reads it: `int` only for whole numbers of at most 64 bits, `float` for all others."""

ABSENT = "$absent"
"""Key in `extra` under which fields that were not received are listed."""

FIRST_INSTANT, LAST_INSTANT = START_OF_TIME, END_OF_TIME - 1
"""Bounds of a moment in UTC seconds: the years 1 to 9999, all that Python and SQL engines can show."""

_SHOWN = 100
"""Characters of a refused value shown in an error."""

_ADVICE = "nothing of its page is kept; try again, and if it stays so, with another API version"

_BOUNDED = Repr()
_BOUNDED.maxstring = _BOUNDED.maxlong = _BOUNDED.maxother = _SHOWN


def is_text(value: object) -> bool:
    """Whether the value fits a text column."""
    return type(value) is str


def is_name(value: object) -> bool:
    """Whether the value is text that can tell one object from another: an id."""
    return type(value) is str and value != ""


def is_whole(value: object) -> bool:
    """Whether the value fits an int64 column; true, false and 1.0 do not."""
    return type(value) is int and -(2**63) <= value < 2**63


def is_instant(value: object) -> bool:
    """Whether the value, in UTC seconds, fits a column of moments."""
    return type(value) is int and FIRST_INSTANT <= value <= LAST_INSTANT


def is_number(value: object) -> bool:
    """Whether a float64 column holds the value exactly."""
    return type(value) is float or (type(value) is int and -(2**53) <= value <= 2**53)


def is_flag(value: object) -> bool:
    """Whether the value fits a bool column."""
    return type(value) is bool


def is_object(value: object) -> bool:
    """Whether the value is a JSON object."""
    return type(value) is dict


def or_null(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    """Let null through as well."""
    return lambda value: value is None or fits(value)


@dataclass(frozen=True, slots=True)
class Fields:
    """The known fields of one kind of object.

    Attributes:
        tests: for each field, in column order, whether its column can hold a value. No name begins with `$`.
        optional: fields whose absence is ordinary; a null in their column means absent.
        vital: fields without which the object is of no use.
        noun: what the object is called in errors.
    """

    tests: Mapping[str, Callable[[object], bool]]
    optional: frozenset[str] = frozenset()
    vital: tuple[str, ...] = ()
    noun: str = "object"

    def split(self, received: Json) -> tuple[Json, Json]:
        """Divide an object into the values of its columns, null where there is none, and `extra`, empty if all fits.

        Raises:
            SchemaError: a vital field is absent or of another type than its column, or an id is empty.
        """
        self.check(received)
        known: Json = {}
        extra: Json = {}
        absent: list[str] = []
        for name, fits in self.tests.items():
            known[name] = None
            if name not in received:
                if name not in self.optional:
                    absent.append(name)
            elif fits(received[name]):
                known[name] = received[name]
            else:
                extra[name] = received[name]
                known[name] = value if fits(value := plain(received[name])) else None
        if absent:
            extra[ABSENT] = absent
        return known, {**extra, **self.unknown(received)}

    def unknown(self, received: Json) -> Json:
        """Give the fields that are not known, by the names they have in `extra`."""
        return {
            f"${name}" if name.startswith("$") else name: received[name] for name in received.keys() - self.tests.keys()
        }

    def merge(self, known: Json, extra: Json) -> Json:
        """Put together again what `split` divided; the order of fields is the columns'."""
        absent = frozenset(extra.get(ABSENT, ()))
        merged = {
            name: value
            for name, value in known.items()
            if name not in absent and not (value is None and name in self.optional)
        }
        for name, value in extra.items():
            if name != ABSENT:
                merged[name.removeprefix("$")] = value
        return merged

    def check(self, received: Json) -> None:
        """Refuse an object that lacks a vital field.

        Raises:
            SchemaError: naming the object, the field and what was received.
        """
        for name in self.vital:
            if name not in received or (received[name] == "" and self.tests[name] is is_name):
                raise SchemaError(f"{self._label(received)} was received without {name}; {_ADVICE}")
            if not self.tests[name](received[name]):
                problem = f"{name} {excerpt(received[name])}, which its column cannot hold"
                raise SchemaError(f"{self._label(received)} has {problem}; {_ADVICE}")

    def _label(self, received: Json) -> str:
        return f"{self.noun} {excerpt(received.get('id'))}"


def excerpt(value: object) -> str:
    """Show a received value in an error, in about a hundred characters, however long or deep it is."""
    text = _BOUNDED.repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def to_text(value: object) -> str:
    """Write a JSON value as compact JSON text.

    Raises:
        SchemaError: it nests deeper than JSON can be written.
    """
    return to_bytes(value).decode()


def to_bytes(value: object, option: int = 0) -> bytes:
    """Write a JSON value as compact JSON, with options of orjson.

    Raises:
        SchemaError: it nests deeper than JSON can be written (about 250 levels).
    """
    try:
        return dumps(value, option)
    except TypeError as error:
        raise SchemaError(f"a received object cannot be written as JSON ({error}): {excerpt(value)}") from error


def extra_text(extra: Json) -> str | None:
    """Write `extra` for its column: null if there is nothing in it, else with sorted keys, so that bytes repeat."""
    return to_bytes(extra, orjson.OPT_SORT_KEYS).decode() if extra else None
