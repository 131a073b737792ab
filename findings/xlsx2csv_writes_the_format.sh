#!/usr/bin/env bash
# xlsx2csv writes the number format instead of the amount, where the format has a text with a d, m, h, s or y in it.
#
# One would expect: 1234.5 in a cell shown as `1,234.50 USD` comes out as 1234.5 or 1,234.50, as openpyxl and
#   python-calamine have it: text in quotes, or after a backslash, is text.
# What is true: any of these letters makes the cell a date, and the date's letters are filled in: the cell is
#   `#,##0.00 "us18"`. The amount is nowhere in the file, and the program ends with 0. Formats of [$USD] are right.
# Version: xlsx2csv 0.8.6, openpyxl 3.1.5, python-calamine 0.9.1; file written by XlsxWriter 3.3.1.
# Source: none known; ECMA-376, part 1, 18.8.31 (numFmts): what stands in double quotes is shown as it is.
# What is lost: every amount of a sheet whose currency is written into its cells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check xlsx2csv==0.8.6 XlsxWriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1
venv/bin/python - <<'PY'
import csv
import subprocess
from importlib.metadata import version

import openpyxl
import xlsxwriter
from python_calamine import CalamineWorkbook

formats = ['#,##0.00 "USD"', '0.00 "days"', r"#,##0.00\ \S\D\G", "[$USD] #,##0.00"]
with xlsxwriter.Workbook("amounts.xlsx") as book:
    sheet = book.add_worksheet()
    for line, form in enumerate(formats):
        sheet.write_number(line, 0, 1234.5, book.add_format({"num_format": form}))

by_openpyxl = [cell.value for (cell,) in openpyxl.load_workbook("amounts.xlsx").active.iter_rows()]
by_calamine = [value for (value,) in CalamineWorkbook.from_path("amounts.xlsx").get_sheet_by_index(0).to_python()]
run = subprocess.run(["venv/bin/xlsx2csv", "amounts.xlsx", "amounts.csv"])
with open("amounts.csv", newline="") as file:
    seen = [value for (value,) in csv.reader(file)]

print("xlsx2csv", version("xlsx2csv"), "status", run.returncode)
print("openpyxl and python-calamine:", by_openpyxl, by_calamine)
for form, value in zip(formats, seen):
    print(f"{form}: expected 1234.5; seen {value}")
raise SystemExit(
    not (
        by_openpyxl == by_calamine == [1234.5] * 4
        and run.returncode == 0
        and not any("1234" in value for value in seen[:3])
        and float(seen[3]) == 1234.5
    )
)
PY
