"""Simulate a server that lies now and then: rows missing from a lake over time, with audits and without.

An account of 10^6 rows a year (busy by day, quiet at night and at weekends), a year of it loaded at the start, then a
run every hour. One answer in 10^3, 10^4 or 10^5, of whatever kind, is a lie: it shows nothing, or ends too early, and
what it hides counts as covered. Nothing is asked twice but by the audit (a second witness of surprising answers, which
a run has besides, is left out), and its own answers, and those of what it reads again, lie as often. What is due is not
read again either, which would bring back some. The decisions are those of `connector.core`; only the rows are made up.

`python tests/benchmarks/audit.py [DAYS] [SVG]`, half an hour: what was found and when, and a drawing.
"""

from __future__ import annotations

import random
import sys
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.core.planning import audit, suspects
from connector.core.planning.sampling import SHARED, Profile
from connector.core.state.data_file import DataFile, with_changes
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

HOUR = 3_600
YEAR = 365 * DAY
START = 1_735_689_600
"""2025-01-01: a Wednesday."""
ROWS = 1_000_000
WINDOW = 4_000
"""Rows of a window of a first load: forty pages."""
SETTLE = 600
RATES = (1e-3, 1e-4, 1e-5)
ACCOUNTS = 3
"""Of each rate: those first that were lied to while they were loaded, or little would be seen at the lowest rates."""


def made(rng: random.Random, days: int) -> list[int]:
    """Return when the rows of an account were created, ascending: by chance, as business goes."""
    found: list[int] = []
    weight = sum(_weight(START + hour * HOUR) for hour in range(365 * 24))
    for hour in range((365 + days) * 24):
        start = START + hour * HOUR
        count = ROWS * _weight(start) / weight
        found += (start + rng.randrange(HOUR) for _ in range(_poisson(rng, count)))
    return sorted(found)


def _weight(second: int) -> float:
    busy = 8 <= second // HOUR % 24 < 20
    weekend = second // DAY % 7 in {2, 3}
    return (1.0 if busy else 0.15) * (0.4 if weekend else 1.0)


def _poisson(rng: random.Random, mean: float) -> int:
    return max(0, round(rng.gauss(mean, mean**0.5))) if mean > 0 else 0


@dataclass
class Lie:
    """One answer that hid rows: when it was given, how many it hid, and when the last of them was found."""

    at: int
    rows: set[int]
    hidden: int
    found: int | None = None


@dataclass
class World:
    """A server that lies, and the lake that believed it.

    Attributes:
        created: of all rows there ever are, ascending; a row's id is its place.
        rate: share of the answers that are lies.
        rng: chance.
    """

    created: list[int]
    rate: float
    rng: random.Random
    held: bytearray = field(init=False)
    lies: list[Lie] = field(default_factory=list)
    files: dict[str, DataFile] = field(default_factory=dict)
    state: TableState = field(init=False)
    requests: int = 0
    missing: int = 0

    def __post_init__(self) -> None:
        self.held = bytearray(len(self.created))
        self.state = TableState(AccountId("acct_1"), "parquet", Granularity.DAY)

    # The server -------------------------------------------------------------------------------------------------------

    def page(self, first: int, stop: int) -> tuple[int, int, bool]:
        """Answer with the newest page of the rows from one place to another: where it begins, ends, and goes on."""
        self.requests += 1
        start = max(first, stop - 100)
        if self.rng.random() >= self.rate:
            return start, stop, start > first
        return (stop, stop, False) if self.requests % 2 else (start, stop, False)

    def walk(self, first: int, stop: int, now: int) -> None:
        """Read rows, page by page, believing every answer."""
        place = stop
        while True:
            begins, ends, more = self.page(first, place)
            self.take(begins, ends, now)
            place = begins
            if not more:
                break
        hidden = {row for row in range(first, place) if not self.held[row]}
        if hidden:
            self.lies.append(Lie(now, hidden, len(hidden)))
            self.missing += len(hidden)

    # The lake ---------------------------------------------------------------------------------------------------------

    def take(self, first: int, stop: int, now: int) -> None:
        """Keep rows; what was missing of a lie is found."""
        for row in range(first, stop):
            if self.held[row]:
                continue
            self.held[row] = 1
            for lie in self.lies:
                if row in lie.rows:
                    lie.rows.discard(row)
                    self.missing -= 1
                    if not lie.rows and lie.found is None:
                        lie.found = now
        if first < stop:
            self.touch(self.created[first], self.created[stop - 1])

    def touch(self, first: int, last: int) -> None:
        """Write the files of some days anew."""
        for day in range(first // DAY, last // DAY + 1):
            rows = self.rows_of(day * DAY, day * DAY + DAY)
            if rows:
                path = partition_of(day * DAY, Granularity.DAY).label
                old = self.files.get(path)
                file = DataFile(path, len(rows), 1, "", rows[0][0], rows[-1][0], {}, 0, None)
                self.files[path] = with_changes(file, witnessed=old.witnessed if old else 0)

    def rows_of(self, start: int, stop: int) -> list[tuple[int, str]]:
        """Return the lake's rows of some seconds."""
        first, last = bisect_left(self.created, start), bisect_left(self.created, stop)
        return [(self.created[row], str(row)) for row in range(first, last) if self.held[row]]

    def write_state(self, covered: Intervals) -> None:
        """Write the state."""
        self.state = replace(self.state, files=MappingProxyType(dict(self.files)), covered=covered)

    # Runs -------------------------------------------------------------------------------------------------------------

    def load(self, now: int) -> None:
        """Load everything for the first time."""
        end = bisect_left(self.created, now)
        for stop in range(end, 0, -WINDOW):
            self.walk(max(0, stop - WINDOW), stop, now)
        self.write_state(Intervals.span(0, now - SETTLE))

    def increment(self, now: int) -> None:
        """Read what is new."""
        since = self.state.covered.parts[-1].stop
        self.walk(bisect_left(self.created, since), bisect_left(self.created, now), now)
        self.write_state(self.state.covered.union(Intervals.span(since, now - SETTLE)))

    def look_back(self, now: int, requests: int = 1) -> None:
        """Ask about the past, as a run does."""
        for region in suspects.to_look_at(self.state):
            found = self.suspects_in(region)
            self.state = replace(self.state, audits=suspects.looked_at(self.state.audits, region, found))
        targets = audit.choose(self.state, requests, self.rng.randrange)
        again = Intervals()
        for target in targets:
            start, stop = self.aim(target)
            window = audit.window_around(self.state.covered, start, stop, self.rng.randrange)
            begins, ends, more = self.page(
                bisect_left(self.created, window.start), bisect_left(self.created, window.stop)
            )
            listed = [(self.created[row], str(row)) for row in range(ends - 1, begins - 1, -1)]
            days = (window.start // DAY * DAY, -(-window.stop // DAY) * DAY)
            held = self.rows_of(*days) if days[1] - days[0] < 9 * DAY else self.rows_of(window.start, window.stop)
            difference = audit.compare(self.state, window, listed, held, has_more=more)
            again = again.union(difference.again) if difference else again
        self.state = audit.witnessed(self.state, targets, now=now)
        self.files = dict(self.state.files)
        for part in again.both(self.state.covered):
            self.walk(bisect_left(self.created, part.start), bisect_left(self.created, part.stop), now)
            looked = self.state.audits.looked.minus(Intervals((part,)))
            self.state = replace(self.state, audits=replace(self.state.audits, looked=looked))
        self.write_state(self.state.covered)

    def suspects_in(self, region: Interval, least: float = suspects.EXPECTED) -> list:
        """Look at the gaps of a region."""
        wider = suspects.around(self.state, region)
        profile = Profile()
        profile.add([second for second, _ in self.rows_of(wider.start // DAY * DAY, -(-wider.stop // DAY) * DAY)])
        return suspects.suspects_in(self.state, profile, region, least=least)

    def aim(self, target: audit.Target) -> tuple[int, int]:
        """Return the seconds to ask about."""
        if target.suspect is not None:
            return target.suspect.start, target.suspect.stop
        stretch = target.stretch
        if stretch.rows > SHARED and self.rng.randrange(2):
            found = self.suspects_in(stretch.bounds, 1)
            if found:
                waiting = [one for one in found[1:] if one.expected >= suspects.EXPECTED]
                audits = suspects.looked_at(self.state.audits, stretch.bounds, waiting)
                self.state = replace(self.state, audits=audits)
                return found[0].start, found[0].stop
        first, last = stretch.files[0].first_created, stretch.files[-1].last_created + 1
        created = [second for second, _ in self.rows_of(first, last) if second in stretch.bounds]
        return audit.page_of(stretch, created, self.rng.randrange)


def simulate(created: list[int], rate: float, days: int, *, audits: bool, seed: int) -> tuple[World, list[int]]:
    """Return what became of an account, and the rows missing after each hour."""
    world = World(created, rate, random.Random(seed))
    now = START + YEAR
    world.load(now)
    missing = [world.missing]
    for hour in range(1, days * 24 + 1):
        world.increment(now + hour * HOUR)
        if audits:
            world.look_back(now + hour * HOUR)
        missing.append(world.missing)
    return world, missing


def found_of(lies: list[Lie], least: int, most: float, days: int) -> str:
    """Say what became of the lies that hid so many rows and were told at least a week before the end."""
    last = START + YEAR + (days - 7) * DAY
    told = [lie for lie in lies if least <= lie.hidden < most and lie.at <= last]
    took = sorted((lie.found - lie.at) / DAY for lie in told if lie.found is not None)
    if not told:
        return "none told"
    week = sum(1 for one in took if one <= 7)
    half = f", half of them within {median(took):.1f} d, the last after {took[-1]:.1f} d" if took else ""
    return f"{len(took)} of {len(told)} found{half}; {week} within 7 d"


def lied_to(created: list[int], rate: float) -> list[int]:
    """Return the seeds of the first few accounts whose load was lied to."""
    found: list[int] = []
    seed = 0
    while len(found) < ACCOUNTS:
        seed += 1
        rng = random.Random(seed)
        if any(rng.random() < rate for _ in range(ROWS // 100)):
            found.append(seed)
    return found


def drawing(lines: dict[float, tuple[list[int], list[int]]], days: int) -> str:
    """Draw rows missing over time as SVG: one panel for each rate, without audits in grey, with them in blue."""
    width, height, panel = 720, 150, 190
    found = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {panel * len(lines)}" font-size="11">',
        f'<rect width="{width}" height="{panel * len(lines)}" fill="white"/>',
    ]
    for at, (rate, (without, with_)) in enumerate(lines.items()):
        top, most = at * panel + 24, max(1, *without, *with_)
        found.append(
            f'<text x="60" y="{top - 8}">one lie in {round(1 / rate):,} answers: rows missing (blue: audited)</text>'
        )
        for share in (0, 0.5, 1):
            y = top + height * (1 - share)
            found.append(f'<line x1="60" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            found.append(f'<text x="54" y="{y + 4:.1f}" text-anchor="end">{round(most * share):,}</text>')
        for values, colour in ((without, "#999"), (with_, "#1668c7")):
            step = max(1, len(values) // 600)
            points = " ".join(
                f"{60 + (width - 70) * place / (len(values) - 1):.1f},{top + height * (1 - values[place] / most):.1f}"
                for place in range(0, len(values), step)
            )
            found.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
    found.append(
        f'<text x="{width - 10}" y="{panel * len(lines) - 4}" text-anchor="end">{days} days of hourly runs</text>'
    )
    return "\n".join([*found, "</svg>", ""])


def main(days: int, svg: str | None) -> None:
    created = made(random.Random(1), days)
    first = bisect_right(created, START + YEAR)
    print(f"{ACCOUNTS} accounts of {first:,} rows loaded, {len(created) - first:,} more in {days} days of hourly runs")
    lines = {}
    for rate in RATES:
        curves: tuple[list[int], list[int]] = ([0] * (days * 24 + 1), [0] * (days * 24 + 1))
        lies: list[Lie] = []
        requests, left = [0, 0], [0, 0]
        for seed in lied_to(created, rate):
            for at, audits in enumerate((False, True)):
                world, missing = simulate(created, rate, days, audits=audits, seed=seed)
                curves[at][:] = map(sum, zip(curves[at], missing, strict=True))
                requests[at], left[at] = requests[at] + world.requests, left[at] + world.missing
                lies += world.lies if audits else ()
        lines[rate] = curves
        print(f"one lie in {round(1 / rate):,}: {left[0]:,} rows missing in the end without audits, {left[1]:,} with")
        for least, most, name in ((100, 1e9, "100 rows or more"), (20, 100, "20 to 99"), (1, 20, "fewer than 20")):
            print(f"  lies that hid {name:16}: {found_of(lies, least, most, days)}")
        print(f"  requests: {requests[0]:,} without, {requests[1] - requests[0]:,} more with audits and re-reading")
        print(f"  a round has {len(audit.stretches(world.state)):,} stretches", flush=True)
    if svg:
        Path(svg).write_text(drawing(lines, days))


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 30, words[1] if len(words) > 1 else None)
