#!/usr/bin/env bash
# beangulp-stripe books shillings of Uganda a hundredfold.
#
# One would expect: an importer for Stripe's balance transactions reads amounts as Stripe writes them: 500 in ugx is 5
#   shillings, as 500 in isk is 5 krónur: both have no decimals in life, and two in the API.
# What is true: UGX is among the currencies without decimals, so 500 is 500 UGX; ISK is read right. Net, fee and the
#   balance assertion that the importer writes are all a hundredfold, so the assertion agrees with the rows.
# Version: beangulp-stripe 0.3.0, beancount 3.2.3.
# Source: docs.stripe.com/currencies: the special cases give UGX two decimals, as ISK; the list of zero-decimal currencies
#   above them names UGX as well, which is where many tables have it from.
# What is lost: every row in UGX, by a factor of 100; the books close, and only the bank's statement tells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check beangulp-stripe==0.3.0 beancount==3.2.3
cat >rows.json <<'JSON'
{
  "data": [
    {"id": "txn_1", "object": "balance_transaction", "type": "charge", "currency": "ugx", "created": 1793493000,
     "amount": 500000, "fee": 15000, "net": 485000, "source": "ch_1", "fee_details": []},
    {"id": "txn_2", "object": "balance_transaction", "type": "charge", "currency": "isk", "created": 1793493000,
     "amount": 500000, "fee": 15000, "net": 485000, "source": "ch_2", "fee_details": []}
  ],
  "balance": {"as_of": "2026-11-01", "available": [{"amount": 485000, "currency": "ugx"}], "pending": []}
}
JSON
venv/bin/python - <<'PY'
from importlib.metadata import version

from beancount.core.data import Balance, Transaction
from beangulp_stripe import Importer

accounts = {"UGX": "Assets:Stripe:UGX", "ISK": "Assets:Stripe:ISK"}
importer = Importer(accounts, fees_account="Expenses:Fees", payee_rules=[("charge", "Income:Sales", "*")])
entries = importer.extract("rows.json", [])
booked = {
    entry.meta["stripe_id"]: [str(posting.units) for posting in entry.postings]
    for entry in entries
    if isinstance(entry, Transaction)
}
asserted = [str(entry.amount) for entry in entries if isinstance(entry, Balance)]
print("beangulp-stripe", version("beangulp-stripe"))
print("a charge of 5,000 shillings: expected 4850.00, 150.00, -5000.00 UGX; seen", booked["txn_1"])
print("a charge of 5,000 krónur:", booked["txn_2"])
print("the balance: expected 4850.00 UGX; seen", asserted)
raise SystemExit(
    booked["txn_1"] != ["485000 UGX", "15000 UGX", "-500000 UGX"]
    or booked["txn_2"] != ["4850.00 ISK", "150.00 ISK", "-5000.00 ISK"]
    or asserted != ["485000 UGX"]
)
PY
