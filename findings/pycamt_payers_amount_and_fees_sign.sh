#!/usr/bin/env bash
# pycamt takes the first amount and the first sign it finds within a transaction: the payer's dollars, or the bank's fee.
#
# One would expect: of an entry of 92.50 EUR whose details say that the payer sent 100.00 USD, 92.50 EUR; of a credit of
#   495.00 EUR from which the bank kept a fee of 5.00, a credit of 495.00.
# What is true: get_transactions() searches the details at any depth. The first is 100.00 with the currency of the entry,
#   EUR; the second is 5.00 to the debit, both from the fee's own elements. An entry of 30.00 with two transactions
#   that say no amount is 30.00 twice. With an amount and a sign in the transaction itself, which
#   camt.053.001.02 has no place for, it is right.
# Version: pycamt 1.1.1.
# Source: ISO 20022, camt.053.001.02 and .08: AmtDtls/InstdAmt is in the currency instructed, Chrgs has Amt and CdtDbtInd.
# What is lost: payouts that were converted or charged for on their way have another amount, and some another sign; no
#   entry of the statement shows a difference by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check pycamt==1.1.1
venv/bin/python - <<'PY'
from importlib.metadata import version

from pycamt.parser import Camt053Parser

SENT = '<AmtDtls><InstdAmt><Amt Ccy="USD">100.00</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">92.50</Amt></TxAmt></AmtDtls>'
FEE = '<Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
OWN = '<Amt Ccy="EUR">495.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'


def statement(schema, amount, *details, status):
    transactions = "".join(
        f"<TxDtls><Refs><EndToEndId>po_{number}</EndToEndId></Refs>{detail}</TxDtls>"
        for number, detail in enumerate(details)
    )
    closing = (
        '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1000.00</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-27</Dt></Dt></Bal>"
    )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{schema}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-28T08:00:00</CreDtTm></GrpHdr>"
        "<Stmt><Id>1</Id><CreDtTm>2026-11-28T08:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{closing}"
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>{status}</Sts>'
        "<BookgDt><Dt>2026-11-27</Dt></BookgDt><BkTxCd><Prtry><Cd>166</Cd></Prtry></BkTxCd>"
        f"<NtryDtls>{transactions}</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    ).encode()


def seen(schema, amount, *details):
    status = "BOOK" if schema == "02" else "<Cd>BOOK</Cd>"
    parser = Camt053Parser(statement(schema, amount, *details, status=status))
    keys = ("Amount", "Currency", "CreditDebitIndicator")
    return [tuple(one[key] for key in keys) for one in parser.get_transactions()]


cases = [
    ("02", "92.50", [SENT], [("100.00", "EUR", "CRDT")]),
    ("08", "92.50", [SENT], [("100.00", "EUR", "CRDT")]),
    ("02", "495.00", [f"<Chrgs>{FEE}</Chrgs>"], [("5.00", "EUR", "DBIT")]),
    ("08", "495.00", [f"<Chrgs><Rcrd>{FEE}</Rcrd></Chrgs>"], [("5.00", "EUR", "DBIT")]),
    ("08", "495.00", [f"{OWN}<Chrgs><Rcrd>{FEE}</Rcrd></Chrgs>"], [("495.00", "EUR", "CRDT")]),
    ("02", "30.00", ["", ""], [("30.00", "EUR", "CRDT")] * 2),
]
print("pycamt", version("pycamt"))
found = []
for schema, amount, details, _ in cases:
    found.append(seen(schema, amount, *details))
    print(f"camt.053.001.{schema}, a credit of {amount} EUR in {len(details)}: seen {found[-1]}")
raise SystemExit(found != [expected for *_, expected in cases])
PY
