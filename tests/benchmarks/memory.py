"""Peak memory by how many rows there are, over five years, and with a day that has very many of them.

A peak is the process's own, by the system's count; a busy machine does not change it much, so each size is run once.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from connector.lake.formats.names import TABLE_FORMATS
from tests.benchmarks.figures import Figure, Missing
from tests.benchmarks.goals import MEMORY
from tests.benchmarks.peers import FIVE_YEARS, load_cost, world
from tests.benchmarks.served import megabytes, served

if TYPE_CHECKING:
    from tests.benchmarks.peers import Bench, Peer
    from tests.benchmarks.served import Served

SIZES = (30_000, 100_000, 300_000)
FULL = (100_000, 1_000_000, 3_000_000, 10_000_000)
A_DAY = 100_000
FULL_DAY = 3_000_000
"""Rows of one day; as many lie around it."""


def scenario(bench: Bench) -> list[Figure | Missing]:
    """Measure every format there is at every size; the code before in Parquet."""
    forms = [form for form in formats_of(bench.now) if peer_of(bench, form).is_there]
    peaks: dict[str, dict[str, float]] = {form: {} for form in forms}
    for rows in FULL if bench.full else SIZES:
        with served(**world(rows, FIVE_YEARS)) as server:
            for form in forms:
                peaks[form][f"{rows:,}"] = peak = peak_of(peer_of(bench, form), server, form)
                bench.seen.setdefault(f"memory, {form}", []).append((rows, peak))
            bench.seen.setdefault("memory, parquet before", []).append((rows, peak_of(bench.before, server, "parquet")))
    day = FULL_DAY if bench.full else A_DAY
    with served(**world(2 * day, FIVE_YEARS, shape="burst")) as server:
        for form in forms:
            peaks[form][f"{day:,} in a day"] = peak_of(peer_of(bench, form), server, form)
    at = "" if bench.full else f"{max(SIZES):,} rows"
    missing = [f"memory/{form}{end}" for form in MEMORY if form not in forms for end in ("", "/flat")]
    return [
        *(figure for form, by_size in peaks.items() for figure in figures_of(form, by_size, at)),
        *(Missing(key, "make .venv-integrations/.done sets up what it needs") for key in missing),
    ]


def figures_of(form: str, by_size: dict[str, float], at: str) -> tuple[Figure, Figure]:
    """Return the largest peak, and how much more it is than the smallest."""
    note = ", ".join(f"{peak:.0f} MB at {size}" for size, peak in by_size.items())
    largest, smallest = max(by_size.values()), min(by_size.values())
    return (
        Figure(f"memory/{form}", (largest,), at=at, note=note),
        Figure(f"memory/{form}/flat", (largest / smallest,), at=at),
    )


def peer_of(bench: Bench, form: str) -> Peer:
    """Return who writes a format: those of tables need an extra."""
    return bench.extended if form in TABLE_FORMATS else bench.now


def formats_of(peer: Peer) -> list[str]:
    """Return the formats with a goal that a peer can write."""
    said = peer.command("sync", "--help").said
    return [form for form in MEMORY if form in said]


def peak_of(peer: Peer, server: Served, form: str) -> float:
    """Load a new lake and return the megabytes it took.

    Raises:
        RuntimeError: this process has had as much itself, which a child is then said to have had.
    """
    peak = load_cost(peer, server, "--format", form).peak
    own = megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    if peak <= own:
        raise RuntimeError(f"a peak of {peak:.0f} MB cannot be told from the {own:.0f} MB of what measures it")
    return peak
