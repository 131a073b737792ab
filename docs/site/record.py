"""Record what commands show, into `docs/recordings/`, and a report's page: `python docs/site/record.py [NAME…]`.

Each is run on a terminal, against a loopback Stripe. A drawing is written only where it would show something else than
it does: figures, ids and times are not looked at, nor how many lines of one kind there are. `--check` writes nothing,
says what has changed, and ends with 1 where something has.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.sandbox import Limits, Sandbox, World
from drawing import drawn, words_of
from photo import can_photograph, note_of, photographed, shows
from screen import Screen, watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from screen import Line

FOLDER = Path(__file__).parents[1] / "recordings"
PHOTO = FOLDER.parent / "report.png"
ROWS, DAYS = 4_000, 100
LATENCY = 0.15
"""Median seconds until an answer, so that there is something to see on the way."""

FRAMES = 12
"""Of a recording that moves, at most."""

_ALIKE = [
    (re.compile(r"[█▇▆▅▄▃▂▁·]+( [█▇▆▅▄▃▂▁·]+)*"), "█"),
    (re.compile(r"[━╸╺]+"), "━"),
    (re.compile(r"\b(acct|po|ba)_\w+"), r"\1_#"),
    (re.compile(r"(?<=[rs]k_)(live|test)_…\w+"), r"\1_#"),
    (re.compile(r"[+-]?\d[\d,.:]*\d%?|[+-]?\d%?"), "#"),
    (re.compile(r"\b((?:acct|po|ba)_#)(?:, (?:acct|po|ba)_#)*(?: and # more)?"), r"\1"),  # how many there are
    (re.compile(r"#(-#)+"), "#"),  # days
    (re.compile(r"# (?:(?:ms|s|min|h|B|kB|MB)(?![\w/]) ?)+"), "# "),
    (re.compile(r"# to #"), "#"),
    (re.compile(r"# UTC"), "#"),
    (re.compile(r"#+"), "#"),
    (re.compile(r"complete, some rows pending"), "complete"),  # of which days that is so goes by the day
    (re.compile(r"# [A-Z]{3}\b"), "# money"),
    (re.compile(r"[a-z_]+(\.[a-z_]+)? (?=# money)"), ""),  # which buckets and kinds have some goes by the day
    (re.compile(r"(# [a-z]+?)s\b"), r"\1"),  # one and many
    (re.compile(r"(\S.{0,100}?)( \1(?= |$))+"), r"\1"),  # one kind after the other: days, months, currencies
]
"""What differs from run to run, and what is left of it."""


@dataclass(frozen=True)
class Recording:
    """What is recorded.

    Attributes:
        words: of the command, after `stripe-balance`.
        says: what the drawing shows, for those who cannot see it.
        before: commands that are run before it, unseen.
        moves: whether what it shows on the way is kept, too.
        columns: of the terminal.
        rows: lines of it that are shown, the last ones.
    """

    words: str
    says: str
    before: tuple[str, ...] = ()
    moves: bool = False
    columns: int = 88
    rows: int = 200


LAKE = "sync lake -q --rate 0"

RECORDINGS = {
    "demo": Recording(
        "demo",
        "A demo: a year of a loopback Stripe comes into a lake, is checked against it, and what to do next is said",
        moves=True,
        rows=28,
    ),
    "sync": Recording(
        "sync lake",
        "A first sync: rows, requests a second against the pace, and the time left, then what is in the lake",
        moves=True,
    ),
    "sync-again": Recording(
        "sync lake", "The same command again: nothing new, and a few requests", ("sync lake -q --rate 0",)
    ),
    "dry-run": Recording(
        "sync lake --since last-month --dry-run",
        "A dry run: the time that would be read, and the rows, requests and seconds expected of it",
    ),
    "status": Recording(
        "status lake", "The state of a lake in some twenty lines, with a sign for each day's rows", (LAKE,)
    ),
    "verify": Recording(
        "verify lake --rate 0",
        "A verify: rows, windows, payouts and balance, each with a verdict in words and in the term of the documents",
        (LAKE,),
    ),
    "report": Recording("report lake", "The gist of a report, and where its page is", (LAKE,)),
    "init": Recording(
        "init lake --since 2026-10-01",
        "A settings file is written, the key and what it may read are checked, and the first commands are said",
    ),
    "balance": Recording("balance", "The balance by bucket, source type and currency"),
    "wrong-key": Recording("sync lake", "A key that is refused: what happened and what to do, in a sentence"),
}


def frames_of(written: list[tuple[float, str]]) -> list[tuple[Line, ...]]:
    """Return what the screen showed, each differing from the one before, the last one being the end."""
    screen, frames = Screen(), []
    for _, text in written:
        screen.feed(text)
        if (shown := screen.shown()) and (not frames or shown != frames[-1]):
            frames.append(shown)
    return frames


def thinned(frames: list[tuple[Line, ...]], most: int) -> list[tuple[Line, ...]]:
    """Return so many frames at most, evenly chosen, the first and the last among them."""
    if len(frames) <= most:
        return frames
    return [frames[round(number * (len(frames) - 1) / (most - 1))] for number in range(most)]


def gist(lines: list[str]) -> str:
    """Return what lines say without what differs from run to run: figures, ids, times, how many of a kind."""
    words = " ".join(" ".join(lines).split())
    for alike, left in [*_ALIKE, _ALIKE[-1], _ALIKE[-1]]:  # what is left of a row of one kind may begin another
        words = alike.sub(left, words)
    return words


def record(name: str, environ: Mapping[str, str]) -> str:
    """Run what is recorded, and return the drawing.

    Raises:
        RuntimeError: a command before it failed.
    """
    wanted = RECORDINGS[name]
    with tempfile.TemporaryDirectory(prefix="recording-") as folder:
        for words in wanted.before:
            _, status = watch(program(words), columns=wanted.columns, environ=environ, folder=Path(folder))
            if status:
                raise RuntimeError(f"{name}: `{words}` ended with {status}")
        written, _ = watch(program(wanted.words), columns=wanted.columns, environ=environ, folder=Path(folder))
    frames = [lines[-wanted.rows :] for lines in frames_of(written)]
    shown = thinned(frames, FRAMES) if wanted.moves else frames[-1:]
    return drawn(wanted.says, f"stripe-balance {wanted.words}", shown, columns=wanted.columns)


def program(words: str) -> list[str]:
    """Return what runs the command line with these words."""
    return [sys.executable, "-m", "connector", *shlex.split(words)]


def environments(name: str, sandbox: Sandbox, home: str) -> dict[str, str]:
    """Return the environment of somebody with a key of the sandbox, or with one that it refuses."""
    environ = {one: value for one, value in os.environ.items() if not one.startswith(("STRIPE", "XDG"))}
    key = "sk_test_" + "rolled0" * 4 if name == "wrong-key" else sandbox.key
    return environ | {"STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": key, "XDG_CONFIG_HOME": home}


def recorded(names: list[str], *, latency: float = LATENCY) -> Iterator[tuple[str, str]]:
    """Yield each recording's name and drawing."""
    now = int(time.time())
    world = World(transactions=ROWS, connected=0, start=now - DAYS * 86_400, end=now - 3_600, now=now, ticking=True)
    served = Sandbox(world, limits=Limits.none(), latency=latency, live=True)
    with tempfile.TemporaryDirectory(prefix="home-") as home, served as sandbox:
        for name in names:
            yield name, record(name, environments(name, sandbox, home))


def reported() -> Path:
    """Make a lake of a year, with payouts and a verdict, and return its report's page; the folder is the caller's."""
    now = int(time.time())
    world = World(transactions=20_000, connected=0, start=now - 365 * 86_400, end=now - 3_600, now=now, ticking=True)
    folder = Path(tempfile.mkdtemp(prefix="report-"))
    with Sandbox(world, limits=Limits.none(), live=True) as sandbox:
        environ = environments("report.png", sandbox, str(folder / "home"))
        for words in (LAKE, "verify lake -q --rate 0", "report lake -o report.html -q"):
            written, status = watch(program(words), columns=88, environ=environ, folder=folder)
            if status:
                raise RuntimeError(f"`{words}` ended with {status}: {''.join(text for _, text in written)}")
    return folder / "report.html"


def photograph(*, write: bool) -> bool:
    """Take the report's picture anew where its page shows something else, and say whether it does."""
    page = reported()
    there = PHOTO.read_bytes() if PHOTO.is_file() else b""
    differs = note_of(there) != shows(page.read_text("utf-8"))
    if differs and write:
        PHOTO.write_bytes(photographed(page))
    shutil.rmtree(page.parent)
    return differs


def has_changed(name: str, drawing: str) -> bool:
    """Say whether a drawing shows something else than the one there is."""
    path = FOLDER / f"{name}.svg"
    return not path.is_file() or gist(words_of(path.read_text("utf-8"))) != gist(words_of(drawing))


def main(words: list[str]) -> int:
    """Record what is named, or everything, and return the exit status."""
    parser = argparse.ArgumentParser(prog="record.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*RECORDINGS, PHOTO.name, []], metavar="NAME")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--all", action="store_true", help="write also what shows nothing else")
    args = parser.parse_args(words)
    changed = 0
    names = args.names or [*RECORDINGS, *([PHOTO.name] if can_photograph() else [])]
    FOLDER.mkdir(exist_ok=True)
    if PHOTO.name in names:
        differs = photograph(write=not args.check)
        changed += differs
        sys.stdout.write(f"{PHOTO.name}: {'changed' if differs else 'as it was'}\n")
    for name, drawing in recorded([name for name in names if name in RECORDINGS]):
        differs = has_changed(name, drawing)
        changed += differs
        if not args.check and (differs or args.all):
            (FOLDER / f"{name}.svg").write_text(drawing, "utf-8")
        sys.stdout.write(f"{name}: {'changed' if differs else 'as it was'}\n")
    return 1 if args.check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
