#!/usr/bin/env bash
# One would expect: with use_hive_partitioning, `select *` has the partitions of the path, whether the structure
#   of the file is given or found.
# What is true: with a structure given, the columns of the path are not among `*`: rows of several accounts come
#   out alike. They can be named, or be part of the structure.
# Seen: 2026-11-27, chdb 4.4.0 (ClickHouse 26.9), Python 3.11.7: * is n and account without a structure, n alone
#   with one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check chdb==4.4.0
cd "$folder"
venv/bin/python - <<'END'
from pathlib import Path

import chdb

Path("t/account=a").mkdir(parents=True)
Path("t/account=a/rows.jsonl").write_text('{"n": 1}\n')


def columns(arguments):
    settings = "settings use_hive_partitioning = 1"
    return str(chdb.query(f"select * from file('t/**/*.jsonl'{arguments}) {settings}", "CSVWithNames")).splitlines()[0]


found, given = columns(", 'JSONEachRow'"), columns(", 'JSONEachRow', 'n Int64'")
in_structure = columns(", 'JSONEachRow', 'n Int64, account String'")
print("found:", found, "given:", given, "given with it:", in_structure)
assert (found, given, in_structure) == ('"n","account"', '"n"', '"n","account"')
END
