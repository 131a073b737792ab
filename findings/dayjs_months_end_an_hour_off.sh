#!/usr/bin/env bash
# Day.js ends March in New York an hour into April, and November an hour early.
#
# One would expect: dayjs.tz("2026-03-01", "America/New_York").add(1, "month") is the first of April at midnight there, as
#   Luxon has it and as dayjs.tz("2026-04-01", "America/New_York") is.
# What is true: the offset of the first day is kept: it is 01:00 on 1 April in summer time, 23:00 on 30 November after the
#   clocks went back, and so for add(1, "day"), in Berlin and elsewhere. What comes depends on the zone of the machine
#   too: where that changes its clocks on other days, startOf and endOf("month") are off as well.
# Version: dayjs 1.11.23 with its plugins utc and timezone; compared with luxon 3.7.2.
# Source: iamkun/dayjs#1271, of 2020, and #2112, both open; dayjs.tz() of the next month's first day is right.
# What is lost: rows of an hour are in two months, or in none, where a month runs from its first day to add(1, "month").
set -euo pipefail
command -v npm >/dev/null || { echo "Node 18 or newer, with npm, is needed"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit dayjs@1.11.23 luxon@3.7.2
cat >months.mjs <<'JS'
import dayjs from "dayjs";
import timezone from "dayjs/plugin/timezone.js";
import utc from "dayjs/plugin/utc.js";
import { DateTime } from "luxon";

dayjs.extend(utc);
dayjs.extend(timezone);
const hour = (time) => new Date(time.valueOf()).toISOString().slice(0, 13);
const next = (day, zone, unit) => {
  const after = DateTime.fromISO(day, { zone }).plus({ [unit]: 1 });
  return [
    hour(dayjs.tz(day, zone).add(1, unit)),
    hour(after),
    hour(dayjs.tz(after.toISODate(), zone)),
  ];
};
const found = [
  next("2026-03-01", "America/New_York", "month"),
  next("2026-11-01", "America/New_York", "month"),
  next("2026-11-01", "America/New_York", "day"),
  next("2026-03-01", "Europe/Berlin", "month"),
  next("2026-05-01", "Europe/Berlin", "month"),
];
const end = hour(dayjs.tz("2026-11-15", "Europe/Berlin").startOf("month"));
console.log(JSON.stringify([...found, end]));
JS
for zone in UTC America/New_York; do TZ=$zone node months.mjs >"${zone##*/}.json"; done
cat >check.mjs <<'JS'
import fs from "node:fs";

const [london, york] = ["UTC", "New_York"].map((zone) => JSON.parse(fs.readFileSync(`${zone}.json`)));
const names = ["March in New York", "November there", "1 November there", "March in Berlin", "May in Berlin"];
names.forEach((name, at) => {
  const [seen, luxon, first] = london[at];
  console.log(`the end of ${name}: expected ${luxon}, as luxon and dayjs.tz() of the next day (${first}); seen ${seen}`);
});
console.log("the first of November in Berlin, by startOf(month) on a machine in UTC and one in New York:", london[5], york[5]);
const off = london.slice(0, 5).map(([seen, luxon]) => (new Date(`${seen}:00Z`) - new Date(`${luxon}:00Z`)) / 3.6e6);
const right = london.slice(0, 5).every(([, luxon, first]) => luxon === first);
console.log("hours off:", off.join(" "));
const starts = london[5] === "2026-10-31T23" && york[5] === "2026-11-01T00";
process.exit(right && starts && off.join() === "1,-1,-1,1,0" ? 0 : 1);
JS
node check.mjs
