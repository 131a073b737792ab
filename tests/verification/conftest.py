"""Lakes to be proved, made once and copied for each test."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from functools import cache

import pytest

from tests.support.lakes import run, untouched, world
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
    """A sandbox of more rows than the sample takes in, over some weeks."""
    with serve(world(BUSY, days=24)) as server:
        yield server


@pytest.fixture(scope="session")
def made(busy, tmp_path_factory):
    """Where its lake is in a format, made when it is first asked for, that nobody touches; payouts are in it."""
    lakes = tmp_path_factory.mktemp("made")

    @cache
    def lake_in(form):
        run(lakes / form, busy, format=form)
        assert answers(check(lakes / form, busy)) == PROVED
        kept.enter_context(untouched(lakes / form))
        return lakes / form

    with ExitStack() as kept:
        yield lake_in


@pytest.fixture(params=FORMATS)
def any_lake(request, made, tmp_path):
    """A lake for one test, in each format."""
    shutil.copytree(made(request.param), tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def lake(made, tmp_path):
    """A lake for one test."""
    shutil.copytree(made("parquet"), tmp_path / "lake")
    return tmp_path / "lake"
