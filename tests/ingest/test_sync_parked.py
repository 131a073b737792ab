"""Rows of partitions that are not whole are parked: no reader sees them, and the next run reads only the rest."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import anyio
import pyarrow.feather
import pytest

import connector
from connector.config.config import ApiKey, Config
from connector.config.salt import Salt
from connector.core.api.retry import RetryPolicy
from connector.core.state.partition import Granularity, partition_of
from connector.core.tuning import RunTuning
from connector.core.units import DAY
from connector.errors import ConnectorError, StorageError, TransportError
from connector.events import WindowClosed
from connector.lake.state.lease import lease_of
from connector.lake.state.leases import write_lease
from connector.lake.stores.local import LocalStore
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.lakes import (
    START,
    at_work_elsewhere,
    data_files,
    honest,
    interrupted_at,
    objects,
    run,
    sandbox,
    state,
    strays,
    sync_given,
    truth,
    world,
)
from tests.support.model import START as MODEL_START
from tests.support.model import Model

if TYPE_CHECKING:
    from pathlib import Path

    from connector.core.api.protocol import Response
    from connector.events import Event
    from connector.lake.stores.conditions import Condition
    from connector.stripe.transport import Request

ONCE = RetryPolicy(attempts=1, first=0.0005, longest=0.001, least=0.0)
DAYS = 4
ROWS = 6_000


def parked_files(lake: Path) -> list[Path]:
    return sorted((lake / "_stripe_balance" / "parked").rglob("*.arrow"))


def parked_rows(lake: Path) -> int:
    return sum(one.file.rows for one in state(lake).parked.values())


@pytest.fixture
def stripe_():
    with sandbox(world(ROWS, days=DAYS), latency=0.02) as served:
        yield served


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    lake = tmp_path_factory.mktemp("expected")
    with sandbox(world(ROWS, days=DAYS)) as served:
        run(lake, served)
    return data_files(lake)


@pytest.fixture
def lake(tmp_path, stripe_):
    """A lake whose first run was interrupted: days of 1,500 rows, of which some were read in part."""
    interrupted_at(2_000, tmp_path / "lake", stripe_)
    assert parked_rows(tmp_path / "lake") > 0
    return tmp_path / "lake"


def test_what_was_parked_is_taken_up_and_only_the_rest_is_read(lake, stripe_, expected):
    there, parked = state(lake).rows, parked_rows(lake)
    assert len(parked_files(lake)) == len(state(lake).parked)
    (account,) = run(lake, stripe_).accounts
    assert account.rows_received <= ROWS - there - parked + 100
    assert account.rows_new == ROWS - there
    assert data_files(lake) == expected
    assert not state(lake).parked
    assert parked_files(lake) == []


def test_no_reader_sees_parked_rows_and_no_day_is_there_in_part(lake, stripe_):
    by_day = {}
    for row in truth(stripe_):
        by_day.setdefault(row["created"] // DAY, set()).add(row["id"])
    seen = {row["id"] for row in objects(lake)}
    assert all(ids <= seen or not ids & seen for ids in by_day.values())
    honest(lake, truth(stripe_))


@pytest.mark.parametrize("harm", slow_but(["cut"], ["gone", "cut", "altered"]))
def test_seconds_of_a_parked_file_that_is_lost_are_read_again(lake, stripe_, expected, harm):
    path = parked_files(lake)[0]
    if harm == "gone":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content[: None if harm == "altered" else -1])
    run(lake, stripe_)
    assert data_files(lake) == expected
    assert parked_files(lake) == []


def test_a_parked_file_that_no_state_names_is_removed(lake, stripe_, expected):
    path = parked_files(lake)[0]
    stray = path.with_name(f"99999999.{path.name.split('.', 1)[1]}")
    stray.write_bytes(path.read_bytes())
    write_lease(LocalStore(lake), lease_of(path.name.split(".")[2], "sync", utc=0))  # its process died with it
    run(lake, stripe_, dry_run=True)
    assert stray.exists()
    run(lake, stripe_)
    assert data_files(lake) == expected
    assert parked_files(lake) == []


def test_a_full_refresh_takes_up_what_was_parked_and_reads_it_again(lake, stripe_, expected):
    (account,) = run(lake, stripe_, full_refresh=True).accounts
    assert account.rows_received == ROWS
    assert data_files(lake) == expected


def test_a_run_that_asks_for_other_time_completes_what_was_parked(lake, stripe_):
    days = {one.key(state(lake).partition).label for one in state(lake).parked.values()}
    run(lake, stripe_, since=START - 5 * DAY, until=START - 4 * DAY)
    assert not state(lake).parked
    assert days <= {path.split("/")[2] for path in data_files(lake)}
    honest(lake, truth(stripe_))


def test_rows_are_redacted_before_they_are_parked(tmp_path, stripe_):
    salt = Salt("0123456789abcdef0123456789abcdef")
    stripe_.faults.add("out-of-order:endpoint=balance_transactions,k=40,times=1")
    with pytest.raises(ConnectorError):
        run(tmp_path, stripe_, omit=["description"], hash=["source"], salt=salt)
    tables = [pyarrow.feather.read_table(path) for path in parked_files(tmp_path)]
    assert tables
    for table in tables:
        assert table.column("description").null_count == len(table)
        assert not [one for one in table.column("source").to_pylist() if one and one.startswith("ch_")]


class NotesParking(LocalStore):
    """A disk that counts the files that are parked."""

    parked = 0

    def publish(self, staged: Path, path: str, **condition: Condition) -> str:
        NotesParking.parked += "/parked/" in path
        return super().publish(staged, path, **condition)


@dataclass
class WaitsForParking(Model):
    """A Stripe that answers no more, once some windows were read to their ends, until something was parked."""

    closed: int = 0

    def hear(self, event: Event) -> None:
        self.closed += isinstance(event, WindowClosed)

    async def send(self, request: Request) -> Response:
        if self.closed >= 3:
            with anyio.move_on_after(ENDLESS_SECONDS):
                while not NotesParking.parked:  # noqa: ASYNC110 - that is counted in a thread
                    await anyio.sleep(0.01)
        return await super().send(request)


def test_rows_of_a_long_day_are_parked_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(NotesParking, "parked", 0)
    lake, plain = tmp_path / "lake", tmp_path / "plain"
    model = WaitsForParking(random.Random(1))
    for second in range(MODEL_START, MODEL_START + DAY, DAY // 1_500):
        model.add(second, wait=0)
    config = Config(ApiKey("sk_test_model"), api_base="http://127.0.0.1:1", rate=inf, max_in_flight=3, retry=ONCE)
    services = {"transport": lambda _: model, "on_event": model.hear}
    tuning = RunTuning(commit_seconds=0.01, park_seconds=0.01, park_rows=50)
    for place, more in ((lake, {"tuning": tuning, "store": NotesParking(lake)}), (plain, {})):
        anyio.run(lambda place=place, more=more: sync_given(place, config, {**services, **more}))
    assert NotesParking.parked
    assert len(objects(lake)) == len(model.entries)
    assert data_files(lake) == data_files(plain)
    assert parked_files(lake) == []
    assert strays(lake) == []


@dataclass(eq=False)
class SlowAboutOneDay(Model):
    """A Stripe that answers about time before `refuses` only after all else, and then refuses."""

    refuses: int = 0
    shown: set[str] = field(default_factory=set)

    async def send(self, request: Request) -> Response:
        where = urlsplit(request.url)
        rows = self._page(dict(parse_qsl(where.query)))["data"] if where.path.endswith("transactions") else []
        if any(row["created"] < self.refuses for row in rows):
            self.shown |= {row["id"] for row in rows}  # to nobody; but there is no waiting for them
            newer = {one.id for one in self.entries if one.created >= self.refuses}
            with anyio.move_on_after(ENDLESS_SECONDS):
                while not newer <= self.shown:  # noqa: ASYNC110 - by other requests of the same run
                    await anyio.sleep(0.01)
            raise TransportError("no route")
        answer = await super().send(request)
        self.shown |= {row["id"] for row in rows}
        return answer


def test_what_is_newer_than_a_day_in_part_waits_for_it(tmp_path):
    """The first run ended within a day; the second cannot read the rest of it, but has read the days after it."""
    model = SlowAboutOneDay(random.Random(1))
    for second in range(MODEL_START, MODEL_START + 6 * DAY, DAY // 24):
        model.add(second, wait=0)
    services = {"tuning": RunTuning(commit_seconds=0.01), "transport": lambda _: model}
    config = Config(ApiKey("sk_test_model"), api_base="http://127.0.0.1:1", rate=inf, max_in_flight=4, retry=ONCE)

    def go(**options: int) -> None:
        anyio.run(lambda: sync_given(tmp_path, config, services, **options))

    go(until=MODEL_START + DAY + DAY // 2)
    before = data_files(tmp_path)
    model.refuses = MODEL_START + 2 * DAY
    with pytest.raises(TransportError):
        go()
    assert data_files(tmp_path) == before
    assert parked_rows(tmp_path) >= 24
    model.refuses, asked = 0, model.requests
    go()
    assert len(objects(tmp_path)) == 6 * 24
    assert model.requests - asked < 6 * 24 / model.size
    go(full_refresh=True)
    assert {path.split("/")[2] for path in data_files(tmp_path)} > {path.split("/")[2] for path in before}


class RefusesADay(LocalStore):
    """A disk that does not make the files of one day visible."""

    def publish(self, staged: Path, path: str, **condition: Condition) -> str:
        if f"created_date={REFUSED_DAY}/" in path:
            raise StorageError("no space left on the disk")
        return super().publish(staged, path, **condition)


REFUSED_DAY = partition_of(MODEL_START + 4 * DAY, Granularity.DAY).label.removeprefix("created_date=")


def test_what_is_newer_than_a_visible_day_whose_rest_is_parked_waits_for_it(tmp_path):
    """Two days are visible in part; the rest of the later one is read, and parked since it waits for the earlier one.

    The next run completes the earlier one, and cannot make the later one's rest visible.
    """
    model = SlowAboutOneDay(random.Random(1))
    for second in range(MODEL_START, MODEL_START + 7 * DAY, DAY // 24):
        model.add(second, wait=0)
    config = Config(ApiKey("sk_test_model"), api_base="http://127.0.0.1:1", rate=inf, max_in_flight=4, retry=ONCE)

    def go(store: LocalStore | None = None, **options: int) -> None:
        services = {"tuning": RunTuning(commit_seconds=0.01), "transport": lambda _: model}
        services |= {} if store is None else {"store": store}
        anyio.run(lambda: sync_given(tmp_path, config, services, **options))

    def days() -> set[int]:
        labels = {partition_of(MODEL_START + number * DAY, Granularity.DAY).label: number for number in range(7)}
        return {labels[path.split("/")[2]] for path in data_files(tmp_path)}

    go(until=MODEL_START + DAY + DAY // 2)
    go(since=MODEL_START + 3 * DAY, until=MODEL_START + 4 * DAY + DAY // 2)
    model.refuses = MODEL_START + 2 * DAY
    with pytest.raises(TransportError):
        go()
    assert days() == {0, 1, 3, 4}
    assert any(f"created_date={REFUSED_DAY}" in one.name for one in parked_files(tmp_path))
    model.refuses = 0
    with pytest.raises(StorageError, match="no space left"):
        go(RefusesADay(tmp_path))
    assert days() == {0, 1, 2, 3, 4}
    go()
    assert days() == {*range(7)}
    assert len(objects(tmp_path)) == 7 * 24
    assert parked_files(tmp_path) == []


def test_status_verify_and_the_run_report_say_how_many_rows_are_parked(lake, stripe_):
    parked = parked_rows(lake)
    (report,) = (lake / "_stripe_balance" / "runs").iterdir()
    assert json.loads(report.read_bytes())["accounts"][0]["lake_parked"] == parked
    (account,) = connector.run_status(lake)["accounts"]
    assert account["parked"] == parked
    assert account["rows"] == len(objects(lake))
    verdict = anyio.run(lambda: connector.verify(lake, offline=True))
    layer = verdict.accounts[0].layers[0]
    assert layer.checked["parked_rows"] == parked
    assert f"{parked:,} more are parked" in layer.reason


# Rows that another run has parked -------------------------------------------------------------------------------------


def test_rows_that_a_run_at_work_has_parked_are_left_to_it(lake, stripe_, expected):
    parked = state(lake).parked
    with at_work_elsewhere(lake, *{one.run for one in parked.values()}):
        report = run(lake, stripe_)
        assert report.accounts[0].rows_received >= parked_rows(lake), "they are read by this run, too"
        assert state(lake).parked == parked
        assert [path.relative_to(lake).as_posix() for path in parked_files(lake)] == sorted(parked)
        assert data_files(lake) == expected
    run(lake, stripe_)
    assert (parked_rows(lake), parked_files(lake), strays(lake)) == (0, [], [])
    assert data_files(lake) == expected
    honest(lake, truth(stripe_))


def test_parked_files_that_no_state_names_stay_while_their_run_is_at_work_and_go_with_it(lake, stripe_):
    known = parked_files(lake)
    stray = known[0].with_name("99999999.created_date=2026-01-01.another-run.arrow")
    stray.write_bytes(b"being written")
    with at_work_elsewhere(lake, "another-run"):
        run(lake, stripe_)
        assert parked_files(lake) == [stray]
    write_lease(LocalStore(lake), lease_of("another-run", "sync", utc=0))  # of this machine, and gone
    run(lake, stripe_)
    assert parked_files(lake) == []
