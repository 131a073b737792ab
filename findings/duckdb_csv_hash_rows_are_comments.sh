#!/usr/bin/env bash
# DuckDB drops the rows of a CSV file that begin with #, such as orders #1001, #1002, if one row has a plain number there.
#
# One would expect: CSV has no comments; every row of as many fields as the header is a row.
# What is true: the sniffer tries # as the sign of comments as well, and prefers what gives a column a better type: without the rows
#   that begin with #, order numbers are whole numbers, so these rows go, be they 50 of 51. The same if the one row's field
#   is empty. If all begin with #, or one with a letter, all are kept; and comment='' keeps them. No error, no warning.
# Version: duckdb 2.0.1.
# Source: duckdb/duckdb#13162, which made the sniffer try #.
# What is lost: orders of a shop's export that is joined to the ledger, on the day that somebody enters one by hand.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PY'
from pathlib import Path

import duckdb

orders = "order_name,net,currency\n" + "".join(f"#{1000 + number},{number},usd\n" for number in range(50))


def total(last, options=""):
    Path("orders.csv").write_text(orders + last)
    return duckdb.sql(f"select count(*), sum(net)::bigint from read_csv('orders.csv'{options})").fetchall()[0]


true = (51, 50 * 49 // 2 + 7)
number, nothing = "1050,7,usd\n", ",7,usd\n"
kept = [total("#1050,7,usd\n"), total("D1050,7,usd\n"), total(number, ", comment=''")]
lost = [total(number), total(nothing)]
print("duckdb", duckdb.__version__)
print("51 rows: expected", true)
print("seen, the last order being #1050, or D1050, or 1050 with comment='':", *kept)
print("seen, the last order being 1050, or nothing:", *lost)
raise SystemExit(not (kept == [true] * 3 and lost == [(1, 7)] * 2))
PY
