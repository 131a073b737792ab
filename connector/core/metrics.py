"""A run's figures for Prometheus: samples, their text, and what a run makes of those before it. Pure.

Source of the text's form: prometheus.io/docs/instrumenting/exposition_formats, the text format, version 0.0.4.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Literal

from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]
"""A value by the metric's name, without `PREFIX`, and its labels besides `lake` and `command`."""

PREFIX = "stripe_balance_"

MOST_ACCOUNTS = 20
"""Accounts that have series of their own; where there are more, none has."""

_HEAD = "# stripe-balance metrics 1"
_REASONS = ("global-rate", "endpoint-rate", "global-concurrency", "endpoint-concurrency", "resource-specific")
_LINE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)+)\} (\S+)')
_LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)",?')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
_COVERED, _ACCOUNT_COVERED = "covered_until_timestamp_seconds", "account_covered_until_timestamp_seconds"
_VERDICTS = ("proved", "residual", "not_checkable")


@dataclass(frozen=True, slots=True)
class Family:
    """What a metric is.

    Attributes:
        kind: a counter only grows, from run to run; a gauge is what the last run came to.
        says: its help.
    """

    kind: Literal["counter", "gauge"]
    says: str


FAMILIES: Mapping[str, Family] = {
    "run_status": Family("gauge", "Exit status that the last run ended with; 0 where all went well."),
    "run_end_timestamp_seconds": Family("gauge", "When the last run ended, well or not."),
    "run_duration_seconds": Family("gauge", "How long the last run took."),
    "success_timestamp_seconds": Family("gauge", "When a run ended with status 0 for the last time."),
    "covered_until_timestamp_seconds": Family(
        "gauge",
        "Up to when the lake has all that was asked for, of the account that is least far; 0 while one has nothing.",
    ),
    "account_covered_until_timestamp_seconds": Family(
        "gauge", f"The same of each account, where there are {MOST_ACCOUNTS} at most."
    ),
    "accounts": Family("gauge", "Accounts that the last run was about."),
    "accounts_failed": Family("gauge", "Those of them that ended with an error, or did not agree."),
    "lake_rows": Family("gauge", "Rows in the lake after the last run."),
    "verdict": Family("gauge", "1 for what the last check came to."),
    "runs_total": Family("counter", "Runs by the exit status they ended with."),
    "rows_received_total": Family("counter", "Rows received from Stripe."),
    "rows_new_total": Family("counter", "Rows that the lake did not have."),
    "rows_changed_total": Family("counter", "Rows that differ from what the lake had."),
    "rows_late_total": Family("counter", "Rows that turned up where an earlier run had read already."),
    "requests_total": Family("counter", "Attempts at requests by HTTP status; 0 where no complete answer came."),
    "requests_refused_total": Family("counter", "Requests refused for their rate (429) by reason."),
    "requests_retried_total": Family("counter", "Requests that were sent again."),
}
"""Metrics by name, in the order of the file."""


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """What a run's report comes to.

    Attributes:
        covered: up to when the lake has everything of each account, UTC seconds; 0 where it has nothing, None where the
            run did not come to know.
        accounts: how many the run was about.
        accounts_failed: those of them that ended with an error, or did not agree.
        rows_new: rows that the lake did not have.
        rows_changed: rows that differ from what the lake had.
        rows_late: rows that turned up where an earlier run had read already.
        lake_rows: rows in the lake afterwards; None where that is not known.
        verdict: of a check; empty otherwise.
        status: exit status of a call that raises nothing.
        planned: whether nothing was done, and nothing is to be told.
    """

    covered: Mapping[str, int | None] = field(default_factory=dict[str, "int | None"])
    accounts: int = 0
    accounts_failed: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_late: int = 0
    lake_rows: int | None = None
    verdict: str = ""
    status: int = 0
    planned: bool = False


@dataclass(slots=True)
class RunCounts:
    """What a run's events come to.

    Attributes:
        rows: received.
        requests: attempts by HTTP status.
        refused: 429s by reason, of those that Stripe documents, or `other`.
        retried: requests that were sent again.
    """

    rows: int = 0
    requests: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])
    retried: int = 0

    def refuse(self, reason: str | None) -> None:
        """Count a 429; a reason of a server's own making is no label."""
        self.refused["none" if reason is None else reason if reason in _REASONS else "other"] += 1


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that is over.

    Attributes:
        status: exit status.
        ended: when, UTC seconds.
        seconds: how long it took.
        counts: of its events.
        figures: of its report; None where it did not come to one.
    """

    status: int
    ended: int
    seconds: float
    counts: RunCounts
    figures: ReportFigures | None = None


def covered_until(covered: Iterable[tuple[int, int]], error: str | None = None) -> int | None:
    """Return where the first hole of covered time begins, UTC seconds; 0 where nothing is covered.

    Args:
        covered: as a report has it.
        error: what ended the account's reading; where nothing is covered then, it did not come to know: None.
    """
    stop = min((part[1] for part in covered), default=0)
    if not stop and error is not None:
        return None
    return 0 if stop >= END_OF_TIME else stop


def after(before: Samples, run: EndedRun) -> Samples:
    """Return the samples after a run: counters grow, gauges are the run's, or stay where it did not come to know."""
    samples = dict(before)
    samples["run_status", ()] = run.status
    samples["run_end_timestamp_seconds", ()] = run.ended
    samples["run_duration_seconds", ()] = round(run.seconds, 3)
    if run.status == 0:
        samples["success_timestamp_seconds", ()] = run.ended
    if run.figures is not None:
        samples = {key: value for key, value in samples.items() if not _is_of_report(key[0])}
        samples |= _gauges(run.figures) | _covered(run.figures.covered, before)
    for key, amount in _counts(run):
        samples[key] = samples.get(key, 0) + amount
    return samples


def _is_of_report(name: str) -> bool:
    return name in {
        *(_COVERED, _ACCOUNT_COVERED, "accounts", "accounts_failed", "verdict"),
    }


def _gauges(figures: ReportFigures) -> Samples:
    samples: Samples = {("accounts", ()): figures.accounts, ("accounts_failed", ()): figures.accounts_failed}
    if figures.lake_rows is not None:
        samples["lake_rows", ()] = figures.lake_rows
    if figures.verdict:
        samples |= {("verdict", (("verdict", verdict),)): int(verdict == figures.verdict) for verdict in _VERDICTS}
    return samples


def _covered(covered: Mapping[str, int | None], before: Samples) -> Samples:
    """Return how far the lake is: of accounts that the run did not come to know of, what was known before counts."""
    if not covered:
        return {}
    named = {
        account: value for (name, labels), value in before.items() if name == _ACCOUNT_COVERED for _, account in labels
    }
    known: dict[str, float] = {account: until for account, until in covered.items() if until is not None}
    if len(known) == len(covered):
        least, each = min(known.values()), known
    else:
        least, each = min(before.get((_COVERED, ()), 0), *known.values(), inf), named | known
    few = each if len(each) <= MOST_ACCOUNTS else {}
    return {
        (_COVERED, ()): least,
        **{(_ACCOUNT_COVERED, (("account", account),)): until for account, until in few.items()},
    }


def _counts(run: EndedRun) -> Iterator[tuple[tuple[str, Labels], float]]:
    figures, counts = run.figures or ReportFigures(), run.counts
    yield ("runs_total", (("status", str(run.status)),)), 1
    yield ("rows_received_total", ()), counts.rows
    yield ("rows_new_total", ()), figures.rows_new
    yield ("rows_changed_total", ()), figures.rows_changed
    yield ("rows_late_total", ()), figures.rows_late
    yield from ((("requests_total", (("code", code),)), count) for code, count in counts.requests.items())
    yield from ((("requests_refused_total", (("reason", reason),)), count) for reason, count in counts.refused.items())
    yield ("requests_retried_total", ()), counts.retried


def to_text(samples: Samples, *, lake: str, command: str) -> str:
    """Return samples as a textfile collector reads them, each with the lake and the command for labels."""
    whose = (("lake", lake), ("command", command))
    lines = [_HEAD]
    for name, family in FAMILIES.items():
        those = sorted((labels, value) for (metric, labels), value in samples.items() if metric == name)
        if those:
            lines += [f"# HELP {PREFIX}{name} {family.says}", f"# TYPE {PREFIX}{name} {family.kind}"]
            lines += [f"{PREFIX}{name}{{{_written((*whose, *labels))}}} {_number(value)}" for labels, value in those]
    return "\n".join(lines) + "\n"


def from_text(text: str, *, lake: str, command: str) -> Samples:
    """Read what `to_text` wrote for the same lake and command.

    Raises:
        ValueError: it is something else; the message says what.
    """
    head, *lines = text.split("\n")
    if head != _HEAD:
        raise ValueError("it is no file of this program's")
    samples: Samples = {}
    for line in filter(None, lines):
        if line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or not match[1].startswith(PREFIX):
            raise ValueError(f"it has a line that this program does not write: {line[:100]!r}")
        labels = {name: _read(value) for name, value in _LABEL.findall(match[2])}
        whose = labels.pop("lake", None), labels.pop("command", None)
        if whose != (lake, command):
            raise ValueError(f"it is of `{whose[1]}` of the lake {whose[0]}")
        name = match[1].removeprefix(PREFIX)
        if name in FAMILIES:
            samples[name, tuple(labels.items())] = float(match[3])
    return samples


def _written(labels: Labels) -> str:
    return ",".join(
        f'{name}="{"".join(_ESCAPES.get(character, character) for character in value)}"' for name, value in labels
    )


def _read(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
