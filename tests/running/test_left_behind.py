"""Calls that block are answered as if they were awaited, and one that is left holds up nobody."""

from __future__ import annotations

import asyncio
import threading

import anyio.to_thread
import pytest

from connector.running.left_behind import can_be_left


class Held:
    """A call that returns once it is let go, and the thread that it is in."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> str:
        self.thread = threading.current_thread()
        self.begun.set()
        self.go.wait()
        return "late"

    def end(self) -> None:
        """Let it go, and wait until its thread has told what came of it."""
        self.go.set()
        assert self.thread is not None
        self.thread.join()


async def left(call: Held) -> None:
    """Leave a call that has begun."""
    waiting = asyncio.create_task(can_be_left(call))
    await anyio.to_thread.run_sync(call.begun.wait)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.anyio
@pytest.mark.parametrize("value", ["an answer", None])
async def test_what_a_call_returns_is_returned(value):
    assert await can_be_left(lambda: value) is value


@pytest.mark.anyio
@pytest.mark.parametrize("error", [OSError("no such name"), SystemExit(3)])
async def test_what_a_call_raises_is_raised(error):
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await can_be_left(fail)
    assert caught.value is error


@pytest.mark.anyio
async def test_the_answer_of_a_call_that_was_left_is_nobodys():
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    call = Held()
    await left(call)
    call.end()
    for _ in range(3):
        await asyncio.sleep(0)
    assert said == []


def test_a_call_that_was_left_holds_up_neither_the_loops_end_nor_that_of_the_process():
    call = Held()
    asyncio.run(left(call))
    assert call.thread is not None
    assert call.thread.is_alive()
    assert call.thread.daemon
    call.end()  # the loop is closed, and nobody waits any more


@pytest.mark.anyio
async def test_calls_are_under_way_beside_each_other():
    calls = [Held() for _ in range(3)]
    waiting = [asyncio.create_task(can_be_left(call)) for call in calls]
    for call in calls:
        await anyio.to_thread.run_sync(call.begun.wait)
    for call in reversed(calls):
        call.go.set()
    assert await asyncio.gather(*waiting) == ["late"] * 3
