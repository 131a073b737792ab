"""Simulate a server that lies now and then: rows missing from a lake over time, with audits and without.

An account (busy by day, quiet at night and at weekends), a year of it loaded at the start, then a run every hour.
Nothing is asked twice but by the audit (a second witness of surprising answers, which a run has besides, is left out).
What is due is not read again either, which would bring back some. The decisions are those of `connector.core`; only the
rows are made up.

First, 10^6 rows a year, and one answer in 10^3, 10^4 or 10^5, of whatever kind, is a lie: it shows nothing, ends too
early, lacks some of its newest rows, or lacks some of its oldest and ends; what it hides counts as covered. The audit's
own answers, and those of what it reads again, lie as often.

Then, honest from the first run on, what the load's answers hid: many lies of each size, and after how long each was
found, beside the round that `status` shows.

`python tests/benchmarks/audit.py [DAYS] [SVG]`: what was found and when, and a drawing. `… planted ROWS DAYS`: the
second part alone, of so many rows a year.
"""

from __future__ import annotations

import random
import sys
from bisect import bisect_left, bisect_right
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.core.planning.audit import audit, suspects
from connector.core.planning.audit.sampling import RowProfile
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
CLASSES = ((100, 1e9, "100 rows or more"), (20, 100, "20 to 99"), (10, 20, "10 to 19"), (1, 10, "fewer than 10"))
"""Lies by how many rows they hid: from, up to, and what they are called."""
PLANTED = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 400))
"""Sizes of the lies of a load, in rows, from and to."""
EACH = 40
"""Lies of each size."""
WINDOW = 4_000
"""Rows of a window of a first load: forty pages."""
SETTLE = 600
RATES = (1e-3, 1e-4, 1e-5)
ACCOUNTS = 2
"""Of each rate: those first that were lied to while they were loaded, or little would be seen at the lowest rates."""


def made(rng: random.Random, days: int, rows: int = ROWS) -> list[int]:
    """Return when the rows of an account were created, ascending: by chance, as business goes."""
    found: list[int] = []
    weight = sum(_weight(START + hour * HOUR) for hour in range(365 * 24))
    for hour in range((365 + days) * 24):
        start = START + hour * HOUR
        count = rows * _weight(start) / weight
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
    lying: int = 0

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
        self.lying += 1
        lacks = min(stop - start, self.rng.randint(1, 99))
        kinds = (
            (stop, stop, False),
            (start, stop, False),
            (start, stop - lacks, start > first),
            (start + lacks, stop, False),
        )
        return kinds[self.lying % 4]

    def walk(self, first: int, stop: int, now: int) -> None:
        """Read rows, page by page, believing every answer."""
        place = stop
        while True:
            begins, ends, more = self.page(first, place)
            self.take(begins, ends, now)
            place = begins
            if not more:
                break
        known = {row for lie in self.lies for row in lie.rows}
        self.hide({row for row in range(first, stop) if not self.held[row]} - known, now)

    def hide(self, rows: set[int], now: int) -> None:
        """Take note of rows that a lie hid."""
        if rows:
            self.lies.append(Lie(now, rows, len(rows)))
            self.missing += len(rows)

    def plant(self, now: int) -> None:
        """Hide rows of the load: lies of each size, at places drawn by chance."""
        end = bisect_left(self.created, self.state.covered.parts[-1].stop)
        for least, most in PLANTED:
            for _ in range(EACH):
                size, first = self.rng.randint(least, most), self.rng.randrange(end - most)
                rows = {row for row in range(first, first + size) if self.held[row]}
                if len(rows) == size:
                    for row in rows:
                        self.held[row] = 0
                    self.hide(rows, now)
                    self.touch(self.created[first], self.created[first + size - 1])
        self.write_state(self.state.covered)

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
        targets = audit.choose(self.state, requests, self.rng.randrange, self.created_in)
        again = Intervals()
        spoken: list[audit.Target] = []
        for target in targets:
            start, stop = target.seconds.start, target.seconds.stop
            window = audit.window_around(self.state.covered, start, stop, self.rng.randrange)
            begins, ends, more = self.page(
                bisect_left(self.created, window.start), bisect_left(self.created, window.stop)
            )
            listed = [(self.created[row], str(row)) for row in range(ends - 1, begins - 1, -1)]
            days = (window.start // DAY * DAY, -(-window.stop // DAY) * DAY)
            held = self.rows_of(*days) if days[1] - days[0] < 9 * DAY else self.rows_of(window.start, window.stop)
            difference = audit.compare(self.state, window, listed, held, has_more=more)
            again = again.union(difference.again) if difference else again
            spoken.append(replace(target, seconds=audit.seen_of(target.seconds, listed, has_more=more)))
        self.state = audit.witnessed(self.state, spoken, now=now)
        self.files = dict(self.state.files)
        for part in again.both(self.state.covered):
            self.walk(bisect_left(self.created, part.start), bisect_left(self.created, part.stop), now)
            looked = self.state.audits.looked.minus(Intervals((part,)))
            self.state = replace(self.state, audits=replace(self.state.audits, looked=looked))
        self.write_state(self.state.covered)

    def suspects_in(self, region: Interval) -> list:
        """Look at the gaps of a region."""
        wider = suspects.around(self.state, region)
        profile = RowProfile()
        profile.add([second for second, _ in self.rows_of(wider.start // DAY * DAY, -(-wider.stop // DAY) * DAY)])
        return suspects.suspects_in(self.state, profile, region)

    def created_in(self, stretch: audit.AuditStretch) -> list[int]:
        """Return when the rows of a stretch's files were created."""
        first, last = stretch.files[0].first_created, stretch.files[-1].last_created + 1
        return [second for second, _ in self.rows_of(first, last)]


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


def planted(rows: int, days: int) -> None:
    """Say when lies of a load were found, by their sizes, where nobody lies afterwards."""
    created = made(random.Random(2), days, rows)
    world = World(created, 0.0, random.Random(5))
    now = START + YEAR
    world.load(now)
    world.plant(now)
    world.look_back(now, 0)
    pages, waiting = audit.round_of(world.state).pages, len(world.state.audits.suspects)
    shown = (pages + waiting) / 24
    print(
        f"{rows:,} rows a year: {pages:,} pages and {waiting} gaps to ask for, one an hour: a round of {shown:.1f} days"
    )
    for hour in range(1, days * 24 + 1):
        world.increment(now + hour * HOUR)
        world.look_back(now + hour * HOUR)
    for least, most in PLANTED:
        told = [lie for lie in world.lies if least <= lie.hidden <= most and lie.at == now]
        took = sorted((lie.found - lie.at) / DAY for lie in told if lie.found is not None)
        within = sum(1 for one in took if one <= shown)
        week = sum(1 for one in took if one <= 7)
        half = f", half of them within {median(took):.1f} d, the last after {took[-1]:.1f} d" if took else ""
        print(
            f"  lies that hid {least:>3} to {most:>3} rows: {len(took)} of {len(told)} found in {days} d{half};"
            f" {week} within 7 d, {within} within the round shown",
            flush=True,
        )


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


@dataclass(frozen=True, slots=True)
class Run:
    """What became of an account: its lies, rows missing after each hour, requests, and pages of its round."""

    lies: list[Lie]
    missing: list[int]
    requests: int
    pages: int


def run(job: tuple[float, int, int, bool]) -> Run:
    """Simulate one account: rate, seed, days, and whether with audits."""
    rate, seed, days, audits = job
    world, missing = simulate(made(random.Random(1), days), rate, days, audits=audits, seed=seed)
    return Run(world.lies, missing, world.requests, audit.round_of(world.state).pages)


def report(rate: float, without: list[Run], with_: list[Run], days: int) -> None:
    """Say what became of the accounts of one rate."""
    left, requests = (
        [sum(get(one) for one in part) for part in (without, with_)]
        for get in (lambda one: one.missing[-1], lambda one: one.requests)
    )
    lies = [lie for one in with_ for lie in one.lies]
    print(f"one lie in {round(1 / rate):,}: {left[0]:,} rows missing in the end without audits, {left[1]:,} with")
    for least, most, name in CLASSES:
        print(f"  lies that hid {name:16}: {found_of(lies, least, most, days)}")
    print(f"  requests: {requests[0]:,} without, {requests[1] - requests[0]:,} more with audits and re-reading")
    print(f"  a round has {max(one.pages for one in with_):,} pages", flush=True)


def main(days: int, svg: str | None) -> None:
    created = made(random.Random(1), days)
    first = bisect_right(created, START + YEAR)
    print(f"{ACCOUNTS} accounts of {first:,} rows loaded, {len(created) - first:,} more in {days} days of hourly runs")
    jobs = [(rate, seed, days, on) for rate in RATES for on in (False, True) for seed in lied_to(created, rate)]
    lines = {}
    with ProcessPoolExecutor(max_workers=len(jobs)) as pool:
        done = iter(pool.map(run, jobs))
        for rate in RATES:
            parts = [[next(done) for _ in range(ACCOUNTS)] for _ in range(2)]
            report(rate, *parts, days)
            lines[rate] = tuple(
                [sum(some) for some in zip(*(one.missing for one in part), strict=True)] for part in parts
            )
    if svg:
        Path(svg).write_text(drawing(lines, days))


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["planted"]:
        planted(int(words[1]), int(words[2]))
        sys.exit()
    main(int(words[0]) if words else 30, words[1] if len(words) > 1 else None)
