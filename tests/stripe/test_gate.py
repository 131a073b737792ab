"""Who goes when: the most urgent first, never more than allowed, and a slot always comes back."""

from __future__ import annotations

import asyncio
from math import inf

import pytest

from connector.core.api.pace import Pace
from connector.stripe.gate import Gate
from tests.support.fakes import ENDLESS_SECONDS

pytestmark = pytest.mark.anyio
LIST, OTHER = "list", "other"


def gate_of(*, rate: float = inf, in_flight: int = 1) -> Gate:
    return Gate(Pace(rate, inf, in_flight))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Crowd:
    """Tasks that ask for a slot and hold it until told."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.went, self.release = gate, list[object](), asyncio.Event()

    def join(self, name: object, urgency: float, endpoint: str = LIST) -> asyncio.Task[None]:
        async def hold() -> None:
            async with self.gate.slot(endpoint, lambda: urgency):
                self.went.append(name)
                await self.release.wait()

        return asyncio.create_task(hold())


async def test_the_most_urgent_goes_first_and_equals_in_order_of_coming():
    crowd = Crowd(gate_of())
    tasks = [crowd.join("first", 0.0)]
    await settle()
    tasks += [crowd.join(name, urgency) for name, urgency in [("low", 1.0), ("a", 5.0), ("b", 5.0), ("high", 9.0)]]
    await settle()
    assert crowd.went == ["first"]
    crowd.release.set()
    await asyncio.gather(*tasks)
    assert crowd.went == ["first", "high", "a", "b", "low"]


async def test_urgency_is_asked_when_somebody_may_go_not_when_they_came():
    gate, crowd_order, urgency = gate_of(), [], {"a": 1.0, "b": 2.0}
    release = asyncio.Event()

    async def hold(name: str) -> None:
        async with gate.slot(LIST, lambda: urgency.get(name, 0.0)):
            crowd_order.append(name)
            await release.wait()

    tasks = [asyncio.create_task(hold("first"))]
    await settle()
    tasks += [asyncio.create_task(hold(name)) for name in "ab"]
    await settle()
    urgency["a"] = 3.0
    release.set()
    await asyncio.gather(*tasks)
    assert crowd_order == ["first", "a", "b"]


@pytest.mark.parametrize("in_flight", [1, 3])
async def test_never_more_hold_a_slot_than_are_allowed(in_flight):
    gate = gate_of(in_flight=in_flight)
    holding = most = 0

    async def hold() -> None:
        nonlocal holding, most
        async with gate.slot(LIST, float):
            holding += 1
            most = max(most, holding)
            await asyncio.sleep(0)
            holding -= 1

    await asyncio.gather(*(hold() for _ in range(50)))
    assert most == in_flight
    assert gate.pace.cap.flying == 0


async def test_an_exception_gives_the_slot_back():
    gate = gate_of()
    with pytest.raises(KeyError):
        async with gate.slot(LIST, float):
            raise KeyError
    async with asyncio.timeout(ENDLESS_SECONDS), gate.slot(LIST, float):
        assert gate.pace.cap.flying == 1
    assert gate.pace.cap.flying == 0


async def test_whoever_is_cancelled_while_waiting_leaves_the_line():
    crowd = Crowd(gate_of())
    tasks = [crowd.join(name, 0.0) for name in ("first", "gone", "last")]
    await settle()
    tasks[1].cancel()
    await settle()
    crowd.release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert crowd.went == ["first", "last"]
    assert crowd.gate.pace.cap.flying == 0


async def test_whoever_is_cancelled_holding_a_slot_gives_it_back():
    crowd = Crowd(gate_of())
    first, second = crowd.join("first", 0.0), crowd.join("second", 0.0)
    await settle()
    first.cancel()
    await settle()
    assert crowd.went == ["first", "second"]
    crowd.release.set()
    await asyncio.gather(first, second, return_exceptions=True)
    assert crowd.gate.pace.cap.flying == 0


async def test_whoever_is_cancelled_in_the_moment_the_turn_comes_gives_it_back():
    crowd = Crowd(gate_of())
    first, second, third = (crowd.join(name, 0.0) for name in ("first", "second", "third"))
    await settle()
    first.cancel()
    await asyncio.sleep(0)  # the first's end gives the second its turn, which it has not noticed yet
    second.cancel()
    await settle()
    assert crowd.went[-1] == "third"
    crowd.release.set()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert crowd.gate.pace.cap.flying == 0


async def test_a_slow_endpoint_does_not_hold_up_another():
    gate = gate_of(rate=0.001, in_flight=10)
    for _ in range(3):
        async with gate.slot(LIST, float):
            pass
        break
    waiting = asyncio.create_task(Crowd(gate).gate.slot(LIST, float).__aenter__())
    await settle()
    async with asyncio.timeout(ENDLESS_SECONDS), gate.slot(OTHER, float):
        assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert gate.pace.cap.flying == 0


async def test_a_timer_wakes_the_next_when_the_rate_allows_and_none_is_left_behind():
    gate = gate_of(rate=100.0, in_flight=50)
    moments = []

    async def hold() -> None:
        async with gate.slot(LIST, float):
            moments.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(hold() for _ in range(30)))
    assert 0.2 < moments[-1] - moments[0] < ENDLESS_SECONDS
    assert gate._timer is None
    assert gate._waiters == []


async def test_a_line_abandoned_leaves_no_timer():
    gate = gate_of(rate=0.5, in_flight=50)
    tasks = [Crowd(gate).join(n, 0.0) for n in range(5)]
    await settle()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert gate._timer is None
    assert gate.pace.cap.flying == 0
