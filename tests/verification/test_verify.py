"""A clean lake is proved, whatever made it; what cannot be checked is refused with what to do."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from connector.cli.display.run_view import RunView
from connector.core.units import DAY
from connector.errors import ConfigError, StateError, UsageError
from connector.verification.calls import verify
from tests.support.examples import slow_but
from tests.support.lakes import at_work_elsewhere, config_for, objects, run, world
from tests.support.lakes import sandbox as serve
from tests.support.records import newest
from tests.verification.doctoring import (
    BUSY,
    PROVED,
    answers,
    check,
    layer,
    path_of,
    rewrite,
)


def test_a_clean_lake_is_proved_at_all_four_layers(any_lake, busy):
    verdict = check(any_lake, busy)
    assert (answers(verdict), verdict.verdict) == (PROVED, "proved")
    assert layer(verdict, "rows").checked["rows"] == BUSY
    assert layer(verdict, "rows").checked["fees_compared"] == BUSY
    assert 0 < layer(verdict, "windows").checked["rows"] < BUSY
    assert layer(verdict, "payouts").checked["payouts"] > 10
    assert layer(verdict, "balance").checked["balances"] >= 6
    assert all(not one.findings and not one.counts and one.reason for one in verdict.layers)


def test_rows_are_found_the_same_whether_or_not_other_layers_are_asked_for(any_lake, busy):
    alone, among = (layer(check(any_lake, busy, **wish), "rows") for wish in ({"layers": ["rows"]}, {}))
    assert alone == among
    assert alone.sums


def test_fees_whose_parts_are_in_another_currency_are_counted_as_not_compared(lake):
    fee = next(row for row in objects(lake) if row["fee_details"])
    strange = [{**part, "currency": "xau"} for part in fee["fee_details"]]
    rewrite(
        lake,
        path_of(lake, fee),
        lambda rows: [row | {"fee_details": strange} if row == fee else row for row in rows],
        fix=True,
    )
    found = layer(check(lake, layers=["rows"]), "rows")
    assert found.checked["fees_compared"] == BUSY - 1
    assert "1 of the rows' fees is compared with no parts" in found.reason


@pytest.mark.parametrize("partition", slow_but(["month"], ["month", "year"]))
def test_a_lake_of_larger_partitions_is_proved(tmp_path, partition):
    with serve(world(400, days=50)) as server:
        run(tmp_path / "lake", server, partition=partition, format="jsonl")
        assert answers(check(tmp_path / "lake", server)) == PROVED


def test_a_lake_stays_proved_after_late_rows_a_refresh_and_time_gone_by(tmp_path):
    lake = tmp_path / "lake"
    with serve(world(700)) as server:
        run(lake, server)
        server.add_rows(count=3, created=server.now - 3 * DAY, visible_at=server.now + 60)
        server.advance(2 * 3600)
        run(lake, server, since=server.now - 4 * DAY, full_refresh=True)
        assert answers(check(lake, server)) == PROVED
        server.advance(9 * DAY)  # statuses flip, and nobody syncs
        server.add_rows(count=130, created=server.now - 5 * DAY)
        verdict = check(lake, server)
        assert answers(verdict) == PROVED
        assert layer(verdict, "balance").checked["newer_rows"] == 130
        assert layer(verdict, "balance").checked["statuses_read"] > 0
        run(lake, server)
        assert answers(check(lake, server)) == PROVED


def test_every_account_of_a_lake_is_proved_by_its_own_rows_and_balance(tmp_path):
    with serve(world(400, days=12, connected=3)) as server:
        run(tmp_path / "lake", server, accounts=(None, *server.world.accounts[1:]))
        view = RunView()
        verdict = anyio.run(partial(verify, tmp_path / "lake", config=config_for(server), on_event=view.hear))
        assert view.accounts_done == view.accounts == len(server.world.accounts)
        assert {one.account for one in verdict.accounts} == set(server.world.accounts)
        assert verdict.verdict == "proved"
        one = server.world.accounts[2]
        verdict = anyio.run(partial(verify, tmp_path / "lake", config=config_for(server), accounts=[one]))
        assert [(each.account, each.verdict) for each in verdict.accounts] == [(one, "proved")]


def test_a_single_payout_is_spoken_of_as_one(tmp_path):
    with serve(world(8, days=9)) as server:
        run(tmp_path / "lake", server)
        reason = layer(check(tmp_path / "lake", server, layers=["payouts"]), "payouts").reason
        assert reason.startswith("1 automatic payout with 6 transactions, all in the lake")


def test_an_account_without_rows_is_proved(tmp_path):
    with serve(world(0)) as server:
        run(tmp_path / "lake", server)
        assert answers(check(tmp_path / "lake", server)) == PROVED


def test_rows_of_versions_without_balance_type_count_as_payments(tmp_path):
    old = {"api_version": "2024-04-10"}
    with serve(world(60)) as server:
        run(tmp_path / "few", server, settings=old)
        assert answers(check(tmp_path / "few", server)) == PROVED
    with serve(world(1_500)) as server:
        run(tmp_path / "many", server, settings=old)
        verdict = check(tmp_path / "many", server)
        assert answers(verdict) == PROVED | {"balance": "not_checkable"}
        assert "issuing" in layer(verdict, "balance").reason


def test_what_is_no_lake_has_no_such_account_or_no_such_layer_is_refused(lake, tmp_path):
    with pytest.raises(ConfigError, match="there is no lake"):
        check(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
    with pytest.raises(ConfigError, match="no rows of acct_nobody"):
        check(lake, accounts=["acct_nobody"])
    with pytest.raises(UsageError, match="no layer"):
        check(lake, layers=["columns"])
    with pytest.raises(UsageError, match="sample"):
        check(lake, sample=-1)


def test_a_damaged_state_is_an_error_not_a_verdict(lake):
    newest(lake).write_text("{")
    with pytest.raises(StateError, match="damaged"):
        check(lake)


def test_a_lake_that_runs_are_at_work_on_is_checked_meanwhile(lake):
    with at_work_elsewhere(lake):
        check(lake)
