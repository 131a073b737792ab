"""Counts and sizes in words, the same everywhere."""

from __future__ import annotations

_KILO = 1_000


def counted(number: int, thing: str, things: str = "") -> str:
    """Return `1 file`, `1,200 files`.

    Args:
        number: how many there are.
        thing: what one of them is called.
        things: what several are called, where that is not `thing` and an s.
    """
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def sized(count: float) -> str:
    """Return bytes as `812 B`, `1.9 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _KILO:
            return f"{count:.0f} {unit}" if unit == "B" or count >= _KILO / 10 else f"{count:.1f} {unit}"
        count /= _KILO
    return f"{count:,.1f} TB"
