"""What there is to say of a lake and its accounts, each with the command that helps."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.lake_condition import Problem
from connector.core.ledger import money
from connector.core.state.calendar import unasked_of
from connector.core.state.newer import is_newer
from connector.core.time.times import to_text, to_words
from connector.core.units import DAY
from connector.reporting.lake_report.facts import UNVERIFIED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.core.lake_condition import Subject
    from connector.core.ledger.ledger import Purse
    from connector.core.state.table_state import TableState
    from connector.core.time.intervals import Intervals
    from connector.reporting.lake_report.facts import AccountFacts, FileProblem, MonthLine, PayoutFacts, RunLine

SILENT = 2 * DAY
"""Seconds after which it is worth knowing that no run has read an account."""

NAMED = 3
"""Things that a sentence names one by one."""

_GRADES = ("wrong", "look", "note")


def command(*words: str) -> str:
    """Return a command of ours as it is typed, words quoted where a shell needs it."""
    return shlex.join(["stripe-balance", *words])


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems, the gravest first."""
    return tuple(sorted(problems, key=lambda problem: _GRADES.index(problem.grade)))


def of_lake(lake: str, runs: Iterable[RunLine], extra: list[str], *, at_work: int) -> Iterator[Problem]:
    """Yield what there is to say of a lake as a whole.

    Args:
        lake: its name.
        runs: the latest first.
        extra: files where readers look, in no account's folder, that no record names.
        at_work: runs that are at work.
    """
    last = next((run for run in runs if run.outcome != "planned"), None)
    if last is not None and last.outcome != "complete":
        damaged = last.outcome == "damaged"
        text = f"the last run ended {last.outcome}" + (f": {last.error}" if last.error else "")
        grade, subject = ("wrong", "here") if damaged else ("look", "other")
        yield Problem("last_run", grade, subject, text, command("sync", lake))
    if extra:
        text = f"{counted(len(extra), 'file')} that no record names where readers look: {_some(extra)}"
        yield Problem("extra_files", "wrong", "adds_up", text, command("status", lake))
    if at_work:
        text = f"{counted(at_work, 'run is', 'runs are')} at work: what is here may change"
        yield Problem("at_work", "note", "other", text, command("status", lake))


def of_record(lake: str, message: str) -> Problem:
    """Return what to say of a record that cannot be understood."""
    remedy = None if is_newer(message) else command("verify", lake, "--offline")
    return Problem("damaged_record", "wrong", "here", message, remedy)


def of_frozen(lake: str, account: str, months: Iterable[MonthLine]) -> Iterator[Problem]:
    """Yield what to say of months that are not any more what was frozen of them."""
    for month in dict.fromkeys(line.month for line in months if line.frozen == "changed"):
        text = f"{month} is frozen, and has changed since"
        yield Problem(
            "frozen_changed", "look", "other", text, command("statement", lake, "--month", month, "--account", account)
        )


def of_files(lake: str, problems: Iterable[FileProblem]) -> Iterator[Problem]:
    """Yield what to say of data files that are not as they were written."""
    by_kind: dict[str, list[str]] = {}
    for problem in problems:
        by_kind.setdefault(problem.kind, []).append(problem.path)
    says: dict[str, tuple[Subject, str]] = {
        "missing": ("here", "gone"),
        "unreadable": ("here", "of the right size, and cannot be read"),
        "changed": ("adds_up", "of another size than when written"),
        "extra": ("adds_up", "in no record, and read by whoever reads the folder"),
    }
    for kind, paths in by_kind.items():
        subject, what = says[kind]
        small = {path.split("/", 1)[0] for path in paths}
        remedy = command("sync", lake, "--repair")
        if "balance_transactions" not in small:
            remedy = command("payouts", lake) if small & {"payouts", "payout_transactions"} else command("status", lake)
        yield Problem(
            f"files_{kind}",
            "wrong",
            subject,
            f"{counted(len(paths), 'file is', 'files are')} {what}: {_some(paths)}",
            remedy,
        )


def of_state(lake: str, state: TableState, gaps: Intervals, *, stale: int | None, now: int) -> Iterator[Problem]:
    """Yield what an account's record says.

    Args:
        lake: its name.
        state: the record.
        gaps: seconds that were asked for and are lacking between rows that are there.
        stale: up to when it was read, where runs do not get to read it any more; else None.
        now: UTC seconds.
    """
    if gaps:
        first = gaps.parts[0]
        since = f"from {to_words(first.start)}" if first.start else "from the beginning"
        more = f", and {counted(len(gaps.parts) - 1, 'more gap')}" if len(gaps.parts) > 1 else ""
        text = f"not all was read {since} to {to_words(first.stop)}{more}"
        yield Problem("gap", "wrong", "here", text, command("sync", lake))
    if unasked := list(unasked_of(state.asked, state.covered)):
        first, *others = unasked
        more = f", and {counted(len(others), 'time')} more" if others else ""
        text = f"never asked for: {to_words(first.start)} to {to_words(first.stop)}{more}, between times that are here"
        span = ("--since", to_text(first.start), "--until", to_text(unasked[-1].stop))
        yield Problem("unasked", "look", "here", text, command("sync", lake, *span))
    if state.audits.lacking:
        text = f"Stripe lists rows that are not here, in {counted(len(state.audits.lacking.parts), 'interval')}"
        yield Problem("lacking", "wrong", "here", text, command("sync", lake))
    if now - state.read_until > SILENT and state.read_until:
        text = f"no run has read it since {to_words(state.read_until)}"
        yield Problem("not_read_lately", "note", "other", text, command("sync", lake))
    if state.parked:
        rows = counted(state.parked_rows, "row")
        text = f"{rows} read and not visible yet: the rest of their days was not read"
        yield Problem("parked", "look", "other", text, command("sync", lake))
    if stale is not None:
        text = f"not read since {to_words(stale)}, while runs read other accounts"
        yield Problem(
            "stale", "look", "other", text, command("retire", lake, "--account", state.account, "--reason", "…")
        )
    if state.drift:
        text = f"rows differ from the schema in {counted(len(state.drift.findings), 'way')}; all of it is kept"
        yield Problem("drift", "note", "other", text)


def of_layers(lake: str, facts: AccountFacts) -> Iterator[Problem]:
    """Yield what `verify` last found that does not agree, or could not be checked."""
    for layer in facts.layers:
        if layer.verdict == "residual":
            text = f"{layer.layer} did not agree when verified at {to_words(layer.checked_at)}: {layer.reason}"
            yield Problem(f"verify_{layer.layer}", "wrong", "adds_up", text, command("verify", lake))
        elif layer.verdict == "not_checkable" and facts.retired is None:
            text = f"{layer.layer} could not be checked: {layer.reason}"
            yield Problem(f"verify_{layer.layer}", "note", "adds_up", text, command("verify", lake))
    if not facts.layers and facts.rows:
        yield Problem(UNVERIFIED, "note", "adds_up", "never verified", command("verify", lake))


def of_payouts(lake: str, payouts: PayoutFacts | None) -> Iterator[Problem]:
    """Yield which payouts do not add up, or are not there to be added up."""
    if payouts is None:
        return
    counts = dict(payouts.counts)
    if differing := counts["differs"]:
        names = _some([line.id for line in payouts.lines if line.answer == "differs"])
        text = f"{counted(differing, 'payout does', 'payouts do')} not add up: {names}"
        yield Problem("payouts_differ", "wrong", "adds_up", text, command("payouts", lake))
    if lacking := counts["not_read"]:
        text = f"{counted(lacking, 'payout')} whose rows were not read"
        yield Problem("payouts_not_read", "look", "other", text, command("payouts", lake))


def of_sums(lake: str, facts: AccountFacts, whole: bool) -> Iterator[Problem]:  # noqa: FBT001 - a fact
    """Yield where the files do not hold what the record says that they do.

    Args:
        lake: its name.
        facts: of the account, its files read.
        whole: whether all of them could be read.
    """
    if facts.files_say is None or not whole:
        return
    rows, net = 0, Counter[str]()
    for line in facts.files_say.days:
        rows += line.sums.count
        net[line.key.purse.currency] += line.sums.net
    recorded = Counter[str]()
    for purse, amount in facts.net:
        recorded[purse.currency] += amount
    if rows != facts.rows:
        text = f"its files hold {counted(rows, 'row')}, and the record says {facts.rows:,}"
        yield Problem("rows_differ", "wrong", "adds_up", text, command("verify", lake))
    for currency in sorted(net.keys() | recorded.keys()):
        if net[currency] != recorded[currency]:
            sums = (money.to_text(amount, currency) for amount in (net[currency], recorded[currency]))
            text = "the net of its files is {}, and the record says {}".format(*sums)
            yield Problem("net_differs", "wrong", "adds_up", text, command("verify", lake))


def title_of(purse: Purse) -> str:
    """Return the name of a balance in a heading."""
    return " ".join(filter(None, (purse.balance_type, purse.currency.upper())))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
