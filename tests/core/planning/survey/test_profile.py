"""Where an account's rows lie: by the files of its lake, or by a few pages of the list."""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.survey.profile import DensityProfile, points_of_files
from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

START = 1_767_225_600
points = st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 100)), max_size=8)
cuts = st.lists(st.integers(-5_000, 15_000), min_size=2, max_size=6, unique=True).map(sorted)


@given(points, cuts)
def test_rows_of_an_interval_are_those_of_its_parts(given_points, edges):
    profile = DensityProfile.of(given_points)
    edges = [edge + 5_000 for edge in edges]
    parts = [profile.rows(Interval(start, stop)) for start, stop in pairwise(edges)]
    assert profile.rows(Interval(edges[0], edges[-1])) == pytest.approx(sum(parts))


@given(points, st.integers(0, 20_000))
def test_nothing_is_denser_than_the_densest_point_nor_less_dense_than_the_least(given_points, moment):
    densities = [density for _, density in given_points] or [0.0]
    found = DensityProfile.of(given_points).density(moment)
    assert min(densities) - 1e-9 <= found <= max(densities) + 1e-9


def test_where_nothing_is_known_nothing_is_expected():
    assert not DensityProfile().known
    assert not DensityProfile.of([(5, 0.0)]).known
    assert DensityProfile().rows(Interval(0, 10)) == 0.0
    assert DensityProfile.of([(5, 0.1)]).known


def test_a_lakes_files_say_how_dense_their_partitions_are_where_they_were_read():
    key = partition_of(START, Granularity.DAY)
    path = f"balance_transactions/account=acct_1/{key.label}/part-0.parquet"
    file = DataFile(path, 43_200, 900, "0" * 64, key.start, key.start + 1, {"usd": 5}, 0, None, None)
    half = Intervals.span(START, START + DAY // 2)
    state = TableState(AccountId("acct_1"), "parquet", Granularity.DAY, half, files=MappingProxyType({path: file}))
    assert points_of_files(state) == [(START + DAY // 2, 1.0)]


def test_between_two_points_rows_change_evenly():
    profile = DensityProfile.of([(0, 0.0), (10, 2.0), (20, 2.0)])
    assert profile.density(5) == 1.0
    assert profile.rows(Interval(0, 10)) == 10.0
    assert profile.rows(Interval(0, 20)) == 30.0
    assert profile.rows(Interval(5, 10)) == 7.5
    assert profile.rows(Interval(20, 30)) == 20.0
