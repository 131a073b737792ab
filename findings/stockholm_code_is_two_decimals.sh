#!/usr/bin/env bash
# stockholm takes a currency's code for a currency of two decimals, whichever it is; only its own objects know better.
#
# One would expect: `Money.from_sub_units(1199, currency="JPY")` is 1,199 yen, as it is with `currency=JPY`, since the
#   two compare equal as currencies; and "KWD" has a thousand fils.
# What is true: with a code the amount is divided by 100: 11.99 JPY, and 1,234 fils are 12.34 KWD. Nothing is raised,
#   and the code prints as the currency does.
# Version: stockholm 0.5.7.
# Source: stockholm's README shows both ways of naming a currency beside each other.
# What is lost: payment services name currencies by code and amounts in the smallest unit; yen come out at a
#   hundredth, dinars at ten times what was paid.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check stockholm==0.5.7
venv/bin/python - <<'PY'
from importlib.metadata import version

from stockholm import Money
from stockholm.currency import JPY, KWD

by_code = [str(Money.from_sub_units(1199, currency="JPY")), str(Money.from_sub_units(1234, currency="KWD"))]
by_object = [str(Money.from_sub_units(1199, currency=JPY)), str(Money.from_sub_units(1234, currency=KWD))]
equal = [Money(1, currency="JPY").currency == JPY, Money(1, currency="KWD").currency == KWD]
back = [Money("1199", "JPY").sub_units, Money("1199", JPY).sub_units]

print("stockholm", version("stockholm"))
print("by object:", by_object, "by code:", by_code, "the currencies are equal:", equal)
print("sub units of 1199 yen, by code and by object:", [str(one) for one in back])
raise SystemExit(
    not (
        by_object == ["1199 JPY", "1.234 KWD"]
        and by_code == ["11.99 JPY", "12.34 KWD"]
        and equal == [True, True]
        and back == [119900, 1199]
    )
)
PY
