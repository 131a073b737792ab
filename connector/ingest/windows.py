"""What a lake lacks, cut into windows for tasks of their own: `plan`, and its twin for ordinary code."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from connector.accounts.choice import Guest, at_home, introduced, refuse_retired, remember_paths
from connector.config.config import Config
from connector.core.planning.coverage.plan import pieces
from connector.core.planning.coverage.plan import plan as plan_work
from connector.core.planning.survey.profile import DensityProfile, points_of_files
from connector.core.state.partition import Granularity
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import UsageError
from connector.events import AccountEnded, AccountIdentified, AccountsFound, AccountStarted
from connector.ingest.options import options_of
from connector.lake.state import table_states
from connector.lake.state.lake_id import begin_lake
from connector.lake.state.lake_identity import facts_to_write
from connector.options.calls import PlanOptions, RunPlanOptions
from connector.options.given import arguments_of
from connector.options.lake import DEFAULT_AUDIT, DEFAULT_SETTLE
from connector.options.run import DEFAULT_WINDOWS
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.running.concurrency import in_turn
from connector.services import Services, carried_out, observed, opened
from connector.stripe.accounts import connected_accounts
from connector.stripe.listing.probing import survey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from os import PathLike

    from connector.core.state.table_state import TableState
    from connector.core.time.intervals import Intervals
    from connector.events import OnEvent
    from connector.ingest.options import Options
    from connector.stripe.client import Client
    from connector.stripe.identity import Identity

AT_ONCE = 24
"""Accounts asked who they are at once; the pace holds their requests back further."""


@takes(PlanOptions)
async def plan(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[PlanOptions],
) -> list[dict[str, Any]]:
    """Cut what is to be read into windows that can be given to tasks of their own.

    No two windows share a file. Each is a dict of plain arguments for `run_sync`; a salt is not in it: each task finds
    it for itself. A lake that does not exist yet gets its id here, which the windows carry: a task that does not see
    this lake ends with a ConfigError.

    Args:
        destination: as for `sync`.
        config: as for `sync`.
        on_event: is told what happens, as by `sync`.
        options: see below.

    Returns:
        The windows, as JSON can have them: none where nothing is to be read.

    Raises:
        UsageError: an option makes no sense.
        StoppedError: it was stopped, by its canceller or deadline.
        ConnectorError: what the lake, or asking whose the accounts are, ended with.
    """
    chosen, cut = options_of(options), _cut_of(options)
    settings = Config.given(config)
    return await carried_out(
        opened(destination, settings, on_event),
        lambda services: plan_with(services, settings, chosen, cut),
        options,
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """How work is cut into windows.

    Attributes:
        windows: of each account at most, at least 1.
        least_rows: that a window should have.
        settled: whether they end where rows may still come.
        slots: tasks at work at once; 0 where that does not matter.
        ample_rows: that a window should have where there are more of them than slots.
    """

    windows: int
    least_rows: int = 0
    settled: bool = False
    slots: int = 0
    ample_rows: int = 0

    def count(self, rows: float) -> int:
        """Return how many windows so many rows are to be cut into, at least 1."""
        most = self.windows
        if self.slots:
            times = int(rows) // (self.slots * self.ample_rows) if self.ample_rows else most
            most = min(most, self.slots * max(1, times))
        return max(1, min(most, int(rows) // self.least_rows)) if self.least_rows else most


def _cut_of(options: PlanOptions) -> Cut:
    """Return how work is to be cut.

    Raises:
        UsageError: an option makes no sense.
    """
    windows = options.get("windows", DEFAULT_WINDOWS)
    numbers = {name: options.get(name, 0) for name in ("least_rows", "slots", "ample_rows")}
    if windows < 1:
        raise UsageError(f"`windows` {windows} must be at least 1")
    for name, number in numbers.items():
        if type(number) is not int or number < 0:
            raise UsageError(f"`{name}` {number!r} must be a whole number, at least 0")
    return Cut(windows, settled=options.get("settled", False), **numbers)


async def plan_with(services: Services, config: Config, options: Options, cut: Cut) -> list[dict[str, Any]]:
    """Do what `plan` does, with services that are open already."""

    async def run(services: Services) -> list[dict[str, Any]]:
        return await _plan(services, config, options, cut)

    return await observed("plan", services, run, rate_limit=config.rate)


async def _plan(services: Services, config: Config, options: Options, cut: Cut) -> list[dict[str, Any]]:
    store, tell = services.store, services.on_event
    facts = facts_to_write(store)
    refuse_retired(facts, options.accounts)
    client = services.client(config)
    remember_paths(client, facts)
    by_position: dict[int, list[dict[str, Any]]] = {}
    try:
        listed = await accounts_to_read(options, client, facts.retired)
        accounts = list(listed)
        tell(AccountsFound(len(accounts)))

        async def plan_account(position: int) -> None:
            account = accounts[position]
            tell(AccountStarted(account))
            created = listed[account]
            identity = await introduced(
                client, account, account_id=options.account_id, known=created is not None, created=created or 0
            )
            identity, _ = await at_home(client, store, facts, Guest(identity, account, options.account_id))
            tell(AccountIdentified(account, identity.account))
            state = table_states.load(store, identity.account)
            given = _as_arguments(options, state, account) | created_of([account], listed)
            unread = _UnreadTime(options, state, identity, cut)
            profile = await _profile(client, options, unread, account, alone=len(accounts) == 1)
            by_position[position] = [bounds | given for bounds in unread.bounds(profile)]
            tell(AccountEnded(account))

        await in_turn(range(len(accounts)), plan_account, at_once=AT_ONCE)
    finally:
        await client.end()
    lake = begin_lake(store, now=client.server_now or services.clock.utc())
    return [window | {"lake": lake} for _, windows in sorted(by_position.items()) for window in windows]


@dataclass(frozen=True, slots=True)
class _UnreadTime:
    """What is to be read of an account, to be cut into windows."""

    chosen: Options
    state: TableState | None
    identity: Identity
    cut: Cut

    @property
    def todo(self) -> Intervals:
        """What is to be read; settled, up to where rows may still come."""
        now, asked = self.identity.now, self.chosen.asked
        planned = plan_work(
            self.state, asked, now=now, settle=self.chosen.settle, full_refresh=self.chosen.full_refresh
        )
        whole = max(0, self.identity.present(0) - self.chosen.settle)
        return planned.todo.within(Interval(0, whole)) if self.cut.settled and whole else planned.todo

    @property
    def likely(self) -> Intervals:
        """The part of it in which there may be rows."""
        now = self.identity.now
        return self.todo.within(Interval(min(self.identity.created, now - 1), now))

    def bounds(self, profile: DensityProfile) -> Iterator[dict[str, int | None]]:
        """Yield the beginning and the end of each window; None for what has none."""
        todo, likely = self.todo, self.likely
        partition = self.state.partition if self.state else self.chosen.partition or Granularity.DAY
        cut = pieces(likely, self._count(likely, profile), partition, weigh=profile.rows if profile.known else None)
        for position, part in enumerate(cut):  # what lies before and after belongs to the first and the last
            start = todo.parts[0].start if position == 0 else part.start
            stop = todo.parts[-1].stop if position == len(cut) - 1 else part.stop
            yield {"since": start or None, "until": None if stop == END_OF_TIME else stop}

    def _count(self, likely: Intervals, profile: DensityProfile) -> int:
        if not (self.cut.least_rows or self.cut.slots):
            return self.cut.windows
        return self.cut.count(sum(map(profile.rows, likely)))


async def _profile(
    client: Client, options: Options, unread: _UnreadTime, account: str | None, *, alone: bool
) -> DensityProfile:
    """Say where an account's rows lie: by its lake, and by a few pages of the longest time that is to be read.

    Among several accounts no pages are asked for.
    """
    points = points_of_files(unread.state) if unread.state else []
    longest = max(unread.likely, key=lambda part: part.seconds, default=None)
    if alone and longest is not None and unread.cut.windows > 1:
        points += (await survey(client, options.query(account), longest)).points()
    return DensityProfile.of(points)


def _as_arguments(chosen: Options, state: TableState | None, account: str | None) -> dict[str, Any]:
    """Return what every window of an account must be told besides: what is fixed with the lake, and what was asked."""
    fixed = {name: value for name, value in state.options.items() if name != "salt"} if state else {}
    plain: dict[str, Any] = {
        "partition": chosen.partition and chosen.partition.value,
        "format": chosen.format,
        "account_id": chosen.account_id,
        "expand": list(chosen.expand),
        "source_columns": chosen.source_columns,
        "omit": list(chosen.omit),
        "hash": list(chosen.hash),
        "full_refresh": chosen.full_refresh,
        "strict_schema": chosen.strict_schema,
        "accounts": [account] if account else [],
    }
    usual = {"settle": DEFAULT_SETTLE, "audit": DEFAULT_AUDIT}  # of these, 0 is a choice
    chosen_otherwise = {name: value for name in usual if (value := getattr(chosen, name)) != usual[name]}
    return {**fixed, **{name: value for name, value in plain.items() if value}, **chosen_otherwise}


@takes(RunPlanOptions)
def run_plan(destination: str | PathLike[str], **options: Unpack[RunPlanOptions]) -> list[dict[str, Any]]:
    """Call `plan` from ordinary code.

    Args:
        destination: as for `sync`.
        options: see below.

    Returns:
        The same windows.

    Raises:
        ConnectorError: as `plan`.
    """

    async def main() -> list[dict[str, Any]]:
        return await plan(destination, **arguments_of(options))

    return run_blocking(main, instead="await connector.plan(…)")


async def accounts_to_read(chosen: Options, client: Client, retired: Collection[str]) -> dict[str | None, int | None]:
    """Return the accounts that are asked for, None standing for the key's own; of all there are, those not retired.

    Each comes with when it was made, UTC seconds, 0 where Stripe lists it without; None where it was not listed.
    """
    if not chosen.all_accounts:
        known = chosen.accounts_created or {}
        return {account: known.get(account or "") for account in chosen.accounts or (None,)}
    accounts: dict[str | None, int | None] = {None: None}
    async with aclosing(connected_accounts(client)) as pages:
        async for page in pages:
            accounts |= {account: created for account, created in page.items() if account not in retired}
    return accounts


def created_of(accounts: Iterable[str | None], listed: Mapping[str | None, int | None]) -> dict[str, Any]:
    """Return what a task is told of those of its accounts that were listed, as an argument; nothing if none was."""
    created = {
        account: when for account in accounts if account is not None and (when := listed.get(account)) is not None
    }
    return {"accounts_created": created} if created else {}
