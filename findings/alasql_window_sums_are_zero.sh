#!/usr/bin/env bash
# AlaSQL answers sum(net) over (partition by currency) with 0 in every row, and UNION keeps rows that are there twice.
#
# One would expect: the sum of the row's currency, as SQL has it, or an error that windows are not known, as rank() gives.
# What is true: what stands in over (…) is not looked at: sums are 0, averages and maxima null, count(*) is the number of all
#   rows, and row_number() over (order by net) numbers the rows as they lie. select currency … union select currency
#   … gives usd twice where the first part has it twice. having over a column's new name gives no rows at all. Sums by
#   group by, select distinct and having sum(net) are right.
# Version: alasql 4.19.1.
# Source: AlaSQL/alasql#2408, closed, on windows; in #2415 the project says that UNION removes rows that are there twice.
# What is lost: shares, running balances and the newest row of each id, in pages and scripts that ask rows in memory.
set -euo pipefail
command -v npm >/dev/null || { echo "Node 18 or newer, with npm, is needed"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit --legacy-peer-deps alasql@4.19.1
cat >ask.mjs <<'JS'
import alasql from "alasql";

const rows = [
  { id: 1, currency: "usd", net: 5 },
  { id: 2, currency: "usd", net: 7 },
  { id: 3, currency: "eur", net: 9 },
  { id: 4, currency: "jpy", net: 1 },
];
const cases = [
  ["select sum(net) over (partition by currency) v from ?", [12, 12, 9, 1], [0, 0, 0, 0]],
  ["select sum(net) over (order by id) v from ?", [5, 12, 21, 22], [0, 0, 0, 0]],
  ["select max(net) over (partition by currency) v from ?", [7, 7, 9, 1], [null, null, null, null]],
  ["select count(*) over (partition by currency) v from ?", [2, 2, 1, 1], [4, 4, 4, 4]],
  ["select row_number() over (order by net desc) v from ? order by id", [3, 2, 1, 4], [1, 2, 3, 4]],
  ["select currency v from ? union select currency v from ?", ["usd", "eur", "jpy"], ["usd", "usd", "eur", "jpy"]],
  ["select currency, sum(net) v from ? group by currency having v > 8", [12, 9], []],
  ["select currency, sum(net) v from ? group by currency having sum(net) > 8", [12, 9], [12, 9]],
  ["select distinct currency v from ?", ["usd", "eur", "jpy"], ["usd", "eur", "jpy"]],
];
let same = true;
for (const [query, expected, known] of cases) {
  const seen = alasql(query, [rows, rows]).map((row) => row.v ?? null);
  console.log(`${query}: expected ${JSON.stringify(expected)}; seen ${JSON.stringify(seen)}`);
  same &&= JSON.stringify(seen) === JSON.stringify(known);
}
let refused = false;
try {
  alasql("select rank() over (order by net) v from ?", [rows]);
} catch {
  refused = true;
}
console.log("rank() is refused:", refused);
process.exit(same && refused ? 0 : 1);
JS
node ask.mjs
