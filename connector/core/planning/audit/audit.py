"""Audits: which covered seconds a run asks Stripe about again, and which rows the lake lacks by the answers.

A list that shows nothing is only a claim, and a lie that was believed once is never looked at again. So every run
spends a few requests on seconds that count as covered, by other bounds than the windows had that read them:

* rows that are missing leave a gap. The gaps of what was newly covered are looked at once (`suspects`), and those in
  which rows were to be expected wait in a queue, the most expected first;
* beside them goes a round over every covered second, page by page: what was witnessed longest ago comes first, and of
  what never was, what was read longest ago. So whatever is covered now has its turn before anything newer.

Pure: chance is an argument. `tests/benchmarks/audit.py` shows what it finds, and when.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.audit.sampling import SHARED
from connector.core.planning.audit.suspects import lies_in
from connector.core.planning.coverage.plan import bounds_of
from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from connector.core.planning.audit.sampling import Draw
    from connector.core.state.audited import Suspect
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState

MOST = 50
"""Requests that a run spends on the past at most, all its accounts together."""

FOR_GAPS = 4
"""One request in so many goes to the round, however many gaps wait."""

LITTLE = 25
"""A window's bounds lie no more than this part of its seconds beyond them: its few rows are to fit the same page."""

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
class AuditStretch:
    """Seconds whose turn comes together: partitions that share a page, or one that takes more than one.

    Attributes:
        bounds: the seconds, quiet time up to the next stretch included.
        files: the files of its partitions.
        witnessed: when the one of them was that was witnessed longest ago, UTC seconds; 0 for never.
        since: the same; of those that never were, when their last row came.
    """

    bounds: Interval
    files: tuple[DataFile, ...]
    witnessed: int
    since: int

    @property
    def rows(self) -> int:
        """Rows of its files."""
        return sum(file.rows for file in self.files)

    @property
    def pages(self) -> int:
        """Pages that show all of it, about: seconds of very many rows take more."""
        return max(1, -(-self.rows // SHARED))

    @property
    def owners(self) -> tuple[str, ...]:
        """Paths of its files; the empty one stands for all that is covered and has no file."""
        return tuple(file.path for file in self.files) or ("",)


def stretches(state: TableState) -> list[AuditStretch]:
    """Cut covered time into stretches, oldest first: one round asks about all of each once."""
    files = sorted(state.files.values(), key=lambda file: file.first_created)
    starts = [bounds_of(file, state.partition).start for file in files]
    cut: list[AuditStretch] = []
    for part in state.covered:
        first = max(0, bisect_right(starts, part.start) - 1)
        within = [file for file in files[first : bisect_left(starts, part.stop)] if lies_in(file, state, part)]
        cut += _cut(part, within, state)
    return cut


def _cut(part: Interval, files: Sequence[DataFile], state: TableState) -> list[AuditStretch]:
    """Cut one covered part at the beginnings of partitions."""
    if not files:
        silent = state.audits.silent
        return [AuditStretch(part, (), silent, silent)]
    groups: list[list[DataFile]] = [[]]
    for file in files:
        if groups[-1] and sum(member.rows for member in groups[-1]) + file.rows > SHARED:
            groups.append([])
        groups[-1].append(file)
    cuts = [part.start, *(bounds_of(group[0], state.partition).start for group in groups[1:]), part.stop]
    return [
        AuditStretch(
            Interval(start, stop),
            tuple(group),
            min(file.witnessed for file in group),
            min(file.witnessed or file.last_created for file in group),
        )
        for group, start, stop in zip(groups, cuts, cuts[1:], strict=False)
    ]


@dataclass(frozen=True, slots=True)
class Round:
    """How far the round is.

    Attributes:
        pages: how many there are to ask for, until every covered second has had its turn.
        never: how many of them were never asked for again.
        oldest: when what was witnessed longest ago was, UTC seconds; 0 for never.
    """

    pages: int
    never: int
    oldest: int


def round_of(state: TableState) -> Round:
    """Say how far the round is. Seconds of a stretch that is under way count as asked about."""
    all_stretches = stretches(state)
    asked = state.audits.asked
    never = sum(stretch.pages for stretch in all_stretches if not (stretch.witnessed or asked.touching(stretch.bounds)))
    return Round(
        sum(stretch.pages for stretch in all_stretches),
        never,
        min((stretch.witnessed for stretch in all_stretches), default=0),
    )


# What to ask ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """One request's aim.

    Attributes:
        seconds: what to ask about; after the answer, what it spoke of.
        suspect: the gap that it is; None for a page of the round.
    """

    seconds: Interval
    suspect: Suspect | None = None


def choose(
    state: TableState, requests: int, draw: Draw, created: Callable[[AuditStretch], Sequence[int]]
) -> list[Target]:
    """Choose what to ask about: gaps that wait, and one request in a few for the next pages of the round.

    Args:
        state: the state, its gaps looked at.
        requests: how many there are.
        draw: chance.
        created: gives those of a stretch's rows, ascending; called for stretches whose turn it is.
    """
    gaps = [suspect for suspect in state.audits.suspects if state.covered.covers(Interval(suspect.start, suspect.stop))]
    pages = _pages(state, created)
    chosen: list[Target] = []
    while len(chosen) < requests:
        page = None if gaps and draw(FOR_GAPS) else next(pages, None)
        if page is not None:
            chosen.append(Target(page))
        elif gaps:
            gap = gaps.pop(0)
            chosen.append(Target(Interval(gap.start, gap.stop), gap))
        else:
            break
    return chosen


def _pages(state: TableState, created: Callable[[AuditStretch], Sequence[int]]) -> Iterator[Interval]:
    """Give the pages of the round in turn, from where it stands."""
    for stretch in sorted(stretches(state), key=lambda candidate: (candidate.since, candidate.bounds.start)):
        left = Intervals((stretch.bounds,)).minus(state.audits.asked)
        if left:
            rows = created(stretch)
            for part in left:
                yield from pages_within(part, rows)


def pages_within(part: Interval, created: Sequence[int]) -> list[Interval]:
    """Cut seconds into pages, oldest first, none within a second: each but the last has `SHARED` rows, or a few more.

    Args:
        part: the seconds.
        created: of rows, ascending, those of other seconds among them.
    """
    stop = bisect_left(created, part.stop)
    place = bisect_left(created, part.start) + SHARED
    cuts: list[int] = []
    while place < stop:
        cuts.append(created[place - 1] + 1)
        place = bisect_left(created, cuts[-1]) + SHARED
    if cuts and bisect_left(created, cuts[-1]) == stop:  # the last row's second was cut off: nothing is behind it
        cuts.pop()
    return [Interval(start, end) for start, end in pairwise((part.start, *cuts, part.stop))]


def window_around(covered: Intervals, start: int, stop: int, draw: Draw) -> Interval:
    """Return seconds to ask for around others, all of them covered, with bounds drawn by chance.

    Dense seconds get little around them, so that a page still shows them whole.
    """
    (part,) = covered.touching(Interval(start, start + 1))
    most = min(JITTER, 1 + (stop - start) // LITTLE)
    return Interval(max(part.start, start - draw(most)), min(part.stop, stop + draw(most)))


def seen_of(seconds: Interval, listed: Sequence[tuple[int, str]], *, has_more: bool) -> Interval:
    """Return of which of the seconds a page spoke.

    Of a second of more than a page, it is as much as one page can say: it counts as seen.

    Args:
        seconds: that it was asked for.
        listed: `created` and id of its rows, newest first.
        has_more: whether the page says that there are older rows.
    """
    oldest = listed[-1][0] + 1 if listed and has_more else seconds.start
    return Interval(min(max(seconds.start, oldest), seconds.stop - 1), seconds.stop)


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
    """Return the state after these were asked about: gaps wait no longer, and the round is further.

    Args:
        state: the state.
        targets: with the seconds that answers spoke of.
        now: UTC seconds.
    """
    spoken = list(targets)
    if not spoken:
        return state
    gaps = {target.suspect for target in spoken}
    waiting = tuple(
        suspect
        for suspect in state.audits.suspects
        if suspect not in gaps and state.covered.covers(Interval(suspect.start, suspect.stop))
    )
    turn = state.audits.turn if waiting and waiting[0].expected >= SHARED else now
    pages = Intervals.of(target.seconds for target in spoken if target.suspect is None)
    audits = replace(state.audits, suspects=waiting, turn=turn, asked=state.audits.asked.union(pages))
    return _through(replace(state, audits=audits), now)


def _through(state: TableState, now: int) -> TableState:
    """Give partitions all of whose seconds were asked about their new time, and forget those seconds."""
    all_stretches, asked = stretches(state), state.audits.asked
    open_ = {owner for stretch in all_stretches if not asked.covers(stretch.bounds) for owner in stretch.owners}
    done = {owner for stretch in all_stretches for owner in stretch.owners if owner not in open_}
    files = {path: with_changes(file, witnessed=now) if path in done else file for path, file in state.files.items()}
    under_way = Intervals.of(stretch.bounds for stretch in all_stretches if not open_.isdisjoint(stretch.owners))
    audits = replace(state.audits, asked=asked.both(under_way))
    audits = replace(audits, silent=now) if "" in done else audits
    return replace(state, files=MappingProxyType(files), audits=audits)


def doubted(state: TableState, seconds: Intervals) -> TableState:
    """Return the state once it is known that rows of these seconds are lacking: they are covered no more.

    Once they are read, their gaps are looked at anew; what the round has asked about stays so, as reading asks again.
    """
    seconds = seconds.both(state.covered)
    audits = state.audits
    lacking = replace(audits, lacking=audits.lacking.union(seconds), looked=audits.looked.minus(seconds))
    return replace(state, covered=state.covered.minus(seconds), audits=lacking)
