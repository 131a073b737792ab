"""A lake that is proved, of two accounts in four currencies."""

from __future__ import annotations

import shutil

import anyio
import pytest

from connector.verification.calls import verify
from tests.support.lakes import config_for, sandbox, untouched
from tests.support.statements import fill, world


@pytest.fixture(scope="session")
def served():
    with sandbox(world(700, days=34, connected=1)) as running:
        yield running


@pytest.fixture(scope="session")
def made(served, tmp_path_factory):
    lake = tmp_path_factory.mktemp("reports") / "lake"
    fill(lake, served)
    anyio.run(lambda: verify(lake, config=config_for(served), sample=3))
    with untouched(lake):
        yield lake


@pytest.fixture
def lake(made, tmp_path):
    shutil.copytree(made, tmp_path / "lake")
    return tmp_path / "lake"
