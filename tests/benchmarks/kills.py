"""kill -9 at random moments of a load, again and again: the lake in the end, and what it cost to get there.

Each load is the command itself, killed several times and then run to its end; its bytes are held against those of a
load that nobody disturbed. Requests repeated are those beyond what the undisturbed load took.
`python tests/benchmarks/kills.py --kills 100 --rows 200000`, about ten minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.served import ROOT, Served, served, synced

KINDS = (("parquet", "day"), ("jsonl", "day"), ("parquet", "month"), ("jsonl", "month"))
EACH = 5
"""Kills of one load."""

START, END = "2025-01-01", "2026-01-01"
LOOK_SECONDS = 0.005
"""Between two looks at how much a load has asked."""

GONE_ON = 50
"""Runs a load may take after its last kill: one, if all is well; a bound for when it is not."""


@dataclass(frozen=True)
class Load:
    """What one load came to.

    Attributes:
        kills: times it was killed while it ran.
        requests: of all its runs.
        longest: seconds of the run that was killed latest.
        same: whether the files are those of the undisturbed load, byte for byte.
        strays: files that should not have been left.
    """

    kills: int
    requests: int
    longest: float
    same: bool
    strays: int


def hashes(lake: Path) -> dict[str, str]:
    """SHA-256 of every data file, by path."""
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((lake / "balance_transactions").rglob("*"))
        if path.is_file()
    }


def left_over(lake: Path) -> int:
    """Count the files that are neither data, nor state, nor report, nor lock."""
    state = (f"_stripe_balance/{name}" for name in ("state/", "intents/", "lake.json", "runs/", "lock", "turn"))
    known = ("balance_transactions/", *state)
    names = [path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file()]
    return sum(not name.startswith(known) or "/." in name.removesuffix("/.turn") for name in names)


def killed(server: Served, lake: Path, options: list[str], after: int) -> float | None:
    """Begin a load and kill it after so many answers; return how long it ran, None when it was over before."""
    command = [sys.executable, "-m", "connector.cli", "sync", str(lake), "-q", *options]
    before, began = server.stats()["requests"], time.monotonic()
    child = subprocess.Popen(command, env=server.environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    while child.poll() is None and server.stats()["requests"] < before + after:
        time.sleep(LOOK_SECONDS)
    child.kill()
    status = child.wait()
    if status == -signal.SIGKILL:
        return time.monotonic() - began
    if status:
        raise RuntimeError(f"a load that nobody killed ended with {status}")
    return None


def load(server: Served, lake: Path, options: list[str], chance: random.Random, times: int, whole: int) -> Load:
    """Load a lake, killing the command at random moments, and bring it to its end.

    Args:
        server: whom to ask.
        lake: a new destination.
        options: of the command.
        chance: draws the moments.
        times: kills to aim at.
        whole: requests that an undisturbed load takes.
    """
    before, kills, longest = server.stats()["requests"], 0, 0.0
    for _ in range(times):
        seconds = killed(server, lake, options, 1 + int(chance.random() * chance.random() * whole))
        if seconds is None:
            break
        kills, longest = kills + 1, max(longest, seconds)
    synced(server, lake, *options)
    return Load(kills, server.stats()["requests"] - before, longest, same=False, strays=left_over(lake))


def measure(
    rows: int, kills: int, *, each: int = EACH, seed: int = 1, latency: float = 0.05, rate: float = 150.0
) -> bool:
    """Print every load and the sums; say whether all ended in the right bytes."""
    chance, done, again, lost, right = random.Random(seed), 0, 0, 0.0, True
    world = {"transactions": rows, "latency": latency, "rate": 0, "global_rate": 0, "in_flight": 0}
    world |= {"global_in_flight": 0, "start": START, "end": END, "clock": "2026-01-03"}
    with served(**world) as server, tempfile.TemporaryDirectory() as folder:
        whole: dict[tuple[str, str], tuple[dict[str, str], int]] = {}
        for number, (form, partition) in enumerate(cycle(KINDS)):
            options = ["--format", form, "--partition", partition, "--rate", str(rate)]
            if (form, partition) not in whole:
                before = server.stats()["requests"]
                synced(server, Path(folder) / f"whole-{form}-{partition}", *options)
                took = server.stats()["requests"] - before
                whole[form, partition] = hashes(Path(folder) / f"whole-{form}-{partition}"), took
            expected, took = whole[form, partition]
            lake = Path(folder) / f"load-{number}"
            found = load(server, lake, options, chance, min(each, kills - done), took)
            same = hashes(lake) == expected
            right &= same and not found.strays
            done, again, lost = done + found.kills, again + found.requests - took, max(lost, found.longest)
            print(
                f"{form:<8} {partition:<6} {found.kills} kills: {found.requests - took:>5} requests repeated of {took},"
                f" bytes {'the same' if same else 'DIFFER'}, {found.strays} strays",
                flush=True,
            )
            if done >= kills or number > GONE_ON + kills:
                break
    print(
        f"{done} kills of loads of {rows} rows: {again} requests repeated, {again / max(1, done):.1f} a kill"
        f" (of about {took} for the whole); {'every lake is byte-identical' if right else 'NOT ALL LAKES ARE RIGHT'}"
    )
    return right


def main() -> int:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=150.0, help="requests/s of the command: how long a load lasts")
    args = parser.parse_args()
    return 0 if measure(args.rows, args.kills, seed=args.seed, rate=args.rate) else 1


if __name__ == "__main__":
    sys.exit(main())
