"""The layer `payouts`, over payouts that contradict their own rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY, AccountId
from connector.lake.stores.local import LocalStore
from connector.verification.payouts import check_payouts
from tests.support.lakes import START
from tests.support.payout_world import ScriptedStripe

if TYPE_CHECKING:
    from connector.verification.inventory import Inventory


def all_there() -> Inventory:
    """What a lake has that covers all time and lacks no id."""
    state, ids = SimpleNamespace(covered=Intervals.span(0, END_OF_TIME)), SimpleNamespace(missing=lambda _ids: [])
    return cast("Inventory", SimpleNamespace(state=state, ids=ids, payout_rows={}))


def checked(lake: Any) -> Any:
    return check_payouts(LocalStore(lake), AccountId("acct_1script"), all_there())


def test_a_payout_of_another_amount_than_its_own_row_is_named(tmp_path):
    made = ScriptedStripe()
    for number in (1, 2):
        made.add(number, START + number * DAY)
    made.bring(tmp_path / "right")
    assert checked(tmp_path / "right").verdict == "proved"
    made.payouts[1]["amount"] += 7
    made.bring(tmp_path / "wrong")
    (finding,) = checked(tmp_path / "wrong").findings
    assert (finding.kind, finding.id, finding.expected, finding.found) == (
        "payout_of_another_amount",
        "po_2",
        1_009,
        1_002,
    )
