from __future__ import annotations

import pytest
from hypothesis import given

from connector.errors import SchemaError
from connector.tables.arrow import arrow_schema
from connector.tables.payout_transactions import to_batch, to_objects
from tests.support.rows import OFFICIAL_ROW, pages, received

COLUMNS = ("created", "amount", "fee", "net", "currency", "type")


@given(pages)
def test_each_row_of_a_payout_is_linked_to_it_once(page):
    rows = received(page)
    batch = to_batch("po_1", rows)
    batch.validate(full=True)
    assert batch.schema == arrow_schema("payout_transactions")
    links = to_objects(batch)
    assert [(link["payout_id"], link["balance_transaction_id"]) for link in links] == [
        ("po_1", row["id"]) for row in rows
    ]
    assert [[link[name] for name in COLUMNS] for link in links] == [[row[name] for name in COLUMNS] for row in rows]


def test_an_expanded_source_is_linked_by_its_id():
    batch = to_batch("po_1", [{**OFFICIAL_ROW, "source": {"id": "ch_1"}}])
    assert batch.column("source").to_pylist() == ["ch_1"]


def test_a_row_a_ledger_cannot_use_is_refused():
    with pytest.raises(SchemaError, match="net"):
        to_batch("po_1", [{**OFFICIAL_ROW, "net": "100"}])
