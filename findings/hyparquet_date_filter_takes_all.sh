#!/usr/bin/env bash
# hyparquet's filter { created: date } takes every row, and { net: 100 } takes none of a column of 64 bits.
#
# One would expect: a plain value in the filter means equal, as in MongoDB, whose notation it is: so it does for texts and for
#   integers of 32 bits. What is compared by $gte and $lte is the same by $eq.
# What is true: a Date is taken for a set of conditions and has none, so that every row passes; { $eq: date } is right.
#   Integers of 64 bits are read as BigInt, and 100 is not strictly equal to 100n: $eq and $in find no row and $ne and $nin
#   keep all, while $gte and $lte compare them well. `filterStrict: false` is right for these. No error, no warning.
# Version: hyparquet 1.33.0 (npm), file written by pyarrow 26.0.1.
# Source: none known; filterStrict stands in hyparquet's types, true if not given.
# What is lost: payouts of one day are the payouts of all days, amounts of exactly 100 do not exist, and "all but those"
#   leaves none out.
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

days = [dt.datetime(2026, 1, day) for day in (1, 2, 3)]
columns = {"created": pa.array(days, pa.timestamp("us", "UTC")), "net": [100, 200, 100], "small": pa.array([100, 200, 100], pa.int32())}
pq.write_table(pa.table({"id": ["po_1", "po_2", "po_3"], **columns}), "payouts.parquet", compression="none")
PY
npm install --silent --no-audit --no-fund hyparquet@1.33.0
cat >ask.mjs <<'JS'
import { asyncBufferFromFile, parquetQuery } from 'hyparquet'

const file = await asyncBufferFromFile('payouts.parquet')
const second = new Date('2026-01-02T00:00:00Z')
const questions = [
  ['created: the 2nd', { created: second }, 'po_2', 'po_1 po_2 po_3'],
  ['created: $eq the 2nd', { created: { $eq: second } }, 'po_2', 'po_2'],
  ['small: 100', { small: 100 }, 'po_1 po_3', 'po_1 po_3'],
  ['net: 100', { net: 100 }, 'po_1 po_3', ''],
  ['net: $in 100', { net: { $in: [100] } }, 'po_1 po_3', ''],
  ['net: $ne 100', { net: { $ne: 100 } }, 'po_2', 'po_1 po_2 po_3'],
  ['net: $nin 100', { net: { $nin: [100] } }, 'po_2', 'po_1 po_2 po_3'],
  ['net: $gte 100, $lte 100', { net: { $gte: 100, $lte: 100 } }, 'po_1 po_3', 'po_1 po_3'],
]
let same = true
for (const [name, filter, expected, known] of questions) {
  const seen = (await parquetQuery({ file, filter })).map(row => row.id).join(' ')
  console.log(`${name}: expected ${expected} seen ${seen || 'none'}`)
  same &&= seen === known
}
const loose = (await parquetQuery({ file, filter: { net: 100 }, filterStrict: false })).map(row => row.id).join(' ')
console.log(`net: 100, filterStrict false: ${loose}`)
process.exit(same && loose === 'po_1 po_3' ? 0 : 1)
JS
node ask.mjs
