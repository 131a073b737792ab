"""Windows are read again whose connection proved not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from connector.core.planning.absence.trust import Trust
from connector.core.planning.windows.walk import Density, Walk
from connector.core.time.intervals import Interval
from connector.errors import ProtocolError


@dataclass
class Page:
    """As much of a page as matters here."""

    connection: int | None


@dataclass
class Frontier:
    """Notes what is to be read again."""

    again: list[Interval] = field(default_factory=list)

    def reopen(self, seconds: Interval) -> None:
        self.again.append(seconds)


def walk(start: int, stop: int, floor: int | None = None) -> Walk:
    return Walk(Interval(start, stop), start if floor is None else floor, stop, Density(0.9))


def walked(trust: Trust, one: Walk, *connections: int | None, distrusted=()) -> None:
    for connection in connections:
        trust.came(one, Page(connection))
    trust.finished(one, distrusted)


def test_windows_that_came_on_a_connection_are_read_again_once_it_is_not_trusted():
    trust = Trust(Frontier(), rereads=True)
    walked(trust, walk(0, 10), 1)
    walked(trust, walk(10, 20, 12), 2, 1)
    walked(trust, walk(20, 30), 2)
    walked(trust, walk(30, 40), None)
    trust.look([])
    assert trust.frontier.again == []
    trust.look([1])
    assert trust.frontier.again == [Interval(0, 10), Interval(12, 20)]
    trust.look([1])
    trust.look([1, 9])
    assert len(trust.frontier.again) == 2  # each once
    trust.look([1, 9, 2])
    assert trust.frontier.again[2:] == [Interval(20, 30)]


def test_a_window_that_ends_on_a_connection_known_to_be_bad_is_read_again_at_once():
    trust = Trust(Frontier(), rereads=True)
    trust.look([1])
    walked(trust, walk(0, 10), 1, distrusted=[1])
    assert trust.frontier.again == [Interval(0, 10)]
    walked(trust, walk(10, 20), 2, distrusted=[1])
    assert len(trust.frontier.again) == 1


def test_a_window_that_answers_for_nothing_any_more_is_not_read_again():
    trust = Trust(Frontier(), rereads=True)
    walked(trust, walk(0, 10, floor=10), 1, distrusted=[1])
    trust.look([1])
    assert trust.frontier.again == []


def test_where_nothing_can_be_read_again_it_is_an_error_unless_one_is_on_its_way():
    trust = Trust(Frontier(), rereads=False)
    walked(trust, walk(5, 10), 1)
    trust.look([7])
    with pytest.raises(ProtocolError, match="an answer that nobody asked for") as caught:
        trust.look([7, 1])
    assert caught.value.window == (5, 10)
    failing = Trust(Frontier(), rereads=False)
    walked(failing, walk(5, 10), 1)
    failing.look([1], failing=True)
    assert failing.frontier.again == [Interval(5, 10)]
