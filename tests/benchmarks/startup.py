"""How long `--help` takes, beside an interpreter that does nothing and beside importing what it must not import."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.served import ROOT, cost_of

TIMES = 11
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "stripe-balance --help": ["-m", "connector.cli", "--help"],
    "stripe-balance sync --help": ["-m", "connector.cli", "sync", "--help"],
    "import connector": ["-c", "import connector"],
    "import aiohttp, pyarrow": ["-c", "import aiohttp, pyarrow"],
    "import stripe": ["-c", "import stripe"],
}


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
