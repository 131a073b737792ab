"""Gaps between rows in which rows were to be expected: of what was newly covered, each looked at once.

Whatever made rows be missing, an answer that was empty or ended too early, they are missing next to each other. What a
gap should hold is told by the same hours of other days; of a long one, by the time before and after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.core.planning.audit.sampling import Gap, gaps_within
from connector.core.planning.coverage.plan import bounds_of, rows_between
from connector.core.state.audited import Audits, Suspect
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.planning.audit.sampling import RowProfile
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState

EXPECTED = 10
"""Rows to be expected in a gap before it waits to be asked about: of rows that come by chance, few leave such a gap."""

QUEUE = 256
"""Gaps that wait to be asked about, at most, in one account."""

LOOKED_AT = 100_000
"""Rows between which gaps are looked for in one run, about: the rest of a long past waits for the next runs."""


def to_look_at(state: TableState) -> list[Interval]:
    """Return seconds whose gaps were not looked at yet, the newest first, with about as many rows as a run looks at."""
    files = sorted(state.files.values(), key=lambda file: -file.first_created)
    regions: list[Interval] = []
    rows = 0
    for part in reversed(state.covered.minus(state.audits.looked).parts):
        start = part.start
        for file in files:
            if rows <= LOOKED_AT and lies_in(file, state, part):
                rows += file.rows
                start = bounds_of(file, state.partition).start if rows > LOOKED_AT else start
        regions.append(Interval(max(part.start, start), part.stop))
        if rows > LOOKED_AT:
            break
    return regions


def around(state: TableState, region: Interval) -> Interval:
    """Return the seconds whose rows tell what was to be expected in a region: as much around it as is not too much."""
    for margin in (7 * DAY, DAY):
        wider = Interval(max(0, region.start - margin), region.stop + margin)
        if sum(file.rows for file in state.files.values() if lies_in(file, state, wider)) <= 2 * LOOKED_AT:
            return wider
    return region


def suspects_in(state: TableState, profile: RowProfile, region: Interval) -> list[Suspect]:
    """Return the gaps of a region in which rows were to be expected, the most expected first.

    Args:
        state: the state.
        profile: of the rows around the region, see `around`.
        region: covered seconds.
    """
    gaps = gaps_within(profile, state.covered.within(region))
    candidates = [Suspect(gap.start, gap.stop, int(_expected(state, profile, gap))) for gap in gaps]
    return sorted(
        (suspect for suspect in candidates if suspect.expected >= EXPECTED),
        key=lambda suspect: (-suspect.expected, suspect.start),
    )


def _expected(state: TableState, profile: RowProfile, gap: Gap) -> float:
    """Return the rows to be expected in a gap; of one longer than what is known by its hours, by its neighbours."""
    foreseen = profile.foreseen(gap)
    length = gap.stop - gap.start
    if foreseen is not None or length < DAY:
        return foreseen or 0.0
    sides = (Intervals.span(max(0, gap.start - length), gap.start), Intervals.span(gap.stop, gap.stop + length))
    known = [rows_between(state, part) for side in sides for part in side if state.covered.within(part)]
    return sum(known) / len(known) if known else 0.0


def lies_in(file: DataFile, state: TableState, seconds: Interval) -> bool:
    """Say whether a file's partition shares a second with some seconds."""
    bounds = bounds_of(file, state.partition)
    return bounds.start < seconds.stop and seconds.start < bounds.stop


def looked_at(audits: Audits, region: Interval, suspects: Iterable[Suspect]) -> Audits:
    """Return the state after a region's gaps were looked at: the most expected wait, of old and new ones."""
    waiting = sorted({*audits.suspects, *suspects}, key=lambda suspect: (-suspect.expected, suspect.start))
    return replace(audits, looked=audits.looked.union(Intervals((region,))), suspects=tuple(waiting[:QUEUE]))
