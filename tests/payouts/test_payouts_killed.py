"""Payouts through crashes: killed at any write and run again, the files are those of an undisturbed run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.units import DAY, AccountId
from connector.errors import StorageError
from connector.lake.state.table_states import commit
from connector.lake.stores.local import LocalStore
from connector.payouts.run import PayoutsRun
from connector.services import Services, opened
from tests.support.dying_store import DiedError, DyingStore
from tests.support.examples import STRIDE, examples, slow_but
from tests.support.fakes import FakeTransport, client_over
from tests.support.lakes import START, config_for, run, sandbox
from tests.support.payout_world import (
    ScriptedStripe,
    bring,
    data_files,
    held_pairs,
    held_payouts,
    scripted_row,
    some_days,
    strays,
)
from tests.support.records import records


def killed(lake: Path, stripe_: ScriptedStripe, step: int) -> bool:
    """Run until the store dies; return whether it did."""
    store = DyingStore(lake, dies_at=step)

    async def go() -> None:
        client = client_over(FakeTransport(by=stripe_.answer))
        await PayoutsRun(Services(store, client.transport), client).go()

    try:
        anyio.run(go)
    except (DiedError, BaseExceptionGroup):
        return store.steps >= step
    return False


def weeks(count: int = 5) -> ScriptedStripe:
    """Some payouts on days of their own, two of which arrive on one day."""
    made = ScriptedStripe()
    for number in range(1, count + 1):
        made.add(number, START + number * DAY, arrival_date=START + (2 + number // 2 * 2) * DAY)
    made.now = START + (count + 4) * DAY
    return made


def changed(made: ScriptedStripe) -> ScriptedStripe:
    """The same some days later: a status has changed, a payout has moved, and one is new."""
    made.payouts[0] |= {"status": "failed", "failure_code": "account_closed"}
    made.payouts[2]["arrival_date"] += 3 * DAY
    made.add(9, made.now, reconciliation_status="in_progress")
    made.now += DAY
    return made


def undisturbed(*runs: ScriptedStripe) -> dict[str, str]:
    with TemporaryDirectory() as folder:
        for one in runs:
            one.bring(Path(folder))
        return data_files(Path(folder))


@pytest.mark.parametrize("again", slow_but([True], [False, True]), ids=["first run", "a later run"])
def test_killed_at_any_write_and_run_again_the_files_are_those_of_an_undisturbed_run(tmp_path, again):
    expected = undisturbed(changed(weeks())) if again else undisturbed(weeks())
    step = 0
    while True:
        step += STRIDE
        made, lake = weeks(), tmp_path / str(step)
        if again:
            made.bring(lake)
            changed(made)
        if not killed(lake, made, step):
            break
        made.bring(lake)
        assert data_files(lake) == expected, f"killed at step {step}"
        assert strays(lake) == []
        asked = len(made.asked)
        made.bring(lake)
        assert len(made.asked) - asked == 2
    assert step > 12


def hiding(lake: Path) -> None:
    """Say that the lake's balance transactions are without sources and descriptions."""
    options = MappingProxyType({"omit": ["description", "source"]})
    commit(LocalStore(lake), TableState(AccountId("acct_1script"), "parquet", Granularity.DAY, options=options))


def test_killed_while_it_hides_what_was_in_sight_the_next_run_hides_it_all(tmp_path):
    made = weeks()
    made.bring(tmp_path / "clear")
    gone = made.rows["po_1"].pop()
    made.rows["po_1"].append(scripted_row(77, START, gone["net"]))
    made.bring(tmp_path / "clear", full_refresh=True)
    pairs = len(held_pairs(tmp_path / "clear"))
    step = 0
    while True:
        step += STRIDE
        lake = tmp_path / str(step)
        shutil.copytree(tmp_path / "clear", lake)
        hiding(lake)
        if not killed(lake, made, step):
            break
        made.bring(lake)
        assert {one["source"] for one in held_pairs(lake) if one["type"] != "payout"} == {None}, f"killed at {step}"
        assert {one["description"] for one in held_payouts(lake)} == {None}
        assert strays(lake) == []
        asked = len(made.asked)
        made.bring(lake)
        assert len(made.asked) - asked <= 3  # po_1 may not add up any more: then it is listed again
    assert step > 12
    assert len(held_pairs(lake)) == pairs


def test_killed_again_and_again_it_still_arrives(tmp_path):
    made = weeks(8)
    for step in (3, 9, 15, 19, 5, 2, 11):
        assert killed(tmp_path, made, step)
    made.bring(tmp_path)
    assert data_files(tmp_path) == undisturbed(weeks(8))
    assert strays(tmp_path) == []


def test_what_readers_see_after_a_kill_is_whole_files_of_right_rows(tmp_path):
    made = weeks()
    right = {one["id"]: one for one in made.payouts}
    for step in range(3, 20, 4):
        lake = tmp_path / str(step)
        killed(lake, made, step)
        if records(lake, "payouts"):
            assert all(right[one["id"]] == one for one in held_payouts(lake))
            listed = {pair["payout_id"] for pair in held_pairs(lake)}
            assert all(sum(p["net"] for p in held_pairs(lake) if p["payout_id"] == one) == 0 for one in listed)


def test_a_disk_that_is_full_ends_the_run_with_the_lake_as_it_was(tmp_path):
    made = weeks()
    made.bring(tmp_path)
    before = data_files(tmp_path)
    changed(made)
    kept = {path: path.read_bytes() for path in records(tmp_path, "payouts")}

    class Full(DyingStore):
        def publish(self, staged: Path, path: str, **_: object) -> str:
            raise StorageError(f"publishing {path}: no space left on the disk")

    async def go() -> None:
        client = client_over(FakeTransport(by=made.answer))
        await PayoutsRun(Services(Full(tmp_path), client.transport), client).go()

    with pytest.raises(StorageError, match="no space") as caught:
        anyio.run(go)
    assert caught.value.exit_code == 74
    assert (data_files(tmp_path), strays(tmp_path)) == (before, [])
    assert {path: path.read_bytes() for path in records(tmp_path, "payouts")} == kept
    made.bring(tmp_path)
    assert data_files(tmp_path) == undisturbed(changed(weeks()))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["fail", "reconcile", "delay"]), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 2 * DAY)),
        st.tuples(st.just("run"), st.just(0)),
        st.tuples(st.just("kill"), st.integers(1, 30)),
    ),
    max_size=12,
)


def act(made: ScriptedStripe, what: str, number: int) -> None:
    """Let something happen at Stripe; what has become final stays as it is."""
    if what == "wait":
        made.now = min(made.now + number, START + 60 * DAY)
    elif what == "add":
        state = {"reconciliation_status": "in_progress" if number % 2 else "completed"}
        made.add(len(made.payouts) + 1, made.now, **state)
    elif made.payouts:
        one = made.payouts[number % len(made.payouts)]
        if what == "reconcile":
            one["reconciliation_status"] = "completed"
        elif made.now < one["arrival_date"]:
            one |= {"status": "failed"} if what == "fail" else {"arrival_date": one["arrival_date"] + DAY}


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_happens_between_runs_and_kills_the_last_run_makes_the_lake_what_stripe_says(steps):
    made = ScriptedStripe(now=START + 30 * DAY)
    with TemporaryDirectory() as folder:
        lake = Path(folder)
        for what, number in steps:
            if what == "run":
                made.bring(lake)
            elif what == "kill":
                killed(lake, made, number)
            else:
                act(made, what, number)
        report = made.bring(lake)
        ordered = sorted(made.payouts, key=lambda one: (one["created"], one["id"]))
        assert held_payouts(lake) == ordered
        complete = [one["id"] for one in ordered if one["reconciliation_status"] == "completed"]
        expected = {(name, row["id"]) for name in complete for row in made.rows[name]}
        pairs = held_pairs(lake)
        assert {(one["payout_id"], one["balance_transaction_id"]) for one in pairs} == expected
        assert len(pairs) == len(expected)
        assert report.unbalanced == ()
        assert data_files(lake) == undisturbed(made)
        assert strays(lake) == []


@pytest.mark.parametrize("form", ["jsonl", "arrow"])
def test_other_formats_survive_a_kill_the_same(tmp_path, form):
    with sandbox(some_days(200, days=5)) as served:
        run(tmp_path / "right", served, format=form)
        bring(tmp_path / "right", served)
        run(tmp_path / "lake", served, format=form)
        store = DyingStore(tmp_path / "lake", dies_at=6)

        async def go() -> None:
            config = config_for(served)
            async with opened(tmp_path / "lake", config) as services:
                await PayoutsRun(replace(services, store=store), services.client(config)).go()

        with pytest.raises((DiedError, BaseExceptionGroup)):
            anyio.run(go)
        bring(tmp_path / "lake", served)
    assert data_files(tmp_path / "lake") == data_files(tmp_path / "right")
