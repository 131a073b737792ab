"""A report as a few lines for a terminal: the sentence, what to do, and a line an account. The page has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.time.times import to_words
from connector.reporting.lake_report.words import ANSWER_WORDS, STATUS_WORDS, days_of, net_text, verified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.lake_condition import Problem
    from connector.reporting.lake_report.facts import AccountFacts, LakeReport

MOST_ACCOUNTS = 20
"""Accounts that have lines of their own; JSON has all."""

MOST_STRETCHES = 6
"""Stretches of days that are told of an account, the latest; JSON has all."""


def to_lines(report: LakeReport) -> Iterator[str]:
    """Yield the lines."""
    report = report.told_once
    yield f"{report.destination}: {report.sentence}"
    mode = {True: "live mode; ", False: "test mode; ", None: ""}[report.livemode]
    size = f"{counted(report.rows, 'row')} of {counted(len(report.accounts), 'account')}"
    yield f"{mode}{size}; {verified(report)}; looked at {to_words(report.made_at)}"
    yield from _problems(report.problems, "  ")
    grave = sorted(report.accounts, key=lambda account: ("wrong", "look", "well").index(account.grade))
    for account in grave[:MOST_ACCOUNTS]:
        yield from _account(account)
    if len(grave) > MOST_ACCOUNTS:
        yield ""
        yield f"and {counted(len(grave) - MOST_ACCOUNTS, 'more account')}: `report --account …`, or --json for all"


def _account(account: AccountFacts) -> Iterator[str]:
    yield ""
    yield f"{account.account}  {counted(account.rows, 'row')}, {net_text(account)}"
    yield from _problems(account.problems, "  ")
    for part in account.calendar[-MOST_STRETCHES:]:
        yield f"  {days_of(part)}: {STATUS_WORDS[part.status]}"
    for layer in account.layers:
        yield f"  {layer.layer}: {ANSWER_WORDS[layer.verdict]} at {to_words(layer.checked_at)}"


def _problems(problems: tuple[Problem, ...], indent: str) -> Iterator[str]:
    for problem in problems:
        remedy = f": `{problem.remedy}`" if problem.remedy else ""
        yield f"{indent}{problem.grade}: {problem.text}{remedy}"
