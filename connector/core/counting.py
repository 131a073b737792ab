"""Counts and sizes in words, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KILO = 1_000
_THINGS = frozenset(
    {"balance", "field", "file", "id", "payout", "row", "split", "table", "time", "transaction", "type", "value"}
)
"""What kinds of findings are named after, in their first word or their last."""


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


def of_kinds(counts: Mapping[str, int]) -> str:
    """Return how many findings there are of each kind: `1 missing file, 2 rows out of order`.

    Args:
        counts: by kind, such as `missing_file` and `row_out_of_order`.
    """
    return ", ".join(f"{count:,} {_kind(name.split('_'), several=count != 1)}" for name, count in counts.items())


def _kind(words: list[str], *, several: bool) -> str:
    place = next((index for index in (-1, 0) if words[index] in _THINGS), None)
    if several and place is not None:
        words[place] += "s"
        words = ["differ" if word == "differs" else word for word in words]
    return " ".join(words).replace("stripe", "Stripe")
