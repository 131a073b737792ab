#!/usr/bin/env bash
# dj-stripe stores a charge of 5000 yen as 50.00, its payout and balance transaction as 5000, and charges 500000 for 5000.
#
# One would expect: an amount in the smallest unit, as Stripe sends it; or a decimal that is divided by what the currency
#   has, and one rule for all tables.
# What is true: the column amount of charges is divided by 100 whatever the currency: 5000 yen and 5.000 Kuwaiti dinars
#   are Decimal("50.00"). Balance transactions and payouts keep 5000, though str() of a balance transaction is "50.00 JPY".
#   customer.charge(Decimal(5000), currency="jpy") asks Stripe for 500000 yen, and one of 5.125 dinars for 0.512.
# Version: dj-stripe 2.11.0.
# Source: docs.stripe.com/currencies has the currencies of no and of three decimals; dj-stripe/dj-stripe#955 is to store
#   whole cents everywhere.
# What is lost: charges in yen count a hundredth against their own balance transactions, dinars tenfold; a customer pays a
#   hundredfold.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check dj-stripe==2.11.0 stripe==15.6.2 Django==5.2.19
venv/bin/python - <<'PY'
from decimal import Decimal
from importlib.metadata import version
from urllib.parse import parse_qs

import django
import stripe
from django.conf import settings
from django.core.management import call_command

KEY = "sk_test_" + "0" * 24
apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "djstripe"]
settings.configure(
    SECRET_KEY="none",
    INSTALLED_APPS=apps,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
    STRIPE_TEST_SECRET_KEY=KEY,
    STRIPE_LIVE_MODE=False,
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
    MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions", "djstripe")),
)
django.setup()
call_command("migrate", verbosity=0, run_syncdb=True)

from djstripe.models import Account, APIKey, BalanceTransaction, Charge, Customer, Payout  # noqa: E402

account = Account.objects.create(id="acct_1", livemode=False)
APIKey.objects.create(id="key", secret=KEY, livemode=False, type="secret", djstripe_owner_account=account)


class Asked(stripe.HTTPClient):
    name = "asked"

    def __init__(self):
        super().__init__()
        self.amounts = []

    def request(self, method, url, headers, post_data=None):
        self.amounts.append(int(parse_qs(post_data)["amount"][0]) if post_data else url)
        raise stripe.APIConnectionError("the request is all that is needed")


def stored(model, kind, currency, **fields):
    row = {"id": f"{kind}_{currency}", "object": kind, "amount": 5000, "currency": currency, "created": 1790000000}
    one = model.sync_from_stripe_data(row | {"livemode": False} | fields)
    one.refresh_from_db()
    return one.amount, str(one)


stripe.max_network_retries = 0
asked = stripe.default_http_client = Asked()
found = {}
for currency in ("usd", "jpy", "kwd"):
    charge = stored(Charge, "charge", currency, status="succeeded", paid=True, captured=True, amount_refunded=0)
    payout = stored(Payout, "payout", currency, status="paid", arrival_date=1790000000, type="bank_account")
    entry = stored(BalanceTransaction, "balance_transaction", currency, type="charge", status="available", source="ch")
    found[currency] = charge[0], payout[0], entry[0], entry[1]
customer = Customer.objects.create(id="cus_1", livemode=False, djstripe_owner_account=account)
for amount, currency in ((50, "usd"), (5000, "jpy"), ("5.125", "kwd")):
    try:
        customer.charge(Decimal(amount), currency=currency, api_key=KEY)
    except stripe.APIConnectionError:
        continue

print("dj-stripe", version("dj-stripe"))
for currency, (charge, payout, entry, text) in found.items():
    print(f"5000 of {currency}'s smallest unit: charge {charge}, payout {payout}, balance transaction {entry}, {text!r}")
print("asked for 50 usd, 5000 jpy, 5.125 kwd: expected [5000, 5000, 5125] or an error; seen", asked.amounts)
raise SystemExit(
    [row[:3] for row in found.values()] != [(Decimal("50.00"), 5000, 5000)] * 3
    or [row[3].split(" (")[0] for row in found.values()] != ["$50.00 USD", "50.00 JPY", "50.00 KWD"]
    or asked.amounts != [5000, 500000, 512]
)
PY
