"""From the document of a verdict to the tables of a workpaper."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.core.counting import of_kinds, sized
from connector.core.time.times import END_OF_TIME
from connector.reporting.cells import Cell, Money
from connector.reporting.lake_report.sections import Table
from connector.reporting.lake_report.words import ANSWER_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MARKS = {"residual": "wrong", "not_checkable": "look"}
_OF = {"rows": "rows in the files", "rows_at_stripe": "rows asked for again", "payouts": "payouts"}


def particulars(document: Mapping[str, Any]) -> Table:
    """Return by what, when and how it was checked."""
    asked, mode = document["asked"], {True: "live", False: "test: no real money", None: "not known"}
    sample = document["sample"]
    lines: list[tuple[Cell, ...]] = [
        ("Lake", document["destination"]),
        ("Id of the lake", document["lake"] or "none"),
        ("Mode", mode[document["livemode"]]),
        ("Checked at", document["checked"]),
        ("Took", f"{document['duration_seconds']:,.1f} s, {document['requests']:,} requests"),
        ("Checked by", f"stripe-balance {document['connector_version']}"),
        ("Asked", document["api_base"] or "nobody: what takes Stripe was not checked"),
        ("API version asked under", document["api_version"] or "none"),
        ("Layers", ", ".join(document["layers_asked"])),
        ("Period of the windows", "all that runs were asked for" if asked is None else span(asked)),
        ("Windows drawn by chance", "none: all was asked for again" if sample == "all" else f"{sample:,} at most"),
        ("Seed of the draw", f"{document['seed']}"),
    ]
    return Table("By what and how it was checked", ("", ""), tuple(lines))


def left_open(document: Mapping[str, Any]) -> Table:
    """Return what could not be checked."""
    lines = tuple((one["account"], one["layer"], one["reason"]) for one in document["not_checkable"])
    note = "" if lines else "Nothing: every layer that was asked for could be checked."
    return Table("What could not be checked", ("account", "layer", "what it says"), lines, note=note)


def found_of_lake(document: Mapping[str, Any]) -> Table:
    """Return what does not agree of the lake as a whole."""
    return _findings("What does not agree of the lake as a whole", document)


def record(account: Mapping[str, Any]) -> Table:
    """Return of what record and how many rows an account's verdict is."""
    found = account["evidence"]
    if found is None:
        return Table("What was checked", ("", ""), (), note="The verdict does not say of what it is.")
    retired = account["retired"]
    lines: list[tuple[Cell, ...]] = [
        ("Record of the state", f"{found['lake_record']:,}"),
        ("Its SHA-256", found["lake_record_sha256"] or "not there any more: later records hold what it says"),
        ("Period covered", ", ".join(span(part) for part in found["covered"]) or "none"),
        ("Rows", f"{found['rows']:,}, {found['pending']:,} of them pending when last read"),
        ("Created", f"{found['first_created'] or 'never'} to {found['last_created'] or 'never'}"),
        ("Files", f"{found['files']:,}, {sized(found['bytes'])}"),
        ("API versions of the rows", ", ".join(found["api_versions"]) or "none"),
        *([("Retired", f"{retired['at']}: {retired['reason']}")] if retired else []),
    ]
    return Table("What was checked", ("", ""), tuple(lines))


def layers(account: Mapping[str, Any]) -> Table:
    """Return what each layer came to, and how many of each thing it looked at."""
    found: list[dict[str, Any]] = account["layers"]
    lines = tuple(
        (
            one["layer"],
            ANSWER_WORDS[one["verdict"]],
            one["reason"],
            ", ".join(f"{name.replace('_', ' ')}: {count:,}" for name, count in one["checked"].items()),
        )
        for one in found
    )
    marks = tuple((place, _MARKS[one["verdict"]]) for place, one in enumerate(found) if one["verdict"] in _MARKS)
    columns = ("layer", "verdict", "what it says", "what was looked at")
    return Table("Layer by layer", columns, lines, marks=marks)


def balances(account: Mapping[str, Any]) -> Table:
    """Return every balance beside its rows."""
    found: list[dict[str, Any]] = [one for layer in account["layers"] for one in layer["balances"]]
    lines: list[tuple[Cell, ...]] = []
    for one in found:
        amounts = (one["stripe"], one["rows"], one["rows"] - one["stripe"])
        shown = (Money(amount, one["currency"]) for amount in amounts)
        lines.append(
            (
                f"{one['balance_type']} {one['currency'].upper()}",
                one["status"],
                *shown,
                "agrees" if one["agrees"] else "differs",
            )
        )
    since = sorted({one["since"] for one in found if one["since"] is not None})
    note = "What the balance changed by since it was recorded: " + ", ".join(map(second, since)) if since else ""
    columns = ("balance", "status", "Stripe says", "rows add up to", "difference", "verdict")
    marks = tuple((place, "wrong") for place, one in enumerate(found) if not one["agrees"])
    if not lines:
        note = "No balance was compared."
    return Table("Every balance, and its rows", columns, tuple(lines), frozenset({2, 3, 4}), note, marks)


def sums(account: Mapping[str, Any]) -> Table:
    """Return what each layer looked at, added up."""
    lines: list[tuple[Cell, ...]] = [
        (
            layer["layer"],
            _OF[one["of"]],
            " ".join(filter(None, (one["balance_type"], one["currency"].upper()))),
            one["status"] or "",
            one["number"],
            Money(one["amount"], one["currency"]),
        )
        for layer in account["layers"]
        for one in layer["sums"]
    ]
    columns = ("layer", "what", "balance", "status", "how many", "sum")
    note = "Of rows the sum of net, of payouts that of their amounts." if lines else ""
    return Table("What was looked at, added up", columns, tuple(lines), frozenset({4, 5}), note)


def apart(account: Mapping[str, Any]) -> Table:
    """Return rows that nothing could be compared with."""
    lines: list[tuple[Cell, ...]] = [
        (f"{one['balance_type']} {one['currency'].upper()}", one["rows"], Money(one["net"], one["currency"]))
        for layer in account["layers"]
        for one in layer["not_compared"]
    ]
    columns = ("balance", "rows", "net")
    return Table("Rows that Stripe shows no balance of", columns, tuple(lines), frozenset({1, 2}))


def findings(account: Mapping[str, Any]) -> list[Table]:
    """Return what does not agree, layer by layer."""
    tables = [_findings(f"What does not agree: {layer['layer']}", layer) for layer in account["layers"]]
    return [one for one in tables if one.lines]


def _findings(title: str, told: Mapping[str, Any]) -> Table:
    found: Sequence[dict[str, Any]] = told["findings"]
    lines = tuple((one["kind"].replace("_", " "), one["message"]) for one in found)
    note = f"In all: {of_kinds(told['counts'])}." if told["counts"] else ""
    return Table(
        title, ("kind", "what it says"), lines, note=note, marks=tuple((n, "wrong") for n in range(len(lines)))
    )


def span(part: Sequence[int]) -> str:
    """Return a stretch of UTC seconds in words."""
    start, stop = part
    until = "now on" if stop >= END_OF_TIME else second(stop)
    if start <= 0:
        return f"all before {until}"
    return f"from {second(start)} on" if stop >= END_OF_TIME else f"{second(start)} to {until}"


def second(at: int) -> str:
    """Return a UTC second: `2026-01-31 12:00:00 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
