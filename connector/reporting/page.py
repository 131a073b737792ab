"""A statement as one self-contained HTML page: no script, no request, readable in print and in the dark."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from connector import outside_text
from connector.reporting.cells import shown
from connector.reporting.sections import NUMBERS, headline, is_total, sections_of, standing, unlinked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.reporting.facts import Statement
    from connector.reporting.sections import Section

_STYLE = """\
:root { color-scheme: light dark; --line: #767676; --soft: #f2f2f2; --warn: #8a3b00; }
@media (prefers-color-scheme: dark) { :root { --line: #9a9a9a; --soft: #262626; --warn: #ffb27a; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0 .25rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; font-weight: normal; white-space: nowrap; }
thead th { border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; }
tr.total th, tr.total td { border-top: 1px solid var(--line); font-weight: 600; }
.note { margin: 0 0 1rem; font-size: .9rem; }
.open { color: var(--warn); font-weight: 600; }
@media print {
  body { margin: 0; max-width: none; font-size: 10px; }
  .scroll { overflow: visible; }
  tr { break-inside: avoid; }
}
"""


def to_text(statement: Statement) -> Iterator[str]:
    """Yield the page in pieces."""
    period = statement.period
    title = escape(headline(statement))
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    )
    start, stop, made = map(period.minute, (period.bounds.start, period.bounds.stop, statement.made_at))
    yield f"<p>From {start} to {stop}. Made {made} by stripe-balance {escape(statement.version)}.</p>\n"
    sections = list(sections_of(statement))
    for account in statement.accounts:
        first, *rest = standing(statement, account)
        kind = "" if account.final else ' class="open"'
        yield f"<h2>{escape(account.account)}</h2>\n<p{kind}>{escape(first)}</p>\n"
        if rest:
            yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in rest)}</ul>\n"
        for section in sections:
            if section.account == account.account:
                yield from _table(section)
    if hint := unlinked(statement):
        yield f'<p class="note">{escape(hint)}</p>\n'
    if statement.comparison is not None and not statement.comparison.lines:
        said = statement.comparison
        notes = "; ".join([f"{said.form}: {said.compared:,} compared, {said.differing:,} differ", *said.notes])
        yield f"<p>{escape(str(statement.report))}: {escape(notes)}</p>\n"
    yield "</main>\n</body>\n</html>\n"


def escape(text: str) -> str:
    """Return text for the page: what others wrote is printable, and without keys."""
    return html.escape(outside_text.shown(text))


def _table(section: Section) -> Iterator[str]:
    classes = [' class="n"' if name in NUMBERS else "" for name, _ in section.columns]
    heads = "".join(
        f'<th scope="col"{kind}>{escape(heading) or _unsaid(name)}</th>'
        for (name, heading), kind in zip(section.columns, classes, strict=True)
    )
    title = escape(section.title)
    yield (
        f'<div class="scroll" role="region" aria-label="{title}" tabindex="0"><table>\n<caption>{title}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    )
    for line in section.lines:
        cells = [escape(shown(line.cells.get(name))) for name, _ in section.columns]
        first = f'<th scope="row"{classes[0]}>{cells[0]}</th>'
        rest = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(cells[1:], classes[1:], strict=True))
        total = ' class="total"' if is_total(line) else ""
        yield f"<tr{total}>{first}{rest}</tr>\n"
    yield "</tbody>\n</table></div>\n"
    if section.note:
        yield f'<p class="note">{escape(section.note)}</p>\n'


def _unsaid(name: str) -> str:
    """Return the heading of a column that needs none to the eye."""
    return {"name": "line", "note": "note", "state": "state"}.get(name, name)
