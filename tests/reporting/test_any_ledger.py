"""Rows that no sandbox makes: whatever they are, a statement of them adds up."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connector
from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Intervals
from connector.lake.formats.formats import format_named
from connector.lake.state import table_states
from connector.lake.stores.local import LocalStore
from connector.lake.writing.file_statistics import Summary
from connector.tables.balance_transactions import to_batch, to_lines
from tests.support.examples import examples
from tests.support.fitting import fits
from tests.support.lakes import DAY, START

CATEGORIES = (
    "charge",
    "refund",
    "dispute",
    "dispute_reversal",
    "fee",
    "tax",
    "payout",
    "payout_reversal",
    "brand_new",
    None,
)
TYPES = ("charge", "adjustment", "payout", "payout_failure", "payout_cancel", "stripe_fx_fee", "brand_new")
amounts = st.integers(-(10**15), 10**15) | st.integers(-99, 99)


@st.composite
def ledgers(draw):
    rows = []
    for number in range(draw(st.integers(0, 25))):
        created = START + draw(st.integers(-20 * DAY, 50 * DAY))
        amount, fee, currency = draw(amounts), draw(amounts), draw(st.sampled_from(["eur", "jpy", "kwd", "zzz"]))
        parts = draw(st.lists(st.tuples(amounts, st.sampled_from(["stripe_fee", "tax", "brand_new"])), max_size=3))
        rows.append(
            {
                "id": f"txn_{number:03d}",
                "object": "balance_transaction",
                "amount": amount,
                "available_on": created + draw(st.integers(0, 9 * DAY)),
                "balance_type": draw(st.sampled_from(["payments", "issuing", "risk_reserved", "brand_new"])),
                "created": created,
                "currency": currency,
                "description": draw(st.sampled_from([None, "=cmd()", "<b>"])),
                "exchange_rate": draw(st.sampled_from([None, 1.25])),
                "fee": fee,
                "fee_details": [
                    {
                        "amount": part,
                        "application": None,
                        "currency": draw(st.sampled_from([currency, "usd"])),
                        "description": draw(st.sampled_from([None, "Stripe processing fees", "x"])),
                        "type": type_,
                    }
                    for part, type_ in parts
                ],
                "net": amount - fee,
                "reporting_category": draw(st.sampled_from(CATEGORIES)),
                "source": draw(st.sampled_from([None, "po_1", "po_2", "du_1"])),
                "status": draw(st.sampled_from(["available", "pending"])),
                "type": draw(st.sampled_from(TYPES)),
            }
        )
    return rows


def written(root, rows, form_name):
    """Write rows as a lake that holds everything there ever was."""
    form, store, days = format_named(form_name), LocalStore(root), defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["created"], row["id"])):
        days[partition_of(row["created"], Granularity.DAY)].append(row)
    files = {}
    for key, of_day in days.items():
        path = f"{partition_folder('balance_transactions', 'acct_1', key)}/{form.file_name}"
        local = root / path
        local.parent.mkdir(parents=True, exist_ok=True)
        batch = to_lines(of_day) if form.read_objects else to_batch(of_day)
        writer, summary = form.open_writer(local), Summary()
        writer.write(batch)
        writer.close()
        summary.add(batch)
        files[path] = summary.data_file(path, size=local.stat().st_size, sha256="0" * 64)
    covered = Intervals.span(0, START + 60 * DAY)
    table_states.commit(store, TableState("acct_1", form_name, Granularity.DAY, covered, files=MappingProxyType(files)))


def category(row):
    fallback = {"payout": "payout", "payout_failure": "payout_reversal", "payout_cancel": "payout_reversal"}
    return row["reporting_category"] or fallback.get(row["type"], "uncategorized")


@given(ledgers(), st.integers(-5 * DAY, 30 * DAY), st.integers(1, 25 * DAY), st.sampled_from(["parquet", "jsonl.zst"]))
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_rows_add_up_to_the_unit_in_every_balance(rows, since, seconds, form):
    start = START + since
    with TemporaryDirectory() as folder:
        written(Path(folder), rows, form)
        document = connector.run_statement(folder, since=start, until=start + seconds, timezone="Asia/Kathmandu")
    fits(document, "statement")
    (account,) = document["accounts"]
    inside = [row for row in rows if start <= row["created"] < start + seconds]
    assert account["rows"] == len(inside)
    assert account["final"] == (not any(row["status"] == "pending" for row in inside))
    for balance in account["balances"]:
        mine = [
            row
            for row in rows
            if (row["balance_type"], row["currency"]) == (balance["balance_type"], balance["currency"])
        ]
        now = [row for row in mine if row in inside]
        opening, closing = balance["opening"]["amount"], balance["closing"]["amount"]
        assert opening == sum(row["net"] for row in mine if row["created"] < start)
        assert closing == sum(row["net"] for row in mine if row["created"] < start + seconds)
        assert opening + balance["activity_total"]["net"] + balance["payouts_total"]["net"] == closing
        lines = {line["category"]: line for line in (*balance["activity"], *balance["payouts"])}
        assert lines.keys() == {category(row) for row in now}
        for name, line in lines.items():
            of_it = [row for row in now if category(row) == name]
            assert line["count"] == len(of_it)
            assert (line["gross"], line["net"]) == (sum(r["amount"] for r in of_it), sum(r["net"] for r in of_it))
            assert line["fee_charged"] - line["fee_returned"] == line["fee"] == sum(row["fee"] for row in of_it)
            assert line["fee_returned"] == -sum(min(0, row["fee"]) for row in of_it)
        own = [row for row in now if row["reporting_category"] in {"fee", "tax"} or row["type"] == "stripe_fx_fee"]
        assert balance["fees_total"] == sum(row["fee"] for row in now) - sum(row["amount"] for row in own)
        for end, moment in (("opening", start), ("closing", start + seconds)):
            waiting = [r for r in mine if r["created"] < moment < r["available_on"] and r["type"] != "payout"]
            assert balance[end]["computed"]["pending"] == sum(row["net"] for row in waiting)
        assert sum(one["gross"] for one in balance["conversions"]) == sum(
            row["amount"] for row in now if row["exchange_rate"]
        )
    for bridge in account["bridge"]:
        left = bridge["opening"] + bridge["activity"] - bridge["payout_fees"] - bridge["closing"]
        assert left == bridge["left"]


@pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
def test_no_rows_at_all_are_a_statement_of_nothing(tmp_path, form):
    written(tmp_path, [], form)
    (account,) = connector.run_statement(tmp_path, month="2026-01")["accounts"]
    assert (account["rows"], account["balances"], account["final"]) == (0, [], True)
