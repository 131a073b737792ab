"""`status`: what a lake holds, from its own records."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Unpack

from connector.cli.display.audit_round import past_of
from connector.cli.display.fitting import width_of
from connector.cli.display.glance import NARROWEST, glance
from connector.cli.display.other_tables import Beside, beside_of, checked, named, remedies, said_of
from connector.cli.display.read_allocation import Reads, reads_of
from connector.cli.display.runs_at_work import RunAtWork, runs_at_work
from connector.cli.display.summary import bare, differs, parked
from connector.cli.display.words import intervals, lasting, moment, nets
from connector.core.counting import counted, sized
from connector.core.mode import mode_of
from connector.core.planning.backfill import unlinked_words
from connector.core.state.account_record import stale_since
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.times import in_words
from connector.core.units import AccountId
from connector.errors import ConfigError, StateError
from connector.lake.formats.names import TABLE_FORMATS
from connector.lake.reading.unnamed_files import look_for_unnamed
from connector.lake.state.file_check import beside_unnamed
from connector.lake.state.frozen_periods import frozen_names
from connector.lake.state.lake_identity import facts_of
from connector.lake.state.leases import others_at_work
from connector.lake.state.run_reports import refuse_turned_back, report_paths, witnessed_records
from connector.lake.state.standing_differences import standing
from connector.lake.state.table_states import TABLE, accounts, compare, states
from connector.lake.state.versions import ranges_in_words, whole_versions
from connector.lake.stores.base import Store, open_store
from connector.options.calls import StatusOptions
from connector.options.signatures import takes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    from connector.cli.display.console import Console
    from connector.core.state.account_record import AccountRecord
    from connector.core.state.frozen import FrozenName
    from connector.core.state.table_state import TableState
    from connector.core.state.unnamed import Unnamed
    from connector.lake.reading.unnamed_files import UnnamedFiles
    from connector.lake.state.file_check import Difference
    from connector.lake.state.lake_identity import LakeFacts

DATA_REFUSED = 65
DRIFT_NAMED = 8
STALE_NAMED = 5


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
    differences: tuple[Difference, ...]
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
    tables: list[Beside]
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
            "tables": [one.to_document() for one in self.tables],
            "turned_back": list(self.turned_back),
            "extra_files": [one.shown for one in self.unnamed],
            "listed": self.listed,
            "reads": self.reads.to_document(),
            "at_work": [one.to_document() for one in self.runs],
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
    found = list(states(store))
    unnamed = look_for_unnamed(store)
    holdings, tables = list(_holdings(store, facts, found, unnamed)), list(beside_of(store, unnamed))
    runs = runs_at_work(others_at_work(store))
    if not (holdings or tables):
        raise ConfigError(f"there is no lake in {destination}: `stripe-balance sync {destination}` makes one")
    reads = reads_of(store, (one.state for one in holdings), now=time.time())
    back = tuple(_turned_back(found, witnessed))
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


def run(args: argparse.Namespace, console: Console) -> int:
    """Print what there is, and return the exit status."""
    found = look(args.destination)
    facts, holdings, tables, last, reads = found.facts, found.holdings, found.tables, found.last, found.reads
    stray = [*(one for holding in holdings for one in holding.unnamed), *found.unnamed]
    apart = {one.shown for one in stray}
    differing = [one for holding in holdings for one in holding.differences if one.path not in apart]
    warnings = [*found.turned_back, *remedies(str(args.destination), tables), *said_of(stray)]
    warnings += _behind(str(args.destination), found.listed)
    if differing:
        warnings.insert(0, f"{named(differing)}; `stripe-balance sync {args.destination} --repair` puts that right")
    lacking = [one.state.account for one in holdings if one.state.audits.lacking]
    if lacking:
        warnings.insert(0, f"{', '.join(lacking[:3])}: Stripe lists rows that are not here; sync reads them again")
    if console.json:
        console.document(found.to_document())
    else:
        at_work = [one.to_text() for one in found.runs]
        width = None if args.in_full else width_of(sys.stdout)
        if width is not None and width >= NARROWEST:
            said = [*glance(found, console.paint_data, fancy=console.is_fancy(sys.stdout)), *at_work]
        else:
            said = lines(str(args.destination), holdings, tables, last, (facts, reads))
            said += [*([reads.to_text()] if holdings else []), *at_work]
        unlinked = unlinked_words(str(args.destination), [one.state.options for one in holdings if one.state.rows])
        said += ["", unlinked] if unlinked else []
        well = not (warnings or any(one.stale_since is not None for one in holdings))
        console.report(*said, well=well)
    for warning in [*warnings, *_gone(args.destination, holdings)]:
        console.warn(warning, always=True)
    return DATA_REFUSED if warnings and args.strict else 0


def _listed(store: Store, facts: LakeFacts) -> dict[str, dict[str, Any]] | None:
    """Return how the tables of a lake compare with its state; None where their library is not installed."""
    if facts.format not in TABLE_FORMATS:
        return {}
    try:
        from connector.lake.catalogs.lake_tables import compared  # noqa: PLC0415 - takes Arrow a while

        found = compared(store)
    except ConfigError:
        return None
    return {
        name: {"altered": len(one.altered), "behind": one.behind, "foreign": one.foreign} for name, one in found.items()
    }


def _behind(destination: str, listed: dict[str, dict[str, Any]] | None) -> list[str]:
    """Say which tables do not list what the state names, and what to do."""
    if listed is None:
        return ["the tables of this lake cannot be looked at here: `stripe-balance maintain` says why"]
    said: list[str] = []
    for name, found in listed.items():
        if found["foreign"]:
            said.append(f"{found['foreign']}; no run publishes to it")
        elif found["altered"]:
            said.append(
                f"the table {name} was altered by something else ({counted(found['altered'], 'file')});"
                f" `stripe-balance maintain {destination} --publish --repair` undoes that"
            )
        elif found["behind"]:
            said.append(
                f"the table {name} is {counted(found['behind'], 'file')} behind the state;"
                f" `stripe-balance maintain {destination} --publish` publishes"
            )
    return said


def _holdings(store: Store, facts: LakeFacts, found: Sequence[TableState], unnamed: UnnamedFiles) -> Iterator[Holding]:
    """Yield what there is of each account."""
    newest = max((one.read_until for one in found if one.account not in facts.retired), default=0)
    for one in found:
        record = facts.record_of(one.account)
        there = unnamed.of(TABLE, one.account)
        yield Holding(
            one,
            beside_unnamed(standing(store, TRANSACTIONS, one.account, one.files, compare(store, one)), there),
            tuple(each for each in there if not each.is_swept),
            record,
            stale_since(record, one.read_until, newest),
            tuple(frozen_names(store, one.account)),
            whole_versions(store, TRANSACTIONS, one.account, lately=True),
        )


def _turned_back(found: Sequence[TableState], witnessed: Mapping[str, int]) -> Iterator[str]:
    """Say of which accounts the newest records are gone."""
    there = {state.account: state.number for state in found}
    for account, number in sorted(witnessed.items()):
        try:
            refuse_turned_back(account, there.get(AccountId(account), 0), {account: number})
        except StateError as error:
            yield str(error)


def _gone(destination: str | PathLike[str], holdings: Sequence[Holding]) -> list[str]:
    """Say which accounts are stale, and what to do about one that is gone."""
    stale = [one.state.account for one in holdings if one.stale_since is not None]
    if not stale:
        return []
    more = f" and {len(stale) - STALE_NAMED:,} more" if len(stale) > STALE_NAMED else ""
    retire = f"`stripe-balance retire {destination} --account {stale[0]} --reason TEXT`"
    names = f"{', '.join(stale[:STALE_NAMED])}{more}"
    return [f"not read any more: {names}; of one that is gone for good, {retire} takes note"]


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
                "readable_records": [list(one) for one in holding.readable],
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
                "drift": [asdict(one) for one in state.drift.findings],
                "differences": [asdict(one) for one in holding.differences],
                "audit": past_of(state, reads).to_document(),
                "stale_since": holding.stale_since,
                "refused": holding.record.refused and asdict(holding.record.refused),
                "retired": holding.record.retired and asdict(holding.record.retired),
                "frozen": [
                    {"period": each.period, "timezone": each.calendar, "revision": each.revision}
                    for each in holding.frozen
                ],
            }
            for state, holding in ((one.state, one) for one in holdings)
        ],
        "last_run": last,
    }


def lines(
    destination: str,
    holdings: list[Holding],
    tables: Sequence[Beside],
    last: dict[str, Any] | None,
    known: tuple[LakeFacts, Reads],
) -> list[str]:
    """Return what there is as text."""
    lake, reads = known
    facts: dict[str, list[tuple[str, str]]] = {one.state.account: _account(one, reads) for one in holdings}
    for table in tables:
        facts.setdefault(table.account, [("rows", "no balance transactions yet")]).append(table.to_fact())
    mode = mode_of(lake.livemode)
    found = [f"{destination}: {_kind(holdings, tables)}{mode and f'; {mode}'}"]
    for account, said in sorted(facts.items()):
        found += ["", account, *[f"  {name:<9} {value}" for name, value in said]]
    if last is not None:
        took = lasting(last["duration_seconds"])
        error = f": {last['error']}" if last.get("error") else ""
        found += ["", f"last run {in_words(last['started'])}, {last['outcome']} after {took}{error}"]
    return found


def _kind(holdings: Sequence[Holding], tables: Sequence[Beside]) -> str:
    if holdings:
        first = holdings[0].state
        return f"{first.format}, one file for each account and {first.partition.value}"
    return f"{tables[0].format}, without balance transactions"


def _account(holding: Holding, reads: Reads) -> list[tuple[str, str]]:
    state = holding.state
    files = list(state.files.values())
    size = sized(sum(file.bytes for file in files))
    facts = [
        ("covered", intervals([(part.start, part.stop) for part in state.covered])),
        ("rows", f"{state.rows:,}" + (f", {state.pending:,} still pending" if state.pending else "")),
        ("files", f"{counted(len(files), 'file')}, {size}; {checked(len(holding.differences))}, by name and size"),
        *([("parked", parked(state.parked_rows))] if state.parked else []),
        *nets(state.net(), state.net_by_balance()),
        ("audit", past_of(state, reads).to_text()),
        *([("frozen", ", ".join(each.words for each in holding.frozen))] if holding.frozen else []),
        ("versions", _versions(state.api_versions)),
        *_records(state.number, holding.readable),
        *_choices(state.options),
        *([("sources", bare(state.bare_rows))] if state.bare_rows else []),
        *differs(state.drift.findings, most=DRIFT_NAMED, rest="--json"),
    ]
    facts[:0] = _whether_read(holding)
    if files:
        first, last = min(file.first_created for file in files), max(file.last_created for file in files)
        place = [name for name, _ in facts].index("rows") + 1
        facts.insert(place, ("created", f"{moment(first)} to {moment(last)} UTC"))
    return facts


def _whether_read(holding: Holding) -> list[tuple[str, str]]:
    """Say of an account that it is retired, or not read any more, and since when."""
    retired, refused = holding.record.retired, holding.record.refused
    if retired is not None:
        return [("retired", f"{moment(retired.at)} UTC: {retired.reason}")]
    if holding.stale_since is None:
        return []
    since = f"since {moment(holding.stale_since)} UTC"
    if refused is None:
        return [("stale", f"{since}: runs have read other accounts after that")]
    return [("stale", f"{since}; refused since {moment(refused.since)} UTC: {refused.message}")]


def _records(newest: int, readable: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """Say which records can be read, where there is another one than the newest."""
    if all(one == (newest, newest) for one in readable):
        return []
    return [("records", f"{newest:,}; rows can be read as of {ranges_in_words(readable)}")]


def _versions(versions: Sequence[str]) -> str:
    mixed = ": rows of older ones may lack what newer ones have" if len(versions) > 1 else ""
    return f"{', '.join(versions) or 'none'}{mixed}"


def _choices(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what was chosen when the lake was made, apart from the format."""
    columns = ", with columns for charges, refunds, disputes and payouts" if options.get("source_columns") else ""
    said = {
        "expanded": ", ".join(options.get("expand", ())) + columns,
        "left out": ", ".join(options.get("omit", ())),
        "hashed": ", ".join(options.get("hash", ())) + f" (salt {options.get('salt')})" * ("hash" in options),
    }
    return [(name, value) for name, value in said.items() if value]


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
