"""What second answers come to: rows that come just now are no contradiction, rows that are shown and withheld are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from connector.core.planning.absence.delivered import Delivered
from connector.core.planning.absence.witness import ROUNDS, Witnesses
from connector.core.time.intervals import Interval
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.api.page import Row

SECOND = Interval(1_767_225_600, 1_767_225_601)


class Reading:
    """A frontier that reads again what is refuted, is never through by itself, and asks so many times more."""

    def __init__(self, asks: int = 0) -> None:
        self.asks = asks

    def ask_again(self, _walk: object) -> bool:
        self.asks -= 1
        return self.asks >= 0

    def refute(self, _walk: object, _seconds: list[int]) -> Interval:
        return SECOND

    def is_complete(self, _seconds: Interval) -> bool:
        return True


def row(name: str) -> Row:
    return {"id": name, "created": SECOND.start}


def witness(witnesses: Any, name: str) -> bool:
    """Let a witness show a row of the second that an answer was said to be the end of."""
    walk = SimpleNamespace(doubted=SimpleNamespace(seconds=SECOND, void=True), pages=0)
    return witnesses.agrees(walk, SimpleNamespace(request_id=f"req_{name}", has_more=False), [row(name)])


def read_again(witnesses: Any, *names: str, done: bool = False) -> None:
    witnesses.received(SimpleNamespace(done=done), [row(name) for name in names])


def test_rows_that_come_with_each_answer_are_no_contradiction_however_often():
    witnesses: Any = Witnesses(Reading(), Delivered())  # type: ignore[arg-type]
    for number in range(3 * ROUNDS):
        assert not witness(witnesses, f"txn_{number}")
        read_again(witnesses, f"txn_{number}")
    read_again(witnesses, done=True)
    assert witnesses.disputes == []


def test_a_row_that_witnesses_show_and_no_other_answer_does_ends_in_an_error():
    witnesses: Any = Witnesses(Reading(), Delivered())  # type: ignore[arg-type]
    for _ in range(ROUNDS):
        assert not witness(witnesses, "txn_1")
        read_again(witnesses)
    with pytest.raises(ProtocolError, match=r"contradict each other.*txn_1"):
        witness(witnesses, "txn_1")


def test_what_was_shown_has_to_come_once_all_is_read_again():
    witnesses: Any = Witnesses(Reading(), Delivered())  # type: ignore[arg-type]
    assert not witness(witnesses, "txn_1")
    with pytest.raises(ProtocolError, match="contradict each other"):
        read_again(witnesses, "txn_2", done=True)


HOUR = Interval(SECOND.start - 3_599, SECOND.stop)
"""What an answer said to hold nothing below its last second."""


def told(*names: str, void: bool = False, asks: int = 0) -> tuple[Any, Any]:
    """Witnesses of an end whose last second had these rows, and the doubt."""
    witnesses: Any = Witnesses(Reading(asks), Delivered())  # type: ignore[arg-type]
    doubt = SimpleNamespace(seconds=HOUR, void=void)
    witnesses.claimed(SimpleNamespace(raised=doubt), SimpleNamespace(request_id="req_first"), set(names))
    return witnesses, doubt


def agrees(witnesses: Any, doubt: object, *names: str, has_more: bool = False, pages: int = 0) -> bool:
    page = SimpleNamespace(request_id="req_second", has_more=has_more)
    return witnesses.agrees(SimpleNamespace(doubted=doubt, pages=pages), page, [row(name) for name in names])


def test_a_witness_has_to_show_the_rows_of_the_last_second_again():
    witnesses, doubt = told("txn_1", "txn_2", asks=2)
    assert agrees(witnesses, doubt, "txn_2", "txn_1")
    assert not agrees(witnesses, doubt, "txn_1")
    assert not agrees(witnesses, doubt)
    with pytest.raises(ProtocolError, match=r"contradict each other.*txn_2"):
        agrees(witnesses, doubt, "txn_1")
    assert witnesses.disputes == []


def test_rows_of_the_last_second_may_come_on_later_pages_of_a_witness():
    witnesses, doubt = told("txn_1", "txn_2")
    assert agrees(witnesses, doubt, "txn_1", has_more=True)
    assert agrees(witnesses, doubt, "txn_2", pages=1)


def test_rows_of_the_last_second_that_came_are_no_contradiction_and_others_are():
    witnesses, doubt = told("txn_1")
    assert witnesses.delivered.has(SECOND.start, "txn_1")
    assert not witnesses.delivered.has(SECOND.start, "txn_2")
    assert not agrees(witnesses, doubt, "txn_1", "txn_2")
    (dispute,) = witnesses.disputes
    assert dispute.missing == {"txn_2"}


def test_of_an_answer_without_rows_no_row_has_to_be_shown_again():
    witnesses, doubt = told("txn_of_the_walk_above", void=True)
    assert agrees(witnesses, doubt)
    assert not witnesses.delivered.at


def test_an_end_that_is_believed_has_no_witness():
    witnesses: Any = Witnesses(Reading(), Delivered())  # type: ignore[arg-type]
    witnesses.claimed(SimpleNamespace(raised=None), SimpleNamespace(request_id="req_first"), {"txn_1"})
    assert agrees(witnesses, None)
    assert not witnesses.delivered.at
