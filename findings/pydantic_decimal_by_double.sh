#!/usr/bin/env bash
# pydantic reads a number of JSON into a Decimal through a double: 90071992547409.93 is 90071992547409.94.
#
# One would expect: a field of type Decimal keeps the digits of the JSON number, as `json.loads(…, parse_float=Decimal)` and
#   msgspec do; that is what the type is chosen for.
# What is true: model_validate_json makes a float first, and the Decimal of its shortest text. Of an integer field, 1e2 and
#   9007199254740993.0 are taken, the latter as ...992. The same number in quotes, or without a point, is exact.
# Version: pydantic 2.14.4, msgspec 0.21.1.
# Source: pydantic/pydantic#9180 and pydantic/pydantic-core#1688, open.
# What is lost: amounts of 16 digits and more are off by the last one; 1.10 is 1.1, so that the number of decimal places is
#   lost for all. Strict mode changes nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pydantic==2.14.4 msgspec==0.21.1
venv/bin/python - <<'PY'
import json
from decimal import Decimal

import msgspec
import pydantic
from pydantic import BaseModel, ConfigDict


class Line(BaseModel):
    amount: Decimal


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    amount: Decimal


texts = ["90071992547409.93", "1.10", '"90071992547409.93"']
seen, strict = (
    [str(kind.model_validate_json(f'{{"amount": {text}}}').amount) for text in texts] for kind in (Line, Strict)
)
by_json = [str(json.loads(text, parse_float=Decimal)) for text in texts]
by_msgspec = [str(msgspec.json.decode(text, type=Decimal)) for text in texts]
whole = pydantic.TypeAdapter(int).validate_json("9007199254740993.0")

print("pydantic", pydantic.VERSION, "msgspec", msgspec.__version__)
print("json and msgspec:", by_json, by_msgspec)
print("pydantic: expected the same; seen", seen, "strict", strict, "an integer", whole)
raise SystemExit(
    not (
        by_json == by_msgspec == ["90071992547409.93", "1.10", "90071992547409.93"]
        and seen == strict == ["90071992547409.94", "1.1", "90071992547409.93"]
        and whole == 9007199254740992
    )
)
PY
