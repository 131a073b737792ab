#!/usr/bin/env bash
# mingo, MongoDB's aggregation in JavaScript, lets the day of 31 December, 22:00 in New York, begin two hours later.
#
# One would expect: $dateTrunc with a timezone is the beginning of the local day or month that the time is in, not after the
#   time; 31 January and a month is 28 February, as MongoDB documents both.
# What is true: $dateTrunc cuts by UTC and moves the result by the offset: for 2026-01-01T03:00Z in New York the day and the
#   month begin at 2026-01-01T05:00Z, two hours later; in Berlin the first hour of February is in January.
#   $dateFromParts and $dateFromString take New York's winter offset in July. $dateAdd and $dateSubtract let days run over. Year,
#   month and day by $year, $month, $dateToString are right.
# Version: mingo 7.2.7.
# Source: MongoDB's manual of $dateTrunc and $dateAdd, whose examples say otherwise; none known of mingo.
# What is lost: reports by local day or month that were tried on mingo, or run on it, have evenings in the wrong one.
set -euo pipefail
command -v npm >/dev/null || { echo "Node 18 or newer, with npm, is needed"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit mingo@7.2.7
cat >days.mjs <<'JS'
import { Aggregator } from "mingo";

const ask = (expression, time = "2026-01-01") =>
  new Aggregator([{ $project: { _id: 0, v: expression } }]).run([{ d: new Date(time) }])[0].v;
const hour = (time) => time.toISOString().slice(0, 13);
const trunc = (time, unit, timezone) => hour(ask({ $dateTrunc: { date: "$d", unit, timezone } }, time));
const york = "America/New_York", berlin = "Europe/Berlin";
const add = (time, unit, amount) => hour(ask({ $dateAdd: { startDate: "$d", unit, amount } }, time)).slice(0, 10);
const cases = [
  ["the day of 1 January 03:00Z in New York", trunc("2026-01-01T03:00Z", "day", york), "2025-12-31T05", "2026-01-01T05"],
  ["its month there", trunc("2026-01-01T03:00Z", "month", york), "2025-12-01T05", "2026-01-01T05"],
  ["its year there", trunc("2026-01-01T03:00Z", "year", york), "2025-01-01T05", "2026-01-01T05"],
  ["the day of 31 January 23:30Z in Berlin", trunc("2026-01-31T23:30Z", "day", berlin), "2026-01-31T23", "2026-01-30T23"],
  ["its month there", trunc("2026-01-31T23:30Z", "month", berlin), "2026-01-31T23", "2025-12-31T23"],
  ["the day of 1 January 12:00Z in New York", trunc("2026-01-01T12:00Z", "day", york), "2026-01-01T05", "2026-01-01T05"],
  [
    "midnight of 1 July in New York, of parts",
    hour(ask({ $dateFromParts: { year: 2026, month: 7, day: 1, timezone: york } })),
    "2026-07-01T04",
    "2026-07-01T05",
  ],
  [
    "of a text",
    hour(ask({ $dateFromString: { dateString: "2026-07-01T00:00:00", timezone: york } })),
    "2026-07-01T04",
    "2026-07-01T05",
  ],
  ["31 January and a month", add("2026-01-31", "month", 1), "2026-02-28", "2026-03-03"],
  ["29 February and a year", add("2024-02-29", "year", 1), "2025-02-28", "2025-03-01"],
  [
    "the text of 1 January 03:00Z in New York",
    ask({ $dateToString: { date: "$d", format: "%Y-%m-%d", timezone: york } }, "2026-01-01T03:00Z"),
    "2025-12-31",
    "2025-12-31",
  ],
];
let same = true;
for (const [name, seen, expected, known] of cases) {
  console.log(`${name}: expected ${expected}; seen ${seen}`);
  same &&= seen === known;
}
process.exit(same ? 0 : 1);
JS
for zone in UTC America/New_York; do TZ=$zone node days.mjs; done
