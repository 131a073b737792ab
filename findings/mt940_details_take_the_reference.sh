#!/usr/bin/env bash
# mt940 drops the reference of a line when the details below it are structured and do not repeat it.
#
# One would expect: the :61: of a payout has its reference, po_1, and it is there whatever the :86: says.
# What is true: a structured :86: sets everything it could have said and did not to None, the customer reference of the :61:
#   with it; a KREF+ that says po_1 as well makes it "po_1", a line feed and "po_1". With free text below, it is po_1. The
#   other party's account, ?31, is glued to the front of its name. Of details longer than nine rows of 65 the rest is
#   dropped. Options.all() mends all but the doubling.
# Version: mt-940 5.1.1.
# Source: mt940/options.py of the package: merge_keeps_values, applicant_iban, unbounded_details, off by default.
# What is lost: bank lines no longer match payouts by reference, for the banks, mostly German, whose details have fields.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check mt-940==5.1.1
venv/bin/python - <<'PY'
from importlib.metadata import version

import mt940

FIELDS = "166?00CREDIT?20SVWZ+STRIPE?30COBADEFF?31DE02120300000000202051?32STRIPE"
LONG = "166?00CREDIT" + "".join(f"?{20 + number}{chr(65 + number) * 27}" for number in range(10)) + "?60" + "x" * 300 + "?61po_1"


def line(details, **options):
    rows = [details[start : start + 65] for start in range(0, len(details), 65)]
    statement = [
        ":20:STATEMENT",
        ":25:12345678/1234567890",
        ":28C:1/1",
        ":60F:C261126EUR1000,00",
        ":61:2611271127C100,00NTRFpo_1//BANK1",
        ":86:" + "\n".join(rows),
        ":62F:C261127EUR1100,00",
        "-",
    ]
    (one,) = mt940.parse("\n".join(statement) + "\n", **options)
    return one.data


every = {"options": mt940.Options.all()}
references = [line(details)["customer_reference"] for details in ("STRIPE PAYOUT", FIELDS, FIELDS + "?21KREF+po_1")]
kept = line(FIELDS, **every)["customer_reference"]
name, named = line(FIELDS)["applicant_name"], line(FIELDS, **every)["applicant_name"]
cut, whole = (line(LONG, **options)["additional_purpose"] or "" for options in ({}, every))
print("mt-940", version("mt-940"))
print("reference above free text, fields, fields with KREF+: expected po_1; seen", references, "- by option:", kept)
print("name: expected STRIPE; seen", name, "- by option:", named)
print(f"the last field of {len(LONG)} characters: expected ...po_1; seen ...{cut[-4:]} - by option: ...{whole[-4:]}")
raise SystemExit(
    references != ["po_1", None, "po_1\npo_1"]
    or (kept, named) != ("po_1", "STRIPE")
    or name != "DE02120300000000202051STRIPE"
    or cut.endswith("po_1")
    or not whole.endswith("po_1")
)
PY
