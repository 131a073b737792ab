#!/usr/bin/env bash
# gspread and agate, which csvkit is made of, read 12,50 as 1250.
#
# One would expect: a sheet whose locale is German says that 12,50 is twelve and a half; a CSV file does not say, and the
#   text is kept, as pandas and DuckDB keep it.
# What is true: all commas are taken out and a number is made of the rest. gspread's get_all_records does so with what the
#   sheet shows, whatever its locale: 1.234,56 is 1.23456, and the account 00123456 is 123456. agate takes signs of
#   currency away as well: a column of $5 and €6 is of numbers, with the sum 11.
# Version: gspread 6.2.1, agate 1.14.2 (csvkit's reader). numericise_ignore=["all"] and agate.Number(locale="de_DE") help.
# Source: the docs of both options; none known on decimal commas.
# What is lost: amounts are a hundredfold, and those of several currencies are added up.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check gspread==6.2.1 agate==1.14.2
venv/bin/python - <<'PY'
import io
import json
from importlib.metadata import version

import agate
import gspread
import requests

CELLS = [["account", "amount"], ["00123456", "12,50"], ["00123456", "1.234,56"]]
PROPERTIES = {"sheetId": 0, "title": "Bank", "index": 0, "gridProperties": {"rowCount": 3, "columnCount": 2}}


class Sheets(requests.adapters.BaseAdapter):
    """Answers as the Sheets API does: values as they are shown, its default."""

    def send(self, request, **_):
        about = {"title": "t", "locale": "de_DE"}
        sheet = {"spreadsheetId": "x", "properties": about, "sheets": [{"properties": PROPERTIES}]}
        values = {"range": "Bank!A1:B3", "majorDimension": "ROWS", "values": CELLS}
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response._content = json.dumps(values if "/values" in request.url else sheet).encode()
        return response

    def close(self):
        pass


session = requests.Session()
session.mount("https://", Sheets())
sheet = gspread.Client(auth=None, session=session).open_by_key("x").sheet1
records, kept = sheet.get_all_records(), sheet.get_all_records(numericise_ignore=["all"])


def column(*cells):
    text = "amount\n" + "".join(f'"{cell}"\n' for cell in cells)
    return agate.Table.from_csv(io.StringIO(text)).columns["amount"]


commas, currencies = column("12,50", "3,00"), column("$5", "€6")
print("gspread", version("gspread"), "agate", version("agate"))
print("12,50 and 1.234,56 in gspread: expected 12.5 and 1234.56, or texts; seen", [row["amount"] for row in records])
print("the account: expected '00123456'; seen", records[0]["account"], "; told to leave all:", kept)
print("12,50 and 3,00 in agate: seen", commas.values(), "; $5 and €6:", currencies.values())
raise SystemExit(
    records != [{"account": 123456, "amount": 1250}, {"account": 123456, "amount": 1.23456}]
    or kept[0] != {"account": "00123456", "amount": "12,50"}
    or [int(amount) for amount in commas.values()] != [1250, 300]
    or sum(currencies.values()) != 11
)
PY
