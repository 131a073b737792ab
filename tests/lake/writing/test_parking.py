"""Rows that wait in parked files, and files that wait for others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.lake.stores.local import LocalStore
from connector.lake.writing.parked_names import next_number, parked_path
from connector.lake.writing.parking import Leftover, park, park_each
from connector.lake.writing.rewrite import PartitionRewrite, StaleFileError, stage
from tests.support.examples import examples
from tests.support.samples import (
    FOLDER,
    FORMS,
    KEY,
    PARQUET,
    START,
    WHOLE,
    Row,
    buffered,
    days,
    span,
    splits,
    write,
)

law = settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
RUN = "20260104T000000Z-00ff"
PARKED = "_stripe_balance/parked/balance_transactions/acct_1"


def parked(store, form, rows, number=1):
    with buffered(store, form, [rows]) as runs:
        return park(store, form, Leftover(KEY, parked_path(PARKED, number, KEY, RUN), WHOLE, runs))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@law
@given(data=st.data(), rows=days.filter(bool))
def test_rows_parked_and_taken_up_make_the_bytes_of_rows_written_at_once(tmp_path_factory, form, data, rows):
    at_once = write(LocalStore(tmp_path_factory.mktemp("lake")), form, [sorted(rows)]).file
    store, files, live = LocalStore(tmp_path_factory.mktemp("lake")), [], []
    for number, group in enumerate(data.draw(splits(rows)), 1):
        if group and data.draw(st.booleans()):
            files.append(parked(store, form, group, number))
        else:
            live.append(group)
    assert sum(file.rows for file in files) + sum(map(len, live)) == len(rows)
    assert write(store, form, live, parked=tuple(files)).file == at_once


def test_of_rows_parked_twice_the_later_counts_and_of_all_the_one_read_last(tmp_path):
    store = LocalStore(tmp_path)
    looks = [Row(START + 5, "txn_a", net=net) for net in (1, 2, 3, 4)]
    write(store, PARQUET, [[looks[0]]])
    files = tuple(parked(store, PARQUET, [look], number) for number, look in enumerate(looks[1:3], 1))
    old = write(store, PARQUET, [], parked=files, lost=True).file
    assert dict(old.net) == {"usd": 3}
    again = write(store, PARQUET, [[looks[3]]], parked=files, old=old)
    assert dict(again.file.net) == {"usd": 4}
    assert again.counts.replaced == 1


def test_of_a_staged_file_only_the_rows_of_some_seconds_are_parked_and_the_file_is_gone(tmp_path):
    store, rows = LocalStore(tmp_path), [Row(START + second, f"txn_{second}") for second in range(9)]
    with buffered(store, PARQUET, [rows]) as runs:
        staged = stage(store, PARQUET, PartitionRewrite(FOLDER, within=WHOLE), runs)
    path = parked_path(PARKED, 7, KEY, RUN)
    (file,) = park_each(store, PARQUET, [Leftover(KEY, path, span(2, 5), staged.path, 3)])
    assert (file.rows, file.first_created, file.last_created) == (3, START + 2, START + 4)
    assert not staged.path.exists()
    assert next_number([path, parked_path(PARKED, 2, KEY, RUN)]) == 8


def test_seconds_that_were_read_and_have_no_rows_leave_none_to_park():
    assert Leftover(KEY, "path", WHOLE, None).rows == 0
    assert Leftover(KEY, "path", WHOLE, Path("staged"), 3).rows == 3


def test_a_parked_file_that_was_altered_is_not_merged(tmp_path):
    store = LocalStore(tmp_path)
    file = parked(store, PARQUET, [Row(START + 5, "txn_a")])
    local = tmp_path / file.path
    content = bytearray(local.read_bytes())
    content[len(content) // 2] ^= 1
    local.write_bytes(content)
    with pytest.raises(StaleFileError, match="read again"):
        write(store, PARQUET, [], parked=(file,))
