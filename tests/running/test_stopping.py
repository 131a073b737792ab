"""Calls that are stopped from outside: what is complete is kept, and three seconds later they have let go."""

from __future__ import annotations

import threading

import anyio
import anyio.to_thread
import pytest

import connector
from connector.errors import StoppedError, UsageError
from connector.running import stopping
from connector.running.canceller import Canceller
from tests.support.lakes import objects, truth
from tests.support.stopped_calls import BOUND, script, when_held, within


async def forever() -> None:
    await anyio.sleep_forever()


# another event loop ---------------------------------------------------------------------------------------------------


ELSEWHERE = {
    "sync": lambda stripe: connector.sync("lake"),
    "verify": lambda stripe: connector.verify("lake"),
    "a block of Stripe": lambda stripe: stripe.__aenter__(),
    "what can be stopped": lambda stripe: stopping.stoppable(forever),
}


@pytest.mark.parametrize("call", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_awaited_in_no_loop_of_asyncio_says_what_to_do_instead(stripe_, call):
    awaited = call(connector.Stripe.from_env())
    with pytest.raises(UsageError, match="call its twin"):
        awaited.send(None)  # as the loop of trio would


# stoppable ------------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_what_is_done_before_it_can_be_stopped_returns_what_it_returns():
    async def main() -> int:
        return 5

    assert await stopping.stoppable(main, deadline=60) == 5


@pytest.mark.anyio
async def test_a_deadline_stops_what_goes_on_and_says_so():
    with pytest.raises(StoppedError, match=r"stopped after 0\.05 seconds"):
        await stopping.stoppable(forever, deadline=0.05)


@pytest.mark.parametrize("deadline", [0, -1, float("inf"), float("nan"), "1", True])
@pytest.mark.anyio
async def test_a_deadline_that_is_none_is_refused(deadline):
    with pytest.raises(UsageError, match="deadline"):
        await stopping.stoppable(forever, deadline=deadline)


@pytest.mark.anyio
async def test_a_canceller_that_was_called_before_stops_it_before_it_begins():
    stop = Canceller()
    stop()
    with pytest.raises(StoppedError, match="before it began"):
        await stopping.stoppable(forever, canceller=stop)


@pytest.mark.anyio
async def test_a_stop_waits_for_what_is_being_kept_and_heeds_a_result_that_comes_of_it():
    kept: list[str] = []
    stop = Canceller()

    async def main() -> str:
        try:
            stop()
            await forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(kept.append, "kept")
        return "never"

    with pytest.raises(StoppedError):
        await stopping.stoppable(main, canceller=stop)
    assert kept == ["kept"]


@pytest.mark.anyio
async def test_what_does_not_end_within_the_grace_is_left_to_itself():
    answers = threading.Event()

    async def main() -> None:
        await anyio.to_thread.run_sync(answers.wait)

    try:
        with within(BOUND), pytest.raises(StoppedError, match="left to itself") as raised:
            await stopping.stoppable(main, deadline=0.05, grace=0.1)
        assert raised.value.let_go
    finally:
        answers.set()


@pytest.mark.anyio
async def test_cancelling_the_caller_is_a_stop_too_and_stays_a_cancellation():
    kept: list[bool] = []

    async def main() -> None:
        try:
            scope.cancel()
            await forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                kept.append(True)

    with anyio.CancelScope() as scope:
        await stopping.stoppable(main)
    assert (scope.cancelled_caught, kept) == (True, [True])


# Calls ----------------------------------------------------------------------------------------------------------------


def test_a_sync_that_is_stopped_is_retryable_and_the_next_one_goes_on(stripe_, tmp_path):
    stripe_.faults.add("hang:endpoint=balance_transactions,k=3")
    stop = Canceller()
    with when_held(stripe_, stop), within(BOUND), pytest.raises(StoppedError) as raised:
        connector.run_sync(tmp_path / "lake", rate=500.0, canceller=stop)
    assert (raised.value.retryable, raised.value.exit_code) == (True, 75)
    stripe_.faults.clear()
    assert connector.run_sync(tmp_path / "lake", rate=500.0)["outcome"] == "complete"
    assert objects(tmp_path / "lake") == truth(stripe_)


@pytest.mark.parametrize("call", ["run_sync", "run_sync_payouts", "run_record_balance", "run_verify", "run_plan"])
def test_every_call_that_asks_stripe_has_a_deadline(stripe_, tmp_path, call):
    connector.run_sync(tmp_path / "lake", rate=500.0)
    stripe_.faults.add("hang")
    with within(BOUND), pytest.raises(StoppedError, match="its deadline"):
        getattr(connector, call)(tmp_path / "lake", deadline=0.3)


def test_too_few_open_files_are_told_before_anything_starts(stripe_, tmp_path):
    code = """
        import connector, resource, sys
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        try:
            connector.run_sync(sys.argv[1])
        except connector.ConfigError as error:
            print(error)
    """
    stripe_.reset_stats()
    with script(code, tmp_path / "lake") as process:
        out, _ = process.communicate(timeout=BOUND)
    assert "may have 64 files open" in out
    assert "ulimit -n" in out
    assert stripe_.stats()["requests"] == 0
    assert not (tmp_path / "lake").exists()


@pytest.mark.slow
def test_what_is_asked_for_of_open_files_is_enough(stripe_, tmp_path):
    code = """
        import connector, os, resource, sys
        most = len(os.listdir("/dev/fd")) + 40 + 32 + 6
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        print(connector.run_sync(sys.argv[1], rate=500.0)["outcome"])
    """
    with script(code, tmp_path / "lake") as process:
        out, err = process.communicate(timeout=BOUND)
    assert (out, process.returncode) == ("complete\n", 0), err
