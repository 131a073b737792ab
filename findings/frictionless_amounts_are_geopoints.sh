#!/usr/bin/env bash
# frictionless takes amounts with a decimal comma for points on the map, and writes the rate 1,08 as 1,8.
#
# One would expect: 12,50 in a file whose delimiter is a semicolon is text, or a number.
# What is true: it is a geopoint, twelve degrees east and fifty north; describe() says so of the whole column, and
#   validate() finds the file valid. The halves are numbers of their own, so the zero behind the comma is lost when the
#   table is written: 12,05 becomes 12,5 and 1,08 becomes 1,8. What is no degree, an amount of more than 180 or with more
#   than 90 cents, is empty if it is one in ten; if there are more of them, the column is text.
# Version: frictionless 5.21.0. A schema that says number and decimalChar "," helps.
# Source: none known; the Table Schema specification has geopoint as "lon, lat".
# What is lost: a German bank's or shop's table, copied to CSV or a database, has 1.8 for 1.08 and 12.5 for 12.05.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check frictionless==5.21.0
venv/bin/python - <<'PY'
from importlib.metadata import version
from pathlib import Path

from frictionless import Resource, Schema, describe, validate

NUMBERS = {"fields": [{"name": "amount", "type": "number", "decimalChar": ","}]}


def written(name, *amounts, schema=None):
    lines = [f"2026-11-2{number};{amount}" for number, amount in enumerate(amounts)]
    Path(f"{name}.csv").write_text("\n".join(["day;amount", *lines]) + "\n")
    fields = {field.name: field.type for field in describe(f"{name}.csv").schema.fields}
    Resource(f"{name}.csv").write(f"{name}-copy.csv")
    copies = [line.partition(",")[2].strip('"') for line in Path(f"{name}-copy.csv").read_text().splitlines()[1:]]
    return fields["amount"], validate(f"{name}.csv").valid, copies


few = ["12,05", "1,08", "-7,50", "99,90"]
one, cents = [[*["12,05"] * 9, last] for last in ("1250,00", "12,95")]
many = ["12,05", "1250,00"]
kinds = [written("few", *few), written("one", *one), written("cents", *cents), written("many", *many)]
Path("plain.csv").write_text("amount\n" + "".join(f'"{amount}"\n' for amount in few))
typed = [row["amount"] for row in Resource("plain.csv", schema=Schema.from_descriptor(NUMBERS)).read_rows()]
print("frictionless", version("frictionless"))
for amounts, (kind, valid, copies) in zip((few, one, cents, many), kinds, strict=True):
    print(f"{amounts}: of type {kind}, valid: {valid}, written as {copies}")
print("with a schema:", [str(number) for number in typed])
raise SystemExit(
    kinds
    != [
        ("geopoint", True, ["12,5", "1,8", "-7,50", "99,90"]),
        ("geopoint", False, [*["12,5"] * 9, ""]),
        ("geopoint", False, [*["12,5"] * 9, ""]),
        ("string", True, many),
    ]
    or [str(number) for number in typed] != ["12.05", "1.08", "-7.50", "99.90"]
)
PY
