#!/usr/bin/env bash
# dataframely and patito cut 12.7 to 12 before they look whether it is a whole number, and find it valid.
#
# One would expect: validate(cast=True) and cast() make "12" and 12.0 whole numbers, and refuse 12.7, as pydantic does.
# What is true: the column is cast first and what is left is checked: 12.7 is 12, -12.7 is -12, 23:59 of a day is the day.
#   1.005 as a Decimal of two places is 1.00, and of 2.675, a double, 2.68. A text that is no number is refused.
#   Without the cast both refuse a column of doubles.
# Version: dataframely 3.1.2 and patito 0.8.6 with polars 2.1.0; compared with pydantic 2.14.4.
# Source: the docs of both: columns of another type are cast, by dataframely "if possible"; nothing on what a cast cuts.
# What is lost: cents of amounts that came in whole units instead of minor ones; the validated table sums up to less.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check dataframely==3.1.2 patito==0.8.6 polars==2.1.0 pydantic==2.14.4
venv/bin/python - <<'PY'
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version

import dataframely as dy
import patito as pt
import polars as pl
import pydantic

ERRORS = (
    pl.exceptions.PolarsError,
    dy.exc.ValidationError,
    dy.exc.SchemaError,
    pt.exceptions.DataFrameValidationError,
    pydantic.ValidationError,
)


class Row(dy.Schema):
    net = dy.Int64()
    day = dy.Date()
    rate = dy.Decimal(10, 2)


class Model(pt.Model):
    net: int


class Strict(pydantic.BaseModel):
    net: int


def refused(check):
    try:
        check()
    except ERRORS:
        return True
    return False


def rows(*nets, rate=2.675):
    late = datetime(2026, 11, 28, 23, 59)
    return pl.DataFrame([{"net": net, "day": late, "rate": rate} for net in nets])


def by_patito(*nets):
    frame = Model.DataFrame({"net": list(nets)}).cast()
    return frame.validate()["net"].to_list()


seen = Row.validate(rows(12.7, -12.7), cast=True).to_dict(as_series=False)
exact = Row.validate(rows(1, rate=Decimal("1.005")), cast=True)["rate"].to_list()
patito = by_patito(12.7, -12.7)
refusals = [
    refused(lambda: Row.validate(rows("x"), cast=True)),
    refused(lambda: Row.validate(rows(12.7))),
    refused(lambda: Model.validate(pl.DataFrame({"net": [12.7]}))),
    refused(lambda: Strict(net=12.7)),
]
print(*(f"{name} {version(name)}" for name in ("dataframely", "patito", "polars", "pydantic")))
print("12.7, -12.7: expected errors; seen by dataframely", seen["net"], "by patito", patito)
print("28 November, 23:59, as a date:", seen["day"][0])
print("2.675 and Decimal 1.005 of two places:", seen["rate"][0], exact[0])
print("refused: a text, doubles without cast, pydantic:", refusals)
raise SystemExit(
    seen["net"] != [12, -12]
    or patito != [12, -12]
    or seen["day"][0] != date(2026, 11, 28)
    or (seen["rate"][0], exact[0]) != (Decimal("2.68"), Decimal("1.00"))
    or refusals != [True] * 4
)
PY
