"""Signals and calls: they are heeded in order, by whichever thread they come, and what the caller has set stays his."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial

import anyio
import anyio.to_thread
import pytest

import connector
from connector.errors import UsageError
from connector.running.blocking import SignalHandling, run_anywhere, run_blocking, run_with_signals
from tests.support.examples import slow_but
from tests.support.lakes import data_files, objects, truth
from tests.support.stopped_calls import BOUND, script, when_held, within
from tests.support.terminal import COMMAND
from tests.support.waiting import wait_until

STUCK = """
import connector, signal, sys, time

handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
try:
    print("ready", flush=True)
    connector.run_sync(sys.argv[1], rate=500.0)
except Exception as error:
    print("went on after", error)
finally:
    print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == handlers)
"""


@pytest.mark.parametrize(
    ("number", "statuses"),
    slow_but(
        [(signal.SIGINT, {130, -signal.SIGINT})],
        [(signal.SIGINT, {130, -signal.SIGINT}), (signal.SIGTERM, {143}), (signal.SIGHUP, {129})],
    ),
)
def test_a_call_from_ordinary_code_heeds_signals_and_puts_their_handlers_back(stripe_, tmp_path, number, statuses):
    stripe_.faults.add("hang:endpoint=balance_transactions,k=3")
    with script(STUCK, tmp_path / "lake") as process:
        assert process.stdout.readline() == "ready\n"
        wait_until((tmp_path / "lake" / "_stripe_balance").exists)
        process.send_signal(number)
        out, _ = process.communicate(timeout=BOUND)
    assert out == "True\n"
    assert process.returncode in statuses
    stripe_.faults.clear()
    connector.run_sync(tmp_path / "lake", rate=500.0)
    assert objects(tmp_path / "lake") == truth(stripe_)


def test_what_a_handler_of_the_callers_own_raises_ends_the_call_and_is_raised(stripe_, tmp_path):
    class TaskTimeoutError(BaseException):
        pass

    def handler(_number: int, _frame: object) -> None:
        raise TaskTimeoutError

    before = signal.signal(signal.SIGALRM, handler)
    try:
        stripe_.faults.add("hang:endpoint=balance_transactions,k=3")
        alarm = partial(os.kill, os.getpid(), signal.SIGALRM)
        with when_held(stripe_, alarm), within(BOUND), pytest.raises(TaskTimeoutError):
            connector.run_sync(tmp_path / "lake", rate=500.0)
        assert signal.getsignal(signal.SIGALRM) is handler
    finally:
        signal.signal(signal.SIGALRM, before)


def test_what_a_handler_raises_inside_a_callback_of_the_loop_is_not_swallowed():
    def handler(_number: int, _frame: object) -> None:
        raise LookupError("mine")

    async def main() -> str:
        anyio.get_current_task()
        import asyncio  # noqa: PLC0415 - its callbacks are what this is about

        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGUSR1)
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        return "complete"

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(LookupError, match="mine"):
            run_blocking(main, instead="nothing")
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_that_raises_nothing_lets_the_call_go_on():
    heard: list[int] = []

    async def main() -> str:
        signal.raise_signal(signal.SIGUSR1)
        await anyio.lowlevel.checkpoint()
        return "complete"

    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        assert run_blocking(main, instead="nothing") == "complete"
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]


class TimeLimitError(BaseException):
    """Such as task runners throw into the threads of their tasks."""


def thrown():
    raise TimeLimitError


async def until_stopped(ended, call):
    asyncio.get_running_loop().call_soon(call)
    try:
        await anyio.sleep_forever()
    finally:
        ended.append("in order")


def test_a_time_limit_that_is_thrown_into_a_callback_of_the_loop_ends_the_call_in_order():
    ended: list[str] = []
    with pytest.raises(TimeLimitError):
        run_blocking(lambda: until_stopped(ended, thrown), instead="nothing")
    assert ended == ["in order"]


def test_so_does_one_that_is_thrown_into_a_thread_while_a_callback_runs():
    ended, found = [], []

    def throw_at(thread):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeLimitError))

    def callback():
        throw_at(threading.get_ident())
        for _ in range(10):  # it is raised as soon as the interpreter looks
            pass

    def work():
        try:
            run_blocking(lambda: until_stopped(ended, callback), instead="nothing")
        except TimeLimitError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(BOUND)
    assert (len(found), ended) == (1, ["in order"])


def test_an_error_in_a_callback_is_a_line_of_the_log_and_the_call_goes_on(caplog):
    async def main() -> str:
        asyncio.get_running_loop().call_soon(int, "x")
        await asyncio.sleep(0)
        return "complete"

    assert run_blocking(main, instead="nothing") == "complete"
    assert "Exception in callback" in caplog.text


def test_outside_the_main_thread_signals_are_left_alone():
    found: list[object] = []

    async def main() -> object:
        return signal.getsignal(signal.SIGTERM)

    def work() -> None:
        found.append(run_with_signals(main, SignalHandling()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(BOUND)
    assert found == [signal.getsignal(signal.SIGTERM)]


@pytest.mark.parametrize("number", slow_but([signal.SIGTERM], [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
def test_the_command_line_ends_with_128_and_the_signals_number(stripe_, tmp_path, number):
    stripe_.faults.add("hang:endpoint=balance_transactions,k=3")
    words = [sys.executable, "-c", COMMAND, "sync", tmp_path / "lake", "--json", "--rate", "0"]
    with subprocess.Popen(words, stdout=-1, stderr=-1, text=True) as process:
        wait_until((tmp_path / "lake" / "_stripe_balance").exists)
        process.send_signal(number)
        out, _ = process.communicate(timeout=BOUND)
    error = json.loads(out)["error"]
    assert (process.returncode, error["exit_code"], error["type"]) == (128 + number, 128 + number, "Interrupted")


def test_a_disk_that_does_not_answer_holds_a_stopped_command_up_for_three_seconds_only(stripe_, tmp_path):
    code = """
        import sys, threading
        from connector.lake.stores import local

        def publish(*_, **__):
            print("writing", flush=True)
            threading.Event().wait()

        local.LocalStore.publish = publish
        from connector.cli import main
        sys.argv[1:] = ["sync", sys.argv[1], "--rate", "0", "--progress", "none"]
        sys.exit(main())
    """
    with script(code, tmp_path / "lake") as process:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGTERM)
        with within(BOUND):
            process.communicate(timeout=BOUND)
    assert process.returncode == 143
    assert connector.run_sync(tmp_path / "lake", rate=500.0)["outcome"] == "complete"
    assert objects(tmp_path / "lake") == truth(stripe_)
    assert data_files(tmp_path / "lake")


async def where_it_runs():
    await asyncio.sleep(0)
    return threading.current_thread()


def test_a_call_whose_caller_waits_anyhow_may_be_made_where_a_loop_is_running():
    async def cell():
        return run_anywhere(where_it_runs)

    assert asyncio.run(cell()) is not threading.main_thread()
    assert run_anywhere(where_it_runs) is threading.main_thread()


def test_what_it_raises_there_is_raised_here():
    async def failing():
        raise UsageError("no")

    async def cell():
        with pytest.raises(UsageError, match="no"):
            run_anywhere(failing)

    asyncio.run(cell())
    with pytest.raises(UsageError, match="no") as caught:
        run_anywhere(failing)
    assert caught.value.__context__ is None  # no word of loops before what it is about


def test_a_signal_that_another_thread_is_given_wakes_the_event_loop():
    def be_given_it():
        time.sleep(0.1)  # by when the loop most likely waits; nothing fails where it does not
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    async def endless():
        threading.Thread(target=be_given_it, daemon=True).start()
        await anyio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        run_blocking(endless, instead="nothing")
    assert signal.set_wakeup_fd(-1) == -1


def test_after_a_second_signal_none_is_told_to_a_file_of_ours_while_what_it_did_not_wait_for_goes_on():
    running, heeded, over = [], threading.Event(), asyncio.Event()

    def interrupt_twice():
        main = threading.main_thread().ident
        signal.pthread_kill(main, signal.SIGINT)
        heeded.wait(BOUND)
        time.sleep(0.05)  # by when the loop most likely waits; nothing fails where it does not
        signal.pthread_kill(main, signal.SIGINT)

    async def stubborn():
        running.append(asyncio.get_running_loop())
        threading.Thread(target=interrupt_twice, daemon=True).start()
        with anyio.CancelScope(shield=True):
            await over.wait()

    with pytest.raises(KeyboardInterrupt):
        run_with_signals(stubborn, SignalHandling(first=heeded.set))
    assert signal.set_wakeup_fd(-1) == -1
    (loop,) = running
    loop.call_soon_threadsafe(over.set)
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(BOUND)
    loop.call_soon_threadsafe(loop.stop)
    wait_until(lambda: not loop.is_running())
    loop.close()
    assert signal.set_wakeup_fd(-1) == -1


def test_the_file_that_the_caller_has_signals_told_to_stays_his():
    heard, told = socket.socketpair()
    told.settimeout(0)
    before = signal.set_wakeup_fd(told.fileno())
    try:
        with pytest.raises(KeyboardInterrupt):
            run_blocking(interrupted, instead="nothing")
        assert heard.recv(1) == bytes([signal.SIGINT])
    finally:
        assert signal.set_wakeup_fd(before) == told.fileno()
        heard.close()
        told.close()


async def interrupted():
    signal.raise_signal(signal.SIGINT)
    await anyio.sleep_forever()


@pytest.mark.parametrize("heard_by", ["main", "other"])
def test_a_cell_that_is_interrupted_ends_such_a_call_in_order(heard_by):
    ended = []

    async def endless():
        try:
            # A thread other than the main one does not wake that one: no more does a signal just before it waits.
            heard = threading.main_thread() if heard_by == "main" else threading.current_thread()
            signal.pthread_kill(heard.ident, signal.SIGINT)
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async def cell():
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as a kernel has it while a cell runs
        try:
            with pytest.raises(KeyboardInterrupt):
                run_anywhere(endless)
        finally:
            signal.signal(signal.SIGINT, before)

    asyncio.run(cell())
    assert ended == [True]
