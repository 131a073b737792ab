#!/usr/bin/env bash
# hyparquet's orderBy does not sort a column of texts that has nulls, and puts nulls between the numbers.
#
# One would expect: rows come in the order of the column, nulls together at one end; rowEnd: 2 then gives the first two.
# What is true: a null is compared as JavaScript compares it: to a number as 0, to a date as 1970, so that it stands between
#   what was paid and what was taken back; to a text it is neither less nor greater, so that it counts as equal to each of
#   them, and the texts around it stay as they lie. No error, no warning; columns without nulls are right.
# Version: hyparquet 1.33.0 (npm), file written by pyarrow 26.0.1.
# Source: none known.
# What is lost: the first page of rows by payout, description or available_on holds others than the first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1
venv/bin/python - <<'PY'
import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq

days = [dt.datetime(2026, 1, 3), None, dt.datetime(2026, 1, 1), dt.datetime(1969, 1, 2), dt.datetime(2026, 1, 2)]
columns = {
    "payout": ["po_3", None, "po_1", None, "po_2"],
    "net": pa.array([100, None, 200, 50, -5], pa.int64()),
    "day": pa.array(days, pa.timestamp("us", "UTC")),
}
pq.write_table(pa.table({"id": ["a", "b", "c", "d", "e"], **columns}), "rows.parquet", compression="none")
PY
npm install --silent --no-audit --no-fund hyparquet@1.33.0
cat >ask.mjs <<'JS'
import { asyncBufferFromFile, parquetQuery } from 'hyparquet'

const file = await asyncBufferFromFile('rows.parquet')
const ids = async options => (await parquetQuery({ file, ...options })).map(row => row.id).join(' ')
let same = true
for (const [orderBy, expected, known] of [
  ['id', 'a b c d e', 'a b c d e'],
  ['payout', 'c e a, and b d at one end', 'a b c d e'],
  ['net', 'e d a c, and b at one end', 'e b d a c'],
  ['day', 'd c e a, and b at one end', 'd b c e a'],
]) {
  const seen = await ids({ orderBy })
  const first = await ids({ orderBy, rowEnd: 2 })
  console.log(`by ${orderBy}: expected ${expected}; seen ${seen}; the first two: ${first}`)
  same &&= seen === known && first === known.slice(0, 3)
}
process.exit(same ? 0 : 1)
JS
node ask.mjs
