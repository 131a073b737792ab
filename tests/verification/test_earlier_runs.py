"""What `verify` takes from the reports of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.lake.paths import RUNS
from connector.verification.earlier_runs import read_past
from tests.support.memory_store import MemoryStore

OLDER, NEWER = "20260101T000000Z-0000100000000", "20260101T000000Z-0000200000000"


def kept(store, run, record, *, lasted=0.0, asked=(0, 10), **fields):
    account = {"account": "acct_1", "asked": list(asked), "covered": [[0, record]], "lake_record": record}
    account |= {"lake_rows": 10 * record, "net": {"usd": record}} | fields
    report = {"outcome": "complete", "duration_seconds": lasted, "accounts": [account]}
    store.write(f"{RUNS}/{run}.json", json.dumps(report).encode())


@pytest.mark.parametrize(("lasted", "run", "record"), [(0.5, OLDER, 9), (0.0, NEWER, 7)])
def test_of_runs_that_overlapped_the_one_with_the_greatest_record_is_the_latest(lasted, run, record):
    store = MemoryStore(Path("/nowhere"))
    kept(store, OLDER, 9, lasted=lasted, asked=(0, 10))
    kept(store, NEWER, 7, lasted=0.1, asked=(10, 20))
    past = read_past(store)["acct_1"]
    assert (past.run_id, past.record, past.rows, past.net) == (run, record, 10 * record, {"usd": record})
    assert [(one.start, one.stop) for one in past.asked] == [(0, 20)]


@pytest.mark.parametrize("text", [b"", b"[]", b"3", b'{"outcome": "complete", "accounts": [{}, 1]}', b"\xff"])
def test_reports_that_cannot_be_read_say_nothing(text):
    store = MemoryStore(Path("/nowhere"))
    store.write(f"{RUNS}/99991231T235959Z-00.json", text)
    kept(store, OLDER, 9)
    assert read_past(store)["acct_1"].run_id == OLDER
