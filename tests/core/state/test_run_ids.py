"""Ids of runs sort by when the runs began, also within a second, and say when that was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import schemas
from connector.core.state.run_ids import began, id_of_second, new_run_id

NOW = 1_790_000_000
MICROSECONDS = st.integers(0, 4_000_000_000_000_000)
TOKENS = st.integers(0, 2**32 - 1).map(lambda number: f"{number:08x}")


@given(MICROSECONDS, MICROSECONDS, TOKENS, TOKENS)
def test_ids_sort_by_when_their_runs_began_to_the_microsecond(one, other, first, second):
    if abs(one - other) > 1:  # a float may not hold the last one
        assert (new_run_id(one / 1e6, first) < new_run_id(other / 1e6, second)) == (one < other)


@given(MICROSECONDS, TOKENS)
def test_an_id_says_when_its_run_began_and_sorts_after_its_second(at, token):
    run = new_run_id(at / 1e6, token)
    assert began(run) == pytest.approx(at / 1e6, abs=1e-6)
    assert id_of_second(at / 1e6) < run < id_of_second(at / 1e6 + 1)
    pattern = schemas.load("run_report")["properties"]["run_id"]["pattern"]
    assert re.fullmatch(pattern, run)


def test_ids_of_earlier_versions_say_the_second():
    assert new_run_id(NOW + 0.25, "0000beef") == "20260921T141320Z-3d0900000beef"
    assert began(new_run_id(NOW + 0.999999, "0000beef")) == NOW + 0.999999
    assert began("20260921T141320Z-8906322f") == NOW
    assert began("20260921T141320Z-aa") == NOW


@pytest.mark.parametrize("text", ["", "notes", "20269921T141320Z-8906322f", "20260921T141320Z-zzzzzzzzzzzzz"])
def test_what_is_no_id_says_nothing(text):
    assert began(text) is None
