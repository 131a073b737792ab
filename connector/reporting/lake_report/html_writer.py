"""Tables and texts as HTML; every text from outside goes through here."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector import outside_text
from connector.core.counting import counted
from connector.reporting.cells import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.reporting.cells import Cell
    from connector.reporting.lake_report.sections import Table

LONG = 14
"""Lines from which a table is folded."""

COMMAND = "its rows"
"""Heading of a column of commands."""

_WIDE = frozenset({"what it says", "what was looked at", "file", "net", "outcome", "state", "note", "reason"})
"""Headings of columns of sentences, whose lines may break."""

_SHORT = 24
"""Characters up to which such a cell keeps to one line, and takes no more room than it needs."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes pieces of a page.

    Attributes:
        secrets: what must not stand in it, whatever its form; keys are taken out by theirs.
    """

    secrets: tuple[str, ...] = ()

    def escape(self, text: str) -> str:
        """Return text for the page: what others wrote is printable, says nothing to a browser, and has no keys."""
        return html.escape(outside_text.shown(text, self.secrets))

    def region(self, label: str) -> str:
        """Return the beginning of what may be wider than the page, which the keyboard can scroll, too."""
        return f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'

    def table(self, table: Table, whose: str = "", *, folds: bool = True) -> Iterator[str]:
        """Yield a table, folded where it is long; of one without lines its note alone.

        Args:
            table: what it says.
            whose: the account, where the page has several, so that no two labels are the same.
            folds: whether it may be folded.
        """
        if table.lines:
            yield from self._whole(table, whose, folded=folds and len(table.lines) > LONG)
        elif table.note:
            yield f'<p class="note">{self.escape(table.note)}</p>\n'

    def _whole(self, table: Table, whose: str, *, folded: bool) -> Iterator[str]:
        title = self.escape(table.title)
        if folded:
            screen = "" if table.printed else ' class="screen"'
            yield f"<details{screen}><summary>{title} ({counted(len(table.lines), 'line')})</summary>\n"
        kinds = " ".join(f"n{place + 1}" for place in sorted(table.numbers))
        kind = f' class="{kinds}"' if kinds else ""
        yield self.region(self.escape(" ".join(filter(None, (table.title, whose)))))
        yield f"<table{kind}><caption>{title}</caption>\n{self._head(table)}<tbody>\n"
        marks = dict(table.marks)
        for number, line in enumerate(table.lines):
            yield self._line(table, line, marks.get(number, ""))
        yield "</tbody></table></div>\n"
        if table.note:
            yield f'<p class="note">{self.escape(table.note)}</p>\n'
        if folded:
            yield "</details>\n"

    def _head(self, table: Table) -> str:
        if not any(table.columns):
            return ""
        names = "".join(f'<th scope="col">{self.escape(name)}</th>' for name in table.columns)
        return f"<thead><tr>{names}</tr></thead>\n"

    def _line(self, table: Table, line: tuple[Cell, ...], mark: str) -> str:
        first, *rest = (self.escape(shown(cell)) for cell in line)
        cells = "".join(self._cell(table, place, text) for place, text in enumerate(rest, 1))
        kind = f' class="{mark}"' if mark else ""
        return f'<tr{kind}><th scope="row">{first}</th>{cells}</tr>\n'

    def _cell(self, table: Table, place: int, text: str) -> str:
        name = table.columns[place]
        if name == COMMAND:
            return f"<td><code>{text}</code></td>"
        wide = name in _WIDE and place not in table.numbers and len(text) > _SHORT
        return f'<td class="w">{text}</td>' if wide else f"<td>{text}</td>"
