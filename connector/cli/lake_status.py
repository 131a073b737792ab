"""What a lake holds, from its own records: one look at it as a value, and the document of `status --json`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Unpack

from connector.cli.display.audit_round import audit_round_of
from connector.cli.display.other_tables import OtherTable, other_tables_of
from connector.cli.display.read_allocation import Reads, reads_of
from connector.cli.display.runs_at_work import RunAtWork, runs_at_work
from connector.core.state.account_record import stale_since
from connector.core.state.tables import TRANSACTIONS
from connector.core.units import AccountId
from connector.errors import ConfigError, StateError
from connector.lake.formats.names import TABLE_FORMATS
from connector.lake.reading.unnamed_files import look_for_unnamed
from connector.lake.state.file_check import beside_unnamed
from connector.lake.state.frozen_periods import frozen_names
from connector.lake.state.lake_identity import facts_of
from connector.lake.state.leases import others_at_work
from connector.lake.state.no_lake import no_lake
from connector.lake.state.run_reports import refuse_turned_back, report_paths, witnessed_records
from connector.lake.state.standing_differences import standing
from connector.lake.state.table_states import TABLE, accounts, compare, states
from connector.lake.state.versions import whole_versions
from connector.lake.stores.base import Store, open_store
from connector.options.calls import StatusOptions
from connector.options.signatures import takes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    from connector.core.state.account_record import AccountRecord
    from connector.core.state.frozen import FrozenName
    from connector.core.state.table_state import TableState
    from connector.core.state.unnamed import Unnamed
    from connector.lake.reading.unnamed_files import UnnamedFiles
    from connector.lake.state.file_check import FileDifference
    from connector.lake.state.lake_identity import LakeFacts


@dataclass(frozen=True, slots=True)
class Holding:
    """What the lake holds of one account.

    Attributes:
        state: its record.
        differences: data files that are not as the record says, by existence and size.
        unnamed: files in its folder that no record names and no run removes.
        record: what else is known of it.
        stale_since: up to when it was read, UTC seconds, where runs do not get to read it any more; else None.
        frozen: periods whose figures are kept.
        readable: records that can be read, as ranges, no further back than the latest one that holds everything.
    """

    state: TableState
    differences: tuple[FileDifference, ...]
    unnamed: tuple[Unnamed, ...]
    record: AccountRecord
    stale_since: int | None
    frozen: tuple[FrozenName, ...]
    readable: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a lake.

    Attributes:
        destination: its name as given.
        facts: what it is.
        holdings: its balance transactions, account by account.
        tables: what it holds beside them.
        turned_back: of which accounts the newest records are gone, a sentence each.
        unnamed: files where readers look, outside the folders of these, that no record names.
        listed: by table, how many of its files something else altered, and by how many it is behind the state, and
            why it is none of ours; None where that cannot be told here.
        last: the latest run, or None.
        reads: what runs took of the read allocation.
        runs: those at work.
    """

    destination: str
    facts: LakeFacts
    holdings: list[Holding]
    tables: list[OtherTable]
    turned_back: tuple[str, ...]
    unnamed: tuple[Unnamed, ...]
    listed: dict[str, dict[str, Any]] | None
    last: dict[str, Any] | None
    reads: Reads
    runs: list[RunAtWork]

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        there = document(self.destination, self.holdings, self.last, self.reads, self.facts.livemode)
        return {
            **there,
            "tables": [table.to_document() for table in self.tables],
            "turned_back": list(self.turned_back),
            "extra_files": [unnamed_file.shown for unnamed_file in self.unnamed],
            "listed": self.listed,
            "reads": self.reads.to_document(),
            "at_work": [run.to_document() for run in self.runs],
        }


def look(destination: str | PathLike[str]) -> Look:
    """Look at a lake: its records, and the names and sizes of its files.

    Raises:
        ConfigError: there is none.
        StateError: a record cannot be understood.
        StorageError: it cannot be read.
    """
    store = open_store(destination)
    facts = facts_of(store)
    witnessed = witnessed_records(store, accounts(store))  # before the states: runs may go on meanwhile
    all_states = list(states(store))
    unnamed = look_for_unnamed(store)
    holdings, tables = list(_holdings(store, facts, all_states, unnamed)), list(other_tables_of(store, unnamed))
    runs = runs_at_work(others_at_work(store))
    if not (holdings or tables):
        raise no_lake(store, destination)
    reads = reads_of(store, (holding.state for holding in holdings), now=time.time())
    back = tuple(_turned_back(all_states, witnessed))
    return Look(
        str(destination),
        facts,
        holdings,
        tables,
        back,
        unnamed.elsewhere,
        _listed(store, facts),
        _last_run(store),
        reads,
        runs,
    )


@takes(StatusOptions)
def run_status(destination: str | PathLike[str], **options: Unpack[StatusOptions]) -> dict[str, Any]:
    """Say what a lake holds, from its own records and the sizes of its files: no request to Stripe, no key.

    Args:
        destination: the lake.
        options: see below.

    Returns:
        What `stripe-balance status --json` prints; times are UTC seconds, amounts minor units.

    Raises:
        ConfigError: there is no lake.
        StateError: a record cannot be understood.
        StorageError: it cannot be read.
    """
    del options  # they go with the destination by now
    return look(destination).to_document()


def document(
    destination: str,
    holdings: list[Holding],
    last: dict[str, Any] | None,
    reads: Reads,
    livemode: bool | None,  # noqa: FBT001 - Stripe's own flag
) -> dict[str, Any]:
    """Return what there is as a JSON document; times are UTC seconds, amounts minor units."""
    return {
        "destination": destination,
        "livemode": livemode,
        "accounts": [
            {
                "account": state.account,
                "livemode": state.livemode,
                "format": state.format,
                "partition": state.partition.value,
                "covered": [[part.start, part.stop] for part in state.covered],
                "read_until": state.read_until,
                "lake_record": state.number,
                "readable_records": [list(span) for span in holding.readable],
                "rows": state.rows,
                "files": len(state.files),
                "bytes": sum(file.bytes for file in state.files.values()),
                "pending": state.pending,
                "parked": state.parked_rows,
                "bare": state.bare_rows,
                "net": state.net(),
                "net_by_balance": state.net_by_balance(),
                "first_created": min((file.first_created for file in state.files.values()), default=None),
                "last_created": max((file.last_created for file in state.files.values()), default=None),
                "api_versions": list(state.api_versions),
                "mixed_versions": len(state.api_versions) > 1,
                "options": dict(state.options),
                "drift": [asdict(finding) for finding in state.drift.findings],
                "differences": [asdict(difference) for difference in holding.differences],
                "audit": audit_round_of(state, reads).to_document(),
                "stale_since": holding.stale_since,
                "refused": holding.record.refused and asdict(holding.record.refused),
                "retired": holding.record.retired and asdict(holding.record.retired),
                "frozen": [
                    {"period": each.period, "timezone": each.calendar, "revision": each.revision}
                    for each in holding.frozen
                ],
            }
            for state, holding in ((holding.state, holding) for holding in holdings)
        ],
        "last_run": last,
    }


def _listed(store: Store, facts: LakeFacts) -> dict[str, dict[str, Any]] | None:
    """Return how the tables of a lake compare with its state; None where their library is not installed."""
    if facts.format not in TABLE_FORMATS:
        return {}
    try:
        from connector.lake.catalogs.lake_tables import compared  # noqa: PLC0415 - takes Arrow a while

        comparisons = compared(store)
    except ConfigError:
        return None
    return {
        name: {"altered": len(comparison.altered), "behind": comparison.behind, "foreign": comparison.foreign}
        for name, comparison in comparisons.items()
    }


def _holdings(
    store: Store, facts: LakeFacts, all_states: Sequence[TableState], unnamed: UnnamedFiles
) -> Iterator[Holding]:
    """Yield what there is of each account."""
    newest = max((state.read_until for state in all_states if state.account not in facts.retired), default=0)
    for state in all_states:
        record = facts.record_of(state.account)
        there = unnamed.of(TABLE, state.account)
        yield Holding(
            state,
            beside_unnamed(standing(store, TRANSACTIONS, state.account, state.files, compare(store, state)), there),
            tuple(each for each in there if not each.is_swept),
            record,
            stale_since(record, state.read_until, newest),
            tuple(frozen_names(store, state.account)),
            whole_versions(store, TRANSACTIONS, state.account, lately=True),
        )


def _turned_back(all_states: Sequence[TableState], witnessed: Mapping[str, int]) -> Iterator[str]:
    """Say of which accounts the newest records are gone."""
    there = {state.account: state.number for state in all_states}
    for account, number in sorted(witnessed.items()):
        try:
            refuse_turned_back(account, there.get(AccountId(account), 0), {account: number})
        except StateError as error:
            yield str(error)


def _last_run(store: Store) -> dict[str, Any] | None:
    """Return the latest run report, or None when there is none that can be read."""
    paths = report_paths(store)
    if not paths:
        return None
    try:
        there = store.read(paths[0])
        report = json.loads(there.data if there else b"")
        return {name: report[name] for name in ("run_id", "outcome", "error", "started", "duration_seconds")}
    except (ValueError, LookupError, TypeError):
        return None
