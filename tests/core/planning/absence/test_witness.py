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
    """A frontier that reads again what is refuted, and is never through with it by itself."""

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
