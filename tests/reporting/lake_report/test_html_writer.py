"""Tables of pages: which cells are as wide as sentences need."""

from __future__ import annotations

from connector.reporting.lake_report.html_writer import Writer
from connector.reporting.lake_report.sections import Table


def test_a_column_of_states_takes_the_room_of_a_sentence_only_where_one_is_a_sentence():
    short = Table("Payouts", ("payout", "state"), (("po_1", "paid"), ("po_2", "in_transit")), frozenset())
    assert 'class="w"' not in "".join(Writer().table(short))
    long = Table(
        "Payouts", ("payout", "state"), (("po_1", "paid"), ("po_2", "not known: no payouts here")), frozenset()
    )
    text = "".join(Writer().table(long))
    assert '<td class="w">not known: no payouts here</td>' in text
    assert "<td>paid</td>" in text
