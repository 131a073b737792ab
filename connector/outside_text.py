"""Text from outside (servers, file names, other programs), made fit to be shown: printable, and without keys.

Every way out goes through here: the console, error messages, the texts of reports and verdicts, run reports on disk.
Keys are taken out first: what an escape would put before one could hide where it begins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "(key)"
"""Stands where a key was."""

SHORTEST = 8
"""Characters of the shortest secret that is looked for by itself: a shorter one is part of many words."""

_BEGINS = r"""(?:(?<![A-Za-z0-9])|(?<=\\[abfnrtv])|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4})|(?<=%[0-9A-Fa-f]{2}))"""
"""Where a key can begin: not within a word (desk_test_lake), but right after an escape."""

_KEY = re.compile(r"\b((sk|rk|pk)_(live|test|org)|whsec)_[A-Za-z0-9_]{8}")
_KEYS = re.compile(rf"{_BEGINS}((?:sk|rk)_(?:live|test|org)|whsec)_[A-Za-z0-9_]{{4,}}")
_HEADER = re.compile(
    r"""(?i)(authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer)\s+)?)(?!basic\b|bearer\b)[^\s"',;\\]+"""
)
_TOKEN = re.compile(
    r"\b((?i:basic|bearer)(?:\s+|%20))"
    r"(?![A-Za-z]?[a-z]*(?![A-Za-z0-9+/=_~-]))"  # words, as in "Basic authentication"
    r"""[A-Za-z0-9+/=._~-]{6,}+(?!")"""  # parameters, as in Basic realm="Stripe"
)
_USER_INFO = re.compile(r"""(://)(?:[^\s/?#"'<>]{1,500}|[^\s/?#@:"'<>]{0,500}:(?![0-9]+[/?#])[^\s@"<>]{1,500})@""")
"""Bounded, so that no text takes longer than it is long. A password may hold what a URL has percent-encoded."""

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")


def without_keys(text: str, secrets: Iterable[str] = ()) -> str:
    """Take out what is a key by its form, what goes with Basic or Bearer, users and passwords of URLs, and secrets.

    Args:
        text: from anywhere.
        secrets: what must not be shown, whatever its form; those of fewer than `SHORTEST` characters are no secrets.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST:
            text = text.replace(secret, KEY)
    text = _TOKEN.sub(rf"\1{KEY}", _HEADER.sub(rf"\1{KEY}", text))
    return _KEYS.sub(rf"\1_{KEY}", _USER_INFO.sub(rf"\1{KEY}@", text))


def printable(text: str) -> str:
    r"""Return text in one line that steers no terminal: escapes (`\n`, `\x1b`, `\u202e`) for all that is not printable.

    Spaces of other widths become plain ones.
    """
    return text if text.isprintable() else text.translate(_FOR_PEOPLE)


def shown(text: str, secrets: Iterable[str] = ()) -> str:
    """Return text in one printable line, without keys."""
    return printable(without_keys(text, secrets))


def sentence(text: str, secrets: Iterable[str] = ()) -> str:
    """Do the same with prose, such as a message: where its lines break is a space."""
    parts = (part.strip() for part in _BREAKS.split(text))
    return shown(" ".join(part for part in parts if part), secrets)


def in_json(text: str) -> str:
    """Return JSON text with JSON's own escapes for all that is not printable: what it says stays the same.

    Line feeds stay, which stand between values; within a string JSON has none.
    """
    return text.translate(_FOR_JSON)


def document_without_keys(document: Any, secrets: Iterable[str]) -> Any:  # noqa: ANN401 - whatever JSON knows
    """Return a JSON document with the keys taken out of its texts, names of members included."""
    known = tuple(secrets)
    if isinstance(document, str):
        return without_keys(document, known)
    if isinstance(document, Mapping):
        members = cast("Mapping[str, object]", document)
        return {without_keys(name, known): document_without_keys(value, known) for name, value in members.items()}
    if isinstance(document, list | tuple):
        return [document_without_keys(value, known) for value in cast("list[object]", document)]
    return document


class _ForPeople(dict[int, str]):
    """By character, what people are shown; made when one is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        space = character.isspace() and not _BREAKS.match(character)
        self[code] = (
            character if character.isprintable() else " " if space else character.encode("unicode_escape").decode()
        )
        return self[code]


class _ForJson(dict[int, str]):
    """By character, what JSON for a terminal has; made when one is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        return self[code]


_FOR_PEOPLE, _FOR_JSON = _ForPeople(), _ForJson()


def holds_key(text: str) -> bool:
    """Say whether there is a key in a text, or a secret of webhooks."""
    return _KEY.search(text) is not None
