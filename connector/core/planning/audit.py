"""What of the past a run asks Stripe about again, and what the answers say.

A list that shows nothing is only a claim, and a lie that was believed once is never looked at again. So every run
spends a few requests on seconds that count as covered, by other bounds than the windows had that read them:

* a row that is missing leaves a gap. The gaps of what was newly covered are looked at once
  (`connector.core.planning.suspects`), and those in which rows were to be expected wait in a queue, the most expected
  first;
* beside them goes a round over everything, the stretch first that was witnessed longest ago: some quiet partitions
  that share a page, or a page of a busy one.

Pure: chance is an argument. `tests/benchmarks/audit.py` shows what it finds, and when.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.plan import bounds_of
from connector.core.planning.sampling import SHARED
from connector.core.planning.suspects import lies_in
from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.core.planning.sampling import Draw
    from connector.core.state.audited import Suspect
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState

MOST = 50
"""Requests that a run spends on the past at most, all its accounts together."""

FOR_GAPS = 4
"""One request in so many goes to the round, however many gaps wait."""

JITTER = 60
"""Seconds that a window's bounds lie beyond what it asks about, at most, drawn by chance."""


def requests_for(requests: int, *, percent: float, in_hand: float) -> int:
    """Return how many requests a run may spend on the past.

    Args:
        requests: those it has sent.
        percent: share of them, above 0.
        in_hand: what the read allocation has left for it.
    """
    return min(MOST, max(1, round(requests * percent / 100)), int(in_hand))


# The round ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds that are witnessed together: partitions that share a page, or one that takes more than one.

    Attributes:
        bounds: the seconds, quiet time up to the next stretch included.
        files: the files of its partitions.
        witnessed: when the one of them was that was witnessed longest ago, UTC seconds; 0 for never.
    """

    bounds: Interval
    files: tuple[DataFile, ...]
    witnessed: int

    @property
    def rows(self) -> int:
        """Rows of its files."""
        return sum(file.rows for file in self.files)


def stretches(state: TableState) -> list[Stretch]:
    """Cut covered time into stretches, oldest first: one round asks about each of them once."""
    files = sorted(state.files.values(), key=lambda file: file.first_created)
    starts = [bounds_of(file, state.partition).start for file in files]
    found: list[Stretch] = []
    for part in state.covered:
        first = max(0, bisect_right(starts, part.start) - 1)
        within = [file for file in files[first : bisect_left(starts, part.stop)] if lies_in(file, state, part)]
        found += _cut(part, within, state)
    return found


def _cut(part: Interval, files: Sequence[DataFile], state: TableState) -> list[Stretch]:
    """Cut one covered part at the beginnings of partitions."""
    if not files:
        return [Stretch(part, (), state.audits.turn)]
    groups: list[list[DataFile]] = [[]]
    for file in files:
        if groups[-1] and sum(one.rows for one in groups[-1]) + file.rows > SHARED:
            groups.append([])
        groups[-1].append(file)
    cuts = [part.start, *(bounds_of(group[0], state.partition).start for group in groups[1:]), part.stop]
    return [
        Stretch(Interval(start, stop), tuple(group), min(file.witnessed for file in group))
        for group, start, stop in zip(groups, cuts, cuts[1:], strict=False)
    ]


@dataclass(frozen=True, slots=True)
class Round:
    """How far the round is.

    Attributes:
        stretches: how many there are.
        never: how many of them were never asked about again.
        oldest: when the one that was witnessed longest ago was, UTC seconds; 0 for never.
    """

    stretches: int
    never: int
    oldest: int


def round_of(state: TableState) -> Round:
    """Say how far the round is."""
    times = [stretch.witnessed for stretch in stretches(state)]
    return Round(len(times), times.count(0), min(times, default=0))


# What to ask ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """One request's aim.

    Attributes:
        suspect: the gap to ask about; None for a stretch of the round.
        stretch: the stretch; None for a gap.
    """

    suspect: Suspect | None = None
    stretch: Stretch | None = None


def choose(state: TableState, requests: int, draw: Draw) -> list[Target]:
    """Choose what to ask about: gaps that wait, and one request in a few for the round; of the round, the longest ago.

    Args:
        state: the state, its gaps looked at.
        requests: how many there are.
        draw: chance.
    """
    gaps = [one for one in state.audits.suspects if state.covered.covers(Interval(one.start, one.stop))]
    round_ = sorted(stretches(state), key=lambda one: (one.witnessed, -one.bounds.start))
    chosen: list[Target] = []
    while len(chosen) < requests and (gaps or round_):
        if gaps and (not round_ or draw(FOR_GAPS)):
            chosen.append(Target(suspect=gaps.pop(0)))
        else:
            chosen.append(Target(stretch=round_.pop(0)))
    return chosen


def window_around(covered: Intervals, start: int, stop: int, draw: Draw) -> Interval:
    """Return seconds to ask for around others, all of them covered, with bounds drawn by chance."""
    (part,) = covered.touching(Interval(start, start + 1))
    return Interval(max(part.start, start - draw(JITTER)), min(part.stop, stop + draw(JITTER)))


def page_of(stretch: Stretch, created: Sequence[int], draw: Draw) -> tuple[int, int]:
    """Return seconds of a stretch that hold about a page of rows: all of it, if that is as little.

    Args:
        stretch: the stretch.
        created: of its rows, ascending.
        draw: chance: each row is as likely as any other to be asked about.
    """
    bounds = stretch.bounds
    if len(created) <= SHARED:
        return bounds.start, bounds.stop
    first = draw(len(created)) - SHARED // 2
    last = first + SHARED
    start = bounds.start if first <= 0 else max(bounds.start, created[first])
    stop = bounds.stop if last >= len(created) else min(bounds.stop, created[last])
    return start, max(stop, start + 1)


# What the answers say -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """What an answer and the lake do not agree on.

    Attributes:
        missing: ids of rows listed that the lake does not have.
        gone: ids of rows that the lake has and that were not listed.
        again: the seconds to read again: the lake's gaps around what is missing, and where the others are.
    """

    missing: tuple[str, ...]
    gone: tuple[str, ...]
    again: Intervals


def compare(
    state: TableState,
    window: Interval,
    listed: Sequence[tuple[int, str]],
    held: Sequence[tuple[int, str]],
    *,
    has_more: bool,
) -> Difference | None:
    """Compare a page with what the lake holds; None where they agree.

    Args:
        state: the state.
        window: the seconds that were asked for.
        listed: `created` and id of the page's rows, newest first.
        held: the same of the lake's rows in all files that have rows in the window.
        has_more: whether the page says that there are older rows.
    """
    complete_from = listed[-1][0] + 1 if listed and has_more else window.start
    there, here = {name for _, name in listed}, {name for _, name in held}
    missing = [(second, name) for second, name in listed if name not in here]
    gone = [
        (second, name) for second, name in held if second in window and second >= complete_from and name not in there
    ]
    if not (missing or gone):
        return None
    edges = (second for file in state.files.values() for second in (file.first_created, file.last_created))
    seconds = sorted({*edges, *(second for second, _ in held)})
    again = [_gap_around(seconds, second) for second, _ in missing]
    if gone:
        again.append(Interval(min(gone)[0], max(gone)[0] + 1))
    return Difference(tuple(name for _, name in missing), tuple(name for _, name in gone), Intervals.of(again))


def _gap_around(seconds: Sequence[int], second: int) -> Interval:
    """Return the lake's gap around a second, the seconds of the rows next to it included."""
    at, after = bisect_left(seconds, second), bisect_right(seconds, second)
    start = seconds[at - 1] if at else 0
    stop = seconds[after] + 1 if after < len(seconds) else END_OF_TIME
    return Interval(start, stop)


# Afterwards -----------------------------------------------------------------------------------------------------------


def witnessed(state: TableState, targets: Iterable[Target], *, now: int) -> TableState:
    """Return the state after these were asked about: gaps wait no longer, stretches have a new time."""
    asked = list(targets)
    if not asked:
        return state
    seen = {file.path for target in asked if target.stretch for file in target.stretch.files}
    gaps = {target.suspect for target in asked}
    waiting = tuple(
        one for one in state.audits.suspects if one not in gaps and state.covered.covers(Interval(one.start, one.stop))
    )
    turn = state.audits.turn if waiting and waiting[0].expected >= SHARED else now
    files = {path: with_changes(file, witnessed=now) if path in seen else file for path, file in state.files.items()}
    audits = replace(state.audits, suspects=waiting, turn=turn)
    return replace(state, files=MappingProxyType(files), audits=audits)


def doubted(state: TableState, seconds: Intervals) -> TableState:
    """Return the state once it is known that rows of these seconds are lacking: they are covered no more.

    Once they are read, their gaps are looked at anew.
    """
    seconds = seconds.both(state.covered)
    audits = state.audits
    lacking = replace(audits, lacking=audits.lacking.union(seconds), looked=audits.looked.minus(seconds))
    return replace(state, covered=state.covered.minus(seconds), audits=lacking)
