"""Events: what a run tells, in order; what comes of a listener that fails; and what is logged."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import ExitStack
from dataclasses import fields, replace
from functools import partial
from threading import get_ident
from types import UnionType

import anyio
import anyio.to_thread
import pytest

import connector
from connector import events
from connector.balances.calls import record_balance
from connector.config.config import ApiKey
from connector.core.state.data_file import DataFile
from connector.core.tuning import RunTuning
from connector.errors import AccountsError, AuthenticationError, UsageError
from connector.event_log import line_of, log_event
from connector.events import (
    AccountEnded,
    AccountFailed,
    AccountIdentified,
    AccountsFound,
    AccountStarted,
    Committed,
    FileRead,
    PageReceived,
    PartitionStaged,
    PhaseStarted,
    RateShared,
    RequestAnswered,
    Retried,
    RunEnded,
    RunLapsed,
    RunStarted,
    RunWaiting,
    StepDone,
    Throttled,
    WindowClosed,
    WindowOpened,
)
from connector.ingest.calls import sync
from connector.ingest.windows import plan
from connector.payouts.calls import sync_payouts
from connector.verification.calls import verify
from connector.verification.check import FILES_TOLD_TOGETHER, FilesRead
from tests.support.examples import slow_but
from tests.support.lakes import (
    at_work_elsewhere,
    config_for,
    data_files,
    honest,
    objects,
    run,
    sandbox,
    state,
    strays,
    truth,
    world,
)

EAGER = {"tuning": RunTuning(commit_seconds=0.002)}


def of(kind, heard):
    return [one for one in heard if isinstance(one, kind)]


def test_a_run_tells_what_it_does_in_the_order_in_which_it_does_it(tmp_path):
    heard = []
    with sandbox() as stripe_:
        report = run(tmp_path, stripe_, on_event=heard.append)
        rows = truth(stripe_)
    (started,), (ended,) = of(RunStarted, heard), of(RunEnded, heard)
    assert (heard[0], heard[-1]) == (started, ended)
    assert (started.call, started.destination) == ("sync", str(tmp_path))
    assert (ended.call, ended.report, ended.error) == ("sync", report, None)
    assert ended.seconds > 0
    (account,) = report.accounts
    assert [one.account for one in of(AccountStarted, heard) + of(AccountEnded, heard)] == [None, None]
    assert {one.name for one in of(AccountIdentified, heard)} == {account.account}
    pages = of(PageReceived, heard)
    assert sum(one.rows for one in pages) == account.rows_received == len(rows)
    assert min(one.oldest for one in pages if one.rows) == rows[0]["created"]
    assert max(one.newest for one in pages if one.rows) == rows[-1]["created"]
    assert all(one.request_id.startswith("req_") and one.bytes > 0 and one.seconds > 0 for one in pages)
    windows = Counter((one.start, one.stop) for one in of(WindowOpened, heard))
    assert windows == Counter((one.start, one.stop) for one in of(WindowClosed, heard))
    assert {one.path for one in of(PartitionStaged, heard)} == data_files(tmp_path).keys()
    assert sum(one.rows for one in of(PartitionStaged, heard)) == len(rows)
    assert sum(one.received for one in of(Committed, heard)) == len(rows)
    last = of(Committed, heard)[-1]
    assert (last.files, last.rows, last.record) == (account.lake_files, account.lake_rows, state(tmp_path).number)
    assert heard.index(of(PartitionStaged, heard)[-1]) < heard.index(last) < heard.index(of(AccountEnded, heard)[0])


class AsyncListener:
    async def __call__(self, event):
        raise AssertionError


async def async_listener(event):
    raise AssertionError


@pytest.mark.parametrize("listener", [async_listener, partial(async_listener), AsyncListener(), "heard", 7])
@pytest.mark.parametrize("more", [{}, {"metrics": "run.prom"}], ids=["alone", "with metrics"])
def test_who_cannot_be_told_of_events_is_refused_before_anything_is_asked(tmp_path, listener, more):
    """A coroutine that nobody awaits would hear nothing, and say so only in a warning at the end."""
    options = {name: tmp_path / value for name, value in more.items()}
    with sandbox() as stripe_:
        with pytest.raises(UsageError, match="`on_event` must be a function that returns at once"):
            run(tmp_path / "lake", stripe_, on_event=listener, **options)
        with pytest.raises(UsageError, match="on_event"):
            connector.Stripe(config_for(stripe_), on_event=listener)
        assert stripe_.stats()["requests"] == 0
    assert not (tmp_path / "lake").exists()


def test_requests_refusals_and_retries_told_are_those_of_the_report(tmp_path):
    heard = []
    with sandbox(world(600), faults=["rate-limit:p=0.2", "500:p=0.1"]) as stripe_:
        report = run(tmp_path, stripe_, on_event=heard.append)
    asked = report.requests
    assert Counter(one.endpoint for one in of(RequestAnswered, heard)) == asked.by_endpoint
    assert Counter(str(one.status) for one in of(RequestAnswered, heard)) == asked.statuses
    assert len(of(Throttled, heard)) == asked.limited_total > 0
    assert len(of(Retried, heard)) == asked.retries > asked.limited_total
    assert all(one.wait >= 0 and one.cause in {"RateLimitError", "ServerError"} for one in of(Retried, heard))


def test_an_account_that_fails_is_told_with_its_error_and_the_others_end(tmp_path):
    heard = []
    with sandbox(world(300, connected=3)) as stripe_:
        accounts = list(stripe_.world.accounts[1:])
        stripe_.faults.add(f"403:account={accounts[1]}")
        with pytest.raises(AccountsError) as failed:
            run(tmp_path, stripe_, accounts=accounts, on_event=heard.append)
    (one,) = of(AccountFailed, heard)
    assert (one.account, one.error) == (accounts[1], failed.value.errors[accounts[1]])
    assert {one.account for one in of(AccountEnded, heard)} == {accounts[0], accounts[2]}
    assert of(AccountsFound, heard)[-1].accounts == 3
    assert (heard[-1].error, heard[-1].report) == (failed.value, failed.value.report)


def test_every_call_begins_and_ends_with_an_event_of_its_name(tmp_path):
    heard = []
    calls = {"sync": sync, "plan": plan, "sync_payouts": sync_payouts, "record_balance": record_balance}
    with sandbox(world(200)) as stripe_:
        for call in (*calls.values(), verify):
            anyio.run(partial(call, tmp_path, config=config_for(stripe_), on_event=heard.append))
    told = [(type(one).__name__, one.call) for one in heard if isinstance(one, RunStarted | RunEnded)]
    assert told == [(kind, name) for name in (*calls, "verify") for kind in ("RunStarted", "RunEnded")]
    assert [one.path for one in of(FileRead, heard)] == sorted(data_files(tmp_path))
    last_file, asking = heard.index(of(FileRead, heard)[-1]), heard.index(PhaseStarted("asking Stripe"))
    assert last_file < asking
    phases = [one.phase for one in of(PhaseStarted, heard)]
    assert {"reading", "reading payouts", "reading files", "asking Stripe"} <= set(phases)
    assert of(StepDone, heard)


def test_a_run_that_waits_for_another_says_so(tmp_path):
    heard = []
    with sandbox(world(100)) as stripe_:
        there = ExitStack()
        there.enter_context(at_work_elsewhere(tmp_path))

        def hear(event):
            heard.append(event)
            if isinstance(event, RunWaiting):
                there.close()

        given = {"tuning": RunTuning(look_again_seconds=0.001), "on_event": hear}
        run(tmp_path, stripe_, services=given, wait=60)
    assert len(of(RunWaiting, heard)) == 1
    assert 0 < of(RunWaiting, heard)[0].seconds_left <= 60


class OwnError(Exception):
    """Something a caller's listener fails with."""


ERRORS = (OwnError("enough"), AuthenticationError("not ours"), SystemExit(3))
"""One of the caller's, one of a class that is passed over for single accounts, and one that is no `Exception`."""


KINDS = [RunStarted, AccountStarted, PageReceived, PartitionStaged, Committed, RunEnded]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", slow_but([PageReceived, Committed], KINDS))
def test_what_a_listener_raises_ends_the_run_with_just_that_and_the_lake_keeps_its_word(tmp_path, kind, error):
    heard = []

    def hear(event):
        heard.append(event)
        if isinstance(event, kind):
            raise error

    with sandbox(world(900), latency=0.001) as stripe_:
        with pytest.raises(type(error)) as failed:
            run(tmp_path, stripe_, services={**EAGER, "on_event": hear}, settings={"max_in_flight": 4})
        assert failed.value is error
        assert len(of(kind, heard)) == 1, "who failed once is told nothing more"
        assert isinstance(heard[-1], kind)
        if (tmp_path / "_stripe_balance").exists():
            honest(tmp_path, truth(stripe_))
            assert strays(tmp_path) == []
        assert run(tmp_path, stripe_).outcome == "complete"
        assert objects(tmp_path) == truth(stripe_)


def test_what_had_been_read_when_a_listener_failed_is_not_read_again(tmp_path):
    came = []

    def hear(event):
        if isinstance(event, PageReceived):
            came.append(event)
            if sum(one.rows for one in came) >= 3_000:
                raise OwnError

    with sandbox(world(6_000), latency=0.01) as stripe_:
        with pytest.raises(OwnError):
            run(tmp_path, stripe_, on_event=hear, settings={"max_in_flight": 4})
        found = state(tmp_path)
        assert found.rows + sum(one.file.rows for one in found.parked.values()) > 0
        (account,) = run(tmp_path, stripe_).accounts
        assert account.rows_received < 6_000
        assert objects(tmp_path) == truth(stripe_)


def test_of_an_error_and_a_listener_that_fails_over_it_the_listeners_is_raised_from_the_other(tmp_path):
    def hear(event):
        if isinstance(event, RunEnded):
            raise OwnError

    with sandbox(world(100)) as stripe_, pytest.raises(OwnError) as failed:
        run(tmp_path, stripe_, on_event=hear, settings={"api_key": ApiKey("sk_test_wrong")})
    assert isinstance(failed.value.__cause__, AuthenticationError)


def test_without_a_handler_nothing_is_logged_and_with_one_there_are_lines_for_runs_accounts_and_commits(
    tmp_path, caplog, capsys
):
    assert any(isinstance(one, logging.NullHandler) for one in logging.getLogger("connector").handlers)
    with sandbox(world(300)) as stripe_:
        run(tmp_path / "quiet", stripe_)
        assert (caplog.records, capsys.readouterr().err) == ([], "")
        with caplog.at_level(logging.INFO, "connector"):
            run(tmp_path / "lake", stripe_)
    said = [record.getMessage() for record in caplog.records]
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert said[0] == f"sync {tmp_path / 'lake'} began"
    assert said[-1].startswith("sync ended after ")
    assert any(line.startswith("the key's own account: record ") and "300 rows" in line for line in said)
    assert {"the key's own account: began", "the key's own account: ended"} <= set(said)


def test_of_a_run_that_was_stopped_the_line_says_that_and_nothing_of_tasks():
    error = asyncio.CancelledError("Cancelled via cancel scope 7f28 by <Task cancelling name='Task-2'>")
    assert line_of(RunEnded("sync", None, error, 13.4)) == "sync was stopped after 13.4 s"


def test_pages_retries_and_windows_are_lines_for_who_looks_closely_and_no_line_has_the_key(tmp_path, caplog):
    caplog.set_level(logging.DEBUG, "connector")
    with sandbox(world(1_500), faults=["500:p=0.3", "rate-limit:p=0.2"]) as stripe_:
        run(tmp_path, stripe_)
        with pytest.raises(AuthenticationError):
            run(tmp_path, stripe_, settings={"api_key": ApiKey("sk_test_4eC39HqLyjWDarjtT1zdp7dc")})
        key = stripe_.key
    text = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    for part in ("rows of 2026-", "failed (ServerError 500)", "refused for coming too fast", "window 2026-"):
        assert part in text
    assert key not in text
    assert "4eC39HqLyjWDarjtT1zdp7dc" not in text
    assert "with AuthenticationError" in text


EXAMPLES = (
    RunStarted("sync", "lake", 1, 20.0),
    RunWaiting(3.0),
    RateShared(3, 20 / 3),
    RateShared(1, 20.0),
    RunLapsed(7_200.0),
    PhaseStarted("reading", 3),
    StepDone(),
    AccountsFound(2),
    AccountStarted(None),
    AccountIdentified(None, "acct_1"),
    AccountEnded("acct_1"),
    AccountFailed("acct_1", AuthenticationError("no")),
    WindowOpened(None, 0, 2**40),
    WindowClosed(None, 0, 86_400),
    PageReceived("list", None, 0, None, None, None, 90, 0.1, 0.0),
    RequestAnswered("list", None, 200, 90, 0.1),
    Throttled("list", None, None),
    Retried("list", "TransportError", None, 1, 0.5),
    FileRead(None, "part-0.parquet", 5),
    PartitionStaged(None, None, 0, unchanged=False),
    Committed(None, 7, 3, 900),
    RunEnded("sync", None, AuthenticationError("sk_test_4eC39HqLyjWDarjtT1zdp7dc\n"), 1.0),
)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_can_be_logged_and_is_a_frozen_value(event, caplog):
    with caplog.at_level(logging.DEBUG, "connector"):
        log_event(event)
    assert len(caplog.records) == (line_of(event) is not None)
    assert all(record.getMessage().isprintable() and "4eC39" not in record.getMessage() for record in caplog.records)
    assert replace(event) == event
    for one in fields(event):
        with pytest.raises(AttributeError):
            setattr(event, one.name, None)


def test_the_public_module_has_every_event():
    assert isinstance(events.Event, UnionType)
    assert {type(one) for one in EXAMPLES} == set(events.Event.__args__)
    assert connector.events is events


def test_files_that_were_read_are_told_each_once_in_order_by_the_thread_of_the_loop():
    files = [
        DataFile(f"{number}", 2_000 if number in {3, 4} else 1, 1, "") for number in range(3 * FILES_TOLD_TOGETHER)
    ]
    heard, threads = [], set()

    def hear(event):
        heard.append(event)
        threads.add(get_ident())

    def read(told):
        for file in files:
            told.add(file)

    async def tell():
        told = FilesRead(hear, "acct_1")
        await anyio.to_thread.run_sync(read, told)
        behind = len(files) - len(heard)
        told.tell_all()
        return behind

    assert anyio.run(tell) < FILES_TOLD_TOGETHER
    assert heard == [FileRead("acct_1", file.path, file.rows) for file in files]
    assert threads == {get_ident()}
