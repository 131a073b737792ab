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


def glance(found: Look, paint: Paint, *, fancy: bool) -> list[str]:
    """Return what is there: of one account its calendar, of several a line each, those with something wrong first.

    Args:
        found: in the lake.
        paint: gives text a style.
        fancy: whether signs other than ASCII can be shown.
    """
    signs = FANCY if fancy else PLAIN
    several = len(found.holdings) > 1
    lines = [paint(_headline(found), "bold")]
    lines += _accounts(found.holdings, paint, signs) if several else _account(found.holdings, paint, signs)
    lines += _facts(_of_all(found), paint)
    if (last := found.last) is not None:
        error = f": {last['error']}" if last.get("error") else ""
        took = lasting(last["duration_seconds"])
        lines += _facts([("last run", f"{in_words(last['started'])}, {last['outcome']} after {took}{error}")], paint)
    return [*lines, *(_facts([("more", "--accounts shows each account in full")], paint) if several else ())]


def _headline(found: Look) -> str:
    states = [one.state for one in found.holdings]
    mode = mode_of(found.facts.livemode, unknown="of a mode that is not known")
    if not states:
        return f"{found.destination}: {mode}; no balance transactions yet"
    rows, pending = sum(one.rows for one in states), sum(one.pending for one in states)
    held = counted(rows, "row") + (f", {pending:,} still pending" if pending else "")
    return f"{found.destination}: {mode}; {held}; {states[0].format}, a file for each {states[0].partition.value}"


def _account(holdings: Sequence[Holding], paint: Paint, signs: str) -> Iterator[str]:
    for one in holdings:
        state = one.state
        yield f"{state.account}: {intervals([(part.start, part.stop) for part in state.covered], most=2)}"
        yield from _facts(_wrong(one), paint)
        calendar = calendar_lines(state, signs)
        widest = max((len(cells) for _, cells, rows in calendar if rows), default=0)
        for label, cells, rows in calendar:
            shown = paint(f"{cells:<{widest}}", "cyan") if rows else paint(cells, "dim")
            yield f"  {paint(f'{label:<9}', 'dim')} {shown}{f'  {rows:>12}' if rows else ''}"
        if one.frozen:
            yield from _facts([("frozen", ", ".join(each.words for each in one.frozen))], paint)


def _accounts(holdings: Sequence[Holding], paint: Paint, signs: str) -> Iterator[str]:
    order = sorted(holdings, key=lambda one: (not _wrong(one), -one.state.rows, one.state.account))
    widest = max(len(one.state.account) for one in order[:ACCOUNTS])
    for one in order[:ACCOUNTS]:
        wrong = "".join(f"; {paint(name, 'yellow')} {words}" for name, words in _wrong(one))
        upto = f", up to {moment(one.state.read_until)} UTC" if one.state.read_until else ""
        held = f"{counted(one.state.rows, 'row')}{upto}{wrong}"
        yield f"  {one.state.account:<{widest}}  {paint(latest(one.state, signs), 'cyan')}  {held}"
    more = len(order) - ACCOUNTS
    if more > 0:
        rows = sum(one.state.rows for one in order[ACCOUNTS:])
        yield f"  and {counted(more, 'more account')} with {counted(rows, 'row')}"


def _wrong(one: Holding) -> list[tuple[str, str]]:
    """Say of an account what is to be seen to: that it is retired or stale, or that files are not as written."""
    retired = one.record.retired
    said = [("retired", f"since {moment(retired.at)}: {retired.reason}")] if retired is not None else []
    if one.stale_since is not None and retired is None:
        said.append(("stale", f"not read since {moment(one.stale_since)} UTC"))
    if one.differences:
        said.append(("files", checked(len(one.differences))))
    if one.state.drift.findings:
        said.append(("differs", f"{counted(len(one.state.drift.findings), 'kind')} of difference from the schema"))
    return said


def _of_all(found: Look) -> Iterator[tuple[str, str]]:
    states = [one.state for one in found.holdings]
    if states:
        files = [file for state in states for file in state.files.values()]
        differ = sum(len(one.differences) for one in found.holdings)
        yield "net", "; ".join(words for _, words in _nets(states))
        size = sized(sum(file.bytes for file in files))
        yield "files", f"{counted(len(files), 'file')}, {size}; {checked(differ)}, by name and size"
        if waiting := sum(one.parked_rows for one in states):
            yield "parked", parked(waiting)
        if left := sum(one.bare_rows for one in states):
            yield "sources", bare(left)
        if len(states) > 1 and (kept := _frozen(found.holdings)):
            yield "frozen", kept
    if found.tables:
        rows = Counter[str]()
        for one in found.tables:
            rows[one.table] += one.rows
        yield "besides", "; ".join(f"{table} {count:,}" for table, count in rows.items())


def _frozen(holdings: Sequence[Holding]) -> str:
    """Say which periods are frozen, the latest first, and of how many of the accounts."""
    counts = Counter(each.words for one in holdings for each in one.frozen)
    told = [
        f"{words}, {count} of {len(holdings)} accounts" if count < len(holdings) else words
        for words, count in sorted(counts.items(), reverse=True)
    ]
    more = f"; and {len(told) - FROZEN:,} more" if len(told) > FROZEN else ""
    return "; ".join(told[:FROZEN]) + more


def _nets(states: Sequence[TableState]) -> list[tuple[str, str]]:
    if len(states) == 1:
        return nets(states[0].net(), states[0].net_by_balance())
    told = [one.net_by_balance() for one in states if one.rows]
    names = {name: None for one in told for name in one or ()}
    by_balance = {name: add_net((one or {}).get(name, {}) for one in told) for name in names}
    return nets(add_net(one.net() for one in states), None if None in told else by_balance)


def _facts(facts: Iterable[tuple[str, str]], paint: Paint) -> list[str]:
    return [f"  {paint(f'{name:<9}', 'dim')} {value}" for name, value in facts]
