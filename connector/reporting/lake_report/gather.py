"""From a lake to the facts of a report: the records of every account, the files of those that are told in full."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import connector
from connector.core.state.account_record import stale_since
from connector.core.suggestions import among_accounts
from connector.errors import ConfigError, LakeChangedError, StateError
from connector.lake.reading.unnamed_files import UnnamedFiles, look_for_unnamed
from connector.lake.state.leases import others_at_work
from connector.lake.state.no_lake import no_lake
from connector.lake.stores.base import open_store
from connector.reporting.lake_report.accounts import account_facts, with_detail
from connector.reporting.lake_report.facts import LakeReport
from connector.reporting.lake_report.months import ALONE, TOGETHER
from connector.reporting.lake_report.problems import in_order, of_lake
from connector.reporting.lake_report.records import all_accounts, known_of
from connector.reporting.lake_report.runs import look_at_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from connector.core.units import AccountId
    from connector.lake.stores.base import Store
    from connector.reporting.lake_report.facts import AccountFacts, LateLine
    from connector.reporting.lake_report.records import Known

IN_FULL = 10
"""Accounts whose files are read; of more accounts, those that have something to say, the gravest first."""

SHOWN_RUNS = 30
"""Runs that are told of."""

TRIES = 3
"""Times that an account is read which runs change meanwhile."""

_GRADES = ("wrong", "look", "well")


@dataclass(slots=True)
class Gathering:
    """Looks at a lake once.

    Attributes:
        destination: the lake.
        wanted: accounts to look at; empty for all.
        now: UTC seconds.
        on_account: is called with each account before its files are read.
    """

    destination: str | PathLike[str]
    wanted: Sequence[str]
    now: int
    on_account: Callable[[str], None]
    _store: Store = field(init=False)
    _newest: int = field(init=False, default=0)
    _late: dict[str, list[LateLine]] = field(init=False, default_factory=dict[str, "list[LateLine]"])

    def go(self) -> LakeReport:
        """Return the report. Blocks.

        Raises:
            ConfigError: there is no lake, or no such account in it.
            LakeChangedError: runs changed an account each time that it was read.
            StorageError: the destination cannot be read.
        """
        self._store = open_store(self.destination)
        lake = str(self.destination)
        runs, self._late = look_at_runs(self._store)
        extra = [unnamed_file.shown for unnamed_file in _unnamed(self._store).elsewhere]
        known = [known_of(self._store, account) for account in self._accounts()]
        self._newest = max((account.read_until for account in known if account.record.retired is None), default=0)
        told = [self._facts(account) for account in known]
        full = in_full(told)
        accounts = tuple(
            self._read(account, len(full)) if facts.account in full else facts
            for account, facts in zip(known, told, strict=True)
        )
        state = next((account.state for account in known if account.state is not None), None)
        at_work = len(others_at_work(self._store).live)
        return LakeReport(
            destination=lake,
            made_at=self.now,
            version=connector.__version__,
            livemode=next((account.livemode for account in known if account.livemode is not None), None),
            format=next((account.format for account in known if account.format), ""),
            partition=None if state is None else state.partition.value,
            accounts=accounts,
            runs=tuple(runs[:SHOWN_RUNS]),
            problems=in_order(of_lake(lake, runs, extra, at_work=at_work)),
            unread=tuple(
                account.account for account in accounts if account.grade != "well" and account.account not in full
            ),
        )

    def _accounts(self) -> list[AccountId]:
        """Return the accounts to look at.

        Raises:
            ConfigError: there is no lake, or no such account in it.
        """
        accounts = all_accounts(self._store)
        if not accounts:
            raise no_lake(self._store, self.destination)
        if missing := [name for name in self.wanted if name not in accounts]:
            raise ConfigError(f"there are no rows of {among_accounts(missing[0], accounts)}")
        return [account_id for account_id in accounts if not self.wanted or account_id in self.wanted]

    def _facts(self, known: Known) -> AccountFacts:
        stale = None if known.state is None else stale_since(known.record, known.read_until, self._newest)
        late, lake = self._late.get(known.account, []), str(self.destination)
        return account_facts(self._store, lake, known, late, now=self.now, stale=stale)

    def _read(self, known: Known, among: int) -> AccountFacts:
        """Read an account's files; from its records on again, where a run changes it meanwhile."""
        self.on_account(known.account)
        months = ALONE if among == 1 else TOGETHER
        for attempt in range(TRIES):
            try:
                facts = self._facts(known)
                return with_detail(self._store, self.destination, known, facts, now=self.now, months=months)
            except LakeChangedError:
                if attempt == TRIES - 1:
                    raise
                known = known_of(self._store, known.account)
        raise AssertionError  # the last attempt returned or raised


def in_full(told: Sequence[AccountFacts]) -> frozenset[str]:
    """Return the accounts whose files are to be read: all of a few, of many those with something to say."""
    if len(told) <= IN_FULL:
        return frozenset(account.account for account in told)
    grave = sorted(
        (account for account in told if account.grade != "well"), key=lambda account: _GRADES.index(account.grade)
    )
    return frozenset(account.account for account in grave[:IN_FULL])


def _unnamed(store: Store) -> UnnamedFiles:
    """Look for what no record names; where a record cannot be understood, what it names is not known."""
    try:
        return look_for_unnamed(store)
    except StateError:
        return UnnamedFiles()
