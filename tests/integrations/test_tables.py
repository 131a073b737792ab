"""Tables in real stores hold what a lake in a folder does, and the libraries they are made for read them there."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import secrets
import signal
import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest

import connector
from connector.cli import main
from connector.config.destination import placed
from connector.core.units import DAY
from connector.errors import ConnectorError
from connector.lake.catalogs.lake_tables import TableComparison, compared
from connector.lake.catalogs.maintenance import maintain
from connector.lake.stores.base import open_store
from connector.payouts.calls import sync_payouts
from connector.verification.calls import verify
from tests.integrations import services
from tests.integrations.conftest import available
from tests.integrations.faulty_proxy import behind_faults
from tests.integrations.services import SERVICES, settings_of
from tests.support.bucket_lakes import command, store_killed_in_the_middle
from tests.support.dating import later
from tests.support.lakes import START, config_for, run, sandbox, truth, world
from tests.support.reading_tables import rows_in
from tests.support.waiting import hold_answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")
pytest.importorskip("deltalake", reason="`make integrations` sets up what runs this")
pytest.importorskip("pyiceberg", reason="`make integrations` sets up what runs this")

WRITTEN_OF = {"delta": "_delta_log", "iceberg": "/metadata/"}
"""What the paths of a table's own files have in them."""

TABLES = ("balance_transactions", "payouts", "payout_transactions", "balances")


@dataclass(frozen=True)
class TableLake:
    """A lake of tables in a service.

    Attributes:
        kind: `delta` or `iceberg`.
        service: where it is.
        name: its address.
        catalog: name of the catalog that Iceberg tables are in.
    """

    kind: str
    service: Any
    name: str = field(init=False)
    catalog: str = "elsewhere"

    def __post_init__(self):
        object.__setattr__(self, "name", f"{self.service.url}/{secrets.token_hex(4)}/lake")

    @property
    def destination(self) -> Any:
        return placed(self.name, settings_of(self.service))

    @property
    def options(self) -> Mapping[str, Any]:
        """What a first run is told."""
        return {"format": self.kind, **({"catalog": self.catalog} if self.kind == "iceberg" else {})}

    @property
    def words(self) -> tuple[str, ...]:
        """The same, on the command line."""
        return tuple(word for name, value in self.options.items() for word in (f"--{name}", value))

    def rows(self, table: str = "balance_transactions") -> list[str]:
        """Rows as the table's own library reads them, with settings of its own."""
        return rows_in(self.read(table))

    def read(self, table: str) -> pa.Table:
        if self.kind == "delta":
            opened = import_module("deltalake").DeltaTable(
                f"{self.name}/{table}", storage_options={**self.service.environment, **_HTTP}
            )
            return opened.to_pyarrow_table()
        return self.iceberg(table).scan().to_arrow()

    def iceberg(self, table: str) -> Any:
        """A table as pyiceberg opens it; pyiceberg's own files know neither Azurite nor the stand-in for GCS."""
        load = import_module("pyiceberg.catalog").load_catalog
        if not self.name.startswith("s3://"):
            files = import_module("connector.lake.catalogs.iceberg_files")
            stack = contextlib.ExitStack()
            properties = stack.enter_context(files.files_in(open_store(self.destination).bucket))
            return load(self.catalog, **properties).load_table(f"stripe.{table}")
        there = self.service.environment
        return load(
            self.catalog,
            **{
                "s3.endpoint": there["AWS_ENDPOINT_URL"],
                "s3.access-key-id": there["AWS_ACCESS_KEY_ID"],
                "s3.secret-access-key": there["AWS_SECRET_ACCESS_KEY"],
                "s3.region": there["AWS_REGION"],
            },
        ).load_table(f"stripe.{table}")

    def same_as(self, local: Any, *tables: str) -> None:
        """Hold the tables to a folder's lake, and to what `read` says."""
        for table in tables or TABLES:
            ours = rows_in(connector.read(local, table=table).to_table())
            assert ours
            assert self.rows(table) == ours, table
            assert rows_in(connector.read(self.destination, table=table).to_table()) == ours, table

    def commits(self, table: str = "balance_transactions") -> int:
        """How often a table was committed to."""
        if self.kind == "delta":
            options = {**self.service.environment, **_HTTP}
            return import_module("deltalake").DeltaTable(f"{self.name}/{table}", storage_options=options).version() + 1
        return len(self.iceberg(table).metadata.snapshots)


_HTTP = {"allow_http": "true", "google_allow_http": "true"}


@pytest.fixture(params=["delta", "iceberg"])
def kind(request):
    return request.param


@pytest.fixture(params=SERVICES)
def service(request, started):
    return started(request.param)


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    """A catalog that pyiceberg is configured for, in this process and in those it starts: it reads that once."""
    file = tmp_path_factory.mktemp("catalog") / "elsewhere.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYICEBERG_CATALOG__ELSEWHERE__URI", f"sqlite:///{file}")
        patch.setattr(
            import_module("pyiceberg.catalog"), "_ENV_CONFIG", import_module("pyiceberg.utils.config").Config()
        )
        yield file


@pytest.fixture(autouse=True)
def _empty_catalog(configured):
    configured.unlink(missing_ok=True)


@pytest.fixture
def lake(kind, service):
    return TableLake(kind, service)


def environment(lake, served):
    catalog = {name: value for name, value in os.environ.items() if name.startswith("PYICEBERG_")}
    return {**lake.service.environment, **catalog, "STRIPE_API_BASE": served.url, "STRIPE_API_KEY": served.key}


def test_the_life_of_a_table_in_a_store_is_that_of_a_folder(lake, tmp_path):
    with sandbox(world(800)) as stripe_:

        def both(**more):
            run(lake.destination, stripe_, balance=True, **(lake.options if more else {}))
            run(tmp_path / "hive", stripe_, balance=True)
            lake.same_as(tmp_path / "hive", "balance_transactions", "balances")

        both(first=True)
        stripe_.advance(3 * DAY)
        stripe_.add_rows(count=7)
        stripe_.add_rows(count=120, created=stripe_.now - DAY)
        both()
        stripe_.advance(20 * DAY)
        both()
        for destination in (lake.destination, tmp_path / "hive"):
            anyio.run(lambda destination=destination: sync_payouts(destination, config=config_for(stripe_)))
        lake.same_as(tmp_path / "hive")
        before = [lake.commits(table) for table in TABLES]
        run(lake.destination, stripe_)
        assert [lake.commits(table) for table in TABLES] == before


def test_status_verify_and_maintain_know_tables_in_a_store(lake, capsys, monkeypatch):
    for name, value in lake.service.environment.items():
        monkeypatch.setenv(name, value)
    with sandbox(world(300, days=5)) as stripe_:
        run(lake.destination, stripe_, until=START + 2 * DAY + 40_000, **lake.options)
        run(lake.destination, stripe_)
        assert main(["status", lake.name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["listed"] == {
            "balance_transactions": {"altered": 0, "behind": 0, "foreign": None}
        }
        assert anyio.run(lambda: verify(lake.destination, offline=True)).findings == ()
        rows, then = lake.rows(), later(monkeypatch, lake.destination, 8)
        told = maintain(then).tables[0]
        assert told.removed > 0
        assert maintain(then).tables[0].removed == 0
        assert lake.rows() == rows
        assert len(rows) == len(truth(stripe_))


def test_two_commands_at_once_publish_each_row_once(lake, tmp_path):
    with sandbox(world(800, days=20), latency=0.01) as stripe_:
        words = ("sync", lake.name, "-q", "--rate", "100", *lake.words)
        both = [command(*words, environ=environment(lake, stripe_)) for _ in range(2)]
        told = [one.communicate(timeout=300)[1] for one in both]
        assert [one.returncode for one in both] == [0, 0], told
        run(tmp_path, stripe_)
        lake.same_as(tmp_path, "balance_transactions")


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_publishes_all(kind, service, tmp_path):
    dice = random.Random(12)
    with (
        sandbox(world(2_000, days=40), latency=0.01) as stripe_,
        behind_faults(service) as (behind, faults),
    ):
        lake = TableLake(kind, behind)
        words = ("sync", lake.name, "-q", "--rate", "15", *lake.words)

        def sync():
            return command(*words, environ=environment(lake, stripe_))

        # Of 40 files each run makes a few; then all of them, and what makes them the table's.
        moments = [(dice.randint(2, 8), "") for _ in range(3)] + [(1, WRITTEN_OF[kind])] * 3
        for write, about in moments:
            status = faults.killed_at_write(write, sync, carried_out=False, about=about)
            assert status == -signal.SIGKILL
        last = sync()
        _, said = last.communicate(timeout=300)
        assert last.returncode == 0, said
        run(tmp_path, stripe_)
        lake.same_as(tmp_path, "balance_transactions")


@pytest.mark.slow
@pytest.mark.parametrize("service", ["seaweedfs", "azurite"], indirect=True)
def test_503_for_90_seconds_from_the_first_look_at_a_table_on_is_waited_out(kind, service, tmp_path):
    with behind_faults(service) as (behind, faults), sandbox(world(200)) as stripe_:
        lake, began = TableLake(kind, behind), []

        def choose(_method, path):
            if "_delta_log" in path or "/metadata/" in path:
                began.append(time.monotonic())
            return "refuse before" if began and time.monotonic() < began[0] + 90 else None

        faults.choose = choose
        words = ("sync", lake.name, "-q", "--rate", "0", *lake.words)
        syncing = command(*words, environ=environment(lake, stripe_))
        _, said = syncing.communicate(timeout=400)
        assert syncing.returncode == 0, said
        assert faults.seen["refuse before"] > 5
        run(tmp_path, stripe_)
        lake.same_as(tmp_path, "balance_transactions")


@pytest.mark.slow
@pytest.mark.parametrize("store", ["seaweedfs", "azurite"])
def test_a_store_killed_in_the_middle_and_brought_back_has_the_whole_table(kind, store, tmp_path):
    available(store)
    start = getattr(services, store)
    with sandbox(world(3_000, days=60), latency=0.01) as stripe_, start(tmp_path / "kept") as first:
        lake = TableLake(kind, first)
        words = ("sync", lake.name, "-q", "--rate", "200", *lake.words)
        hold_answers(stripe_, 20, seconds=1)
        syncing = command(*words, environ=environment(lake, stripe_))
        store_killed_in_the_middle(first, stripe_)
        with start(tmp_path / "kept"):
            _, said = syncing.communicate(timeout=300)
            assert syncing.returncode == 0, said
            run(tmp_path / "local", stripe_)
            lake.same_as(tmp_path / "local", "balance_transactions")


@pytest.mark.slow
def test_answers_lost_late_or_refused_double_no_row_of_a_table(kind, service, tmp_path):
    with behind_faults(service) as (behind, faults), sandbox(world(400)) as stripe_:
        dice = random.Random(4)
        kinds = ["cut", "error after", "refuse before", "late"]
        faults.choose = lambda _method, _path: dice.choice(kinds) if dice.random() < 0.04 else None
        lake = TableLake(kind, behind)
        for step in range(4):
            run(lake.destination, stripe_, **(lake.options if not step else {}))
            run(tmp_path, stripe_)
            stripe_.advance(2 * DAY)
            stripe_.add_rows(count=40, created=stripe_.now - DAY)
        run(lake.destination, stripe_)
        run(tmp_path, stripe_)
        faults.choose = lambda _method, _path: None
        faults.wait_for_the_late()
        assert faults.seen["cut"] > 0
        lake.same_as(tmp_path, "balance_transactions")
        assert compared(open_store(lake.destination))["balance_transactions"] == TableComparison()


def test_no_credentials_are_in_a_log_an_error_or_an_object_of_a_table(lake, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    secret = [value for name, value in settings_of(lake.service).items() if name.endswith(("key", "token"))]
    with sandbox(world(100, days=3)) as stripe_:
        run(lake.destination, stripe_, **lake.options)
        store = open_store(lake.destination)
        written = [store.read(one.path).data for one in store.list("balance_transactions")]
        wrong = {**settings_of(lake.service)}
        for name in wrong.keys() & {"secret_access_key", "account_key"}:
            wrong[name] = "bm90LXRoZS1zZWNyZXQtdGhhdC1pdC1pcw=="
        try:
            compared(open_store(placed(lake.name, wrong)))
        except ConnectorError as error:
            said = f"{error!r} {error}"
        else:
            said = ""
    told = "".join(capfd.readouterr()) + caplog.text + said
    for one in (*secret, *(wrong[name] for name in wrong if name.endswith("key"))):
        assert one not in told
        assert not any(one.encode() in data for data in written)


def test_iceberg_tables_in_a_bucket_need_the_name_of_a_catalog(service, capsys, monkeypatch):
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    with sandbox(world(50, days=2)) as stripe_:
        monkeypatch.setenv("STRIPE_API_KEY", stripe_.key)
        monkeypatch.setenv("STRIPE_API_BASE", stripe_.url)
        name = f"{service.url}/{secrets.token_hex(4)}/lake"
        assert main(["sync", name, "--format", "iceberg"]) == 78
        assert "Iceberg tables in a bucket need a catalog" in capsys.readouterr().err
        assert list(open_store(placed(name, settings_of(service))).list("")) == []
