"""A statement as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.reporting.cells import shown
from connector.reporting.sections import NUMBERS, headline, is_total, sections_of, standing, unlinked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.reporting.facts import Statement
    from connector.reporting.sections import Section

MOST_ROWS = 60
"""Rows of one table; CSV and JSON have all."""


def to_lines(statement: Statement) -> Iterator[str]:
    """Yield a statement as lines of text."""
    period = statement.period
    yield headline(statement)
    start, stop = (f"{period.local(second):%Y-%m-%d %H:%M %z}" for second in (period.bounds.start, period.bounds.stop))
    yield f"from {start} to {stop}"
    sections = list(sections_of(statement))
    for account in statement.accounts:
        first, *rest = standing(statement, account)
        yield ""
        yield f"{account.account}  {first}"
        yield from (f"  {line}" for line in rest)
        if not account.purses:
            yield "  nothing in this period, and nothing before it that is known"
        for section in sections:
            if section.account == account.account:
                yield ""
                yield from (f"  {line}" for line in _table(section))
    if hint := unlinked(statement):
        yield ""
        yield hint
    if statement.comparison is not None and not statement.comparison.lines:
        said = statement.comparison
        yield ""
        yield f"  {said.form}: {said.compared:,} compared with {statement.report}, {said.differing:,} differ"
        yield from (f"  {note}" for note in said.notes)


def _table(section: Section) -> Iterator[str]:
    yield section.title
    cut = section.lines[:MOST_ROWS]
    rows = [[_printable(shown(line.cells.get(name))) for name, _ in section.columns] for line in cut]
    headings = [heading for _, heading in section.columns]
    widths = [max(len(row[place]) for row in [headings, *rows]) for place in range(len(headings))]
    numeric = [name in NUMBERS for name, _ in section.columns]
    if any(headings):
        yield _row(headings, widths, numeric)
    for line, row in zip(cut, rows, strict=True):
        if is_total(line) and line is not cut[0]:
            yield "  " + "-" * min(100, sum(widths) + 2 * (len(widths) - 1))
        yield _row(row, widths, numeric)
    if len(section.lines) > MOST_ROWS:
        yield f"  and {len(section.lines) - MOST_ROWS:,} more: `format=csv` has all"
    if section.note:
        yield f"  ({section.note})"


def _row(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    fitted = [
        f"{cell:>{width}}" if right else f"{cell:<{width}}"
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return ("  " + "  ".join(fitted)).rstrip()


def _printable(text: str) -> str:
    """Return text without what would steer a terminal."""
    return "".join(one if one.isprintable() else " " for one in text)
