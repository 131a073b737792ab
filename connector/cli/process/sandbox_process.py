"""The demo's own Stripe: a process that ends with ours, whatever ends us.

Run as `python -m connector.cli.process.sandbox_process OPTION …` it serves the sandbox until its stdin closes, which
the operating system sees to even when the process that started it is killed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Generator

_FIRST_LINE = re.compile(r"listening on (?P<url>\S+) key=(?P<key>\S+)")
_GRACE = 5.0
"""Seconds to end in before it is made to."""


@dataclass(frozen=True, slots=True)
class World:
    """What the sandbox serves; the same values serve the same rows, down to the byte.

    Attributes:
        start: first second of `created`, UTC.
        end: second after the last.
        transactions: rows.
        currencies: settlement currencies.
        seed: of everything random.
    """

    start: int
    end: int
    transactions: int = 20_000
    currencies: str = "usd,eur,jpy"
    seed: int = 7

    def document(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return asdict(self)

    def options(self) -> list[str]:
        """Return the sandbox's command line: Stripe's limits, and a latency of the friendlier sort."""
        named = {**self.document(), "port": 0, "latency": 0.15}
        return [f"--{name}={value}" for name, value in named.items()]


@contextmanager
def stand_in(world: World) -> Generator[tuple[str, str]]:
    """Serve a world for the length of the block; yields the base address and the key.

    Raises:
        ConfigError: when it does not start; says why.
    """
    package = Path(__file__).resolve().parents[3]
    environ = {name: value for name, value in os.environ.items() if name != "STRIPE_API_KEY"}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, options made here
        [sys.executable, "-P", "-m", "connector.cli.process.sandbox_process", *world.options()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environ, "PYTHONPATH": f"{package}{os.pathsep}{environ.get('PYTHONPATH', '')}".rstrip(os.pathsep)},
        text=True,
        start_new_session=True,  # a Ctrl-C at the terminal is for us: what is complete is read to its end
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        match = _FIRST_LINE.match(line)
        if match is None:
            process.kill()
            said = process.stderr.read() if process.stderr else ""
            raise ConfigError(f"the demo's loopback Stripe did not start: {said.strip()[-500:] or 'it said nothing'}")
        yield match["url"], match["key"]
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _serve() -> int:
    from connector.sandbox.__main__ import run  # noqa: PLC0415 - the server is for the child, not for who starts it
    from connector.sandbox.options import add_arguments  # noqa: PLC0415 - as above

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    return run(args)


if __name__ == "__main__":
    sys.exit(_serve())
