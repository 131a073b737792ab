"""States of files for audits and for the search of suspects: what is covered, and where rows are."""

from __future__ import annotations

from types import MappingProxyType

from hypothesis import strategies as st

from connector.core.state.audited import Audits
from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

START = 1_767_225_600

parts = st.lists(st.tuples(st.integers(0, 90 * DAY), st.integers(1, 30 * DAY)), min_size=1, max_size=4).map(
    lambda some: Intervals.of(Interval(START + start, START + start + length) for start, length in some)
)
granularities = st.sampled_from(Granularity)


def file_of(start, rows, granularity=Granularity.DAY, **more):
    return DataFile(partition_of(start, granularity).label, rows, 1, "", start, start + 1_000, {}, 0, None, **more)


def state_of(rows_by_day, covered, granularity=Granularity.DAY, audits=None):
    files = [file_of(START + day * DAY, rows, granularity) for day, rows in sorted(rows_by_day.items())]
    return TableState(
        AccountId("acct_1"),
        "parquet",
        granularity,
        covered,
        files=MappingProxyType({file.path: file for file in files}),
        audits=audits or Audits(),
    )


def state_with(*files, covered):
    return TableState(
        AccountId("acct_1"),
        "parquet",
        Granularity.DAY,
        covered,
        files=MappingProxyType({one.path: one for one in files}),
    )
