from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from connector import cli
from connector.sandbox import Limits, Sandbox, World

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
    with Sandbox(World(transactions=1_500, connected=2), limits=Limits.none()) as running:
        yield running


@pytest.fixture(scope="session")
def slow_sandbox():
    """A sandbox that takes many seconds to read."""
    with Sandbox(World(transactions=30_000), limits=Limits.none(), latency=0.1) as running:
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


@pytest.fixture
def lake(run, tmp_path):
    """A lake of all rows."""
    assert run("sync", tmp_path / "lake", "--rate", 0, "-q").status == 0
    return tmp_path / "lake"


def program(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=30, check=False, **options
    )


@pytest.fixture(scope="session")
def process():
    return program
