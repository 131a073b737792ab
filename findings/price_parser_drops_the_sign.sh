#!/usr/bin/env bash
# price-parser reads a negative price as a positive one.
#
# One would expect: Price.fromstring("-5.00 €") is -5.00, or has no amount.
# What is true: the sign is passed over: 5.00. So for a minus in front, behind, in brackets as in books, and the true minus
#   sign. And 0.123 is 123: a point with three digits after it separates thousands, even after a zero.
# Version: price-parser 0.5.1.
# Source: scrapinghub/price-parser#29, open since 2020; none known for 0.123.
# What is lost: refunds and fees in a column of texts are added where they have to be taken off; each is wrong by twice
#   its amount.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check price-parser==0.5.1
venv/bin/python - <<'PY'
from decimal import Decimal
from importlib.metadata import version

from price_parser import Price

texts = ["-5.00 €", "\u22125.00", "(5.00)", "5.00-", "USD -5.00"]
seen = [Price.fromstring(text).amount for text in texts]
thousandth = Price.fromstring("0.123").amount
thousandth_told = Price.fromstring("0.123", decimal_separator=".").amount

print("price-parser", version("price-parser"))
for text, amount in zip(texts, seen):
    print(f"{text}: expected -5.00 or None; seen {amount}")
print(f"0.123: expected 0.123; seen {thousandth}, with decimal_separator='.' {thousandth_told}")
raise SystemExit(
    not (seen == [Decimal("5.00")] * 5 and thousandth == 123 and thousandth_told == Decimal("0.123"))
)
PY
