from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from connector import cli
from connector.sandbox import Limits, Sandbox, World
from tests.support.dating import present
from tests.support.fakes import ENDLESS_SECONDS

ROWS = 700
DAYS = 10
"""Few: what a command does with a lake takes as long as it has files."""

DAY = 86_400
PROGRAM = [sys.executable, "-m", "connector.cli"]


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session")
def sandbox():
    """A sandbox without limits that nobody changes."""
    now = present()
    world = World(transactions=ROWS, connected=2, start=now - DAYS * DAY, end=now - DAY // 24, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none()) as running:
        yield running


@pytest.fixture(scope="session")
def slow_sandbox():
    """A sandbox that takes many seconds to read."""
    now = present()
    world = World(transactions=30_000, start=now - 61 * DAY, end=now - DAY // 24, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none(), latency=0.1) as running:
        yield running


@pytest.fixture
def environment(monkeypatch, sandbox, tmp_path):
    """The environment of a user of the sandbox, and of nobody else."""
    for name in ("HTTPS_PROXY", "https_proxy", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STRIPE_API_BASE", sandbox.url)
    monkeypatch.setenv("STRIPE_API_KEY", sandbox.key)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return monkeypatch


@pytest.fixture
def run(environment, capsys, sandbox):
    """Run the command line in this process, and see to it that it keeps the key to itself."""

    def call(*words: object) -> Done:
        key = os.environ.get("STRIPE_API_KEY") or sandbox.key
        capsys.readouterr()
        status = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert key not in out + err
        assert sandbox.key not in out + err
        return Done(status, out, err)

    return call


class Terminal(io.TextIOWrapper):
    """A stdout that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding, write_through=True)

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(environment):
    """Show a command on a terminal of so many columns."""

    def call(*words: object, columns: int = 80, encoding: str = "utf-8") -> list[str]:
        environment.setenv("COLUMNS", str(columns))
        environment.setenv("NO_COLOR", "1")
        with environment.context() as context:
            context.setattr(sys, "stdout", terminal := Terminal(encoding))
            assert cli.main([str(word) for word in words]) == 0
            return terminal.buffer.getvalue().decode(encoding).rstrip("\n").split("\n")

    return call


@pytest.fixture(scope="session")
def first_lake(sandbox, tmp_path_factory):
    """A lake of all rows, which nobody touches."""
    made = tmp_path_factory.mktemp("first") / "lake"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("STRIPE_API_BASE", sandbox.url)
        patched.setenv("STRIPE_API_KEY", sandbox.key)
        assert cli.main(["sync", str(made), "--rate", "0", "-q"]) == 0
    return made


@pytest.fixture
def lake(first_lake, tmp_path):
    """A lake of all rows, for one test."""
    shutil.copytree(first_lake, tmp_path / "lake")
    return tmp_path / "lake"


def program(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=False, **options
    )


@pytest.fixture(scope="session")
def process():
    return program
