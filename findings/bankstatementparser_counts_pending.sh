#!/usr/bin/env bash
# bankstatementparser lists entries that are not booked beside those that are, and nothing tells them apart.
#
# One would expect: rows of a camt.053 have the entry's status, or those that are pending (PDNG) are left out: the
#   standard's closing booked balance (CLBD) is opening balance and booked entries.
# What is true: neither `get_transactions` nor `parse` has the status, and the net amount of `get_statement_stats`
#   counts what is pending: opening and net are not the closing balance of the same document. pycamt has a column
#   `Status` for the same document.
# Version: bankstatementparser 0.0.29, pycamt 1.1.1.
# Source: ISO 20022 camt.053.001.02, Ntry/Sts: BOOK, PDNG or INFO.
# What is lost: a payout that is only announced is taken for one that arrived, and counts again in the next statement.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check bankstatementparser==0.0.29 pycamt==1.1.1
cat >statement.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-10-31T18:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S1</Id><CreDtTm>2026-10-31T18:00:00</CreDtTm>
<Acct><Id><IBAN>DE00000000000000000000</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-10-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1250.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-10-31</Dt></Dt></Bal>
<Ntry><Amt Ccy="EUR">250.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-10-05</Dt></BookgDt>
<ValDt><Dt>2026-10-05</Dt></ValDt><BkTxCd/></Ntry>
<Ntry><Amt Ccy="EUR">70.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><BookgDt><Dt>2026-10-31</Dt></BookgDt>
<ValDt><Dt>2026-11-02</Dt></ValDt><BkTxCd/></Ntry>
</Stmt></BkToCstmrStmt></Document>
XML
venv/bin/python - <<'PY'
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

from bankstatementparser import CamtParser
from pycamt.parser import Camt053Parser

parser = CamtParser("statement.xml")
rows = parser.get_transactions()
balances = dict(zip(parser.get_account_balances()["Code"], parser.get_account_balances()["Amount"]))
net = parser.get_statement_stats()["NetAmount"][0]
told = [one["Status"] for one in Camt053Parser(Path("statement.xml").read_bytes()).get_transactions()]

print("bankstatementparser", version("bankstatementparser"), "pycamt", version("pycamt"))
print("columns:", [*rows.columns])
print("amounts:", [str(one) for one in rows["Amount"]], "statuses in pycamt:", told)
print("opening and net: expected", balances["CLBD"], "; seen", balances["OPBD"] + net)
silent = not any(str(value) in {"BOOK", "PDNG"} for value in rows.to_numpy().ravel())
raise SystemExit(
    not (silent and told == ["BOOK", "PDNG"] and net == Decimal(320) and balances["CLBD"] - balances["OPBD"] == 250)
)
PY
