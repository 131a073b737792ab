"""The balance as a layer of proof, and proving with a key that may not read everything."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import anyio
import pytest

from connector.balances.calls import record_balance
from connector.config.config import ApiKey
from connector.core.tuning import RunTuning
from connector.core.units import DAY
from connector.errors import ConfigError
from connector.services import opened
from connector.verification.calls import verify_with
from connector.verification.check import VerifyChoice
from tests.support.lakes import START, config_for, objects, run, world
from tests.support.lakes import sandbox as serve
from tests.verification.doctoring import (
    PROVED,
    answers,
    check,
    layer,
    path_of,
    rewrite,
)


def test_a_balance_of_a_partial_history_is_not_checkable(tmp_path, busy):
    run(tmp_path / "lake", busy, since=START + 16 * DAY)
    verdict = check(tmp_path / "lake", busy)
    assert answers(verdict)["balance"] == "not_checkable"
    assert "begins at" in layer(verdict, "balance").reason
    assert verdict.verdict == "not_checkable"


def test_a_recorded_balance_bounds_a_history_without_its_beginning(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(600, days=30)) as server:
        anyio.run(partial(record_balance, lake, config=config_for(server)))
        recorded = server.now
        server.add_rows(count=30, created=recorded + 4_000, amount=777, fee=11)
        server.advance(3 * DAY)
        server.add_rows(count=5, created=server.now - 60)  # not covered yet
        run(lake, server, since=recorded - DAY)
        verdict = check(lake, server)
        assert answers(verdict) == PROVED
        assert "recorded" in layer(verdict, "balance").reason
        added = [row for row in objects(lake) if row["created"] == recorded + 4_000]
        rewrite(lake, path_of(lake, added[0]), lambda rows: [row for row in rows if row != added[3]], fix=True)
        (finding,) = layer(check(lake, server), "balance").findings
        assert finding.expected - finding.found == added[3]["net"] == 766
        assert "the balance changed by" in finding.message


def test_a_balance_recorded_in_the_seconds_of_a_row_bounds_nothing(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(600, days=30)) as server:
        server.add_rows(created=server.now - 3)
        anyio.run(partial(record_balance, lake, config=config_for(server)))
        since = server.now - DAY
        server.advance(3 * DAY)
        run(lake, server, since=since)
        found = layer(check(lake, server), "balance")
        assert found.verdict == "not_checkable"
        assert "seconds" in found.reason


@pytest.mark.parametrize("later", [0, 100])
def test_a_balance_recorded_after_the_time_that_is_covered_accuses_nobody(tmp_path, later):
    lake = tmp_path / "lake"
    with serve(world(600, days=30)) as server:
        server.add_rows(created=server.now - 300)
        run(lake, server, since=server.now - DAY)
        anyio.run(partial(record_balance, lake, config=config_for(server)))
        server.advance(later)
        found = layer(check(lake, server), "balance")
        assert found.verdict == "not_checkable"
        assert "sync again" in found.reason


def test_a_row_on_its_way_when_a_balance_was_recorded_accuses_nobody(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(600, days=30)) as server:
        since = server.now - DAY
        server.advance(4_000)
        anyio.run(partial(record_balance, lake, config=config_for(server)))
        server.add_rows(created=server.now - 20)
        server.advance(4_000)
        run(lake, server, since=since)
        found = layer(check(lake, server), "balance")
        assert found.verdict == "not_checkable"
        assert "may have come" in found.reason
        anyio.run(partial(record_balance, lake, config=config_for(server)))
        server.advance(4_000)
        run(lake, server, since=since)
        assert layer(check(lake, server), "balance").verdict == "proved"


def test_rows_that_no_balance_shows_are_not_checkable_with_their_number_and_money(tmp_path):
    with serve(world(300)) as server:
        server.add_rows(count=60, type="risk_reserve", amount=100, fee=0)
        server.add_rows(count=59, type="strange_balance", amount=-30, fee=0, currency="eur")
        server.advance(DAY)
        run(tmp_path / "lake", server)
        verdict = check(tmp_path / "lake", server)
        found = layer(verdict, "balance")
        assert answers(verdict) == PROVED | {"balance": "not_checkable"}
        assert found.reason.startswith("119 of 419 rows are compared with nothing")
        assert "orbital_reserve (59 rows, -17.70 EUR), risk_reserved (60 rows, 60.00 USD)" in found.reason
        assert "the other rows add up to all" in found.reason
        assert [tuple(one) for one in found.not_compared] == [
            ("orbital_reserve", "eur", 59, -1_770),
            ("risk_reserved", "usd", 60, 6_000),
        ]
        assert (found.checked["rows_compared"], found.checked["rows_not_compared"]) == (300, 119)
        row = next(one for one in objects(tmp_path / "lake") if one["balance_type"] == "payments")
        change = [("amount", 1), ("net", 1)]
        rewrite(
            tmp_path / "lake",
            path_of(tmp_path / "lake", row),
            lambda rows: [{**one, **{n: one[n] + by for n, by in change}} if one == row else one for one in rows],
            fix=True,
        )
        wrong = layer(check(tmp_path / "lake", server), "balance")
        assert wrong.verdict == "residual"
        assert "119 of 419 rows" in wrong.reason


def test_rows_of_reserves_since_a_recorded_balance_are_counted_as_not_compared(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(600, days=30)) as server:
        anyio.run(partial(record_balance, lake, config=config_for(server)))
        recorded = server.now
        server.add_rows(count=7, type="risk_reserve", created=recorded + 4_000, amount=100, fee=0)
        server.advance(3 * DAY)
        run(lake, server, since=recorded - DAY)
        found = layer(check(lake, server), "balance")
        assert found.verdict == "not_checkable"
        assert found.reason.startswith("7 of 7 rows are compared with nothing")
        assert "recorded" in found.reason


@pytest.mark.parametrize("covered", [True, False])
def test_where_only_statuses_differ_the_agreeing_total_is_said_first(tmp_path, covered):
    lake = tmp_path / "lake"
    with serve(world(300)) as server:
        (added, *_) = server.add_rows(
            count=3, amount=1_000, fee=100, created=server.now - 700 if covered else server.now
        )
        midnight = next(row["available_on"] for row in server.world.rows() if row["id"] == added)
        late = [row for row in server.world.rows() if row["available_on"] == midnight]
        currencies = {row["currency"] for row in late}
        run(lake, server)
        server.set_clock(midnight)
        server.faults.add("late-status:seconds=3600")
        found = layer(check(lake, server), "balance")
        assert found.verdict == "residual"
        said = f"the total agrees; {len(late)} rows past their available_on are still pending in the list"
        assert found.reason.startswith(said)
        assert {one.kind for one in found.findings} == {"wrong_split"}
        assert {one.currency for one in found.findings} == currencies
        for one in found.findings:
            nets = [row["net"] for row in late if row["currency"] == one.currency]
            assert one.expected - one.found == sum(nets)
            assert f"{len(nets)} row" in one.message
        server.advance(3_600)
        assert layer(check(lake, server), "balance").verdict == "proved"


def test_a_history_from_the_day_the_account_was_made_is_whole(tmp_path, busy):
    run(tmp_path / "lake", busy, since=START)
    assert answers(check(tmp_path / "lake", busy))["balance"] == "proved"


def test_a_balance_that_never_stands_still_is_not_compared(tmp_path):
    with serve(world(300)) as server:
        run(tmp_path / "lake", server)
        server.faults.add("mid-walk:rows=1")
        found = layer(check(tmp_path / "lake", server, layers=["balance"]), "balance")
        assert found.verdict == "not_checkable"
        assert "moved" in found.reason


def test_more_rows_than_are_worth_reading_for_a_sum_are_left_to_a_sync(tmp_path):
    async def checked(config):
        async with opened(tmp_path / "lake", config) as services:
            few = replace(services, tuning=RunTuning(newer_rows=150))
            return await verify_with(few, config, VerifyChoice(layers=frozenset({"balance"})))

    with serve(world(300)) as server:
        run(tmp_path / "lake", server, until=START + 3 * DAY)
        (verdict,) = anyio.run(checked, config_for(server)).accounts
    found = layer(verdict, "balance")
    assert found.verdict == "not_checkable"
    assert "more than 150 rows" in found.reason
    assert "sync" in found.reason


@pytest.mark.parametrize(("permission", "unchecked"), [("rak_balance_read", "balance"), ("rak_payout_read", "payouts")])
def test_what_a_key_may_not_read_is_left_unchecked(tmp_path, permission, unchecked):
    with serve(world(300), missing_scopes=(permission,)) as server:
        run(tmp_path / "lake", server)
        config = config_for(server, api_key=ApiKey(server.restricted_key))
        verdict = check(tmp_path / "lake", server, config=config)
        assert answers(verdict) == PROVED | {unchecked: "not_checkable"}
        assert permission in layer(verdict, unchecked).reason


def test_a_key_that_may_not_name_its_account_needs_the_name(tmp_path):
    with serve(world(300)) as server:
        run(tmp_path / "lake", server)
        server.faults.add("403:endpoint=account")
        with pytest.raises(ConfigError, match="`account_id"):
            check(tmp_path / "lake", server)
        assert answers(check(tmp_path / "lake", server, account_id=server.account)) == PROVED
        run(tmp_path / "nameless", server)
        assert answers(check(tmp_path / "nameless", server)) == PROVED


def test_the_key_of_another_account_proves_nothing_and_accuses_nobody(lake, tmp_path):
    with serve(world(300, seed=12)) as stranger:
        verdict = check(lake, stranger)
        assert set(answers(verdict).values()) == {"proved", "not_checkable"}
        assert "Stripe refused" in layer(verdict, "balance").reason
    with serve(world(300), live=True) as live, pytest.raises(ConfigError, match="test mode"):
        check(lake, live)


def test_windows_of_which_none_is_asked_are_not_proved(lake, busy):
    verdict = check(lake, busy, sample=0, layers=["windows"])
    assert answers(verdict) == {"windows": "not_checkable"}
    assert "none of it" in layer(verdict, "windows").reason


def test_offline_needs_no_key_and_says_what_was_not_asked(lake, monkeypatch):
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    verdict = check(lake)
    assert answers(verdict)["rows"] == "proved"
    assert answers(verdict)["windows"] == answers(verdict)["balance"] == "not_checkable"
    assert "offline" in layer(verdict, "balance").reason
    assert answers(verdict)["payouts"] == "proved"  # as far as the lake has them
