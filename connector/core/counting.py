"""Counts in words, the same everywhere."""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """Return `1 file`, `1,200 files`.

    Args:
        number: how many there are.
        thing: what one of them is called.
        things: what several are called, where that is not `thing` and an s.
    """
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"
