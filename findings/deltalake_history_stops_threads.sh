#!/usr/bin/env bash
# deltalake lets no other thread of the interpreter run while it reads a table's history or sets a property of it.
#
# One would expect: a library in Rust lets go of the interpreter while it reads files or waits for a store, as deltalake does
#   when it opens a table, writes a checkpoint, compacts or looks for files to vacuum; calls put into a worker thread
#   leave the event loop running.
# What is true: `history()` and `alter.set_table_properties()` hold the interpreter's lock from beginning to end, the
#   requests to the store included. A thread that wakes every half millisecond runs about once a call, at its edge.
# Version: deltalake 1.6.6, pyarrow 26.0.1.
# Source: seen; delta.io's pages say nothing on it.
# What is lost: with a table in a bucket, a service stands still for as long as the store takes: no heartbeat, no lease
#   renewed, no signal heeded. Where the store is served by the same process, as a stand-in in tests, nobody answers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
venv/bin/python - <<'PY'
import threading
import time
from importlib.metadata import version

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

for _ in range(200):
    write_deltalake("table", pa.table({"a": list(range(100))}), mode="append")
table = DeltaTable("table")
TIMES, ROUNDS = 5, 5  # a busy machine may let nobody run for a while: one round in which it is seen will do
awake = [0]
ended = threading.Event()


def wake():
    while not ended.wait(0.0005):
        awake[0] += 1


def woken_during(call):
    """How often the other thread ran, after it was seen to run."""
    before = awake[0]
    while awake[0] < before + 3:
        time.sleep(0.001)
    before = awake[0]
    for _ in range(TIMES):
        call()
    return awake[0] - before


def seen_in_a_round():
    """The same of each call, and of sleeping for as long as the two calls took: what a free interpreter lets run."""
    began = time.perf_counter()
    held = {
        "history": woken_during(table.history),
        "set_table_properties": woken_during(
            lambda: table.alter.set_table_properties({"delta.logRetentionDuration": "interval 7 days"})
        ),
    }
    for_each = (time.perf_counter() - began) / TIMES
    return {**held, "open": woken_during(lambda: DeltaTable("table")), "asleep": woken_during(lambda: time.sleep(for_each))}


other = threading.Thread(target=wake)
other.start()
print("deltalake", version("deltalake"), f"in {TIMES} calls each, another thread ran so often:")
shown = False
try:
    for _ in range(ROUNDS):
        seen = seen_in_a_round()
        print(seen)
        held = max(seen["history"], seen["set_table_properties"])
        shown = shown or (held <= 2 * TIMES and seen["open"] >= 3 * TIMES and seen["asleep"] >= 5 * held)
finally:
    ended.set()
    other.join()
raise SystemExit(not shown)
PY
