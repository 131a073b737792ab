"""A lake at a glance: what a terminal shows of it in some twenty lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector.cli.display.other_tables import checked
from connector.cli.display.rows_calendar import FANCY, PLAIN, calendar_lines, latest
from connector.cli.display.summary import bare, parked
from connector.cli.display.words import intervals, lasting, moment, nets
from connector.core.counting import counted, sized
from connector.core.mode import mode_of
from connector.core.state.table_state import add_net
from connector.core.time.times import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from connector.cli.lake_status import Holding, Look
    from connector.core.state.table_state import TableState

    Paint = Callable[[str, str], str]

ACCOUNTS = 12
"""Accounts that have a line each, where there are several; the others are counted."""

FROZEN = 3
"""Periods of several accounts that are named as frozen."""

NARROWEST = 56
"""Columns that a month with its rows takes; where there are fewer, there is no calendar."""


def glance(look: Look, paint: Paint, *, fancy: bool) -> list[str]:
    """Return what is there: of one account its calendar, of several a line each, those with something wrong first.

    Args:
        look: in the lake.
        paint: gives text a style.
        fancy: whether signs other than ASCII can be shown.
    """
    signs = FANCY if fancy else PLAIN
    several = len(look.holdings) > 1
    lines = [paint(_headline(look), "bold")]
    lines += _accounts(look.holdings, paint, signs) if several else _account(look.holdings, paint, signs)
    lines += _facts(_of_all(look), paint)
    if (last := look.last) is not None:
        error = f": {last['error']}" if last.get("error") else ""
        took = lasting(last["duration_seconds"])
        lines += _facts([("last run", f"{in_words(last['started'])}, {last['outcome']} after {took}{error}")], paint)
    return [*lines, *(_facts([("more", "--accounts shows each account in full")], paint) if several else ())]


def _headline(look: Look) -> str:
    states = [holding.state for holding in look.holdings]
    mode = mode_of(look.facts.livemode, unknown="of a mode that is not known")
    if not states:
        return f"{look.destination}: {mode}; no balance transactions yet"
    rows, pending = sum(state.rows for state in states), sum(state.pending for state in states)
    held = counted(rows, "row") + (f", {pending:,} still pending" if pending else "")
    return f"{look.destination}: {mode}; {held}; {states[0].format}, a file for each {states[0].partition.value}"


def _account(holdings: Sequence[Holding], paint: Paint, signs: str) -> Iterator[str]:
    for holding in holdings:
        state = holding.state
        yield f"{state.account}: {intervals(state.covered.pairs, most=2)}"
        yield from _facts(_wrong(holding), paint)
        calendar = calendar_lines(state, signs)
        widest = max((len(cells) for _, cells, rows in calendar if rows), default=0)
        for label, cells, rows in calendar:
            shown = paint(f"{cells:<{widest}}", "cyan") if rows else paint(cells, "dim")
            yield f"  {paint(f'{label:<9}', 'dim')} {shown}{f'  {rows:>12}' if rows else ''}"
        if holding.frozen:
            yield from _facts([("frozen", ", ".join(each.words for each in holding.frozen))], paint)


def _accounts(holdings: Sequence[Holding], paint: Paint, signs: str) -> Iterator[str]:
    order = sorted(holdings, key=lambda holding: (not _wrong(holding), -holding.state.rows, holding.state.account))
    widest = max(len(holding.state.account) for holding in order[:ACCOUNTS])
    for holding in order[:ACCOUNTS]:
        wrong = "".join(f"; {paint(name, 'yellow')} {words}" for name, words in _wrong(holding))
        upto = f", up to {moment(holding.state.read_until)} UTC" if holding.state.read_until else ""
        held = f"{counted(holding.state.rows, 'row')}{upto}{wrong}"
        yield f"  {holding.state.account:<{widest}}  {paint(latest(holding.state, signs), 'cyan')}  {held}"
    more = len(order) - ACCOUNTS
    if more > 0:
        rows = sum(holding.state.rows for holding in order[ACCOUNTS:])
        yield f"  and {counted(more, 'more account')} with {counted(rows, 'row')}"


def _wrong(holding: Holding) -> list[tuple[str, str]]:
    """Say of an account what is to be seen to: that it is retired or stale, or that files are not as written."""
    retired = holding.record.retired
    said = [("retired", f"since {moment(retired.at)}: {retired.reason}")] if retired is not None else []
    if holding.stale_since is not None and retired is None:
        said.append(("stale", f"not read since {moment(holding.stale_since)} UTC"))
    if holding.differences:
        said.append(("files", checked(len(holding.differences))))
    if holding.state.drift.findings:
        said.append(("differs", f"{counted(len(holding.state.drift.findings), 'kind')} of difference from the schema"))
    return said


def _of_all(look: Look) -> Iterator[tuple[str, str]]:
    states = [holding.state for holding in look.holdings]
    if states:
        files = [file for state in states for file in state.files.values()]
        differ = sum(len(holding.differences) for holding in look.holdings)
        yield "net", "; ".join(words for _, words in _nets(states))
        size = sized(sum(file.bytes for file in files))
        yield "files", f"{counted(len(files), 'file')}, {size}; {checked(differ)}, by name and size"
        if waiting := sum(state.parked_rows for state in states):
            yield "parked", parked(waiting)
        if left := sum(state.bare_rows for state in states):
            yield "sources", bare(left)
        if len(states) > 1 and (kept := _frozen(look.holdings)):
            yield "frozen", kept
    if look.tables:
        rows = Counter[str]()
        for table in look.tables:
            rows[table.table] += table.rows
        yield "besides", "; ".join(f"{table} {count:,}" for table, count in rows.items())


def _frozen(holdings: Sequence[Holding]) -> str:
    """Say which periods are frozen, the latest first, and of how many of the accounts."""
    counts = Counter(each.words for holding in holdings for each in holding.frozen)
    told = [
        f"{words}, {count} of {len(holdings)} accounts" if count < len(holdings) else words
        for words, count in sorted(counts.items(), reverse=True)
    ]
    more = f"; and {len(told) - FROZEN:,} more" if len(told) > FROZEN else ""
    return "; ".join(told[:FROZEN]) + more


def _nets(states: Sequence[TableState]) -> list[tuple[str, str]]:
    if len(states) == 1:
        return nets(states[0].net(), states[0].net_by_balance())
    told = [state.net_by_balance() for state in states if state.rows]
    names = {name: None for counts in told for name in counts or ()}
    by_balance = {name: add_net((counts or {}).get(name, {}) for counts in told) for name in names}
    return nets(add_net(state.net() for state in states), None if None in told else by_balance)


def _facts(facts: Iterable[tuple[str, str]], paint: Paint) -> list[str]:
    return [f"  {paint(f'{name:<9}', 'dim')} {value}" for name, value in facts]
