"""The page of what was measured. Pure: text from lines; no path and no name of a machine gets in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.drawing import Bar, bars, curves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmarks.figures import Line

RATIOS = "benchmarks-ratios.svg"
MEMORY = "benchmarks-memory.svg"
"""Drawings beside the page."""

TEXT = """# What it costs

<!-- `make bench` wrote this page: {how}. -->

Beside an [afternoon's script](../tests/benchmarks/afternoon.py) (aiohttp, one page after the other, orjson,
`Table.from_pylist` in batches of 10,000, one Parquet file; no days, no order, no check, no compression of pages), and
beside an older state of this code ("before": commit {before}, with the dependencies of its own lock).

All were run on one machine, in one go and in turn, against the same bytes from one server; the server has one core,
what is measured the other. **Figures are ratios within that one run**; a figure has the median of its rounds, and the
least and the greatest in brackets. Seconds depend on the machine, and on what else it does:
{machine}.

<!-- skip: it takes half an hour, and sets up an environment -->
```bash
make bench                        # all of it, and this page
make bench SCENARIO=cpu-parquet   # one scenario, printed only
make bench FULL=1                 # at the goals' own sizes: some hours
```

{drawings}

| scenario | what | figure | goal | |
|---|---|---|---|---|
{rows}

T is what the limit allows: rows / 100 / rate, and two latencies. What "holds at" a size was measured at that size only,
which is smaller than the goal's own. "Late over early cost" is what the last half of the days, or accounts, cost, over
what as many cost before: 1 is linear. Where others kept the machine busy, what is measured in seconds is not told.
{notes}

## What was tried

On one core, with pages of 733 bytes a row:

- Arrow's reader of JSON over many pages at once, with the table's schema: 2.8 to 3.1 µs a row for what msgspec's
  structs and Arrow's conversion take 2.8 to 3.5 for; and ids and times are needed before that (0.5 more). Not taken.
- More rows that wait decoded (8,192 instead of 2,048), and four times the memory for encoded ones: at most a few per
  cent less time, 13 MB more. Not taken.
- Columns of few values without compression: a file of 11 rows is written in 0.89 of the time, one of 700 in 0.92;
  files are 2 % smaller at 11 rows and 1 % larger at 20,000. Taken.
- A file's sums column by column, where a whole batch was filtered and grouped: 100 rows in 0.2 of the time, 700 in
  half. Taken.
- Snappy for files of up to 128 rows: Parquet's part of a file of 11 rows in 0.6 of the time, at the same size; of 100
  rows in 0.6, and a quarter larger. Such a file handed to Parquet as a batch, not as a table: another quarter. Taken.
- A second of more than a page is read down by cursor, and from its other end once more. The second reading by pages
  above rows that the first one brought, all at once: 10,000 rows in 0.92 of the time before, where it was 1.83. Taken.
- Windows of up to 100 pages once hundreds have come, one for each request in flight: 1.012 to 1.020 of the least
  requests, where windows of 40 took 1.014 to 1.021. As long from the start, one lie of a server hides 167 rows where it
  hid 23: not taken. What is left of the time at 25/s is 1 % that the pace keeps below the limit, 1 to 2 % of requests,
  and the last second.
- Content codings undone 256 KiB at a time, where it was 64: a page of gzip in three fifths of the time, half a
  microsecond a row with what Stripe sends; the script asks for none, so this shows in no figure here. isal and zlib-ng
  would take half of the rest (40 to 47 µs a page, zlib 78): 0.3 µs a row are not worth a dependency. Not taken.
- A turn at the gate without a generator, queries and headers in fewer calls, space in the temporary file given back
  without going through all of it, the items of fees cut from one list: 1.00 of the time before for Parquet (0.90 to
  1.13), 0.92 for JSON lines (0.85 to 1.01), three rounds on a busy machine: little, if anything. Taken.
- Lines written into one buffer (`encode_into`), their column made of that buffer without a copy, integers by way of
  `array`, marks of quotation counted by Arrow: each within the noise, or slower. Not taken.
- Arrow's reader of JSON once more, ten pages at once: 3.0 µs a row, and 0.6 for ids and times before, which makes 3.6;
  decoding (1.4), making columns (1.1) and letting go of what was decoded (0.7) come to 3.2. It refuses what is unknown
  and what came twice, but does not look at UTF-8. Not taken.
- The collector of garbage switched off, or what is imported taken out of its sight: no difference. Not taken.
- `verify` of rows alone: only what is looked at is decoded of a file that is as it was written (0.54 of 0.88 ms for a
  file of 670 rows); nothing is gathered for layers that nobody asked for; values with their type; small files added up
  together; no rows copied where all are looked at. A lake of 1,000,000 rows, 1,640 a file as with 3,000,000 over five
  years, is verified in 0.40 of the time before (0.38 to 0.43), start of the interpreter counted in, which is a sixth of
  what is left. A third of the rest is decoding, a tenth opening files. Taken.

Where the time of a load of 250,000 rows to Parquet goes, in µs a row of about 11.8, by samples: decode 1.2, look for
members that came twice 0.5, let go of what was decoded 0.8, columns 1.7, requests and answers by aiohttp 1.3, client
and pace 0.7, walks and planning 1.3, order checks 0.5, event loop 0.7, partitions and waiting rows 0.6, rows set aside
and taken up again 0.7, staging without Parquet 0.5, Parquet 0.3, fsync 0.4, commits 0.4. Nothing of it is large: with
half of what is Python between the stages gone, Parquet would stand at 0.9. A client that has to wait for each page
takes 3.0 µs a row to receive it, one that always finds one waiting 1.7: the script pays the first, and so does a load
from a slow server.

Of a file of 11 rows, staging takes 0.78 ms: Parquet 0.52 (0.12 to begin, 0.30 for 26 columns, the same without
statistics, dictionaries or compression: 0.37 in all), merging 0.05, hash 0.01, sums 0.02, the rest names and looks at
the disk. Publishing makes a folder and links a name, which the kernel takes as long for as Parquet does; so half of
the time before is out of reach while each day has a folder and a file of its own.
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How it was run.

    Attributes:
        how: rounds and sizes.
        before: what is compared with, a short commit.
        machine: in general words, with the versions.
    """

    how: str
    before: str
    machine: str


def page_of(lines: list[Line], series: Mapping[str, list[tuple[float, float]]], ran: Ran) -> dict[str, str]:
    """Return the page and its drawings, by file name."""
    shown = drawings_of(lines, series)
    told = [(line.goal.what, line.figure.note) for line in lines if line.figure and not line.busy]
    noted = [(what, note) for what, note in told if note]
    names = {RATIOS: "Ratios with their spread and their goals", MEMORY: "Peak memory by the number of rows"}
    text = TEXT.format(
        how=ran.how,
        before=ran.before,
        machine=ran.machine,
        drawings="\n\n".join(f"![{names[name]}]({name})" for name in shown),
        rows="\n".join(map(row_of, lines)),
        notes="".join(f"\n- {what}: {note}." for what, note in noted),
    )
    return {"benchmarks.md": text, **shown}


def row_of(line: Line) -> str:
    """Return a row of the table."""
    goal, value = line.goal, "-" if line.busy else line.value
    return f"| {goal.scenario} | {goal.what} | {value} | {goal.bound} | {line.verdict} |"


def drawings_of(lines: list[Line], series: Mapping[str, list[tuple[float, float]]]) -> dict[str, str]:
    """Return the drawings there are figures for."""
    found: dict[str, str] = {}
    ratios = [
        Bar(line.goal.what, line.figure.samples, line.figure.value, line.goal.most)
        for line in lines
        if line.figure and line.goal.unit == "x" and line.goal.key.endswith(("/script", "/before"))
    ]
    if ratios:
        found[RATIOS] = bars("Beside the script, and beside before (1); the green mark is the goal", ratios)
    memory = {name.removeprefix("memory, "): points for name, points in series.items() if name.startswith("memory, ")}
    if memory:
        found[MEMORY] = curves("Peak memory by rows over five years", memory, unit="MB")
    return found
