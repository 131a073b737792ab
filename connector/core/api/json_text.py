r"""JSON as received: what the fast readers refuse or change without a word is kept.

orjson reads nearly every text. It refuses an escape of half a surrogate pair (`\ud800`) and a number beyond a double,
makes a float of a whole number beyond 64 bits, keeps 17 digits, and takes the last of two members of one name. Such a
text is read once more by Python's own reader, into values whose types say what is special about them.

Source: RFC 8259 (6: numbers of any length are legal; 8.1: a byte order mark may be ignored; 8.2: lone surrogates).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Never, Self, cast

import orjson

REPEATED = "$repeated"
"""Name under which an object holds the earlier values of members that came more than once; the last one counts."""

MARK = b"\xef\xbb\xbf"
"""A byte order mark, which some gateways put before a body."""

_DIGITS = bytes.maketrans(b"123456789.", b"0000000000")
_LONG = b"0" * 18
_MOST_DIGITS = 17
"""Digits that a double always tells apart."""

_SHORT = 18
"""Characters of a whole number that surely has 64 bits."""

_DEEPEST = 250
"""Objects and lists within each other that orjson writes."""

_HALVES = re.compile("[\ud800-\udfff]")
_AROUND = re.compile(r"^[-.0]+|[eE].*")


class LongNumber(float):
    """A number that neither 64 bits nor 17 digits hold; its value is the nearest double.

    Attributes:
        text: the number as received.
    """

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        """Read it."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text

    def __getnewargs__(self) -> tuple[str]:  # pyright: ignore[reportIncompatibleMethodOverride] - what copies are made of
        return (self.text,)

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, LongNumber) else super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return super().__hash__()


class BrokenText(str):
    """Text with half a surrogate pair in it, which no UTF-8 can hold."""

    __slots__ = ()


class TooDeepError(ValueError):
    """A text nests deeper than anything here can be written; it may be JSON all the same."""


class Earlier(dict[str, list[Any]]):
    """What came under a name before the member that counts; stands under `REPEATED`."""


@dataclass(frozen=True, slots=True)
class Read:
    """A text that was read.

    Attributes:
        value: what it says.
        odd: whether there may be a `LongNumber`, a `BrokenText` or a `REPEATED` in it.
    """

    value: Any
    odd: bool


def read(text: bytes) -> Read:
    """Read a text as received: nothing of it is lost.

    Raises:
        ValueError: it is not JSON in UTF-8, or nests more than 250 deep; says where.
    """
    text = text.removeprefix(MARK)
    if not _may_be_long(text):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return Read(_exactly(text, error), odd=True)
        if not _repeats(text, value):
            return Read(value, odd=False)
    return Read(_exactly(text), odd=True)


def loads(text: bytes | str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Read a text that `dumps` wrote, or one in which no member can come twice; raises what `read` raises."""
    text = text.encode() if isinstance(text, str) else text
    if not _may_be_long(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return _exactly(text.removeprefix(MARK), error)
    return _exactly(text.removeprefix(MARK))


def has_repeats(text: bytes) -> bool:
    """Say whether an object of a text that can be read has a member more than once."""
    repeats = False

    def look(members: list[tuple[str, Any]]) -> None:
        nonlocal repeats
        repeats = repeats or len(dict(members)) < len(members)

    json.loads(text, object_pairs_hook=look)
    return repeats


def dumps(value: object, option: int = 0) -> bytes:
    """Write a value as compact JSON, with options of orjson; special values as they were received.

    Raises:
        TypeError: it nests more than about 250 deep.
    """
    try:
        return orjson.dumps(value, default=_fragment, option=option)
    except orjson.JSONEncodeError:
        end = "\n" if option & orjson.OPT_APPEND_NEWLINE else ""
        return (_written(value, sort=bool(option & orjson.OPT_SORT_KEYS)) + end).encode()


def plain(value: object) -> object:
    """Return what a column can hold instead of a special value: U+FFFD for half a pair, the nearest double."""
    if isinstance(value, BrokenText):
        return _HALVES.sub("\ufffd", value)
    return float(value) if isinstance(value, LongNumber) else value


def escaped(text: str) -> str:
    """Write half pairs as JSON escapes."""
    return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _may_be_long(text: bytes) -> bool:
    """Say whether somewhere there are more digits in a row than a double tells apart; in a string, too."""
    return _LONG in text.translate(_DIGITS)


def _repeats(text: bytes, value: object) -> bool:
    """Say whether a member may have come twice: written anew, the value then has fewer quotation marks."""
    if b"\\u0022" in text:
        return True
    try:
        return text.count(b'"') != orjson.dumps(value).count(b'"')
    except orjson.JSONEncodeError:  # it is nested too deeply to be written
        return True


def _exactly(text: bytes, refused: orjson.JSONDecodeError | None = None) -> Any:  # noqa: ANN401 - JSON has no narrower type
    try:
        value = json.loads(
            text.decode(), object_pairs_hook=_object, parse_int=_whole, parse_float=_real, parse_constant=_no_number
        )
        return _marked(value)
    except RecursionError:
        raise TooDeepError("it nests too deeply") from None
    except ValueError as error:
        said = refused or error
        where = f" at byte {said.pos}" if isinstance(said, json.JSONDecodeError) else ""
        raise ValueError(f"{getattr(said, 'msg', said)}{where}") from error


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) < len(members):
        earlier: dict[str, list[Any]] = {}
        for name, value in members:
            earlier.setdefault(name, []).append(value)
        made[REPEATED] = Earlier({name: values[:-1] for name, values in earlier.items() if len(values) > 1})
    return made


def _whole(text: str) -> int | LongNumber:
    if len(text) <= _SHORT:
        return int(text)
    value = int(text) if len(text) <= _SHORT + 2 else None
    return LongNumber(text) if value is None or not -(2**63) <= value < 2**64 else value


def _real(text: str) -> float:
    digits = _AROUND.sub("", text).replace(".", "")
    value = float(text)
    return LongNumber(text) if len(digits) > _MOST_DIGITS or value in {float("inf"), -float("inf")} else value


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is no JSON number")


def _marked(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Mark texts with half a pair, in a value that is changed in place.

    Raises:
        RecursionError: it nests deeper than can be written.
    """
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        return BrokenText(value) if _HALVES.search(value) else value
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        for name, member in members.items():
            members[name] = _marked(member, depth + 1)
    elif isinstance(value, list):
        value[:] = [_marked(member, depth + 1) for member in cast("list[Any]", value)]
    return cast("Any", value)


def _fragment(value: object) -> orjson.Fragment:
    if isinstance(value, LongNumber):
        return orjson.Fragment(value.text)
    raise TypeError


def _written(value: object, *, sort: bool, depth: int = 0) -> str:
    """Write what orjson cannot, half pairs and integers of any size, as orjson would."""
    if depth > _DEEPEST:
        raise TypeError("it nests too deeply")
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        names = sorted(members) if sort else members
        inside = (f"{_text(name)}:{_written(members[name], sort=sort, depth=depth + 1)}" for name in names)
        return f"{{{','.join(inside)}}}"
    if isinstance(value, list):
        return f"[{','.join(_written(member, sort=sort, depth=depth + 1) for member in cast('list[object]', value))}]"
    if isinstance(value, str):
        return _text(value)
    return str(value) if type(value) is int else orjson.dumps(value, default=_fragment).decode()


def _text(value: str) -> str:
    return escaped(json.dumps(value, ensure_ascii=False))
