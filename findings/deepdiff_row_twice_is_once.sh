#!/usr/bin/env bash
# DeepDiff finds no difference between a table and the same table with rows doubled, be the order ignored or an id named.
#
# One would expect: two lists of rows in any order, one of which has a row twice, differ by one row; with group_by="id",
#   two rows of one id are told, or an error, as two columns of one name are in other tools.
# What is true: with ignore_order=True rows that stand there twice count once (report_repetition=True tells them); with
#   group_by the last row of an id replaces the others, so that even another amount goes unseen. Both answer {}: no
#   difference.
# Version: deepdiff 9.1.0.
# Source: the docs of ignore_order ("if report_repetition is False"), and qlustered/deepdiff#234; none known for group_by.
# What is lost: rows that were loaded twice, or charged twice, pass the comparison that was to find them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check deepdiff==9.1.0
venv/bin/python - <<'PY'
from importlib.metadata import version

from deepdiff import DeepDiff

once = [{"id": "txn_1", "amount": 500}, {"id": "txn_2", "amount": 700}]
twice = [{"id": "txn_2", "amount": 700}, {"id": "txn_1", "amount": 500}, {"id": "txn_1", "amount": 500}]
other = [{"id": "txn_1", "amount": 900}, {"id": "txn_1", "amount": 500}, {"id": "txn_2", "amount": 700}]
seen = {
    "doubled, ignore_order": DeepDiff(once, twice, ignore_order=True),
    "doubled, group_by": DeepDiff(once, twice, group_by="id"),
    "another amount, group_by": DeepDiff(once, other, group_by="id"),
}
told = {
    "doubled, report_repetition": DeepDiff(once, twice, ignore_order=True, report_repetition=True),
    "another amount, ignore_order": DeepDiff(once, other, ignore_order=True),
}

print("deepdiff", version("deepdiff"))
for name, difference in seen.items():
    print(f"{name}: expected one row more; seen {difference}")
for name, difference in told.items():
    print(f"{name}: {difference}")
raise SystemExit(any(seen.values()) or not all(told.values()))
PY
