"""Lines of comma-separated values (RFC 4180) that a spreadsheet can open."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_line(values: Iterable[str]) -> str:
    """Return values as a line, with its line break."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)
    return out.getvalue()


def words(text: str) -> str:
    """Return text that may come from others; what a spreadsheet would take for a formula begins with `'`."""
    return f"'{text}" if text.startswith(_FORMULA) else text
