"""Many accounts in one table: how each stands, the gravest first, and all of them added up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.units import PAYMENTS
from connector.reporting.cells import Money, shown
from connector.reporting.lake_report.problems import title_of
from connector.reporting.lake_report.sections import Table
from connector.reporting.lake_report.words import minute_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.ledger.ledger import Purse
    from connector.reporting.lake_report.facts import AccountFacts, LakeReport


def overview(report: LakeReport) -> Table:
    """Return a line an account, the gravest first, and all of them added up."""
    grave = sorted(report.accounts, key=lambda one: (("wrong", "look", "well").index(one.grade), one.account))
    lines = tuple(
        (
            one.account,
            _standing(one),
            _complete(one),
            "never" if not one.layers else minute_text(min(layer.checked_at for layer in one.layers)),
            one.rows,
            one.pending,
            _nets(one.net),
        )
        for one in grave
    )
    pending = sum(one.pending for one in grave)
    total = ("all accounts", "", "", "", report.rows, pending, _nets(_added(grave)))
    marks = (*((place, one.grade) for place, one in enumerate(grave) if one.grade != "well"), (len(grave), "total"))
    columns = ("account", "how it stands", "complete up to (UTC)", "verified (UTC)", "rows", "pending", "net")
    title = counted(len(lines), "account")
    return Table(title, columns, (*lines, total), frozenset({4, 5}), marks=marks)


def _complete(one: AccountFacts) -> str:
    """Say in a cell up to when an account is complete, and what is lost all the same."""
    upto = "" if one.complete_up_to is None else minute_text(one.complete_up_to)
    return upto + (f", {counted(one.lost, 'file')} lost" if one.lost else "")


def _added(accounts: Iterable[AccountFacts]) -> list[tuple[Purse, int]]:
    """Add up what accounts hold, each balance and currency by itself, that of payments first."""
    sums: Counter[Purse] = Counter()
    for one in accounts:
        for purse, net in one.net:
            sums[purse] += net
    return sorted(sums.items(), key=lambda item: (item[0].balance_type != PAYMENTS, item[0]))


def _nets(found: Iterable[tuple[Purse, int]]) -> str:
    """Return in a cell what rows add up to."""
    said = [f"{shown(Money(net, purse.currency))} {title_of(purse)}" for purse, net in found]
    return "; ".join(part.replace(" payments ", " ") for part in said)


def _standing(one: AccountFacts) -> str:
    if one.retired is not None:
        return "retired"
    return {"wrong": "wrong", "look": "look at it", "well": "well"}[one.grade]
