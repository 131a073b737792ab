"""What changed since a period was frozen: by category, at both ends, and row by row."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace

import pytest

from connector.core.ledger.ledger import Purse, Sums
from connector.core.ledger.openings import Opening
from connector.core.ledger.since_frozen import MOST_NAMED, MovedLine, Prints, RowComparison, SinceFrozen, since_frozen
from connector.core.ledger.statement import CategoryLine, PurseStatement
from connector.core.state.frozen import FrozenPeriod, from_document, name_of, to_name
from connector.core.units import AccountId
from connector.errors import StateError
from tests.support.frozen import frozen as frozen_with

USD = Purse("payments", "usd")
EUR = Purse("payments", "eur")
ROW = {
    "id": "txn_1",
    "created": 5,
    "balance_type": "payments",
    "currency": "usd",
    "type": "charge",
    "reporting_category": "charge",
    "amount": 100,
    "fee": 3,
    "net": 97,
    "available_on": 9,
}


def statement(purse=USD, opening: int | None = 10, **categories: Sums) -> PurseStatement:
    lines = tuple(
        CategoryLine(name, "payouts" if name == "payout" else "activity", sums) for name, sums in categories.items()
    )
    closing = None if opening is None else opening + sum(one.sums.net for one in lines)
    return PurseStatement(purse, Opening(opening, "rows", "why"), lines, closing, None, None, (), (), (), (), {})


def line(name: str, sums: Sums) -> dict:
    named = {"count": sums.count, "gross": sums.gross, "fee": sums.fee, "net": sums.net}
    return {"category": name, **named, "fee_returned": sums.returned, "fee_returned_count": sums.returned_rows}


def frozen(*purses: PurseStatement) -> FrozenPeriod:
    balances = [
        {
            "balance_type": one.purse.balance_type,
            "currency": one.purse.currency,
            "opening": {"amount": one.opening.amount},
            "closing": {"amount": one.closing},
            "activity": [line(each.category, each.sums) for each in one.lines if each.part == "activity"],
            "payouts": [line(each.category, each.sums) for each in one.lines if each.part == "payouts"],
        }
        for one in purses
    ]
    return frozen_with(AccountId("acct_1"), {"balances": balances})


CHARGES, PAYOUTS = Sums(2, 200, 6, 194, 1, 1), Sums(1, -50, 0, -50)


def test_nothing_moved_where_nothing_did():
    now = statement(charge=CHARGES, payout=PAYOUTS)
    found = since_frozen(frozen(now), [now], None)
    assert found.lines == ()
    assert not found.differs
    assert (found.new, found.changed, found.gone, found.written_now) == (None, None, None, False)


def test_what_moved_is_now_less_then_figure_by_figure():
    then = statement(charge=CHARGES, payout=PAYOUTS)
    now = statement(charge=Sums(5, 1_200, 36, 1_164, 8, 3), payout=PAYOUTS)
    found = since_frozen(frozen(then), [now], None)
    assert found.lines == (
        MovedLine(USD, "charge", Sums(3, 1_000, 30, 970, 7, 2)),
        MovedLine(USD, "closing", Sums(net=970)),
    )
    assert found.differs


def test_categories_and_balances_that_one_side_lacks_are_nothing_there():
    then = statement(payout=PAYOUTS, refund=Sums(1, -20, 0, -20))
    found = since_frozen(frozen(then), [statement(EUR, 0, charge=CHARGES)], None)
    assert [(one.purse, one.name, one.moved.net, one.known) for one in found.lines] == [
        (EUR, "charge", 194, True),
        (EUR, "closing", 194, True),
        (USD, "opening", -10, True),
        (USD, "payout", 50, True),
        (USD, "refund", 20, True),
        (USD, "closing", 60, True),
    ]
    only = since_frozen(frozen(then), [statement(EUR, 0, charge=CHARGES)], None, currency="eur")
    assert {one.purse for one in only.lines} == {EUR}


@pytest.mark.parametrize(("then", "now"), [(None, 10), (10, None)])
def test_an_end_that_is_known_on_one_side_alone_says_no_figure(then, now):
    found = since_frozen(frozen(statement(opening=then)), [statement(opening=now)], None)
    assert found.lines == (
        MovedLine(USD, "opening", Sums(), known=False),
        MovedLine(USD, "closing", Sums(), known=False),
    )


def prints(*rows: dict) -> dict[bytes, bytes]:
    kept = Prints()
    for row in rows:
        kept.add(row)
    return dict(Prints.of_text(kept.to_text()).parts)


def test_rows_are_told_as_the_same_new_changed_or_gone():
    rows = [ROW, {**ROW, "id": "txn_2"}, {**ROW, "id": "txn_3"}]
    found = RowComparison(prints(*rows))
    found.add(rows[0], USD, "charge")
    found.add({**rows[1], "amount": 101, "net": 98}, USD, "charge")
    found.add({**ROW, "id": "txn_0", "created": 4}, EUR, "charge")
    result = since_frozen(frozen(statement()), [statement()], found)
    assert (result.new, result.changed, result.gone) == (1, 1, 1)
    assert [(one.kind, one.id, one.created, one.amount, one.fee, one.net) for one in result.rows] == [
        ("new", "txn_0", 4, 100, 3, 97),
        ("changed", "txn_2", 5, 101, 3, 98),
    ]
    assert result.differs
    only = since_frozen(frozen(statement()), [statement()], found, currency="eur")
    assert [one.id for one in only.rows] == ["txn_0"]


@pytest.mark.parametrize("column", [name for name in ROW if name != "id"])
def test_whatever_figures_are_made_of_makes_a_row_another_one(column):
    found = RowComparison(prints(ROW))
    other = ROW[column] + 1 if isinstance(ROW[column], int) else "other"
    found.add({**ROW, column: other}, USD, "charge")
    assert (found.new, found.changed, found.left) == (0, 1, {})
    status = RowComparison(prints(ROW))
    status.add({**ROW, "status": "available", "description": "x"}, USD, "charge")
    assert (status.new, status.changed) == (0, 0)


def test_each_of_new_changed_and_gone_alone_is_a_difference():
    one = frozen(statement())
    for counts in ({"new": 1}, {"changed": 1}, {"gone": 1}, {"lines": (MovedLine(USD, "charge", Sums()),)}):
        assert replace(SinceFrozen(one), **counts).differs
    assert not SinceFrozen(one, new=0, changed=0, gone=0).differs


def test_of_many_rows_the_first_are_named_and_all_are_counted():
    found = RowComparison({})
    for number in range(MOST_NAMED + 3):
        found.add({**ROW, "id": f"txn_{number}"}, USD, "charge")
    assert (found.new, len(found.rows)) == (MOST_NAMED + 3, MOST_NAMED)


def test_prints_do_not_depend_on_the_order_of_rows_and_stop_where_there_are_too_many():
    rows = [{**ROW, "id": f"txn_{number}"} for number in range(4)]
    one, other = Prints(most=4), Prints(most=4)
    for row in rows:
        one.add(row)
    for row in reversed(rows):
        other.add(row)
    assert one.to_text() == other.to_text()
    assert len(b64decode(one.to_text())) == 4 * 12
    assert not one.full
    one.add({**ROW, "id": "txn_9"})
    assert one.full
    assert one.to_text() is None
    one.add({**ROW, "id": "txn_10"})
    assert len(one.parts) == 5


# The record of it -----------------------------------------------------------------------------------------------------


def test_a_frozen_periods_name_is_read_back_and_says_its_zone():
    name = name_of("2026-10", "America/New_York", 3)
    assert name.text == "2026-10.America.New_York.0003.json"
    assert to_name(name.text) == name
    assert name.words == "2026-10 (America/New_York)"
    assert to_name("2026-10.json") is None
    assert name_of("2026-10", "UTC", 2) < name_of("2026-10", "UTC", 10)


def test_figures_that_were_changed_by_hand_are_refused():
    one = frozen(statement())
    assert one.intact
    document = {name: getattr(one, name) for name in one.__struct_fields__}
    assert from_document(document, where="x") == one
    for harm, word in (
        ({"figures": {"balances": []}}, "changed since it was written"),
        ({"account": "../x"}, "damaged"),
        ({"rows": "1"}, "damaged"),
        ({"record_version": 2}, "damaged"),
    ):
        with pytest.raises(StateError, match=word):
            from_document({**document, **harm}, where="x")
