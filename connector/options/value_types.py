"""Values of options, held to the types that their tables write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, cast

from connector.config.salt import Salt
from connector.core.units import is_number
from connector.errors import UsageError
from connector.running.canceller import Canceller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_OR_NONE = " | None"
_NEVER_NONE = ("int", "float", "str")
"""Types whose options have a default of their own."""
_ACCOUNTS = ("account", "accounts", "account_id")
_SHOWN = ("bool", "int", "float")
_PLAIN = (str, int, float, type(None))
"""Types whose values are short, and no secret where a flag or a number was to be."""


class HandedOn:
    """What a caller of ours hands on in an option's place: the option itself was looked at before."""


def refuse_other_types(given: Mapping[str, object], types: Mapping[str, str]) -> None:
    """Refuse values that are not of their option's type: a text such as `False` is no flag, and would count as true.

    Bounds, names and times are checked where they are understood. None stands for a flag, or for texts, not given.

    Args:
        given: options by name.
        types: of the options, as their table writes them.

    Raises:
        UsageError: names the option and what it has to be, and of a value that may hold a secret its type alone.
    """
    for name, value in given.items():
        if name not in types or isinstance(value, HandedOn) or (value is None and types[name] not in _NEVER_NONE):
            continue
        wanted = types[name].removesuffix(_OR_NONE)
        fits, says = KINDS[wanted]
        if not fits(value):
            shown = repr(value) if wanted in _SHOWN and isinstance(value, _PLAIN) else f"of {_named(type(value))}"
            ids = ": the id of an account, which begins with acct_" if name in _ACCOUNTS else ""
            raise UsageError(f"`{name}` {shown} must be {says}{ids}")


def _named(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_path(value: object) -> bool:
    if not isinstance(value, str | os.PathLike):
        return False
    path: object = os.fspath(cast("os.PathLike[Any]", value))
    return isinstance(path, str) and "\0" not in path


def _is_texts(value: object) -> bool:
    """Say whether it is a text or some; whether each of them makes sense is found out where they are understood.

    Arrays and series of numpy and pandas are neither sequences nor sets: they have no truth.
    """
    return isinstance(value, Sequence | AbstractSet | Iterator) and not isinstance(value, bytes | bytearray)


def _is_only_texts(value: object) -> bool:
    """Say whether it is a text or some, as far as can be seen without using it up."""
    if not _is_texts(value):
        return False
    return isinstance(value, Iterator) or all(isinstance(member, str) for member in cast("Iterable[object]", value))


def _is_a(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "bool": (_is_flag, "True or False"),
    "int": (_is_whole, "a whole number"),
    "float": (is_number, "a number"),
    "str": (_is_text, "a text"),
    "str | int": (lambda value: _is_text(value) or _is_whole(value), "a text or a whole number"),
    "str | PathLike[str]": (_is_path, "a path"),
    "str | Sequence[str]": (_is_only_texts, "a text, or a list of texts"),
    "str | Sequence[str | None]": (_is_texts, "a text, or a list of texts"),
    "Mapping[str, str]": (_is_a(Mapping), "a mapping of texts to texts"),
    "Mapping[str, int]": (_is_a(Mapping), "a mapping of texts to whole numbers"),
    "Canceller": (_is_a(Canceller), "a connector.Canceller"),
    "Salt": (_is_a(Salt), "a connector.Salt"),
    "Time": (lambda _: True, "a time"),
}
"""By the text of a type without None: whether a value is of it, and how messages call it."""
