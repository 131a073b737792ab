"""Lakes to be proved, made once and copied for each test."""

from __future__ import annotations

import shutil

import pytest

from tests.support.lakes import run, world
from tests.support.lakes import sandbox as serve
from tests.verification.doctoring import (
    BUSY,
    FORMATS,
    PROVED,
    answers,
    check,
)


@pytest.fixture(scope="session")
def busy():
    """A sandbox of more rows than the sample takes in, over two months."""
    with serve(world(BUSY, days=60)) as server:
        yield server


@pytest.fixture(scope="session")
def made(busy, tmp_path_factory):
    """A lake of it in every format, that nobody touches; payouts are in it."""
    lakes = tmp_path_factory.mktemp("made")
    for form in FORMATS:
        run(lakes / form, busy, format=form)
        assert answers(check(lakes / form, busy)) == PROVED
    return lakes


@pytest.fixture(params=FORMATS)
def any_lake(request, made, tmp_path):
    """A lake for one test, in each format."""
    shutil.copytree(made / request.param, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def lake(made, tmp_path):
    """A lake for one test."""
    shutil.copytree(made / "parquet", tmp_path / "lake")
    return tmp_path / "lake"
