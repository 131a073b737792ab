"""Which defects do the tests notice? Change the program in one place, run the tests nearest to it, and see.

`make mutants` takes a sample over what decides and what writes; `make mutants SAMPLE=0 AREAS=connector/webhooks.py`
takes every mutant of one file. It prints how many were noticed, and names each that was not; Ctrl-C ends it with what
is known by then. Two kinds are listed in `unchanged.toml`, each with the reason, and are not counted: those that change
nothing anybody could notice, and figures chosen by judgement that become half as much again at most. Nor are modules
whose package is not installed; `make mutants` uses the environment of `make integrations` where that is set up, which
has the table formats' packages.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.nearest import Nearest, Round
from tests.mutation.survey import Survey
from tests.mutation.trial import QUIET, Child, ask_to_end, begin, end, finished, fork, forked
from tests.mutation.warm import Warm, collected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
_WANTED = ("core", "stripe/listing", "lake/writing", "lake/state", "lake/catalogs", "webhooks.py")
AREAS = tuple(f"connector/{area}" for area in _WANTED if (ROOT / "connector" / area).exists())
TESTS = ("tests/core", "tests/stripe", "tests/tables", "tests/lake", "tests/test_webhooks.py")
TESTS = (
    *TESTS,
    "tests/test_least_objects.py",
    "tests/payouts",
    "tests/verification",
    "tests/reporting",
    "tests/ingest",
    "tests/conversion",
)
UNCHANGED = Path(__file__).with_name("unchanged.toml")
LITTLE = 0.5
"""Share by which a figure chosen by judgement may become another without being a defect."""

SURVEY_SECONDS = 1_200.0
ANY_SECONDS = 1_000_000.0
POLL_SECONDS = 0.02
LIBRARIES = ("aiohttp", "anyio", "hypothesis", "msgspec", "orjson", "pyarrow.dataset", "pyarrow.parquet", "rich")


def main() -> int:
    """Take a sample, run it, and tell."""
    options = _options()
    os.environ |= {"TESTS": "mutants", "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    for name in LIBRARIES:
        __import__(name)
    everything = [one for area in options.areas for one in mutants_in(area)]
    known, figures = {unchanged_key(one) for one in unchanged()}, judged()
    left = Counter(why for one in everything if (why := not_counted(one, known, figures)))
    worth = [one for one in everything if not not_counted(one, known, figures)]
    sample = random.Random(options.seed).sample(worth, min(options.sample or len(worth), len(worth)))
    print(
        f"{len(everything)} mutants; not counted: {left['unchanged']} known to change nothing, {left['figures']} of"
        f" figures chosen by judgement, {left['lacking']} in modules whose package is not installed here; {len(sample)}"
        " taken"
    )
    print(f"with --seed {options.seed}", flush=True)
    nearest = Nearest(surveyed(options))
    began = time.monotonic()
    ends: dict[Mutant, str] = {}
    try:
        for mutant, how in tried(sample, nearest, options.jobs):
            print({"killed": ".", "timeout": "t"}.get(how) or f"\n{_said(mutant, how)}\n", end="", flush=True)
            ends[mutant] = how
    except KeyboardInterrupt:
        print("\ninterrupted: this is what is known by now")
    return tell(ends, options, time.monotonic() - began)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("areas", nargs="*", default=AREAS)
    parser.add_argument("--sample", type=int, default=200, help="mutants to take; 0 for all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tests", nargs="*", default=TESTS, help="where the tests are that may notice")
    parser.add_argument("--least", type=float, default=0.0, help="per cent below which it fails")
    parser.add_argument("--survey", type=Path, help="keep what each test runs here, and take it from here")
    return parser.parse_args()


def mutants_in(area: str) -> Iterator[Mutant]:
    """Every mutant of a file, or of a folder."""
    start = ROOT / area
    for file in sorted(start.rglob("*.py")) if start.is_dir() else [start]:
        yield from mutants_of(file.read_text("utf-8"), file.relative_to(ROOT).as_posix())


def unchanged() -> list[dict[str, str]]:
    """Mutants that change nothing: `path`, `scope`, `change` and the reason."""
    return tomllib.loads(UNCHANGED.read_text("utf-8"))["mutant"] if UNCHANGED.exists() else []


def unchanged_key(one: Mapping[str, str]) -> tuple[str, str, str]:
    """Return what such a mutant is known by."""
    return one["path"], one["scope"], one["change"]


def judged() -> set[tuple[str, str]]:
    """Figures that were chosen by judgement: the module, and the name of the constant or field."""
    return {
        (one["path"], name) for one in tomllib.loads(UNCHANGED.read_text("utf-8"))["figures"] for name in one["names"]
    }


def is_judged(mutant: Mutant, figures: Collection[tuple[str, str]]) -> bool:
    """Say whether a mutant only makes such a figure half as much again, at most."""
    return not mutant.begins and (mutant.path, mutant.scope) in figures and mutant.share_changed <= LITTLE


def key_of(mutant: Mutant) -> tuple[str, str, str]:
    """What a mutant is known by, whatever the line."""
    return (mutant.path, mutant.scope, f"{mutant.before} → {mutant.after}")


def not_counted(mutant: Mutant, known: Collection[tuple[str, str, str]], figures: Collection[tuple[str, str]]) -> str:
    """Say why a mutant does not count: `lacking`, `figures` or `unchanged`; empty for one that does."""
    if lacks_package(mutant.path):
        return "lacking"
    if is_judged(mutant, figures):
        return "figures"
    return "unchanged" if key_of(mutant) in known else ""


@cache
def lacks_package(path: str) -> bool:
    """Say whether a module needs a package that is not installed, so that no test runs it here."""
    return any(find_spec(name) is None for name in packages_of((ROOT / path).read_text("utf-8")))


def packages_of(source: str) -> set[str]:
    """Name the packages without which a module cannot be imported; an import whose failure it raises is one of them."""
    found: set[str] = set()
    waiting = list(ast.parse(source).body)
    while waiting:
        match waiting.pop():
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str(name)):
                found.add(name)
            case ast.Try(body=body, handlers=[ast.ExceptHandler(body=[*_, ast.Raise()])]):
                waiting += body
    return {name.partition(".")[0] for name in found}


def surveyed(options: Any) -> dict[str, Any]:
    """What each test that passes runs, from a run of all of them with nothing changed; some only look at constants."""
    with tempfile.TemporaryDirectory() as folder:
        out = options.survey or Path(folder) / "survey.json"
        if not out.exists():
            words = ["-m", "not slow", "--maxfail=1000000", "--continue-on-collection-errors", *options.tests]
            for _ in ended([fork(lambda: None, words, SURVEY_SECONDS, Survey(out))]):
                pass
        seen = json.loads(out.read_text("utf-8"))
    passed = {name: test for name, test in seen.items() if test["passed"]}
    if not passed:
        sys.exit(f"no test of {', '.join(options.tests)} passes with nothing changed: run them with pytest")
    print(f"{len(passed)} tests may notice", flush=True)
    return passed


def ended(children: Sequence[Child]) -> Iterator[str]:
    """How each child ended, in order; waits for it."""
    for child in children:
        while (how := finished(child)) is None:
            time.sleep(POLL_SECONDS)
        yield how


def tried(sample: Iterable[Mutant], nearest: Nearest, jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Run mutants, so many at once; those that the nearest tests do not notice meet the others, too."""
    planned = {mutant: nearest.rounds(mutant) for mutant in sample}
    yield from ((mutant, "unseen") for mutant, rounds in planned.items() if not rounds)
    left = {mutant: rounds for mutant, rounds in planned.items() if rounds}
    for mutant, how in in_a_warm_process(tuple(left.items()), jobs):
        del left[mutant]
        yield mutant, how
    yield from in_turn(left, begin, jobs)


def in_a_warm_process(planned: Sequence[tuple[Mutant, list[Round]]], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Run mutants by forks of a process that has collected their tests; leaves out those that it cannot take over."""
    reading, writing = os.pipe()
    places = {mutant: place for place, (mutant, _) in enumerate(planned)}

    def serve(warm: Warm) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        can = {mutant: rounds for mutant, rounds in planned if warm.can(mutant)}
        with os.fdopen(writing, "w", encoding="utf-8") as out:
            for mutant, how in in_turn(can, warm.begin, jobs):
                print(places[mutant], how, file=out, flush=True)

    files = sorted({name.partition("::")[0] for _, rounds in planned for names, _ in rounds for name in names})
    child = forked(lambda: collected([*QUIET, *files], serve), ANY_SECONDS)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8") as lines:
            for place, how in map(str.split, lines):
                if how != "cold":
                    yield planned[int(place)][0], how
    finally:
        ask_to_end(child)


def in_turn(
    planned: Mapping[Mutant, list[Round]], begin: Callable[[Mutant, Sequence[str], float], Child], jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Run mutants, so many at once, round by round until a test notices."""
    waiting = [(mutant, list(rounds)) for mutant, rounds in reversed(planned.items())]
    running: list[tuple[Mutant, list[Round], Child]] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                mutant, rounds = waiting.pop()
                running.append((mutant, rounds[1:], begin(mutant, *rounds[0])))
            time.sleep(POLL_SECONDS)
            for entry in list(running):
                mutant, rounds, child = entry
                if (how := finished(child)) is None:
                    continue
                running.remove(entry)
                if how in {"survived", "none"} and rounds:
                    waiting.append((mutant, rounds))
                    continue
                yield mutant, how
    finally:
        for *_, child in running:
            end(child)


def tell(ends: dict[Mutant, str], options: Any, seconds: float) -> int:
    """Print the share noticed, area by area, and name the others."""
    by_area: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for mutant, how in ends.items():
        by_area[next(area for area in options.areas if mutant.path.startswith(area))][how] += 1
    print(f"\n{'area':32}{'mutants':>8}{'noticed':>9}{'by time':>9}{'share':>8}")
    for area, counts in [*by_area.items(), ("all", sum(by_area.values(), Counter[str]()))]:
        noticed, total = counts["killed"] + counts["timeout"], counts.total()
        print(f"{area:32}{total:8}{noticed:9}{counts['timeout']:9}{100 * noticed / max(1, total):7.1f} %")
    for mutant, how in sorted(ends.items(), key=lambda one: str(one[0])):
        if how not in {"killed", "timeout"}:
            print(_said(mutant, how))
    share = 100 * sum(how in {"killed", "timeout"} for how in ends.values()) / max(1, len(ends))
    print(f"{share:.1f} % of {len(ends)} noticed in {seconds:.0f} s")
    return int(share < options.least)


def _said(mutant: Mutant, how: str) -> str:
    return f"{'not noticed' if how == 'survived' else 'no test runs'}  {mutant}"


if __name__ == "__main__":
    sys.exit(main())
