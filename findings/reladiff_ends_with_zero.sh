#!/usr/bin/env bash
# reladiff, which compares tables of two databases, ends with status 0 whether they are equal, differ, or are not there.
#
# One would expect: as of `diff`: 0 for equal, 1 for different, more for trouble; and that without a word on columns, whole
#   rows are compared.
# What is true: the status is 0 each time: with rows that differ, and with a table that does not exist (one line on stderr).
#   Without `-c` only the keys are compared: two tables whose amounts differ have no differences at all.
# Version: reladiff 0.6.0, duckdb 2.0.1.
# Source: `reladiff --help` calls -c "extra columns to compare"; no word on the status.
# What is lost: `reladiff … && publish` publishes always. Who checks a ledger against its source by keys alone is told
#   that nothing differs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check 'reladiff[duckdb]==0.6.0' duckdb==2.0.1
venv/bin/python - <<'PY'
import duckdb

base = duckdb.connect("rows.db")
base.execute("CREATE TABLE here AS SELECT i::int AS id, i * 100 AS amount FROM range(1, 1001) AS t(i)")
base.execute("CREATE TABLE there AS SELECT id, amount + (id = 7)::int AS amount FROM here")
PY
venv/bin/pip show reladiff 2>/dev/null | grep -E '^(Name|Version)'
compare() {  # compare NAME TABLE OPTIONS…: print how it ended and how many lines it showed
  local status=0 found
  found=$(venv/bin/reladiff "duckdb://$work/rows.db" here "duckdb://$work/rows.db" "$2" -k id "${@:3}" 2>err | wc -l) || status=$?
  echo "$1: status $status, differences shown $found, errors $(grep -c ERROR err || true)"
}
seen=$(compare "by keys" there; compare "by amount" there -c amount; compare "no such table" nowhere)
echo "$seen"
[ "$seen" = "by keys: status 0, differences shown 0, errors 0
by amount: status 0, differences shown 2, errors 0
no such table: status 0, differences shown 0, errors 1" ]
