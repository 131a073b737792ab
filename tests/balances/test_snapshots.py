"""Snapshots of the balance in a lake: every bucket, added and never lost."""

from __future__ import annotations

import json
import threading
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar

import anyio
import duckdb
import pyarrow as pa
import pytest

import connector
from connector.balances.calls import record_balance
from connector.balances.snapshots import Made, Snapshot, ask_balance, keep_balance
from connector.config.config import ApiKey
from connector.core.ledger.balance import to_balance
from connector.core.units import DAY, AccountId
from connector.errors import (
    AccountsError,
    ConfigError,
    DamagedError,
    PermissionDeniedError,
    ProtocolError,
    StateError,
    StorageError,
    UsageError,
)
from connector.lake.stores.local import LocalStore
from connector.tables.balances import to_batch, to_snapshots
from tests.support.dying_store import DiedError, DyingStore
from tests.support.fakes import FakeTransport, client_over, ok
from tests.support.fitting import fits
from tests.support.lakes import START, config_for, data_files, run, sandbox, world
from tests.support.payout_world import some_days
from tests.support.records import newest

FULL = {
    "object": "balance",
    "livemode": False,
    "available": [
        {"amount": -5, "currency": "usd", "source_types": {"card": -7, "bank_account": 2}, "new_part": 1},
        {"amount": 1_234, "currency": "kwd"},
    ],
    "pending": [{"amount": 2**53 + 1, "currency": "jpy"}],
    "connect_reserved": [{"amount": 1, "currency": "usd"}],
    "instant_available": [{"amount": 3, "currency": "usd", "net_available": [{"amount": 2, "destination": "ba_1"}]}],
    "issuing": {"available": [{"amount": 4, "currency": "eur"}]},
    "refund_and_dispute_prefunding": {"available": [{"amount": 0, "currency": "usd"}], "pending": []},
}


@pytest.fixture(scope="module")
def served():
    """A sandbox that nobody changes."""
    with sandbox(some_days(300, days=4, connected=2)) as running:
        yield running


def record(lake, stripe_, *, settings: dict[str, Any] | None = None, **options):
    """Add a snapshot, in an event loop of its own."""
    return anyio.run(lambda: record_balance(lake, config=config_for(stripe_, **(settings or {})), **options))


def add(store, balance, at: int, *, form: str = "parquet", account: str = "acct_1"):
    """Add a balance as if Stripe had answered so at that second, to a lake that is held."""

    async def go():
        answer = ok(balance, date=formatdate(at, usegmt=True))
        client = client_over(FakeTransport(answers=[answer]))
        snapshot = await ask_balance(client, None, account)
        return await keep_balance(store, Made(form, livemode=False, run="run"), snapshot)

    return anyio.run(go)


@pytest.mark.anyio
@pytest.mark.parametrize("zone", [" GMT", " -0000", ""])
async def test_a_snapshot_is_of_the_servers_second_wherever_we_are(far_west, zone):
    client = client_over(FakeTransport([ok(FULL, date=f"Sun, 22 Nov 2026 00:00:00{zone}")]))
    assert (await ask_balance(client, None, "acct_1")).snapshot_at == 1_795_305_600


@pytest.mark.anyio
@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": f"Sun, 22 Nov {'9' * 20} 00:00:00 GMT"}])
async def test_a_snapshot_without_a_date_is_of_our_second(headers):
    client = client_over(FakeTransport([ok(FULL, **headers)]))
    assert (await ask_balance(client, None, "acct_1")).snapshot_at == client.clock.utc()


def rows(lake, account: str | None = None) -> pa.Table:
    return pa.table(connector.read(lake, account, table="balances"))


def balances_of(found):
    return [one["snapshot"] for one in to_snapshots(found)]


@pytest.mark.parametrize("form", ["parquet", "jsonl", "arrow"])
def test_a_snapshot_has_a_row_for_each_kind_currency_and_source_type_and_the_whole_balance(tmp_path, form):
    snapshot = add(LocalStore(tmp_path), FULL, START + 5, form=form)
    assert snapshot.snapshot_at == START + 5
    found = rows(tmp_path)
    expected = to_batch(FULL, START + 5)
    assert found.select(expected.schema.names).to_pylist() == expected.to_pylist()
    assert snapshot.rows == found.num_rows == 10
    assert balances_of(found) == [FULL]
    assert set(found.column("account").to_pylist()) == {"acct_1"}
    assert [str(day) for day in set(found.column("snapshot_date").to_pylist())] == ["2026-01-01"]
    assert found.column("amount").to_pylist()[4] == 2**53 + 1


@pytest.mark.parametrize("form", ["parquet", "jsonl.plain"])
def test_snapshots_of_a_day_share_a_file_in_order_of_time_and_another_day_has_its_own(tmp_path, form):
    store = LocalStore(tmp_path)
    for at in (START + 100, START + 7, START + 86_400, START + 100):
        add(store, FULL | {"pending": [{"amount": at, "currency": "usd"}]}, at, form=form)
    files = sorted(path.parent.name for path in (tmp_path / "balances").rglob("part-0.*"))
    assert files == ["snapshot_date=2026-01-01", "snapshot_date=2026-01-02"]
    found = balances_of(rows(tmp_path))
    assert [one["pending"][0]["amount"] for one in found] == [START + 7, START + 100, START + 86_400]


def test_an_account_keeps_the_format_of_its_first_snapshot(tmp_path):
    store = LocalStore(tmp_path)
    add(store, FULL, START, form="arrow")
    add(store, FULL, START + 1)
    assert {path.name for path in (tmp_path / "balances").rglob("part-0.*")} == {"part-0.arrow"}


async def real_money(balance):
    """Ask with a test key, and get this."""
    return await ask_balance(client_over(FakeTransport([ok(balance)])), None, AccountId("acct_1"))


def test_a_balance_of_another_mode_than_the_keys_is_refused():
    with pytest.raises(ProtocolError, match=r"the key is of test mode, and the answer \(balance\) is of live mode"):
        anyio.run(real_money, FULL | {"livemode": True})


def test_a_balance_with_nothing_in_it_is_asked_for_and_has_no_rows(tmp_path):
    empty = {"object": "balance", "livemode": False, "available": [], "pending": []}
    assert add(LocalStore(tmp_path), empty, START).rows == 0
    assert not (tmp_path / "balances").exists()


def test_what_is_no_balance_is_refused_and_nothing_is_written(tmp_path):
    for broken in ({"object": "list"}, FULL | {"available": [{"amount": "5", "currency": "usd"}]}):
        with pytest.raises(ProtocolError):
            add(LocalStore(tmp_path), broken, START)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
def test_killed_at_any_write_no_snapshot_that_was_there_is_lost_and_none_is_doubled(tmp_path, step):
    store = LocalStore(tmp_path)
    add(store, FULL | {"note": "another"}, START)
    with pytest.raises(DiedError):
        add(DyingStore(tmp_path, dies_at=step), FULL, START + 50)
    add(store, FULL, START + 60)
    found = rows(tmp_path)
    times = sorted({moment.timestamp() for moment in found.column("snapshot_at").to_pylist()})
    assert times in ([START, START + 60], [START, START + 50, START + 60])
    assert found.num_rows == 10 * len(times)
    assert (START + 50 in times) == (step > 3)  # an intent, the file, the record


def test_a_snapshot_written_and_not_recorded_is_recorded_by_the_next_one_on_another_day(tmp_path):
    with pytest.raises(DiedError):
        add(DyingStore(tmp_path, dies_at=8), FULL, START)  # the lake's id, its first record, an intent, the file
    add(LocalStore(tmp_path), FULL, START + 86_400)
    assert rows(tmp_path).num_rows == 20


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path):
    store = LocalStore(tmp_path)
    path = tmp_path / add(store, FULL, START).path
    path.write_bytes(b"not a file of ours")
    with pytest.raises(StorageError, match="part-0"):
        add(store, FULL, START + 1)
    assert path.read_bytes() == b"not a file of ours"


def test_a_record_that_makes_no_sense_is_refused_with_what_to_do(tmp_path):
    store = LocalStore(tmp_path)
    add(store, FULL, START)
    path = newest(tmp_path, "balances")
    document = json.loads(path.read_text())
    fits(document, "state_record")
    harms = ["{", "[]", {"record_version": 2}, {"table": "payouts"}, {"account": "acct_2"}, {"files": [{"path": "/x"}]}]
    for harm in harms:
        path.write_text(harm if isinstance(harm, str) else json.dumps(document | harm))
        with pytest.raises(StateError, match=r"backup|upgrade|move it away|its own name"):
            add(store, FULL, START + 1)


# Against the sandbox -----------------------------------------------------------------------------------------------


def test_the_recorded_balance_is_the_one_stripe_answers_with_and_sums_as_it_should(tmp_path, served):
    run(tmp_path, served, format="jsonl")
    (snapshot,) = record(tmp_path, served)
    assert (snapshot.account, snapshot.path.endswith(".jsonl.zst")) == (served.account, True)
    assert abs(snapshot.snapshot_at - served.now) <= 1 or snapshot.snapshot_at > served.now
    found = rows(tmp_path)
    assert balances_of(found) == [snapshot.balance.received]
    totals = duckdb.sql(
        "select currency, sum(amount)::bigint from found where kind in ('available', 'pending') and source_type is null"
        " group by 1"
    ).fetchall()
    assert dict(totals) == {name: net for name, net in served.world.net_by_currency().items() if name in dict(totals)}


def test_each_account_has_snapshots_of_its_own(tmp_path, served):
    taken = record(tmp_path, served, accounts=(None, *served.world.accounts[1:]))
    assert [one.account for one in taken] == list(served.world.accounts)
    for one in taken:
        assert balances_of(rows(tmp_path, one.account)) == [one.balance.received]


def test_an_account_named_twice_has_one_snapshot(tmp_path, served):
    (taken,) = record(tmp_path, served, accounts=(None, served.account))
    assert rows(tmp_path).num_rows == taken.rows


def test_an_account_that_is_refused_leaves_the_others_recorded(tmp_path, served):
    with pytest.raises(AccountsError, match="acct_nope") as caught:
        record(tmp_path, served, accounts=(served.world.accounts[1], "acct_nope"))
    (taken,) = caught.value.report
    assert taken.account == served.world.accounts[1]
    assert rows(tmp_path).num_rows == taken.rows
    with pytest.raises(AccountsError) as caught:
        record(tmp_path, served, accounts=("acct_nope", *served.world.accounts[1:]))
    assert [one.account for one in caught.value.report] == list(served.world.accounts[1:])
    with pytest.raises(PermissionDeniedError):
        record(tmp_path, served, accounts=("acct_nope",))


def test_the_first_account_that_is_refused_can_end_it(tmp_path, served):
    with pytest.raises(PermissionDeniedError, match="acct_nope"):
        record(tmp_path, served, accounts=("acct_nope", *served.world.accounts[1:]), fail_fast=True)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_key_without_the_permission_is_told_which(tmp_path):
    with sandbox(some_days(200, days=2), missing_scopes=["rak_balance_read"]) as stripe_:
        settings = {"api_key": connector.ApiKey(stripe_.restricted_key)}
        with pytest.raises(PermissionDeniedError, match="rak_balance_read"):
            record(tmp_path / "lake", stripe_, settings=settings)
    assert not (tmp_path / "lake").exists()


def test_test_balances_do_not_come_beside_live_ones(tmp_path, served):
    record(tmp_path, served)
    with sandbox(some_days(200, days=2), live=True) as live, pytest.raises(ConfigError, match="test mode"):
        record(tmp_path, live)
    with pytest.raises(UsageError, match="`account_id"):
        record(tmp_path, served, accounts=("acct_1",), account_id="acct_2")


def test_ordinary_code_gives_and_gets_plain_json(tmp_path, served, monkeypatch):
    monkeypatch.setenv("STRIPE_API_KEY", served.key)
    monkeypatch.setenv("STRIPE_API_BASE", served.url)
    (found,) = connector.run_record_balance(str(tmp_path))
    assert json.loads(json.dumps(found)) == found
    assert found["balance"]["object"] == "balance"
    assert found["rows"] == rows(tmp_path).num_rows


def test_a_sync_takes_a_balance_for_each_account_before_its_rows(tmp_path):
    with sandbox(world(400, connected=3)) as stripe_:
        everyone = [None, *stripe_.world.accounts[1:]]
        report = run(tmp_path, stripe_, accounts=everyone, balance=True)
        assert report.requests.by_endpoint["balance.retrieve"] == len(everyone)
    taken = pa.table(connector.read(tmp_path, table="balances")).to_pylist()
    assert {one["account"] for one in taken} <= set(stripe_.world.accounts)
    assert {one["snapshot_at"].timestamp() for one in taken} <= {one.balance_at for one in report.accounts}
    assert all(one.balance_at is not None for one in report.accounts)


def test_a_key_that_may_not_read_the_balance_ends_a_sync_with_balance_before_anything_is_written(tmp_path):
    with sandbox(world(200), missing_scopes={"rak_balance_read"}) as stripe_:
        restricted = {"api_key": ApiKey(stripe_.restricted_key)}
        with pytest.raises(PermissionDeniedError, match="rak_balance_read"):
            run(tmp_path / "lake", stripe_, balance=True, settings=restricted)
        assert not (tmp_path / "lake").exists()
        assert run(tmp_path / "lake", stripe_, settings=restricted).accounts[0].balance_at is None


def test_an_account_whose_balance_is_refused_leaves_the_others_to_be_read(tmp_path):
    with sandbox(some_days(300, days=4, connected=2), latency=0.5) as stripe_:
        first, second = stripe_.world.accounts[1:]
        stripe_.faults.add(f"403:endpoint=balance,account={first}")
        with pytest.raises(AccountsError) as caught:
            run(tmp_path, stripe_, accounts=[first, second], balance=True)
    assert set(caught.value.errors) == {first}
    assert [one.account for one in caught.value.report.accounts if one.balance_at is not None] == [second]


class Overtaken(LocalStore):
    """A lake that another run begins by months, in the moment in which we begin."""

    overtaken: ClassVar[set[Path]] = set()
    other: ClassVar[Any] = None

    def write(self, path, data, **condition):
        if path.startswith("_stripe_balance/leases/") and self.root not in self.overtaken:
            self.overtaken.add(self.root)
            other = threading.Thread(target=run, args=(self.root, self.other), kwargs={"partition": "month"})
            other.start()
            other.join()
        return super().write(path, data, **condition)


@pytest.mark.parametrize("balances", [True, False])
@pytest.mark.parametrize("asked", [{}, {"partition": "month"}, {"partition": "day"}])
def test_of_two_runs_that_begin_one_lake_the_later_goes_by_its_kind_or_is_refused(
    tmp_path, served, monkeypatch, balances, asked
):
    """The lake may be there already, with balances alone, so that neither run is the one that makes it."""
    monkeypatch.setattr(Overtaken, "other", served)
    if balances:
        record(tmp_path, served)
    overtaken = {"store": Overtaken(tmp_path)}
    if asked.get("partition") == "day":
        with pytest.raises(ConfigError, match="made with partition month, and day was asked for"):
            run(tmp_path, served, services=overtaken, **asked)
    else:
        assert run(tmp_path, served, services=overtaken, **asked).partition == "month"
    before = data_files(tmp_path)
    assert {Path(one).parent.name.partition("=")[0] for one in before} == {"created_month"}
    run(tmp_path, served)
    assert data_files(tmp_path) == before


def kept(lake, at, amount):
    """Keep a snapshot of one amount, and return it as it stands in the lake."""
    available = [{"amount": amount, "currency": "usd"}]
    received = {"object": "balance", "livemode": False, "available": available, "pending": []}
    snapshot = Snapshot(AccountId("acct_1"), at, to_balance(received), "", 0)
    return anyio.run(lambda: keep_balance(LocalStore(lake), Made("parquet", livemode=False, run="run"), snapshot))


def test_different_snapshots_of_one_second_have_moments_of_their_own(tmp_path):
    midnight = START + DAY
    moments = [kept(tmp_path, midnight - 1, amount).snapshot_at for amount in (1, 2, 2, 3, 1)]
    assert moments == [midnight - 1, midnight, midnight, midnight + 1, midnight - 1]
    found = {int(one["snapshot_at"].timestamp()): one["amount"] for one in rows(tmp_path).to_pylist()}
    assert found == {midnight - 1: 1, midnight: 2, midnight + 1: 3}


def test_a_damaged_file_of_snapshots_holds_up_no_other_day(tmp_path):
    damaged = tmp_path / kept(tmp_path, START, 1).path
    damaged.write_bytes(b"no snapshot")
    assert kept(tmp_path, START + DAY, 2).rows == 1
    assert damaged.read_bytes() == b"no snapshot"
    with pytest.raises(StorageError):
        kept(tmp_path, START + 5, 3)


# Known loss -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
@pytest.mark.parametrize("by", ["record", "sync"])
def test_a_lost_file_of_earlier_balances_is_said_once_with_66(tmp_path, spoil, by):
    def take():
        if by == "sync":
            return run(tmp_path, stripe_, balance=True)
        return record(tmp_path, stripe_)

    with sandbox(world(200)) as stripe_:
        for _ in range(2):
            take()
            stripe_.advance(2 * DAY)
        first, second = sorted((tmp_path / "balances").rglob("part-0.*"))
        spoil(first)
        with pytest.raises(DamagedError, match="earlier balances is gone or not as written") as caught:
            take()
        assert caught.value.exit_code == 66
        assert len({*(tmp_path / "balances").rglob("part-0.*")} - {first, second}) == 1
        stripe_.advance(2 * DAY)
        take()
        assert lost_by_status(tmp_path) == [first.relative_to(tmp_path).as_posix()]


def lost_by_status(lake):
    (found,) = [one for one in connector.run_status(lake)["tables"] if one["table"] == "balances"]
    return list(found["lost"])


def test_a_lost_file_of_earlier_balances_stays_named_until_it_is_back(tmp_path):
    with sandbox(world(200)) as stripe_:
        for _ in range(2):
            record(tmp_path, stripe_)
            stripe_.advance(2 * DAY)
        first = min((tmp_path / "balances").rglob("part-0.*"))
        backup = first.read_bytes()
        first.unlink()
        with pytest.raises(DamagedError):
            record(tmp_path, stripe_)
        assert lost_by_status(tmp_path)
        before = rows(tmp_path).num_rows
        first.write_bytes(backup)
        stripe_.advance(2 * DAY)
        record(tmp_path, stripe_)
        assert lost_by_status(tmp_path) == []
        assert rows(tmp_path).num_rows > before
