#!/usr/bin/env bash
# Polars reads a field inside a list of objects as null if it is null in the first 100 lines, and drops one that is new.
#
# One would expect: what happens outside of lists: a value after 100 nulls is an error, and so is a fraction in a list
#   after 100 whole numbers.
# What is true: in fee_details, [{"amount": 30, "application": null}] a hundred times and then "ca_1" is null without a
#   word; a field that a later element has and the first ones had not is gone, and in a list that was [null] or, within an
#   object, empty, every later element is null. read_ndjson and scan_ndjson do so; read_json refuses them, but cuts the
#   fraction: [12.7] is [12]. infer_schema_length=None reads what is there.
# Version: polars 2.1.0.
# Source: pola-rs/polars#29330, open, on new fields at the top of a row, which are dropped too.
# What is lost: the application and the description of fees, and all that depends on them, for an account whose first
#   hundred rows had none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0
venv/bin/python - <<'PY'
import json
from pathlib import Path

import polars as pl


def read(reader, first, late, **options):
    rows = [json.dumps({"v": value}) for value in (*[first] * 100, late)]
    text = "[" + ",".join(rows) + "]" if reader is pl.read_json else "\n".join(rows) + "\n"
    Path("rows.json").write_text(text)
    try:
        return reader("rows.json", **options).lazy().collect()["v"].to_list()[-1]
    except pl.exceptions.PolarsError:
        return "an error"


fee = {"amount": 30, "application": None}
cases = [
    ([fee], [fee | {"application": "ca_1"}], [fee]),
    ([fee], [fee | {"type": "tax"}], [fee]),
    ([None], ["x"], [None]),
    ({"list": []}, {"list": [5]}, {"list": [None]}),
    (None, "ca_1", "an error"),
    (fee, fee | {"application": 1}, "an error"),
    ([1], [12.7], "an error"),
]
print("polars", pl.__version__)
same = True
for first, late, expected in cases:
    found = [read(reader, first, late) for reader in (pl.read_ndjson, pl.scan_ndjson)]
    by_array = read(pl.read_json, first, late)
    whole = read(pl.read_ndjson, first, late, infer_schema_length=None)
    print(f"{late} after 100 of {first}: read_ndjson, scan_ndjson: {found}; read_json: {by_array}; without a limit: {whole}")
    same &= found == [expected, expected] and by_array == ([12] if late == [12.7] else "an error")
    same &= expected == "an error" or whole == late
raise SystemExit(not same)
PY
