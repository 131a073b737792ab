"""Payouts in tests: lakes made against a sandbox and compared, and a Stripe whose payouts do as they are told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import pyarrow as pa

import connector
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from connector.lake.stores.local import LocalStore
from connector.payouts.calls import sync_payouts
from connector.payouts.run import PayoutsRun
from connector.services import Services
from connector.tables import payout_transactions, payouts
from tests.support.fakes import FakeTransport, client_over, ok, refused
from tests.support.lakes import START, config_for, world

if TYPE_CHECKING:
    from pathlib import Path

    from connector.core.api.page import Row
    from connector.payouts.report import AccountPayoutsReport, PayoutsReport
    from connector.sandbox import Sandbox, World
    from connector.stripe.transport import Request

TABLES = ("payouts", "payout_transactions")


def some_days(transactions: int = 700, *, days: int = 9, **options: Any) -> World:
    """A world of a few days whose payouts have all arrived and are reconciled."""
    end = START + days * DAY
    return world(transactions, days=days, **({"now": end + 6 * DAY} | options))


def bring(lake: Path, served: Sandbox, *, settings: dict[str, Any] | None = None, **options: Any) -> PayoutsReport:
    """Sync payouts, in an event loop of its own."""
    return anyio.run(lambda: sync_payouts(lake, config=config_for(served, **(settings or {})), **options))


def held_payouts(lake: Path, account: str | None = None) -> list[Row]:
    """Every payout of a lake as it was received."""
    return payouts.to_objects(pa.table(connector.read(lake, account, table="payouts")))


def held_pairs(lake: Path, account: str | None = None) -> list[Row]:
    """Every row of `payout_transactions`."""
    return payout_transactions.to_objects(pa.table(connector.read(lake, account, table="payout_transactions")))


def data_files(lake: Path) -> dict[str, str]:
    """SHA-256 of every file of the two tables, by path."""
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for table in TABLES
        for path in sorted((lake / table).rglob("*"))
        if path.is_file()
    }


def strays(lake: Path) -> list[str]:
    """Files that should not have been left."""
    records = (f"_stripe_balance/{name}" for name in ("state/", "intents/", "lake.json", "lock", "turn"))
    known = ("payouts/", "payout_transactions/", *records)
    names = [path.relative_to(lake).as_posix() for path in lake.rglob("*") if path.is_file()]
    return [name for name in names if not name.startswith(known) or "/." in name.removesuffix("/.turn")]


@dataclass
class ScriptedStripe:
    """Payouts and their transactions from memory, as Stripe lists them.

    Attributes:
        payouts: in any order.
        rows: by payout id, the transactions.
        now: its clock.
        asked: paths and queries, in order.
        answers_for: what is answered when a payout is retrieved, instead of it.
        dated: whether its answers say when they were sent.
    """

    payouts: list[Row] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    now: int = START + 100 * DAY
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers_for: dict[str, Row] = field(default_factory=dict)
    dated: bool = True

    def add(self, number: int, created: int, **fields: Any) -> Row:
        """Add a paid and reconciled payout of one charge."""
        one = scripted_payout(number, created, **fields)
        self.payouts.append(one)
        net = one["amount"]
        self.rows[one["id"]] = [
            scripted_row(2 * number, created, -net, type="payout", source=one["id"]),
            scripted_row(2 * number + 1, created - DAY, net),
        ]
        return one

    def answer(self, request: Request) -> Any:
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query))
        self.asked.append((parts.path, query))
        date = {"date": formatdate(self.now, usegmt=True)} if self.dated else {}
        if parts.path == "/v1/account":
            return ok({"id": "acct_1script", "object": "account"}, **date)
        if parts.path.startswith("/v1/payouts/"):
            name = parts.path.rsplit("/", 1)[1]
            found = [self.answers_for[name]] if name in self.answers_for else self.named(name)
            missing = partial(refused, 404, "No such payout", headers=date, code="resource_missing")
            return ok(found[0], **date) if found else missing()
        rows = self.payouts if parts.path == "/v1/payouts" else self.rows[query["payout"]]
        window = Interval(int(query.get("created[gte]", 0)), int(query.get("created[lt]", END_OF_TIME)))
        ordered = sorted(rows, key=lambda row: (-row["created"], row["id"]))
        ids = [row["id"] for row in ordered]
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        inside = [row for row in ordered[start:] if row["created"] in window]
        limit = int(query["limit"])
        return ok(
            {"object": "list", "data": inside[:limit], "has_more": len(inside) > limit, "url": parts.path}, **date
        )

    def named(self, name: str) -> list[Row]:
        return [one for one in self.payouts if one["id"] == name]

    def bring(
        self, lake: Path, *, clock: Any = None, services: dict[str, Any] | None = None, **options: Any
    ) -> AccountPayoutsReport:
        """Sync its payouts into a lake, with some services of the test's own."""

        async def go() -> PayoutsReport:
            client = client_over(FakeTransport(by=self.answer), clock=clock)
            usual = Services(LocalStore(lake), client.transport, destination=str(lake))
            return await PayoutsRun(replace(usual, **(services or {})), client, **options).go()

        (report,) = anyio.run(go).accounts
        return report

    def count(self, path: str) -> int:
        """Requests to a path, or below it where it ends with a slash."""
        return sum(one.startswith(path) if path.endswith("/") else one == path for one, _ in self.asked)


def scripted_payout(number: int, created: int, **fields: Any) -> Row:
    """A payout as received."""
    plain = {
        "id": f"po_{number}",
        "object": "payout",
        "amount": 1_000 + number,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": created + 2 * DAY,
        "automatic": True,
        "balance_transaction": f"txn_{2 * number:05d}",
        "created": created,
        "currency": "usd",
        "description": "STRIPE PAYOUT",
        "destination": "ba_1",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {"note": "ü"},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid",
        "trace_id": None,
        "type": "bank_account",
    }
    return plain | fields


def scripted_row(number: int, created: int, net: int, **fields: Any) -> Row:
    """A balance transaction as received."""
    plain = {
        "id": f"txn_{number:05d}",
        "object": "balance_transaction",
        "amount": net,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": "usd",
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": net,
        "reporting_category": "charge",
        "source": f"ch_{number}",
        "status": "available",
        "type": "charge",
    }
    return plain | fields
