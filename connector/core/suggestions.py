"""What somebody may have meant by a name that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)`, X being a name that begins with the word, else the closest; nothing without one.

    Args:
        word: as it was given.
        known: the names there are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - takes time to import, and only a mistake needs it

    names = list(known)
    begins = sorted((name for name in names if len(word.lstrip("-")) > 1 and name.startswith(word)), key=len)
    found = begins or get_close_matches(word, names, 1)
    return f" (did you mean {found[0]}?)" if found else ""
