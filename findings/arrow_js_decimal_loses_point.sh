#!/usr/bin/env bash
# Arrow's JavaScript library gives decimals without their point: 12.34 is 1234, as a number, as text and in JSON.
#
# One would expect: a column of decimal128(12, 2) with 12.34 and -0.05 reads as it was written; its schema travels with
#   the file, and integers and doubles of the same file are right.
# What is true: each value is a number of its own kind that knows no scale; whatever makes a number, a text or JSON of it
#   (adding up, a template string, JSON, the table printed) has a hundred times the amount. `valueOf(scale)` is right, and the
#   scale has to be looked up in the schema for each column. A value plus 0 is text: "12340".
# Version: apache-arrow 21.2.0 (npm), file written by pyarrow 26.0.1.
# Source: github.com/apache/arrow-js/issues/77 and /100, open.
# What is lost: engines divide cents into decimals, and a page that draws what they answer through Arrow shows yen right
#   and euros a hundredfold. Amounts kept as integers in the smallest unit are not touched.
set -euo pipefail
command -v npm >/dev/null || { echo "Node 18 or newer, with npm, is needed"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyarrow==26.0.1
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit apache-arrow@21.2.0
venv/bin/python - <<'PY'
from decimal import Decimal

import pyarrow as pa

amounts = pa.array([Decimal("12.34"), Decimal("-0.05")], pa.decimal128(12, 2))
table = pa.table({"amount": amounts, "cents": pa.array([1234, -5])})
with pa.ipc.new_file("amounts.arrow", table.schema) as file:
    file.write_table(table)
print("written:", [str(one) for one in pa.ipc.open_file("amounts.arrow").read_all()["amount"].to_pylist()])
PY
cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { tableFromIPC } from "apache-arrow";

const table = tableFromIPC(readFileSync("amounts.arrow"));
const amounts = [...table.getChild("amount")];
const scale = table.schema.fields[0].type.scale;
const seen = {
  numbers: amounts.map(Number),
  texts: amounts.map(String),
  json: JSON.parse(JSON.stringify(amounts)),
  total: amounts.reduce((sum, one) => sum + Number(one), 0),
  plusZero: amounts[0] + 0,
  withScale: amounts.map((one) => one.valueOf(scale)),
  cents: [...table.getChild("cents")].map(Number),
};
console.log("apache-arrow", JSON.parse(readFileSync("node_modules/apache-arrow/package.json")).version);
console.log(JSON.stringify(seen));
const expected = {
  numbers: [1234, -5],
  texts: ["1234", "-5"],
  json: ['"1234"', '"-5"'],
  total: 1229,
  plusZero: "12340",
  withScale: [12.34, -0.05],
  cents: [1234, -5],
};
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node read.mjs
