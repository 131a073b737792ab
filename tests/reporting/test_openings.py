"""Where an opening balance comes from: all rows, a recorded balance, or nowhere."""

from __future__ import annotations

from itertools import pairwise

import anyio
import pytest

import connector
from connector.balances.calls import record_balance
from tests.support.lakes import DAY, START, config_for, run, sandbox
from tests.support.statements import plainly, world


def record(lake, served, at, account=None):
    clock = served.now
    served.set_clock(at)
    accounts = [account]
    anyio.run(lambda: record_balance(lake, config=config_for(served), accounts=accounts))
    served.set_clock(clock)


def openings(document):
    return {
        (one["balance_type"], one["currency"]): one["opening"]
        for account in document["accounts"]
        for one in account["balances"]
    }


@pytest.fixture
def served():
    with sandbox(world(500, days=60, connected=0)) as running:
        yield running


def quiet_second(served, near):
    """A second with no row close to it, and none in the ten minutes before."""
    taken = [row["created"] for row in served.world.rows()]
    return next(at for at in range(near, near + 5 * DAY) if not any(at - 600 <= one <= at + 5 for one in taken))


def test_a_lake_that_begins_late_knows_no_opening_without_a_recorded_balance(served, tmp_path):
    run(tmp_path / "lake", served, since=START + 20 * DAY)
    document = connector.run_statement(tmp_path / "lake", month="2026-02")
    for opening in openings(document).values():
        assert (opening["amount"], opening["basis"], opening["computed"]) == (None, "not_known", None)
        assert "balance DEST" in opening["reason"]
    for account in document["accounts"]:
        for one in account["balances"]:
            assert one["closing"] == {"amount": None, "computed": None}
            assert one["activity_total"]["count"] > 0 or one["payouts_total"]["count"] > 0


def test_a_lake_that_begins_with_the_account_needs_none(served, tmp_path):
    run(tmp_path / "lake", served, since=START)
    stated = openings(connector.run_statement(tmp_path / "lake", month="2026-02"))
    period = connector.run_statement(tmp_path / "lake", month="2026-02")["period"]
    truth = plainly(served.world.rows(), period["start"], period["stop"])
    assert {opening["basis"] for opening in stated.values()} == {"rows"}
    assert {key: opening["amount"] for key, opening in stated.items()} == {key: truth[key].opening for key in stated}


@pytest.mark.parametrize("day", [22, 31, 36, 50])
def test_a_recorded_balance_before_in_or_after_the_period_tells_its_opening(served, tmp_path, day):
    lake = tmp_path / "lake"
    run(lake, served, since=START + 20 * DAY)
    at = quiet_second(served, START + day * DAY)
    record(lake, served, at)
    document = connector.run_statement(lake, month="2026-02", timezone="Europe/Paris")
    truth = plainly(served.world.rows(), document["period"]["start"], document["period"]["stop"])
    stated = openings(document)
    assert len(stated) > 3
    for key, opening in stated.items():
        assert (opening["amount"], opening["basis"]) == (truth[key].opening, "snapshot")
        assert opening["recorded_at"] == at
        assert "ten minutes" not in opening["reason"]
    for account in document["accounts"]:
        for one in account["balances"]:
            assert one["closing"]["amount"] == truth[one["balance_type"], one["currency"]].closing


def test_a_recorded_balance_beyond_what_the_lake_covers_tells_nothing(served, tmp_path):
    lake = tmp_path / "lake"
    run(lake, served, since=START + 32 * DAY)
    record(lake, served, quiet_second(served, START + 25 * DAY))
    stated = openings(connector.run_statement(lake, month="2026-02"))
    assert {opening["basis"] for opening in stated.values()} == {"not_known"}


def test_rows_in_the_seconds_of_a_recorded_balance_make_it_useless_and_fresh_ones_are_told(served, tmp_path):
    lake = tmp_path / "lake"
    run(lake, served, since=START + 20 * DAY)
    rows = sorted(row["created"] for row in served.world.rows() if row["created"] > START + 25 * DAY)
    record(lake, served, rows[0] + 2)
    stated = openings(connector.run_statement(lake, month="2026-02"))
    assert all("in the seconds" in opening["reason"] for opening in stated.values())
    fresh = next(one for one, after in pairwise(rows) if after - one > 60) + 30
    record(lake, served, fresh)
    document = connector.run_statement(lake, month="2026-02")
    truth = plainly(served.world.rows(), document["period"]["start"], document["period"]["stop"])
    for key, opening in openings(document).items():
        assert opening["amount"] == truth[key].opening
        assert "ten minutes" in opening["reason"]


def test_a_balance_that_stripe_does_not_show_is_not_known(tmp_path):
    made = world(900, days=60, connected=0, reserves=True)
    with sandbox(made) as served:
        lake = tmp_path / "lake"
        run(lake, served, since=START + 20 * DAY)
        record(lake, served, quiet_second(served, START + 25 * DAY))
        stated = openings(connector.run_statement(lake, year="2026"))
        assert {key[0] for key, opening in stated.items() if opening["basis"] == "not_known"} >= {"risk_reserved"}
