"""What somebody may have meant by a name that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
"""The hyphen, and what programs for writing make of it, or of two."""

_NOTHING = str.maketrans("", "", f"{DASHES}_")

MOST_NAMED = 12
"""Accounts of a lake that a message names."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)`, X being a name that begins with the word, else the closest; nothing without one.

    Dashes of any length, underscores and capitals count for nothing: `-dry_run` is `--dry-run`, and no two words are
    alike by them.

    Args:
        word: as it was given.
        known: the names there are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - takes time to import, and only a mistake needs it

    names: dict[str, str] = {}
    for name in known:
        names.setdefault(_letters(name), name)
    letters = _letters(word)
    begins = sorted((name for name in names if len(letters) > 1 and name.startswith(letters)), key=len)
    close = begins or get_close_matches(letters, names)
    return f" (did you mean {names[close[0]]}?)" if close and letters else ""


def among_accounts(word: str, names: Collection[str]) -> str:
    """Return an account that is none of those there are, which was probably meant, and the first few of them.

    Args:
        word: as it was given.
        names: ids of the accounts of a lake.
    """
    return f"{word}{did_you_mean(word, names)}; accounts here: {few(names)}"


def few(names: Collection[str]) -> str:
    """Return names, of more than `MOST_NAMED` the first, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(list(names)[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _letters(name: str) -> str:
    return name.translate(_NOTHING).lower()


def refuse_unknown(given: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse keywords that a call does not have.

    Raises:
        UsageError: names all of them, and what there is.
    """
    unknown = sorted(given.keys() - known)
    if not unknown:
        return
    there, options = ", ".join(sorted(known)), "option" if len(unknown) == 1 else "options"
    named = ", ".join(f"{name!r}{did_you_mean(name, known)}" for name in unknown)
    raise UsageError(f"there {'is' if len(unknown) == 1 else 'are'} no {options} {named}; there are {there}")
