"""Whatever Stripe answers: no wrong row, no missing row, one error where there must be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.config.config import ApiKey
from connector.errors import (
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TransportError,
)
from tests.support.examples import slow_but
from tests.support.fakes import refused
from tests.support.lakes import (
    START,
    data_files,
    honest,
    objects,
    run,
    sandbox,
    state,
    strays,
    touched,
    truth,
    world,
)
from tests.support.seams import RefusedInTheEnd

if TYPE_CHECKING:
    from pathlib import Path


REFUSED = ["400", "403", "404"]
EXPIRED = refused(401, "Expired API Key provided", code="api_key_expired")
REVOKED = refused(403, "No access", code="account_invalid")
BROKEN = ["stuck-cursor", "out-of-order", "duplicate-row", "outside-window", "empty-page", "wrong-type"]
KEPT = ["unknown-field", "unknown-enum", "no-balance-type", "huge-amount", "huge-description"]


def error_of(lake: Path, stripe_) -> BaseException | None:
    """What a run fails with, if it does."""
    try:
        run(lake, stripe_, since=START)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


@pytest.mark.parametrize("fault", slow_but([*REFUSED[:1], *BROKEN[::3]], [*REFUSED, *BROKEN]))
def test_a_broken_promise_deep_in_a_list_ends_the_run_with_one_error_that_names_its_window(tmp_path, fault):
    with sandbox() as stripe_:
        stripe_.faults.add(f"{fault}:endpoint=balance_transactions,k=9,times=1")
        error = error_of(tmp_path, stripe_)
        if error is None:
            assert fault == "stuck-cursor"  # which a request without a cursor does not meet
            assert objects(tmp_path) == truth(stripe_)
        else:
            assert isinstance(error, ConnectorError), "it came as a group"
            assert error.window is not None or fault == "wrong-type"
        if tmp_path.joinpath("_stripe_balance").exists():
            honest(tmp_path, truth(stripe_))
            assert strays(tmp_path) == []
        stripe_.faults.clear()
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("fault", KEPT)
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_what_the_schema_does_not_know_is_kept_and_reported(tmp_path, fault, form):
    with sandbox(world(400), faults=[f"{fault}:every=1"]) as stripe_:
        report = run(tmp_path, stripe_, format=form)
        found, expected = objects(tmp_path), truth(stripe_)
    assert [row["id"] for row in found] == [row["id"] for row in expected]
    assert found != expected
    drifted = {one["name"] for one in report.accounts[0].drift}
    if fault.startswith("unknown"):
        assert drifted
        assert all(one["count"] > 0 and one["example"] for one in report.accounts[0].drift)
    if fault == "unknown-field":
        assert all(row["settlement_rail"] == {"name": "instant", "hops": [1, 2]} for row in found)
        assert all(part["tax_rate"] == "txr_unknown" for row in found for part in row["fee_details"])
    if fault == "huge-amount":
        assert max(row["amount"] for row in found) == 2**53 + 1


def test_rows_that_arrive_while_we_read_change_nothing_that_is_settled(tmp_path):
    with sandbox(faults=["mid-walk:rows=3,every=1"]) as stripe_:
        settled = stripe_.now - 600
        run(tmp_path, stripe_)
        honest(tmp_path, truth(stripe_))
        held = {row["id"] for row in objects(tmp_path)}
        assert {row["id"] for row in truth(stripe_) if row["created"] < settled} <= held
        stripe_.faults.clear()
        stripe_.advance(2_000)
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("key", ["sk_test_wrong", "rk_test_wrong"])
def test_a_wrong_key_writes_nothing(tmp_path, key):
    lake = tmp_path / "lake"
    with sandbox() as stripe_:
        wrong = {"api_key": ApiKey(key)}
        with pytest.raises(AuthenticationError):
            run(lake, stripe_, settings=wrong)
        assert not lake.exists()
        run(lake, stripe_)
        before = touched(lake)
        with pytest.raises(AuthenticationError):
            run(lake, stripe_, settings=wrong)
        assert touched(lake) == before


@pytest.mark.parametrize(
    ("outage", "kind"),
    slow_but(
        [("reset", TransportError)],
        [("500", ServerError), ("reset", TransportError), ("lock-timeout", RateLimitError)],
    ),
)
def test_an_outage_that_outlasts_every_retry_keeps_what_was_read_and_the_next_run_goes_on(tmp_path, outage, kind):
    with sandbox(
        world(3_000), faults=[f"{outage}:endpoint=balance_transactions,k={n},times=1" for n in range(15, 200)]
    ) as stripe_:
        with pytest.raises(kind):
            run(tmp_path / "lake", stripe_, settings={"max_in_flight": 3})
        stripe_.faults.clear()
        honest(tmp_path / "lake", truth(stripe_))
        left = state(tmp_path / "lake")
        before = left.rows
        assert before > 0
        assert before + sum(one.file.rows for one in left.parked.values()) >= 1_300, "what 14 pages brought, at least"
        report = run(tmp_path / "lake", stripe_)
        assert report.accounts[0].rows_new == 3_000 - before
        assert report.accounts[0].late.rows == 0
        assert objects(tmp_path / "lake") == truth(stripe_)
        run(tmp_path / "whole", stripe_)
    assert data_files(tmp_path / "lake") == data_files(tmp_path / "whole")


@pytest.mark.parametrize(
    ("answer", "kind"),
    slow_but(
        [(EXPIRED, AuthenticationError)],
        [(EXPIRED, AuthenticationError), (REVOKED, PermissionDeniedError)],
    ),
)
def test_a_refusal_in_the_midst_of_a_run_keeps_what_was_read_and_the_next_run_goes_on(tmp_path, answer, kind):
    with sandbox(world(1_000)) as stripe_:
        services = {"transport": lambda usual: RefusedInTheEnd(usual, 8, answer)}
        with pytest.raises(kind):
            run(tmp_path, stripe_, settings={"max_in_flight": 3}, services=services)
        left = state(tmp_path)
        before = left.rows
        parked = sum(one.file.rows for one in left.parked.values())
        assert before + parked > 200, "most of what 8 pages brought: some were under way"
        assert run(tmp_path, stripe_).accounts[0].rows_new == 1_000 - before
        assert objects(tmp_path) == truth(stripe_)


@pytest.mark.parametrize("partition", ["day", "month"])
def test_rows_that_stripe_no_longer_lists_are_reported_and_kept_by_value(tmp_path, partition):
    with sandbox() as stripe_:
        run(tmp_path, stripe_, partition=partition)
        before, there = data_files(tmp_path), truth(stripe_)
        stripe_.faults.add("gone-rows:p=0.1")
        report = run(tmp_path, stripe_, full_refresh=True)
        gone = len(there) - report.accounts[0].rows_received
        assert gone > 50
        assert report.accounts[0].rows_disappeared == gone
        assert report.accounts[0].rows_changed == report.accounts[0].rows_new == 0
        assert objects(tmp_path) == there
        assert data_files(tmp_path) == before


@pytest.mark.parametrize("form", ["parquet", "jsonl", "arrow"])
def test_amounts_beyond_2_to_the_53_and_a_megabyte_of_text_come_through_by_value(tmp_path, form):
    faults = ["huge-amount:endpoint=balance_transactions,every=1", "huge-description:k=3"]
    with sandbox(world(900), faults=faults) as stripe_:
        report = run(tmp_path, stripe_, format=form)
        expected = {row["id"]: row for row in truth(stripe_)}
    found = {row["id"]: row for row in objects(tmp_path)}
    huge = [row for row in found.values() if row["amount"] == 2**53 + 1]
    assert len(huge) >= 9
    for row in huge:
        plain = expected[row["id"]]
        assert row["net"] == 2**53 + 1 - plain["fee"]
        expected[row["id"]] = plain | {"amount": row["amount"], "net": row["net"]}
    (long,) = [row for row in found.values() if len(row["description"] or "") == 1 << 20]
    expected[long["id"]] = expected[long["id"]] | {"description": "x" * (1 << 20)}
    assert found == expected
    sums: dict[str, int] = {}
    for row in found.values():
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net"]
    assert report.accounts[0].net == sums


def test_rows_listed_late_are_found_counted_and_their_lag_is_told(tmp_path):
    with sandbox() as stripe_:
        stripe_.faults.add("late-rows:seconds=300,p=0.5")
        stripe_.add_rows(count=60, created=stripe_.now - 100, amount=77)
        first = run(tmp_path, stripe_)
        unseen = {row["id"] for row in truth(stripe_)} - {row["id"] for row in objects(tmp_path)}
        assert 10 < len(unseen) < 50
        stripe_.advance(400)
        second = run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
    assert first.accounts[0].late.rows == 0
    assert second.accounts[0].late.rows == second.accounts[0].rows_new == len(unseen)
    assert second.accounts[0].late.longest_lag_seconds == 500
    assert second.accounts[0].late.first_created == second.accounts[0].late.last_created


@pytest.mark.parametrize("seconds", [30_000, 86_400])
def test_statuses_that_flip_while_we_read_are_right_after_the_next_run(tmp_path, seconds):
    with sandbox(faults=[f"clock-moves:seconds={seconds},endpoint=balance_transactions"]) as stripe_:
        run(tmp_path, stripe_, settings={"max_in_flight": 3})
        assert objects(tmp_path) != truth(stripe_)
        honest(tmp_path, truth(stripe_))
        stripe_.faults.clear()
        report = run(tmp_path, stripe_)
        assert report.accounts[0].rows_changed > 0
        assert objects(tmp_path) == truth(stripe_)
