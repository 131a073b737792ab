#!/usr/bin/env bash
# A Delta table that was copied has lost its times: time travel by date opens the wrong version.
#
# One would expect: load_as_version(a time) goes by the times in the log, which history() shows.
# What is true: it goes by the modification times of the log's files. After cp, and whatever else gives files new
#   times, they are all of today: every time before the copy opens version 0, silently, while history() of the copy
#   still shows the true times. polars.read_delta(version=time) is the same.
# Version: deltalake 1.6.6.
# Source: Delta protocol, "In-Commit Timestamps", says that readers without that feature use the file's modification
#   time.
# What is lost: "the ledger as it stood at the month's end" after a move of the lake is the ledger of its first
#   commit.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1
venv/bin/python - <<'PY'
import datetime
import shutil
import time

import deltalake
import pyarrow as pa

moments = []
for number in range(3):
    deltalake.write_deltalake("lake", pa.table({"id": [number]}), mode="append")
    time.sleep(1.1)
    moments.append(datetime.datetime.now(datetime.timezone.utc))
time.sleep(0.5)
shutil.copytree("lake", "copy", copy_function=shutil.copy)


def versions(path):
    found = []
    for moment in moments:
        table = deltalake.DeltaTable(path)
        table.load_as_version(moment)
        found.append(table.version())
    return found


def times(path):
    return [entry["timestamp"] for entry in deltalake.DeltaTable(path).history()]


print("deltalake", deltalake.__version__)
print("versions at three moments, before the copy:", versions("lake"))
print("in the copy: expected [0, 1, 2]; seen", versions("copy"))
print("history() gives the same times in both:", times("lake") == times("copy"))
raise SystemExit(
    not (versions("lake") == [0, 1, 2] and versions("copy") == [0, 0, 0] and times("lake") == times("copy"))
)
PY
