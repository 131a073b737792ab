"""Statements in tests: lakes to make them of, and the same figures from the rows as received, added up one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

import connector
from connector.payouts.calls import sync_payouts
from connector.sandbox import World
from tests.support.lakes import DAY, START, config_for, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from connector.core.api.page import Row
    from connector.sandbox import Sandbox

CURRENCIES = ("eur", "usd", "jpy", "kwd")


def world(transactions: int = 900, *, days: int = 70, **options: Any) -> World:
    """Some ten weeks of an account in four currencies, one without decimals and one with three; all is settled."""
    end = START + days * DAY
    chosen = {"seed": 11, "connected": 1, "currencies": CURRENCIES, "now": end + 20 * DAY}
    return World(transactions=transactions, start=START, end=end, **(chosen | options))


def fill(lake: Path, served: Sandbox, *, payouts: bool = True, **options: Any) -> None:
    """Bring every account's rows into a lake, and payouts."""
    accounts = [None, *served.world.accounts[1:]]
    run(lake, served, accounts=accounts, **options)
    if payouts:
        anyio.run(lambda: sync_payouts(lake, config=config_for(served), accounts=accounts))


def asked_balance(served: Sandbox, account: str | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    """What `/v1/balance` says now: available and pending, by balance type and currency; nothing where both are zero."""

    async def ask() -> connector.Balance:
        async with connector.Stripe(config_for(served)) as stripe:
            return await stripe.balance(account=account)

    balance = anyio.run(ask)
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for name, parts in (
        ("payments", {"available": balance.available, "pending": balance.pending}),
        ("issuing", balance.issuing),
        ("refund_and_dispute_prefunding", balance.refund_and_dispute_prefunding),
    ):
        for status, amounts in parts.items():
            for one in amounts:
                found[name, one.currency][status == "pending"] += one.amount
    return {key: (pair[0], pair[1]) for key, pair in found.items() if any(pair)}


@dataclass
class Plain:
    """Figures of one balance, added up in the plainest way there is."""

    opening: int = 0
    closing: int = 0
    categories: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    fees: Counter[tuple[str, str | None, bool]] = field(default_factory=Counter)
    waiting: list[int] = field(default_factory=lambda: [0, 0])
    disputes: Counter[str] = field(default_factory=Counter)
    converted: list[int] = field(default_factory=lambda: [0, 0])


def plainly(rows: Iterable[Row], start: int, stop: int) -> dict[tuple[str, str], Plain]:
    """Add rows up by balance type and currency."""
    found: dict[tuple[str, str], Plain] = defaultdict(Plain)
    for row in rows:
        one = found[row["balance_type"], row["currency"]]
        for end, moment in enumerate((start, stop)):
            if row["created"] < moment < row["available_on"] and row["type"] != "payout":
                one.waiting[end] += row["net"]
        if row["created"] < start:
            one.opening += row["net"]
        if row["created"] < stop:
            one.closing += row["net"]
        if not start <= row["created"] < stop:
            continue
        _count(one, row)
    return found


def _count(one: Plain, row: Row) -> None:
    """Add a row of the period."""
    sums = one.categories[row["reporting_category"]]
    for place, value in enumerate((1, row["amount"], row["fee"], row["net"])):
        sums[place] += value
    for part in row["fee_details"]:
        one.fees[part["type"], part["description"], False] += part["amount"]
    if row["reporting_category"] in {"fee", "tax"}:
        one.fees[row["reporting_category"], None, True] -= row["amount"]
    if row["reporting_category"] in {"dispute", "dispute_reversal"}:
        one.disputes[row["source"]] -= row["net"]
    if row["exchange_rate"] is not None:
        one.converted[0] += 1
        one.converted[1] += row["amount"]


def balances(document: dict[str, Any], account: str | None = None) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield the balances of one account, of all by default, each with its type and currency."""
    for one in document["accounts"]:
        if account in {None, one["account"]}:
            for balance in one["balances"]:
                yield (balance["balance_type"], balance["currency"]), balance


def agrees(document: dict[str, Any], account: str, rows: Iterable[Row]) -> None:
    """Hold an account's statement against its rows; what it leaves out is nothing."""
    start, stop = document["period"]["start"], document["period"]["stop"]
    plain = plainly(rows, start, stop)
    stated = dict(balances(document, account))
    assert {key for key, one in plain.items() if one.categories or one.opening} == stated.keys()
    for key, balance in stated.items():
        truth = plain[key]
        lines = {
            line["category"]: [line["count"], line["gross"], line["fee"], line["net"]]
            for line in (*balance["activity"], *balance["payouts"])
        }
        assert lines == truth.categories
        assert all(line["category"].startswith("payout") for line in balance["payouts"])
        opening, closing = balance["opening"], balance["closing"]
        moved = balance["activity_total"]["net"] + balance["payouts_total"]["net"]
        assert (opening["amount"], closing["amount"]) == (truth.opening, truth.closing)
        assert opening["amount"] + moved == closing["amount"]
        assert [opening["computed"]["pending"], closing["computed"]["pending"]] == truth.waiting
        assert sum(closing["computed"].values()) == closing["amount"]
        assert sum(day["net"] for day in balance["pending"]) == closing["computed"]["pending"]
        fees = {(fee["type"], fee["description"], fee["own_rows"]): fee["amount"] for fee in balance["fees"]}
        assert {name: amount for name, amount in fees.items() if amount} == {k: v for k, v in truth.fees.items() if v}
        assert {one["dispute"]: one["cost"] for one in balance["disputes"]} == truth.disputes
        assert sum(one["count"] for one in balance["conversions"]) == truth.converted[0]
        assert sum(one["gross"] for one in balance["conversions"]) == truth.converted[1]
