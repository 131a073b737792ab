"""How long `--help` takes, and how long it is from the start of a sync to its first request.

By itself: `--help` beside an interpreter that does nothing and beside importing what it must not import.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.cores import CLIENT, only_on
from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import Bench, Peer, new_lake
from tests.benchmarks.served import ROOT, Served, cost_of

TIMES = 11
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "stripe-balance --help": ["-m", "connector.cli", "--help"],
    "stripe-balance sync --help": ["-m", "connector.cli", "sync", "--help"],
    "import connector": ["-c", "import connector"],
    "import aiohttp, pyarrow": ["-c", "import aiohttp, pyarrow"],
    "import stripe": ["-c", "import stripe"],
}


PATIENCE = 60.0
"""Seconds after which a first request is not waited for any longer."""


def scenario(bench: Bench) -> list[Figure]:
    """Measure this code's start; in turn with it the code before, and an interpreter that does nothing."""
    took = bench.alternating(
        {
            "first": lambda: first_request(bench.now),
            "help": lambda: bench.now.command("--help").seconds,
            "first before": lambda: first_request(bench.before),
            "help before": lambda: bench.before.command("--help").seconds,
            "bare": lambda: bench.now.run(["-c", "pass"]).seconds,
        },
        rounds=TIMES,
    )
    middle = {name: statistics.median(seconds) for name, seconds in took.items()}
    notes = {
        name: f"{middle[name] / middle['bare']:.1f} x an interpreter that does nothing;"
        f" before {middle[f'{name} before'] / middle['bare']:.1f} x"
        for name in ("first", "help")
    }
    return [Figure(name, tuple(took[name]), note=notes[name]) for name in ("first", "help")]


def first_request(peer: Peer) -> float:
    """Return seconds from the start of a sync until the first byte of its first request has come; nothing is answered.

    Raises:
        TimeoutError: none came.
    """
    with new_lake() as lake, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        server = Served(f"http://127.0.0.1:{listener.getsockname()[1]}", "sk_test_51start")
        command = [peer.python, "-m", "connector.cli", "sync", str(lake), "-q"]
        began = time.perf_counter()
        with only_on(CLIENT):
            child = subprocess.Popen(command, env=peer.environment(server), cwd=lake.parent, stderr=subprocess.DEVNULL)
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE)
                connection.recv(1)
                return time.perf_counter() - began
        finally:
            child.kill()
            child.wait()


def main() -> None:
    """Print the median and the best of each; taken in turn, so that a busy machine troubles all alike."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(TIMES):
        for name, words in COMMANDS.items():
            seconds[name].append(cost_of([sys.executable, *words], environment).seconds)
    for name, taken in seconds.items():
        print(f"{name:<28} median {statistics.median(taken) * 1e3:6.0f} ms   best {min(taken) * 1e3:6.0f} ms")


if __name__ == "__main__":
    main()
