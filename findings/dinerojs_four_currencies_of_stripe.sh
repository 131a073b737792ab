#!/usr/bin/env bash
# dinero.js takes Stripe's 5000 of MRU for 1000 ouguiya where it is 50, and of ISK and UGX for 5000 where it is 50.
#
# One would expect: an amount in the smallest unit is what dinero() takes and what Stripe sends, so they meet; its docs say
#   that the currencies are those of ISO 4217, which has two decimals for MRU and MGA.
# What is true: MRU and MGA are of base 5 and exponent 1, fifths: toUnits() of 5000 is 1000 and 0. Stripe's MRU has two
#   decimals, its MGA none, so one is twentyfold and the other a fifth. toDecimal() refuses both. ISK and UGX have no
#   decimals here, two at Stripe. All other zero-decimal currencies of Stripe and its dinars are the same here.
# Version: dinero.js 2.0.2.
# Source: dinerojs.com/api/currencies has the fifths; docs.stripe.com/currencies the special cases of ISK and UGX.
# What is lost: sums and receipts in these currencies are a hundredfold, twentyfold or a fifth of what was paid.
set -euo pipefail
command -v npm >/dev/null || { echo "Node 18 or newer, with npm, is needed"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit dinero.js@2.0.2
cat >amounts.mjs <<'JS'
import { dinero, toDecimal, toUnits } from "dinero.js";
import * as currencies from "dinero.js/currencies";

const places = { USD: 2, KWD: 3, ISK: 2, UGX: 2, MRU: 2, MGA: 0 };
for (const code of "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF".split(" ")) places[code] = 0;
for (const code of "BHD JOD OMR TND".split(" ")) places[code] = 3;

const seen = {};
for (const [code, digits] of Object.entries(places)) {
  const money = dinero({ amount: 5000, currency: currencies[code] });
  const [units] = toUnits(money);
  if (units !== 5000 / 10 ** digits) seen[code] = units;
}
const refused = ["MRU", "MGA"].filter((code) => {
  try {
    toDecimal(dinero({ amount: 5000, currency: currencies[code] }));
  } catch {
    return true;
  }
});
console.log("Stripe's 5000 of each currency in whole units: expected as docs.stripe.com/currencies has it, MRU, ISK and UGX 50");
console.log("otherwise are:", seen, "of", Object.keys(places).length, "tried; toDecimal() refuses", refused);
const same = JSON.stringify(seen) === JSON.stringify({ ISK: 5000, UGX: 5000, MRU: 1000, MGA: 1000 });
process.exit(same && refused.length === 2 ? 0 : 1);
JS
node amounts.mjs
