#!/usr/bin/env bash
# Polars reads what is text in a sheet's column of numbers or dates as null, if it comes after the first 100 rows.
#
# One would expect: as in the first 100 rows, where one text among numbers or dates makes text of all; or an error, as
#   read_csv gives with the same infer_schema_length=100.
# What is true: fastexcel, which reads for Polars, turns what does not fit the type of the first rows into null:
#   "1,234.50", "(5.00)" and "12.50 USD" as amounts, "2026-01-02" as a date; "12.50" becomes a number, and a 5 in a column
#   of booleans True. A row of which nothing is left is dropped. No warning. infer_schema_length=None keeps all.
# Version: polars 2.1.0 with fastexcel 0.21.0.
# Source: pola-rs/polars#23728, closed; fastexcel's dtype_coercion is "coerce" unless told otherwise.
# What is lost: amounts that somebody typed as text further down, and days; the sum of the rest is shown.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5
venv/bin/python - <<'PY'
from datetime import date
from pathlib import Path

import fastexcel
import openpyxl
import polars as pl

AMOUNTS = ["1,234.50", "(5.00)", "12.50 USD", "12.50"]


def column(first, count, *late, numbered=True, **options):
    book = openpyxl.Workbook()
    for number, value in enumerate(["v", *[first] * count, *late]):
        book.active.append([value, number] if numbered else [value])
    book.save("rows.xlsx")
    return pl.read_excel("rows.xlsx", **options)["v"].to_list()[count:]


def csv_refuses():
    lines = ["v", *["5"] * 100, "(5.00)"]
    Path("rows.csv").write_text("\n".join(lines) + "\n")
    try:
        pl.read_csv("rows.csv", infer_schema_length=100)
    except pl.exceptions.ComputeError:
        return True
    return False


early, late = (column(5, count, *AMOUNTS) for count in (50, 100))
days = [column(date(2026, 1, 1), count, "2026-01-02") for count in (50, 100)]
flags = column(True, 100, 5)
alone = column(5, 100, *AMOUNTS, numbered=False)
helped = column(5, 100, *AMOUNTS, infer_schema_length=None)
print("polars", pl.__version__, "fastexcel", fastexcel.__version__)
print("texts after 50 and after 100 numbers: expected", AMOUNTS, "of both; seen", early, late)
print("a text after 50 and after 100 dates:", days, "- a 5 after 100 booleans:", flags)
print("four texts where there is no other column:", alone)
print("infer_schema_length=None:", helped, "- read_csv refuses:", csv_refuses())
raise SystemExit(
    early != AMOUNTS
    or late != [None, None, None, 12.5]
    or days != [["2026-01-02"], [None]]
    or flags != [True]
    or alone != [12.5]
    or helped != AMOUNTS
    or not csv_refuses()
)
PY
