"""From the document of a verdict to the tables of a workpaper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.core.counting import of_kinds, sized
from connector.core.time.times import END_OF_TIME, to_words
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
    lines = tuple((law["account"], law["layer"], law["reason"]) for law in document["not_checkable"])
    note = "" if lines else "Nothing: every layer that was asked for could be checked."
    return Table("What could not be checked", ("account", "layer", "what it says"), lines, note=note)


def found_of_lake(document: Mapping[str, Any]) -> Table:
    """Return what does not agree of the lake as a whole."""
    return _findings("What does not agree of the lake as a whole", document)


def record(account: Mapping[str, Any]) -> Table:
    """Return of what record and how many rows an account's verdict is."""
    evidence = account["evidence"]
    if evidence is None:
        return Table("What was checked", ("", ""), (), note="The verdict does not say of what it is.")
    retired = account["retired"]
    lines: list[tuple[Cell, ...]] = [
        ("Record of the state", f"{evidence['lake_record']:,}"),
        ("Its SHA-256", evidence["lake_record_sha256"] or "not there any more: later records hold what it says"),
        ("Period covered", ", ".join(span(part) for part in evidence["covered"]) or "none"),
        ("Rows", f"{evidence['rows']:,}, {evidence['pending']:,} of them pending when last read"),
        ("Created", f"{evidence['first_created'] or 'never'} to {evidence['last_created'] or 'never'}"),
        ("Files", f"{evidence['files']:,}, {sized(evidence['bytes'])}"),
        ("API versions of the rows", ", ".join(evidence["api_versions"]) or "none"),
        *([("Retired", f"{retired['at']}: {retired['reason']}")] if retired else []),
    ]
    return Table("What was checked", ("", ""), tuple(lines))


def layers(account: Mapping[str, Any]) -> Table:
    """Return what each layer came to, and how many of each thing it looked at."""
    told_layers: list[dict[str, Any]] = account["layers"]
    lines = tuple(
        (
            line["layer"],
            ANSWER_WORDS[line["verdict"]],
            line["reason"],
            ", ".join(f"{name.replace('_', ' ')}: {count:,}" for name, count in line["checked"].items()),
        )
        for line in told_layers
    )
    marks = tuple(
        (place, _MARKS[line["verdict"]]) for place, line in enumerate(told_layers) if line["verdict"] in _MARKS
    )
    columns = ("layer", "verdict", "what it says", "what was looked at")
    return Table("Layer by layer", columns, lines, marks=marks)


def balances(account: Mapping[str, Any]) -> Table:
    """Return every balance beside its rows."""
    told_balances: list[dict[str, Any]] = [balance for layer in account["layers"] for balance in layer["balances"]]
    lines: list[tuple[Cell, ...]] = []
    for line in told_balances:
        amounts = (line["stripe"], line["rows"], line["rows"] - line["stripe"])
        shown = (Money(amount, line["currency"]) for amount in amounts)
        lines.append(
            (
                f"{line['balance_type']} {line['currency'].upper()}",
                line["status"],
                *shown,
                "agrees" if line["agrees"] else "differs",
            )
        )
    since = sorted({line["since"] for line in told_balances if line["since"] is not None})
    note = "What the balance changed by since it was recorded: " + ", ".join(map(to_words, since)) if since else ""
    columns = ("balance", "status", "Stripe says", "rows add up to", "difference", "verdict")
    marks = tuple((place, "wrong") for place, line in enumerate(told_balances) if not line["agrees"])
    if not lines:
        note = "No balance was compared."
    return Table("Every balance, and its rows", columns, tuple(lines), frozenset({2, 3, 4}), note, marks)


def sums(account: Mapping[str, Any]) -> Table:
    """Return what each layer looked at, added up."""
    lines: list[tuple[Cell, ...]] = [
        (
            layer["layer"],
            _OF[compared["of"]],
            " ".join(filter(None, (compared["balance_type"], compared["currency"].upper()))),
            compared["status"] or "",
            compared["number"],
            Money(compared["amount"], compared["currency"]),
        )
        for layer in account["layers"]
        for compared in layer["sums"]
    ]
    columns = ("layer", "what", "balance", "status", "how many", "sum")
    note = "Of rows the sum of net, of payouts that of their amounts." if lines else ""
    return Table("What was looked at, added up", columns, tuple(lines), frozenset({4, 5}), note)


def apart(account: Mapping[str, Any]) -> Table:
    """Return rows that nothing could be compared with."""
    lines: list[tuple[Cell, ...]] = [
        (
            f"{left_out['balance_type']} {left_out['currency'].upper()}",
            left_out["rows"],
            Money(left_out["net"], left_out["currency"]),
        )
        for layer in account["layers"]
        for left_out in layer["not_compared"]
    ]
    columns = ("balance", "rows", "net")
    return Table("Rows that Stripe shows no balance of", columns, tuple(lines), frozenset({1, 2}))


def findings(account: Mapping[str, Any]) -> list[Table]:
    """Return what does not agree, layer by layer."""
    tables = [_findings(f"What does not agree: {layer['layer']}", layer) for layer in account["layers"]]
    return [table for table in tables if table.lines]


def _findings(title: str, told: Mapping[str, Any]) -> Table:
    findings: Sequence[dict[str, Any]] = told["findings"]
    lines = tuple((line["kind"].replace("_", " "), line["message"]) for line in findings)
    note = f"In all: {of_kinds(told['counts'])}." if told["counts"] else ""
    return Table(
        title, ("kind", "what it says"), lines, note=note, marks=tuple((n, "wrong") for n in range(len(lines)))
    )


def span(part: Sequence[int]) -> str:
    """Return a stretch of UTC seconds in words."""
    start, stop = part
    until = "now on" if stop >= END_OF_TIME else to_words(stop)
    if start <= 0:
        return f"all before {until}"
    return f"from {to_words(start)} on" if stop >= END_OF_TIME else f"{to_words(start)} to {until}"
