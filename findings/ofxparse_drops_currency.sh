#!/usr/bin/env bash
# ofxparse drops the currency of a line that is in another one than the statement.
#
# One would expect: a line whose CURRENCY aggregate says that its amount is in USD, in a statement in EUR, tells so.
# What is true: the line has the amount and nothing else: 100.00 USD stand among the euros. ofxtools has the symbol and
#   the rate of the same line.
# Version: ofxparse 0.21, ofxtools 1.1.1.
# Source: OFX 1.0.2 section 5.2: within CURRENCY, amounts of the line are in CURSYM, and CURRATE leads to CURDEF.
# What is lost: a payout in a second currency matches nothing, or another payout of that figure.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check ofxparse==0.21 ofxtools==1.1.1
cat >statement.ofx <<'OFX'
OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20261101120000<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>2<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261001<DTEND>20261031
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261002<TRNAMT>100.00<FITID>1<NAME>PAYOUT<CURRENCY><CURRATE>0.90<CURSYM>USD</CURRENCY></STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>90.00<DTASOF>20261031</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
OFX
venv/bin/python - <<'PY'
from importlib.metadata import version

from ofxparse import OfxParser
from ofxtools.Parser import OFXTree

with open("statement.ofx", "rb") as file:
    account = OfxParser.parse(file).account
(line,) = account.statement.transactions
said = " ".join(map(str, vars(line).values()))

tree = OFXTree()
tree.parse("statement.ofx")
(full,) = tree.convert().statements[0].transactions

print("ofxparse", version("ofxparse"), "ofxtools", version("ofxtools"))
print("statement:", account.curdef, account.statement.currency, "line:", vars(line))
print("expected USD, as in ofxtools:", full.currency.cursym, full.currency.currate)
raise SystemExit(not ("USD" not in said and account.curdef == "EUR" and full.currency.cursym == "USD"))
PY
