"""A statement as one self-contained HTML page, in the style of `report`: no script, no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.reporting.lake_report.frame import beginning
from connector.reporting.lake_report.html_writer import Writer
from connector.reporting.lake_report.sections import Table
from connector.reporting.statement.all_accounts import all_together, exceptions, in_short
from connector.reporting.statement.sections import NUMBERS, headline, is_total, sections_of, standing, unlinked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.core.ledger.statement import AccountStatement
    from connector.reporting.statement.facts import Statement
    from connector.reporting.statement.sections import Section

_UNSAID = {"name": "line", "note": "note", "state": "state"}
"""Headings of columns that need none in a terminal; a screen reader says them."""


def to_text(statement: Statement) -> Iterator[str]:
    """Yield the page in pieces."""
    writer, period = Writer(), statement.period
    title = writer.escape(headline(statement))
    yield beginning(title, "statement")
    start, stop, made = map(period.minute, (period.bounds.start, period.bounds.stop, statement.made_at))
    yield (
        f'<header>\n<h1>{title}</h1>\n<p class="sub">From {start} to {stop}. Made {made} by stripe-balance '
        f'{writer.escape(statement.version)}.</p>\n</header>\n<main class="paper">\n'
    )
    yield from _all_accounts(statement, writer)
    sections: dict[str, list[Section]] = {}
    for section in sections_of(statement):
        sections.setdefault(section.account, []).append(section)
    for account in statement.accounts:
        yield f"<section>\n<h2>{writer.escape(account.account)}</h2>\n"
        yield from _standing(statement, account, writer)
        for section in sections.get(account.account, []):
            yield f"<h3>{writer.escape(section.title)}</h3>\n"
            yield from writer.table(_table(section), account.account, folds=False)
        yield "</section>\n"
    if hint := unlinked(statement):
        yield f'<p class="note">{writer.escape(hint)}</p>\n'
    if statement.comparison is not None and not statement.comparison.lines:
        said = statement.comparison
        notes = "; ".join([f"{said.form}: {said.compared:,} compared, {said.differing:,} differ", *said.notes])
        yield f"<p>{writer.escape(str(statement.report))}: {writer.escape(notes)}</p>\n"
    yield "</main>\n</div>\n</body>\n</html>\n"


def _all_accounts(statement: Statement, writer: Writer) -> Iterator[str]:
    """Yield, of several accounts, how many are final, which are not, and all of them added up."""
    if len(statement.accounts) == 1:
        return
    yield "<section>\n<h2>Accounts</h2>\n"
    yield _badge(in_short(statement), writer, well=statement.final and statement.as_frozen)
    yield _said(exceptions(statement), writer)
    section = all_together(statement)
    if section is not None:
        yield f"<h3>{writer.escape(section.title)}</h3>\n"
        yield from writer.table(_table(section), folds=False)
    yield "</section>\n"


def _standing(statement: Statement, account: AccountStatement, writer: Writer) -> Iterator[str]:
    """Yield whether an account's figures are final, and what there is to know of them."""
    first, *rest = standing(statement, account)
    changed = account.since_frozen is not None and account.since_frozen.differs
    first += "; CHANGED since it was frozen" if changed else ""
    yield _badge(first, writer, well=account.final and not changed)
    yield _said(rest, writer)


def _badge(words: str, writer: Writer, *, well: bool) -> str:
    kind, sign = ("well", "✓") if well else ("look", "!")
    return f'<p class="badge {kind}">{sign} {writer.escape(words)}</p>\n'


def _said(lines: Iterable[str], writer: Writer) -> str:
    said = "".join(f"<li>{writer.escape(line)}</li>" for line in lines)
    return f'<ul class="say">\n{said}</ul>\n' if said else ""


def _table(section: Section) -> Table:
    names = [name for name, _ in section.columns]
    return Table(
        section.title,
        tuple(heading or _UNSAID.get(name, name) for name, heading in section.columns),
        tuple(tuple(line.cells.get(name) for name in names) for line in section.lines),
        frozenset(place for place, name in enumerate(names) if name in NUMBERS),
        section.note,
        tuple((place, "total") for place, line in enumerate(section.lines) if is_total(line)),
    )
