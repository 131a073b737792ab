#!/usr/bin/env bash
# ofxparse dates what a bank east of Greenwich books at midnight to the day before, and does not say that it is in UTC.
#
# One would expect: DTPOSTED 20261101000000[+1:CET], the first of November at a bank in Paris, has the date 1 November, as
#   the same line without its time zone has; or the time is aware, so that one sees in which zone it is 31 October.
# What is true: the offset is taken off and the result is a datetime without a zone: 2026-10-31 23:00. Transactions, the
#   statement's first day and its balance alike. A file that names no zone is taken as it stands, so that two banks' times
#   cannot be told apart. ofxtools gives the instant with its zone; bankfile gives 1 November.
# Version: ofxparse 0.21, ofxtools 1.1.1, bankfile 0.2.0.
# Source: OFX 1.0.2, on dates, times and time zones: what is written is local time, with its offset from GMT. None known on
#   ofxparse.
# What is lost: each day's entries stand on the day before, the first of a month's in the month before: a payout is
#   matched with the wrong day, and a month's sum takes in one day too many and one too few.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check ofxparse==0.21 ofxtools==1.1.1 bankfile==0.2.0
venv/bin/python - <<'PY'
import io
import warnings
from importlib.metadata import version

import bankfile
import ofxparse
from ofxtools.Parser import OFXTree

warnings.simplefilter("ignore")
HEAD = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n"
BODY = """OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20261102120000<LANGUAGE>ENG</SONRS>
</SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS><TRNUID>0<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>2<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>{day}<DTEND>{day}
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{day}<TRNAMT>250.00<FITID>po_1<NAME>Payout</STMTTRN></BANKTRANLIST>
<LEDGERBAL><BALAMT>250.00<DTASOF>{day}</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


def by_ofxparse(day):
    statement = ofxparse.OfxParser.parse(io.BytesIO((HEAD + BODY.format(day=day)).encode())).account.statement
    return [str(one) for one in (statement.transactions[0].date, statement.start_date, statement.balance_date)]


def by_ofxtools(day):
    tree = OFXTree()
    tree.parse(io.BytesIO((HEAD + BODY.format(day=day)).encode()))
    return str(tree.convert().statements[0].transactions[0].dtposted)


def by_bankfile(day):
    with open("bank.ofx", "w") as file:
        file.write(HEAD + BODY.format(day=day))
    return str(bankfile.parse("bank.ofx").transactions[0].date)


zoned, plain = "20261101000000[+1:CET]", "20261101000000"
seen = {
    f"bankfile, {zoned}": by_bankfile(zoned),
    f"ofxtools, {zoned}": by_ofxtools(zoned),
    f"ofxparse, {plain}": by_ofxparse(plain),
    f"ofxparse, {zoned}": by_ofxparse(zoned),
}
print("ofxparse", version("ofxparse"), "ofxtools", version("ofxtools"), "bankfile", version("bankfile"))
print("booked on 1 November; expected 2026-11-01, or a time with its zone")
for way, found in seen.items():
    print(f"seen, {way}: {found}")
expected = [
    "2026-11-01",
    "2026-10-31 23:00:00+00:00",
    ["2026-11-01 00:00:00"] * 3,
    ["2026-10-31 23:00:00"] * 3,
]
raise SystemExit(list(seen.values()) != expected)
PY
