"""Whatever Stripe answers: no wrong row, no missing row, one error where there must be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.config import ApiKey
from connector.errors import AuthenticationError, ConnectorError, RateLimitError, ServerError, TransportError
from tests.lakes import START, data_files, honest, manifest, objects, run, sandbox, strays, touched, truth, world

if TYPE_CHECKING:
    from pathlib import Path


REFUSED = ["400", "403", "404"]
BROKEN = ["not-json", "stuck-cursor", "out-of-order", "duplicate-row", "outside-window", "empty-page", "wrong-type"]
KEPT = ["unknown-field", "unknown-enum", "no-balance-type", "huge-amount", "huge-description"]


def error_of(lake: Path, stripe_) -> BaseException | None:
    """What a run fails with, if it does."""
    try:
        run(lake, stripe_, since=START)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


@pytest.mark.parametrize("k", [1, 9])
@pytest.mark.parametrize("fault", [*REFUSED, *BROKEN])
def test_a_broken_promise_ends_the_run_with_one_error_and_no_wrong_row(tmp_path, fault, k):
    with sandbox() as stripe_:
        stripe_.faults.add(f"{fault}:endpoint=balance_transactions,k={k},times=1")
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
    ("outage", "kind"), [("500", ServerError), ("reset", TransportError), ("lock-timeout", RateLimitError)]
)
def test_an_outage_that_outlasts_every_retry_keeps_what_was_read_and_the_next_run_goes_on(tmp_path, outage, kind):
    with sandbox(
        world(3_000), faults=[f"{outage}:endpoint=balance_transactions,k={n},times=1" for n in range(15, 200)]
    ) as stripe_:
        with pytest.raises(kind):
            run(tmp_path / "lake", stripe_, settings={"max_in_flight": 3})
        stripe_.faults.clear()
        honest(tmp_path / "lake", truth(stripe_))
        before = manifest(tmp_path / "lake").rows
        assert before >= 500
        report = run(tmp_path / "lake", stripe_)
        assert report.accounts[0].rows_new == 3_000 - before
        assert report.accounts[0].late.rows == 0
        assert objects(tmp_path / "lake") == truth(stripe_)
        run(tmp_path / "whole", stripe_)
    assert data_files(tmp_path / "lake") == data_files(tmp_path / "whole")
