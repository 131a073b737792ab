"""Lakes that would lie in each other are not made, on a disk or in a bucket: whoever reads one would read both."""

from __future__ import annotations

import pytest

import connector
from connector.config.destination import placed
from connector.errors import ConfigError, StorageError
from connector.lake.state.lake_identity import facts_of
from connector.lake.stores.base import open_store
from connector.lake.stores.local import LocalStore
from connector.lake.stores.nested_lakes import folders_around, lake_among
from tests.support.bucket_server import bucket_server
from tests.support.lakes import run, sandbox, world

INNER = ["balance_transactions", "payouts/account=acct_1", "balances/x", "payout_transactions", "_stripe_balance/x"]


@pytest.fixture(scope="module")
def stripe_():
    with sandbox(world(60, days=3)) as served:
        yield served


@pytest.fixture(params=["disk", "s3", "gs"])
def at(request, tmp_path):
    """Return a destination by its path."""
    if request.param == "disk":
        yield lambda path: tmp_path / path
        return
    pytest.importorskip("obstore", reason="an extra")
    with bucket_server() as served:
        options = served.s3() if request.param == "s3" else served.gs()
        yield lambda path: placed(f"{request.param}://bucket/{path}", options)


def objects_of(place):
    return [
        one.path for folder in ("_stripe_balance", "balance_transactions") for one in open_store(place).list(folder)
    ]


@pytest.mark.parametrize("inner", INNER)
def test_a_lake_in_a_folder_of_another_is_refused_and_nothing_is_left_of_it(at, stripe_, inner):
    run(at("a/lake"), stripe_)
    held = objects_of(at("a/lake"))
    with pytest.raises(ConfigError, match=r"is a part of the lake in \S*a/lake"):
        run(at(f"a/lake/{inner}"), stripe_)
    assert objects_of(at("a/lake")) == held


@pytest.mark.parametrize("inner", ["balance_transactions", "payouts/deep/down"])
def test_a_lake_around_another_is_refused(at, stripe_, inner):
    run(at(f"a/lake/{inner}"), stripe_)
    with pytest.raises(ConfigError, match=rf"has the lake in \S*a/lake/{inner} in it"):
        run(at("a/lake"), stripe_)


def test_a_lake_beside_another_or_in_a_folder_that_no_table_has_is_made(at, stripe_):
    for path in ("a", "a/lake", "a/balance_transactions_old", "b/balance_transactions", "a/lake/other"):
        run(at(path), stripe_)
        assert facts_of(open_store(at(path))).accounts


def test_every_command_that_makes_a_lake_refuses(at, stripe_, tmp_path, monkeypatch):
    run(at("a/lake"), stripe_)
    monkeypatch.setenv("STRIPE_API_KEY", stripe_.key)
    inner, asked = at("a/lake/payouts"), {"api_base": stripe_.url}
    for make in (
        lambda: connector.run_sync(inner, dry_run=True, **asked),
        lambda: connector.run_plan(inner, **asked),
        lambda: connector.run_sync_payouts(inner, **asked),
        lambda: connector.run_record_balance(inner, **asked),
        lambda: connector.run_convert(run_made(tmp_path / "else", stripe_), inner),
    ):
        with pytest.raises(ConfigError, match="is a part of the lake in"):
            make()


def run_made(place, stripe_):
    run(place, stripe_)
    return place


def test_where_nobody_may_look_above_the_destination_its_lake_is_made(stripe_):
    pytest.importorskip("obstore", reason="an extra")
    with bucket_server() as served:
        inner = placed("s3://bucket/theirs/payouts/lake", served.s3())
        served.choose = lambda _method, about: 403 if about.startswith("theirs/_stripe_balance") else None
        run(inner, stripe_)
        assert facts_of(open_store(inner)).accounts


def test_a_store_that_fails_is_not_taken_for_one_without_another_lake():
    pytest.importorskip("obstore", reason="an extra")
    with bucket_server() as served:
        inner = open_store(placed("s3://bucket/theirs/payouts/lake", served.s3()))
        served.choose = lambda _method, about: 400 if about.startswith("theirs/_stripe_balance") else None
        with pytest.raises(StorageError):
            inner.other_lake()


def test_a_lake_that_was_made_in_another_before_is_gone_on_with(tmp_path, stripe_):
    pytest.importorskip("obstore", reason="an extra")
    with bucket_server() as served:
        inner, outer = (placed(f"s3://bucket/{path}", served.s3()) for path in ("lake/payouts", "lake"))
        run(inner, stripe_)
        run(tmp_path, stripe_)
        for one in tmp_path.rglob("*.json"):  # as it was put there before anybody looked
            open_store(outer).write(one.relative_to(tmp_path).as_posix(), one.read_bytes())
        run(inner, stripe_)


@pytest.mark.parametrize(
    ("folder", "around"),
    [
        ("", []),
        ("lake", []),
        ("balance_transactions", [""]),
        ("lake/payouts", ["lake"]),
        ("a/payouts/b/balances/c", ["a/payouts/b", "a"]),
        ("a/balances2", []),
    ],
)
def test_folders_around_a_folder_are_those_of_which_it_would_be_a_part(folder, around):
    assert folders_around(folder) == around


def test_a_lake_is_known_by_its_records_alone():
    assert lake_among(["a/_stripe_balance/lake.json", "a/part-0.parquet"]) is None
    assert lake_among(["x", "a/b/_stripe_balance/state/t/acct_1/00000000000001.json"]) == "a/b"


def test_a_folder_reached_by_a_link_is_judged_by_where_it_is(tmp_path, stripe_):
    run(tmp_path / "lake", stripe_)
    (tmp_path / "link").symlink_to(tmp_path / "lake" / "payouts")
    (tmp_path / "lake" / "payouts").mkdir()
    assert LocalStore(tmp_path / "link").other_lake() == str(tmp_path / "lake")
