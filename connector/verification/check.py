"""The story of a check: whose rows, one pass over the files, then layer by layer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
import anyio.to_thread

import connector
from connector.accounts.choice import Guest, at_home, remember_paths
from connector.core.planning.rereading.mended import Healed
from connector.core.state.account_record import Retired
from connector.core.state.claims import Claims
from connector.core.suggestions import among_accounts
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from connector.errors import (
    AccountsError,
    ConfigError,
    ConnectorError,
    LakeChangedError,
    PermissionDeniedError,
    StateError,
    StorageError,
)
from connector.events import AccountEnded, AccountIdentified, AccountsFound, AccountStarted, FileRead, PhaseStarted
from connector.lake.layout import LARGE_ROWS
from connector.lake.reading.table_snapshot import TRIES
from connector.lake.reading.unnamed_files import UnnamedFiles, look_for_unnamed
from connector.lake.state import table_states
from connector.lake.state.kept_verdicts import keep_verdicts
from connector.lake.state.lake_id import lake_id
from connector.lake.state.lake_identity import facts_of
from connector.lake.state.no_lake import no_lake
from connector.lake.state.table_states import TABLE, states
from connector.payouts.run import PayoutsRun
from connector.running.concurrency import tasks_with_one_error
from connector.stripe.identity import UNNAMED, identify
from connector.verification.asking import Asker
from connector.verification.balances import check_balance
from connector.verification.earlier_runs import EarlierRuns, read_past
from connector.verification.evidence import evidence_of
from connector.verification.ids import IdIndex
from connector.verification.inventory import Inventory
from connector.verification.keeping import kept_of
from connector.verification.payouts import check_payouts
from connector.verification.recorded_balances import read_recorded_balances
from connector.verification.replaced_files import refuse_replaced
from connector.verification.rows import extra_file, take_inventory
from connector.verification.sums import Ledger
from connector.verification.tables import table_findings
from connector.verification.verdict import (
    LAYERS,
    About,
    AccountVerdict,
    Finding,
    Findings,
    Layer,
    LayerName,
    Verdict,
    not_checkable,
    with_healed,
)
from connector.verification.windows import WindowCheck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.lake.state.lake_identity import LakeFacts
    from connector.lake.stores.base import Store
    from connector.payouts.report import PayoutsReport
    from connector.services import Services
    from connector.stripe.client import Client
    from connector.verification.recorded_balances import RecordedBalance

ACCOUNTS_AT_ONCE = 3
"""Accounts checked at once: one reads files while others wait for Stripe."""

FILES_TOLD_TOGETHER = 16
"""Small files that are told of together: the way to the loop's thread and back takes a fifth as long as reading one."""


@dataclass(frozen=True, slots=True)
class VerifyChoice:
    """What to check, apart from where and as whom.

    Attributes:
        layers: names of the layers, in any order.
        accounts: of these accounts only; empty for every account in the lake.
        account_id: name of the key's own account, where the key may not ask for it.
        sample: requests for windows drawn at random, at least 0; None to ask for everything again.
        seed: of what is drawn by chance.
        asked: seconds of `created` whose windows to check, or None for all that runs were asked for.
    """

    layers: frozenset[LayerName] = frozenset(LAYERS)
    accounts: tuple[str, ...] = ()
    account_id: str | None = None
    sample: int | None = 20
    seed: int = 0
    asked: Interval | None = None


@dataclass(slots=True)
class LakeCheck:
    """One check of a lake.

    Attributes:
        services: what it touches.
        client: whom to ask; None to ask nobody.
        choice: what to check.
    """

    services: Services
    client: Client | None
    choice: VerifyChoice
    _store: Store = field(init=False)
    _past: Mapping[str, EarlierRuns] = field(init=False, default_factory=dict[str, EarlierRuns])
    _retired: Mapping[str, Retired] = field(init=False, default_factory=dict[str, Retired])
    _own: str = field(init=False, default="")
    _claims: Claims | None = field(init=False, default=None)
    _refused: dict[str, str] = field(init=False, default_factory=dict[str, str])
    _healed: dict[str, Healed] = field(init=False, default_factory=dict[str, Healed])
    _unnamed: UnnamedFiles = field(init=False, default_factory=UnnamedFiles)
    _tables: list[Finding] = field(init=False, default_factory=list[Finding])

    def __post_init__(self) -> None:
        self._store = self.services.store

    async def go(self) -> Verdict:
        """Check every account asked for.

        Raises:
            ConfigError: there is no lake, or no such account in it; or the key is of another account.
            ConnectorError: the lake or Stripe cannot be read.
        """
        clock = self.services.clock
        began, checked = clock.now(), clock.utc()
        chosen = await anyio.to_thread.run_sync(self._chosen)
        facts = await anyio.to_thread.run_sync(facts_of, self._store)
        self._retired = {name: record.retired for name, record in facts.records.items() if record.retired is not None}
        if self.client is not None:
            self._own = await self._key_of(self.client, facts)
            if "payouts" in self.choice.layers:
                await self._read_payouts(self.client, chosen)
        self._past = await anyio.to_thread.run_sync(read_past, self._store)
        chosen = await anyio.to_thread.run_sync(self._chosen)  # later than what runs before say of them
        self._unnamed = await anyio.to_thread.run_sync(look_for_unnamed, self._store)
        self._tables = await anyio.to_thread.run_sync(table_findings, self._store)
        self._claims = Claims() if len(chosen) > 1 else None
        verdicts = await self._check_all(chosen)
        await anyio.to_thread.run_sync(keep_verdicts, self._store, list(kept_of(verdicts, chosen, checked=checked)))
        asked = self.client.config.api_key.livemode if self.client else None
        of_the_lake = self._of_the_lake()
        return Verdict(
            destination=self.services.destination,
            checked=checked,
            duration_seconds=clock.now() - began,
            seed=self.choice.seed,
            requests=self.client.meter.requests if self.client else 0,
            accounts=tuple(sorted(verdicts, key=lambda account: account.account)),
            livemode=next((state.livemode for state in chosen if state.livemode is not None), asked),
            findings=of_the_lake.kept,
            counts=of_the_lake.counts,
            about=await anyio.to_thread.run_sync(self._about),
        )

    def _about(self) -> About:
        config = self.client.config if self.client else None
        return About(
            version=connector.__version__,
            lake=lake_id(self._store),
            api_version=None if config is None else config.api_version,
            api_base=None if config is None else config.api_base,
            sample=self.choice.sample,
            asked=self.choice.asked,
            wished=tuple(name for name in LAYERS if name in self.choice.layers),
        )

    def _of_the_lake(self) -> Findings:
        """Return what is found of the lake as a whole: what lies where readers look, and is in no account's folder."""
        findings = Findings()
        if "rows" in self.choice.layers:
            for unnamed_file in self._unnamed.elsewhere:
                findings.add(extra_file(unnamed_file))
            for table in self._tables:
                findings.add(table)
        return findings

    def _chosen(self) -> list[TableState]:
        """Return the states of the accounts asked for."""
        all_states = list(states(self._store))
        if not all_states:
            raise no_lake(self._store, self.services.destination)
        names = [state.account for state in all_states]
        for account in self.choice.accounts:
            if account not in names:
                raise ConfigError(f"there are no rows of {among_accounts(account, names)}")
        return [state for state in all_states if not self.choice.accounts or state.account in self.choice.accounts]

    async def _key_of(self, client: Client, facts: LakeFacts) -> str:
        """Return the name in this lake of the key's own account.

        Raises:
            ConfigError: the key may not say, or is of another mode.
        """
        remember_paths(client, facts)
        identity, told = await identify(client, account_id=self.choice.account_id), self.choice.account_id
        if UNNAMED in facts.accounts and identity.account not in facts.accounts:  # nobody else's name would do
            identity, told = replace(identity, account=UNNAMED), UNNAMED
        identity, _ = await at_home(client, self._store, facts, Guest(identity, told=told, looks=True))
        return identity.account

    async def _read_payouts(self, client: Client, chosen: list[TableState]) -> None:
        """Bring the lake's payouts up to date; what Stripe refuses, or a lake nobody may write to, leaves them as is.

        Raises:
            ConnectorError: Stripe cannot be read.
        """
        for connected in (False, True):
            alive = [state.account for state in chosen if state.account not in self._retired]
            names = [name for name in alive if (name != self._own) == connected]
            if not names:
                continue
            begins = min((state.covered.parts[0].start for state in chosen if state.covered), default=0)
            asked = Interval(begins, END_OF_TIME)  # the rows of earlier payouts are not in the lake
            run = PayoutsRun(self.services, client, asked)
            named = None if connected else self._own
            try:
                self._take_note(await run.go(names if connected else (None,), account_id=named))
            except AccountsError as failure:
                self._take_note(failure.report)
                for account, error in failure.errors.items():
                    self._note(account, error)
            except ConnectorError as error:
                for account in names:
                    self._note(account, error)

    def _take_note(self, report: PayoutsReport) -> None:
        """Remember what of the payouts had been lost and was read again: known loss is never passed over."""
        self._healed.update({account.account: account.healed for account in report.accounts if account.healed.files})

    def _note(self, account: str, error: ConnectorError) -> None:
        """Remember why an account's payouts could not be read; raise what is no matter of permission."""
        unwritable = isinstance(error, StorageError) and not isinstance(error, StateError)
        if not (unwritable or isinstance(error, PermissionDeniedError)):
            raise error
        self._refused[account] = str(error)

    async def _check_all(self, chosen: list[TableState]) -> list[AccountVerdict]:
        """Check the accounts, a few at once."""
        verdicts: list[AccountVerdict] = []
        waiting: Iterator[TableState] = iter(chosen)
        tell = self.services.on_event
        tell(AccountsFound(len(chosen)))

        async def work() -> None:
            for state in waiting:
                tell(AccountStarted(self._asked_as(state.account)))
                verdict = await self._check(state)
                verdicts.append(verdict)
                tell(AccountEnded(self._asked_as(state.account)))

        async with tasks_with_one_error() as tasks:
            for _ in range(min(ACCOUNTS_AT_ONCE, len(chosen))):
                tasks.start_soon(work)
        return verdicts

    def _asked_as(self, account: str) -> str | None:
        """Return the connected account to ask as; None for the key's own."""
        return None if account == self._own else account

    async def _check(self, state: TableState) -> AccountVerdict:
        """Check one account; where a run replaces files meanwhile, anew by the newest record, a few times.

        Raises:
            LakeChangedError: files were replaced each time.
        """
        for _ in range(TRIES - 1):
            try:
                return await self._check_state(state, partial(refuse_replaced, self._store, announced=True))
            except LakeChangedError:
                state = await anyio.to_thread.run_sync(table_states.load, self._store, state.account) or state
        return await self._check_state(state, partial(refuse_replaced, self._store, announced=False))

    async def _check_state(self, state: TableState, refuse: Callable[[TableState], None]) -> AccountVerdict:
        """Check one account by a record.

        Args:
            state: the record.
            refuse: refuses what was read of files that were replaced since; blocks.
        """
        asker, refused, retired = None, "", self._retired.get(state.account)
        if self.client is not None and retired is None:
            try:
                asker = await self._asker(self.client, state)
            except PermissionDeniedError as error:
                refused = str(error)
        now = asker.now if asker else state.read_until
        past = self._past.get(state.account, EarlierRuns())
        tell, account = self.services.on_event, self._asked_as(state.account)
        tell(AccountIdentified(account, state.account))
        tell(PhaseStarted("reading files", len(state.files)))
        with IdIndex() as ids:
            recorded = await anyio.to_thread.run_sync(self._recorded_balances, state, asker)
            ledger = Ledger(due_by=now + DAY if "balance" in self.choice.layers else None)
            inventory = Inventory(state, ids, ledger, recorded=recorded, claims=self._claims)
            inventory.profiled = "windows" in self.choice.layers
            inventory.payout_rows = {} if "payouts" in self.choice.layers else None
            inventory.unnamed = self._unnamed.of(TABLE, state.account)
            read = FilesRead(tell, account)
            await anyio.to_thread.run_sync(take_inventory, self._store, inventory, past, read.add)
            read.tell_all()
            await anyio.to_thread.run_sync(refuse, state)
            tell(PhaseStarted("asking Stripe"))
            layers: list[Layer] = []
            for name in LAYERS:
                if name not in self.choice.layers:
                    continue
                if name == "rows":
                    layers.append(inventory.layer())
                elif why := self._why_not_asked(name, state.account, refused):
                    layers.append(not_checkable(name, why))
                else:
                    layer = await self._ask(name, asker, inventory, past)
                    await anyio.to_thread.run_sync(refuse, state)
                    healed = self._healed.get(state.account) if name == "payouts" else None
                    layers.append(layer if healed is None else with_healed(layer, healed))
        evidence = await anyio.to_thread.run_sync(evidence_of, self._store, state)
        return AccountVerdict(state.account, tuple(layers), retired, evidence)

    def _why_not_asked(self, name: LayerName, account: str, refused: str) -> str:
        """Say why Stripe is not asked about a layer of an account; nothing where it is.

        Args:
            name: the layer.
            account: whose.
            refused: what Stripe said to the key that asks as the account; nothing where it lets it.
        """
        if account in self._retired:
            return "the account is retired: Stripe is not asked about it"
        if refused:
            return f"Stripe refused: {refused}"
        if name == "payouts" and account in self._refused:
            return f"payouts could not be brought up to date: {self._refused[account]}"
        return ""

    def _recorded_balances(self, state: TableState, asker: Asker | None) -> tuple[RecordedBalance, ...]:
        """Return balances recorded in the lake that bound a history without its beginning. Blocks."""
        if asker is None or "balance" not in self.choice.layers or not state.covered:
            return ()
        start = state.covered.parts[0].start
        return tuple(read_recorded_balances(self._store, state.account, start)) if start > asker.created else ()

    async def _asker(self, client: Client, state: TableState) -> Asker:
        account = self._asked_as(state.account)
        identity = await identify(client, account=account, account_id=None if account else self.choice.account_id)
        return Asker(client, account, identity.created, identity.now)

    async def _ask(self, name: LayerName, asker: Asker | None, inventory: Inventory, past: EarlierRuns) -> Layer:
        """Check a layer that takes Stripe; what the key may not read cannot be checked."""
        state = inventory.state
        draw = random.Random(f"{self.choice.seed}/{state.account}").randrange  # noqa: S311 - samples, guards nothing
        windows = WindowCheck(self._store, inventory, past, self.services.on_event, self.choice.asked)
        checks: dict[LayerName, Callable[[], Awaitable[Layer]]] = {
            "windows": lambda: windows.check(asker, budget=self.choice.sample, draw=draw),
            "payouts": lambda: anyio.to_thread.run_sync(check_payouts, self._store, state.account, inventory),
            "balance": lambda: check_balance(asker, inventory, newer_rows=self.services.tuning.newer_rows),
        }
        try:
            return await checks[name]()
        except PermissionDeniedError as error:
            return not_checkable(name, f"Stripe refused: {error}")


@dataclass(slots=True)
class FilesRead:
    """Events of files that were read in a worker thread: small files are told of some at a time, in the loop's thread.

    Attributes:
        tell: hears each event.
        account: whose files, as it was asked for.
    """

    tell: Callable[[FileRead], None]
    account: str | None
    _waiting: list[FileRead] = field(init=False, default_factory=list["FileRead"])
    _rows: int = field(init=False, default=0)

    def add(self, file: DataFile) -> None:
        """Take note that a file was read; called in the worker thread."""
        self._waiting.append(FileRead(self.account, file.path, file.rows))
        self._rows += file.rows
        if len(self._waiting) == FILES_TOLD_TOGETHER or self._rows >= LARGE_ROWS:
            anyio.from_thread.run_sync(self.tell_all)

    def tell_all(self) -> None:
        """Tell what nobody was told yet."""
        waiting, self._waiting, self._rows = self._waiting, [], 0
        for read in waiting:
            self.tell(read)
