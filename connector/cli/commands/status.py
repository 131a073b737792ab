"""`status`: what a lake holds, from its own records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from connector.cli.display.audit_round import audit_round_of
from connector.cli.display.fitting import width_of
from connector.cli.display.glance import NARROWEST, glance
from connector.cli.display.other_tables import OtherTable, checked, named, remedies
from connector.cli.display.summary import bare, differs, parked
from connector.cli.display.words import intervals, lasting, moment, nets
from connector.cli.lake_status import look
from connector.core.counting import counted, sized
from connector.core.mode import mode_of
from connector.core.planning.rereading.backfill import unlinked_words
from connector.core.state.unnamed import said_of
from connector.core.time.times import in_words
from connector.lake.state.versions import ranges_in_words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from connector.cli.display.console import Console
    from connector.cli.display.read_allocation import Reads
    from connector.cli.lake_status import Holding
    from connector.lake.state.lake_identity import LakeFacts

DATA_REFUSED = 65
DRIFT_NAMED = 8
STALE_NAMED = 5


def run(args: argparse.Namespace, console: Console) -> int:
    """Print what there is, and return the exit status."""
    lake = look(args.destination)
    facts, holdings, tables, last, reads = lake.facts, lake.holdings, lake.tables, lake.last, lake.reads
    stray = [*(unnamed_file for holding in holdings for unnamed_file in holding.unnamed), *lake.unnamed]
    apart = {unnamed_file.shown for unnamed_file in stray}
    differing = [
        difference for holding in holdings for difference in holding.differences if difference.path not in apart
    ]
    warnings = [*lake.turned_back, *remedies(str(args.destination), tables), *said_of(stray)]
    warnings += _behind(str(args.destination), lake.listed)
    if differing:
        warnings.insert(0, f"{named(differing)}; `stripe-balance sync {args.destination} --repair` puts that right")
    lacking = [holding.state.account for holding in holdings if holding.state.audits.lacking]
    if lacking:
        warnings.insert(0, f"{', '.join(lacking[:3])}: Stripe lists rows that are not here; sync reads them again")
    if console.json:
        console.document(lake.to_document())
    else:
        at_work = [other_run.to_text() for other_run in lake.runs]
        width = None if args.in_full else width_of(sys.stdout)
        if width is not None and width >= NARROWEST:
            said = [*glance(lake, console.paint_data, fancy=console.is_fancy(sys.stdout)), *at_work]
        else:
            said = _lines(str(args.destination), holdings, tables, last, (facts, reads))
            said += [*([reads.to_text()] if holdings else []), *at_work]
        unlinked = unlinked_words(
            str(args.destination), [holding.state.options for holding in holdings if holding.state.rows]
        )
        said += ["", unlinked] if unlinked else []
        well = not (warnings or any(holding.stale_since is not None for holding in holdings))
        console.report(*said, well=well)
    for warning in [*warnings, *_gone(args.destination, holdings)]:
        console.warn(warning, always=True)
    return DATA_REFUSED if warnings and args.strict else 0


def _behind(destination: str, listed: dict[str, dict[str, Any]] | None) -> list[str]:
    """Say which tables do not list what the state names, and what to do."""
    if listed is None:
        return ["the tables of this lake cannot be looked at here: `stripe-balance maintain` says why"]
    said: list[str] = []
    for name, comparison in listed.items():
        if comparison["foreign"]:
            said.append(f"no run publishes to the table {name}: {comparison['foreign']}")
        elif comparison["altered"]:
            said.append(
                f"the table {name} was altered by something else ({counted(comparison['altered'], 'file')});"
                f" `stripe-balance maintain {destination} --publish --repair` undoes that"
            )
        elif comparison["behind"]:
            said.append(
                f"the table {name} is {counted(comparison['behind'], 'file')} behind the state;"
                f" `stripe-balance maintain {destination} --publish` publishes"
            )
    return said


def _gone(destination: str | PathLike[str], holdings: Sequence[Holding]) -> list[str]:
    """Say which accounts are stale, and what to do about one that is gone."""
    stale = [holding.state.account for holding in holdings if holding.stale_since is not None]
    if not stale:
        return []
    more = f" and {len(stale) - STALE_NAMED:,} more" if len(stale) > STALE_NAMED else ""
    retire = f"`stripe-balance retire {destination} --account {stale[0]} --reason TEXT`"
    names = f"{', '.join(stale[:STALE_NAMED])}{more}"
    return [f"not read any more: {names}; of one that is gone for good, {retire} takes note"]


def _lines(
    destination: str,
    holdings: list[Holding],
    tables: Sequence[OtherTable],
    last: dict[str, Any] | None,
    known: tuple[LakeFacts, Reads],
) -> list[str]:
    """Return what there is as text."""
    lake, reads = known
    facts: dict[str, list[tuple[str, str]]] = {holding.state.account: _account(holding, reads) for holding in holdings}
    for table in tables:
        facts.setdefault(table.account, [("rows", "no balance transactions yet")]).append(table.to_fact())
    mode = mode_of(lake.livemode)
    said_lines = [f"{destination}: {_kind(holdings, tables)}{mode and f'; {mode}'}"]
    for account, said in sorted(facts.items()):
        said_lines += ["", account, *[f"  {name:<9} {value}" for name, value in said]]
    if last is not None:
        took = lasting(last["duration_seconds"])
        error = f": {last['error']}" if last.get("error") else ""
        said_lines += ["", f"last run {in_words(last['started'])}, {last['outcome']} after {took}{error}"]
    return said_lines


def _kind(holdings: Sequence[Holding], tables: Sequence[OtherTable]) -> str:
    if holdings:
        first = holdings[0].state
        return f"{first.format}, one file for each account and {first.partition.value}"
    return f"{tables[0].format}, without balance transactions"


def _account(holding: Holding, reads: Reads) -> list[tuple[str, str]]:
    state = holding.state
    files = list(state.files.values())
    size = sized(sum(file.bytes for file in files))
    facts = [
        ("covered", intervals(state.covered.pairs)),
        ("rows", f"{state.rows:,}" + (f", {state.pending:,} still pending" if state.pending else "")),
        ("files", f"{counted(len(files), 'file')}, {size}; {checked(len(holding.differences))}, by name and size"),
        *([("parked", parked(state.parked_rows))] if state.parked else []),
        *nets(state.net(), state.net_by_balance()),
        ("audit", audit_round_of(state, reads).to_text()),
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
    if all(span == (newest, newest) for span in readable):
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
