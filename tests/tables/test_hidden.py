"""What the tables of payouts do without follows from what the lake does without in its balance transactions."""

from __future__ import annotations

import pytest

from connector.core.privacy import Privacy
from connector.tables.hidden import hidden_columns, hide


@pytest.mark.parametrize(
    ("privacy", "payouts", "pairs"),
    [
        (Privacy(), (), ()),
        (Privacy(("source",)), (), ("source",)),
        (Privacy(hash=("source", "description")), ("description",), ("source",)),
        (Privacy(("reporting_category", "object", "extra", "fee_details.description")), (), ("reporting_category",)),
        (
            Privacy(("source.metadata.note", "source.billing_details"), ("source.trace_id",)),
            ("metadata", "trace_id"),
            (),
        ),
        (Privacy(("source.amount", "source.status", "source.created", "source_object")), (), ()),
    ],
)
def test_a_choice_hides_the_same_data_in_the_tables_of_payouts_and_never_what_they_consist_of(privacy, payouts, pairs):
    assert hidden_columns("payouts", privacy) == payouts
    assert hidden_columns("payout_transactions", privacy) == pairs


def test_a_payouts_own_pair_goes_on_naming_the_payout_and_no_other_does():
    own = {"payout_id": "po_1", "type": "payout", "source": "po_1", "reporting_category": "payout"}
    columns = ("source", "reporting_category")
    assert hide(own, columns) == own | {"reporting_category": None}
    for other in (own | {"source": "po_2"}, own | {"type": "charge"}, own | {"source": None}):
        assert hide(other, columns)["source"] is None


def test_a_field_that_was_not_received_is_not_made_up():
    assert hide({"id": "po_1", "description": "for Jane"}, ("description", "metadata")) == {
        "id": "po_1",
        "description": None,
    }
