"""A statement as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.reporting.cells import shown
from connector.reporting.statement.all_accounts import all_together, exceptions, in_short
from connector.reporting.statement.sections import NUMBERS, headline, is_total, sections_of, standing, unlinked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.reporting.statement.facts import Statement
    from connector.reporting.statement.sections import Section

MOST_ROWS = 60
"""Rows of one table; CSV and JSON have all."""

FEW = 4
"""Accounts above which the last line says again how many are final: on a terminal the first has scrolled away."""


def to_lines(statement: Statement, width: int | None = None) -> Iterator[str]:
    """Yield a statement as lines of text.

    Args:
        statement: what is said.
        width: columns there are; None for as many as it takes. A table that is wider has what is said of a row below
            it, or, where that is not enough, each row as sentences, to be broken between words.
    """
    period = statement.period
    yield headline(statement)
    yield f"from {period.minute(period.bounds.start)} to {period.minute(period.bounds.stop)}"
    inner = None if width is None else width - 2
    yield from _all_accounts(statement, inner)
    sections: dict[str, list[Section]] = {}
    for section in sections_of(statement):
        sections.setdefault(section.account, []).append(section)
    for account in statement.accounts:
        first, *rest = standing(statement, account)
        yield ""
        yield f"{account.account}  {first}"
        yield from (f"  {line}" for line in rest)
        for section in sections.get(account.account, []):
            yield ""
            yield from (f"  {line}" for line in _table(section, inner))
    if hint := unlinked(statement):
        yield ""
        yield hint
    if statement.comparison is not None and not statement.comparison.lines:
        said = statement.comparison
        yield ""
        yield f"  {said.form}: {said.compared:,} compared with {statement.report}, {said.differing:,} differ"
        yield from (f"  {note}" for note in said.notes)
    if len(statement.accounts) > FEW:
        yield ""
        yield in_short(statement)


def _all_accounts(statement: Statement, width: int | None) -> Iterator[str]:
    """Yield, of several accounts, how many are final, which are not, and all of them added up."""
    if len(statement.accounts) == 1:
        return
    yield ""
    yield in_short(statement)
    yield from (f"  {line}" for line in exceptions(statement))
    section = all_together(statement)
    if section is not None:
        yield ""
        yield from (f"  {line}" for line in _table(section, width))


def _table(section: Section, width: int | None) -> Iterator[str]:
    yield section.title
    cut = section.lines[:MOST_ROWS]
    rows = [[_printable(shown(line.cells.get(name))) for name, _ in section.columns] for line in cut]
    headings = [heading for _, heading in section.columns]
    numeric = [name in NUMBERS for name, _ in section.columns]
    totals = [is_total(line) and line is not cut[0] for line in cut]
    yield from _fitting(headings, rows, numeric, totals, width)
    if len(section.lines) > MOST_ROWS:
        yield f"  and {len(section.lines) - MOST_ROWS:,} more: `format=csv` has all"
    if section.note:
        yield f"  ({section.note})"


def _fitting(
    headings: list[str], rows: list[list[str]], numeric: list[bool], totals: list[bool], width: int | None
) -> Iterator[str]:
    """Yield a table, in the first of three forms that there is room for."""
    said = [""] * len(rows)
    if width is not None and _wide(headings, rows) > width and not numeric[-1] and len(headings) > 1:
        said = [row[-1] for row in rows]
        headings, numeric = headings[:-1], numeric[:-1]
        rows = [row[:-1] for row in rows]
    if width is not None and _wide(headings, rows) > width:
        yield from _as_lists(headings, rows, said)
        return
    widths = _widths(headings, rows)
    if any(headings):
        yield _row(headings, widths, numeric)
    for row, total, words in zip(rows, totals, said, strict=True):
        if total:
            yield "  " + "-" * min(100, _wide(headings, rows) - 2)
        yield _row(row, widths, numeric)
        if words:
            yield f"      {words}"


def _as_lists(headings: list[str], rows: list[list[str]], said: list[str]) -> Iterator[str]:
    """Yield each row as what it is about, and below it each value that it has, by name."""
    for row, words in zip(rows, said, strict=True):
        yield f"  {row[0]}"
        values = [f"{heading} {value}".strip() for heading, value in zip(headings[1:], row[1:], strict=True) if value]
        yield f"      {'; '.join([*values, *([words] if words else [])])}"


def _widths(headings: list[str], rows: list[list[str]]) -> list[int]:
    return [max(len(row[place]) for row in [headings, *rows]) for place in range(len(headings))]


def _wide(headings: list[str], rows: list[list[str]]) -> int:
    """Return the columns that a table takes, indentation and all."""
    return sum(_widths(headings, rows)) + 2 * len(headings)


def _row(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    fitted = [
        f"{cell:>{width}}" if right else f"{cell:<{width}}"
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return ("  " + "  ".join(fitted)).rstrip()


def _printable(text: str) -> str:
    """Return text without what would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
