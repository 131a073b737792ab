#!/usr/bin/env bash
# pyexcel-ods and tablib read rows of an OpenDocument sheet once that stand there twice.
#
# One would expect: two bookings of the same day, text and amount are two rows, whichever library reads the sheet.
# What is true: LibreOffice writes rows that are alike as one, with table:number-rows-repeated="2"; the two libraries do not
#   look at it, and one row is gone. tablib leaves out repeated cells of a row as well (number-columns-repeated), so that the
#   second of two equal amounts is empty. python-calamine gives both.
# Version: pyexcel-ods 0.6.0, tablib 3.10.0, python-calamine 0.9.1; file written by odfpy 1.4.1.
# Source: OpenDocument 1.3, part 3, table:number-rows-repeated; jazzband/tablib#616, open, for cells; none known for rows.
# What is lost: two charges of the same price on one day are one, and the sum of the statement is short of it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pyexcel-ods==0.6.0 tablib==3.10.0 python-calamine==0.9.1 odfpy==1.4.1
venv/bin/python - <<'PY'
from importlib.metadata import version

import pyexcel_ods
import tablib
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from python_calamine import CalamineWorkbook

document = OpenDocumentSpreadsheet()
sheet = Table(name="statement")


def row(*values, **repeated):
    line = TableRow(**repeated)
    for value in values:
        cell = TableCell(valuetype="float", value=value) if isinstance(value, float) else TableCell(valuetype="string")
        cell.addElement(P(text=str(value)))
        line.addElement(cell)
    sheet.addElement(line)


row("text", "amount")
row("coffee", 3.5)
row("ticket", 29.5, numberrowsrepeated=2)
row("refund", -3.5)
document.spreadsheet.addElement(sheet)
document.save("statement.ods")

with open("statement.ods", "rb") as file:
    by_tablib = [amount for _, amount in tablib.Dataset().load(file, format="ods")]
seen = {
    "pyexcel-ods": [amount for _, amount in pyexcel_ods.get_data("statement.ods")["statement"][1:]],
    "tablib": by_tablib,
    "python-calamine": [
        amount for _, amount in CalamineWorkbook.from_path("statement.ods").get_sheet_by_index(0).to_python()[1:]
    ],
}

for name, amounts in seen.items():
    print(name, version(name), "sum", sum(amounts), amounts)
print("expected: sum 59.0 of 4 amounts from each")
once, twice = [3.5, 29.5, -3.5], [3.5, 29.5, 29.5, -3.5]
raise SystemExit(not (seen["pyexcel-ods"] == seen["tablib"] == once and seen["python-calamine"] == twice))
PY
