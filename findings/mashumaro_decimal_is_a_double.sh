#!/usr/bin/env bash
# mashumaro's from_json gives 0.1 to a Decimal as 0.1000000000000000055…, 12.7 to an int as 12, "false" to a bool as True.
#
# One would expect: a field of type Decimal holds the digits of the JSON number, and a value of another type than the
#   field's is an error, as in msgspec and (with strict=True) pydantic.
# What is true: json.loads makes a double, and Decimal(), int() and bool() of Python take what comes: all digits of the
#   double, the fraction cut off, and any text that is not empty is true.
# Version: mashumaro 3.23; compared with msgspec 0.21.1.
# Source: none known; the README has no word on it.
# What is lost: ten fees of 0.1 are not 1.0, so that sums of fees never equal the total; an amount in whole units loses
#   its cents; rows of test mode ("livemode": "false") count as live.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check mashumaro==3.23 msgspec==0.21.1
venv/bin/python - <<'PY'
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version

import msgspec
from mashumaro.mixins.json import DataClassJSONMixin


@dataclass
class Fee(DataClassJSONMixin):
    fee: Decimal


@dataclass
class Row(DataClassJSONMixin):
    amount: int
    livemode: bool


fees = [Fee.from_json('{"fee": 0.1}').fee for _ in range(10)]
row = Row.from_json('{"amount": 12.7, "livemode": "false"}')
by_msgspec = [msgspec.json.decode('{"fee": 0.1}', type=Fee).fee for _ in range(10)]
try:
    msgspec.json.decode('{"amount": 12.7, "livemode": "false"}', type=Row)
    refused = False
except msgspec.ValidationError:
    refused = True

print("mashumaro", version("mashumaro"), "msgspec", version("msgspec"))
print("0.1: expected 0.1; seen", fees[0], "msgspec:", by_msgspec[0])
print("ten of them: expected 1.0; seen", sum(fees), "msgspec:", sum(by_msgspec))
print('12.7 and "false": expected an error; seen', row, "refused by msgspec:", refused)
raise SystemExit(
    not (
        fees[0] == Decimal(0.1) != Decimal("0.1")
        and sum(fees) != 1
        and sum(by_msgspec) == 1
        and row == Row(12, True)
        and refused
    )
)
PY
