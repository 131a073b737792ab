#!/usr/bin/env bash
# obstore's copy on a local disk makes a second name for the same file, not a copy.
#
# One would expect: two independent objects, as on S3, in MemoryStore, and as the docs of copy say.
# What is true: LocalStore makes a hard link. What any program writes into the first file afterwards (an append, an
#   update in place, truncate) is in the "copy" too. A put of obstore itself is safe, since it renames.
# Version: obstore 0.12.1.
# Source: the docs of obstore.copy: "copy an object from one path to another"; object_store's LocalFileSystem uses
#   hard_link for it.
# What is lost: the backup before a change: it changes along. Also file times and owners are shared.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check obstore==0.12.1
venv/bin/python - <<'PY'
import importlib.metadata
import os

import obstore
from obstore.store import LocalStore, MemoryStore

os.mkdir("lake")
store = LocalStore("lake")
obstore.put(store, "day.jsonl", b"row 1\n")
obstore.copy(store, "day.jsonl", "backup.jsonl")
links = os.stat("lake/day.jsonl").st_nlink
with open("lake/day.jsonl", "ab") as file:
    file.write(b"row 2\n")
local = bytes(obstore.get(store, "backup.jsonl").bytes())

memory = MemoryStore()
obstore.put(memory, "day.jsonl", b"row 1\n")
obstore.copy(memory, "day.jsonl", "backup.jsonl")
obstore.put(memory, "day.jsonl", b"row 1\nrow 2\n")
other = bytes(obstore.get(memory, "backup.jsonl").bytes())

print("obstore", importlib.metadata.version("obstore"))
print("the backup after a row was appended to the original: expected", b"row 1\n", "as in MemoryStore", other)
print("seen in LocalStore:", local, "; names of the file:", links)
raise SystemExit(not (local == b"row 1\nrow 2\n" and links == 2 and other == b"row 1\n"))
PY
