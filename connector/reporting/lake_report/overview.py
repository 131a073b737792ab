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
    grave = sorted(
        report.accounts, key=lambda account: (("wrong", "look", "well").index(account.grade), account.account)
    )
    lines = tuple(
        (
            account.account,
            _standing(account),
            _complete(account),
            "never" if not account.layers else minute_text(min(layer.checked_at for layer in account.layers)),
            account.rows,
            account.pending,
            _nets(account.net),
        )
        for account in grave
    )
    pending = sum(account.pending for account in grave)
    total = ("all accounts", "", "", "", report.rows, pending, _nets(_added(grave)))
    marks = (
        *((place, account.grade) for place, account in enumerate(grave) if account.grade != "well"),
        (len(grave), "total"),
    )
    columns = ("account", "how it stands", "complete up to (UTC)", "verified (UTC)", "rows", "pending", "net")
    title = counted(len(lines), "account")
    return Table(title, columns, (*lines, total), frozenset({4, 5}), marks=marks)


def _complete(account: AccountFacts) -> str:
    """Say in a cell up to when an account is complete, and what is lost all the same."""
    upto = "" if account.complete_up_to is None else minute_text(account.complete_up_to)
    return upto + (f", {counted(account.lost, 'file')} lost" if account.lost else "")


def _added(accounts: Iterable[AccountFacts]) -> list[tuple[Purse, int]]:
    """Add up what accounts hold, each balance and currency by itself, that of payments first."""
    sums: Counter[Purse] = Counter()
    for account in accounts:
        for purse, net in account.net:
            sums[purse] += net
    return sorted(sums.items(), key=lambda item: (item[0].balance_type != PAYMENTS, item[0]))


def _nets(nets: Iterable[tuple[Purse, int]]) -> str:
    """Return in a cell what rows add up to."""
    said = [f"{shown(Money(net, purse.currency))} {title_of(purse)}" for purse, net in nets]
    return "; ".join(part.replace(" payments ", " ") for part in said)


def _standing(account: AccountFacts) -> str:
    if account.retired is not None:
        return "retired"
    return {"wrong": "wrong", "look": "look at it", "well": "well"}[account.grade]
