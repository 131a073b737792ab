"""Lakes in tests: made against a sandbox, read back, and compared."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import anyio
import pyarrow as pa

import connector
from connector.config.config import ApiKey, Config
from connector.core.api.retry import RetryPolicy, Timeouts
from connector.core.state.leases import Holder, with_changes
from connector.core.units import DAY
from connector.events import PageReceived
from connector.ingest.calls import sync, sync_with
from connector.ingest.options import options_of
from connector.lake.state.lease import lease_of
from connector.lake.state.leases import lease_path, write_lease
from connector.lake.state.table_states import compare, states
from connector.lake.stores.local import LocalStore
from connector.sandbox import Limits, Sandbox, World
from connector.services import opened
from connector.tables.balance_transactions import to_objects
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.seams import SameChance

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator
    from pathlib import Path

    from connector.core.api.page import Row
    from connector.core.run_report import Report
    from connector.core.state.table_state import TableState
    from connector.events import Event

START = 1_767_225_600
"""2026-01-01, where the worlds of these tests begin."""

HURRY = RetryPolicy(attempts=8, first=0.005, longest=0.05, least=0.0)
THE_CALLS_OWN = frozenset({"on_event", "deadline", "canceller"})
"""Options that the call takes before there are services."""
PATIENCE = Timeouts(total=ENDLESS_SECONDS, connect=ENDLESS_SECONDS, read=ENDLESS_SECONDS)


def world(transactions: int = 800, *, days: int = 12, **options: Any) -> World:
    """A world of some days, its clock standing two days after the last row."""
    end = START + days * DAY
    chosen: dict[str, Any] = {"seed": 11, "connected": 0, "now": end + 2 * DAY}
    return World(transactions=transactions, start=START, end=end, **(chosen | options))


def sandbox(served: World | None = None, **knobs: Any) -> Sandbox:
    """A sandbox without limits, to be used as a block."""
    return Sandbox(served or world(), **({"limits": Limits.none()} | knobs))


def config_for(served: Sandbox, **settings: Any) -> Config:
    """A configuration that asks a sandbox as fast as it answers."""
    chosen: dict[str, Any] = {"api_key": ApiKey(served.key), "rate": inf, "retry": HURRY, "timeouts": PATIENCE}
    return Config(api_base=served.url, **(chosen | settings))


def run(
    lake: Path,
    served: Sandbox,
    /,
    *,
    settings: dict[str, Any] | None = None,
    services: dict[str, Any] | None = None,
    **options: Any,
) -> Report:
    """Sync, in an event loop of its own.

    Args:
        lake: the destination.
        served: whom to ask.
        settings: of the configuration.
        services: fields of `Services` that are the test's own, such as its clock; `transport` makes one of the usual.
        options: of the sync.
    """
    config = config_for(served, **(settings or {}))
    if services is None and options.keys() & THE_CALLS_OWN:
        return anyio.run(lambda: sync(lake, config=config, **options))
    return anyio.run(lambda: sync_given(lake, config, {"clock": SameChance(served), **(services or {})}, **options))


async def sync_given(lake: Path, config: Config, services: dict[str, Any], /, **options: Any) -> Report:
    """Sync with some services of the test's own."""
    wait = options.pop("wait", 0.0)
    chosen = options_of(options)
    async with opened(lake, config) as usual:
        if (wrap := services.get("transport")) is not None:
            services = {**services, "transport": wrap(usual.transport)}
        return await sync_with(replace(usual, **services), config, chosen, wait=wait)


def interrupted_at(rows: int, lake: Path, served: Sandbox, *, services: dict[str, Any] | None = None) -> None:
    """Sync with four requests in flight, and cancel it once so many rows have come; the list must be much longer."""

    async def go() -> None:
        came = 0

        def count(event: Event) -> None:
            nonlocal came
            if isinstance(event, PageReceived):
                came += event.rows
                if came >= rows:
                    scope.cancel()

        with anyio.fail_after(ENDLESS_SECONDS), anyio.CancelScope() as scope:
            await sync_given(lake, config_for(served, max_in_flight=4), {**(services or {}), "on_event": count})
        assert scope.cancelled_caught

    anyio.run(go)


@contextmanager
def at_work_elsewhere(lake: Path, *runs: str) -> Generator[None]:
    """Have runs be at work on a lake, on another machine, for the length of the block."""
    store, names = LocalStore(lake), runs or ("of-another-machine",)
    for one in names:
        there = lease_of(one, "sync", utc=START)
        write_lease(store, with_changes(there, holder=Holder(host="far", boot="away", pid=1)))
    try:
        yield
    finally:
        for one in names:
            store.delete(lease_path(one))


def objects(lake: Path, account: str | None = None) -> list[Row]:
    """Every row of a lake as it was received, by time and id."""
    return to_objects(pa.table(connector.read(lake, account)))


def truth(served: Sandbox, account: str | None = None) -> list[Row]:
    """Every row there is, by time and id."""
    return in_order(served.world.rows(account))


def in_order(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: (row["created"], row["id"]))


def data_files(lake: Path) -> dict[str, str]:
    """SHA-256 of every file that readers see, by path."""
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((lake / "balance_transactions").rglob("*"))
        if path.is_file()
    }


def touched(lake: Path) -> dict[str, int]:
    """When each file was last written, but for the run reports."""
    return {
        path.relative_to(lake).as_posix(): path.stat().st_mtime_ns
        for path in sorted(lake.rglob("*"))
        if path.is_file() and path.parent.name != "runs"
    }


@contextmanager
def untouched(lake: Path) -> Iterator[None]:
    """Hold those who share a lake to leaving it as it is, file by file."""
    before = touched(lake)
    yield
    assert touched(lake) == before, f"a test changed {lake}, which others share: let it have a copy"


def touched_but_for_audits(lake: Path) -> dict[str, int]:
    """The same without what a run writes that has nothing to do but to ask about the past."""
    noted = ("_stripe_balance/state/", "_stripe_balance/audit.json")
    return {path: at for path, at in touched(lake).items() if not path.startswith(noted)}


def state(lake: Path) -> TableState:
    """The only account's state."""
    (only,) = states(LocalStore(lake))
    return only


def honest(lake: Path, rows: list[Row], *, but_for: Collection[str] = (), recorded: bool = True) -> None:
    """Hold a lake to its word: its files are as its state says, and what it calls covered is all there.

    Args:
        lake: the destination.
        rows: every row there is.
        but_for: ids of those that could not be seen when their time was read.
        recorded: whether all that is visible is in the state; not where a full disk took files and no record.
    """
    store = LocalStore(lake)
    by_id = {row["id"]: row for row in rows}
    for found in states(store):
        wrong = [one for one in compare(store, found, full=True) if one.kind != "extra"]
        assert not wrong, f"the state names what is not there: {wrong}"
        held = {row["id"] for row in objects(lake, found.account)}
        missing = [row for row in rows if row["created"] in found.covered and row["id"] not in held]
        missing = [row for row in missing if row["id"] not in but_for]
        assert not missing, f"{len(missing)} rows are called covered and are not there"
        assert held <= by_id.keys()
        assert found.rows == len(held) if recorded else found.rows <= len(held)


def strays(lake: Path) -> list[str]:
    """Files that should not have been left: neither data, nor a record of a run or of its intentions."""
    names = ("state/", "lake.json", "runs/", "intents/", "parked/", "audit.json", "turn")
    records = (f"_stripe_balance/{name}" for name in names)
    known = ("balance_transactions/", *records)
    there = [path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file()]
    left = [name for name in there if not name.startswith(known) or "/." in name.removesuffix("/.turn")]
    return [name for name in left if not _UNSAID.fullmatch(name)]


_UNSAID = re.compile(r"_stripe_balance/staging/([^/]+)/\.\1\.json\.[^/]*\.staged")
"""The lease of a run that was killed before anybody could read it: for an hour nobody can know that the run is dead."""
