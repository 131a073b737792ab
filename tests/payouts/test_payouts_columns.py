"""Files of payouts without columns that exist now: the next run writes them again, and asks Stripe nothing for it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import connector
from connector.core.state.data_file import with_changes
from connector.core.state.tables import PAYOUTS
from connector.core.units import AccountId
from connector.lake.state import state_log
from connector.lake.state.lake_identity import load_payouts
from connector.lake.stores.disk import sha256_of
from connector.lake.stores.local import LocalStore
from tests.support.payout_world import START, ScriptedStripe, data_files, held_payouts

DAY = 86_400
PARTS = ["trace_id_status", "trace_id_value"]


def made_before(lake):
    """Take the parts of trace ids out of a lake's files and its record, as a run of before would have left them."""
    store = LocalStore(lake)
    state = load_payouts(store, AccountId("acct_1script"))
    files = {}
    for path, entry in state.files.items():
        file = lake / path
        pq.write_table(pq.ParquetFile(file).read().drop_columns(PARTS), file)
        files[path] = with_changes(entry, bytes=file.stat().st_size, sha256=sha256_of(file))
    state_log.commit(store, PAYOUTS, replace(state, columns=1, files=MappingProxyType(files)))


@pytest.fixture
def stripe():
    made = ScriptedStripe()
    for number in range(1, 6):
        trace = {"status": "supported", "value": f"TRN{number}"} if number % 2 else None
        made.add(number, START + number * DAY, trace_id=trace)
    return made


def test_the_next_run_adds_the_columns_and_the_files_are_as_new_ones(tmp_path, stripe):
    stripe.bring(tmp_path)
    fresh = data_files(tmp_path)
    made_before(tmp_path)
    assert pa.table(connector.read(tmp_path, table="payouts")).column("trace_id_value").null_count == 5
    before = held_payouts(tmp_path)
    stripe.asked.clear()
    stripe.bring(tmp_path)
    assert data_files(tmp_path) == fresh
    assert held_payouts(tmp_path) == before
    assert len(stripe.asked) <= 2
    again = stripe.bring(tmp_path)
    assert again.files_written == 0


def test_new_files_have_them(tmp_path, stripe):
    stripe.bring(tmp_path)
    values = pa.table(connector.read(tmp_path, table="payouts")).column("trace_id_value").to_pylist()
    assert values == ["TRN1", None, "TRN3", None, "TRN5"]
