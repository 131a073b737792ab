"""A plain model of a Stripe account, served from memory: every row, when it can be seen, and how it looks by the clock.

It answers the client's requests in the process itself, so that thousands of steps take seconds.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from connector.core.api.protocol import Response
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from tests.support.rows import OFFICIAL_ROW

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from connector.core.api.page import Row
    from connector.stripe.transport import Request

ACCOUNT = "acct_1Model"
START = 1_767_225_600
"""2026-01-01."""

MOST = 300
"""Rows after which none arrive by themselves."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A row of the model; ordered as the API lists it, read from the end.

    Attributes:
        created: UTC seconds.
        tie: place among the rows of its second.
        id: its id.
        available_on: when its money should be available.
        flips_at: when its status says so; later than `available_on` for a laggard.
        visible_at: when it begins to be listed.
        amount: in minor units.
    """

    created: int
    tie: float
    id: str
    available_on: int
    flips_at: int
    visible_at: int
    amount: int

    def at(self, now: int) -> Row:
        """The row as the API shows it."""
        return OFFICIAL_ROW | {
            "id": self.id,
            "created": self.created,
            "available_on": self.available_on,
            "amount": self.amount,
            "fee": 7,
            "net": self.amount - 7,
            "fee_details": [{"amount": 7, "application": None, "currency": "usd", "description": "x", "type": "tax"}],
            "source": f"ch_{self.id[4:]}",
            "status": "available" if self.flips_at <= now else "pending",
        }


@dataclass(eq=False)
class Model:
    """One account, and a transport to it.

    Attributes:
        chance: of everything that is drawn.
        size: rows the server puts on a page, whatever is asked for.
        now: the server's clock.
        gone: ids no longer listed.
        arrivals: rows that come with each request.
        hurry: seconds the clock moves on with each request.
        before: called with the number of a request before it is answered; may raise.
    """

    chance: random.Random
    size: int = 9
    now: int = START + 10 * DAY
    gone: set[str] = field(default_factory=set)
    arrivals: int = 0
    hurry: int = 0
    before: Callable[[int], None] = lambda _: None
    entries: list[Entry] = field(default_factory=list)
    requests: int = 0

    def add(self, created: int, *, wait: int, lag: int = 0, late: int = 0) -> Entry:
        """Make a row; it is listed at once, or `late` seconds after `created`."""
        due = created + wait
        entry = Entry(
            created,
            self.chance.random(),
            f"txn_{self.chance.randrange(10**12):012}",
            available_on=due,
            flips_at=due + lag,
            visible_at=max(created + late, self.now if late == 0 else 0),
            amount=self.chance.choice([100, -2_500, 0, 999]) if self.chance.random() < 0.9 else 2**53 + 1,
        )
        insort(self.entries, entry)
        return entry

    def visible(self, now: int) -> list[Entry]:
        """What is listed, newest first."""
        shown = [one for one in self.entries if one.visible_at <= now >= one.created and one.id not in self.gone]
        return shown[::-1]

    # The transport ----------------------------------------------------------------------------------------------------

    async def send(self, request: Request) -> Response:
        """Answer the two operations a sync uses."""
        self.requests += 1
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        self.before(self.requests)
        self.now += self.hurry
        for _ in range(self.arrivals if len(self.entries) < MOST else 0):
            self.add(self.now, wait=DAY)
        where = urlsplit(request.url)
        if where.path == "/v1/account":
            return self._reply({"id": ACCOUNT, "object": "account", "created": START - DAY})
        assert where.path == "/v1/balance_transactions"
        return self._reply(self._page(dict(parse_qsl(where.query))))

    distrusted: tuple[int, ...] = ()

    def distrust(self, connection: int) -> None:
        """No answer here has a connection."""
        raise AssertionError(connection)

    async def close(self) -> None:
        """Nothing is open."""

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        low, high = int(query.get("created[gte]", 0)), int(query.get("created[lt]", END_OF_TIME))
        rows = [one for one in self.visible(self.now) if low <= one.created < high]
        if after := query.get("starting_after"):
            cursor = next(one for one in self.entries if one.id == after)
            rows = [one for one in rows if one < cursor]
        page = rows[: self.size]
        if before := query.get("ending_before"):
            cursor = next(one for one in self.entries if one.id == before)
            rows = [one for one in rows if one > cursor]
            page = rows[-self.size :]
        data = [one.at(self.now) for one in page]
        return {"object": "list", "data": data, "has_more": len(rows) > self.size, "url": "/v1/balance_transactions"}

    def _reply(self, document: object) -> Response:
        return Response(200, {"date": formatdate(self.now, usegmt=True)}, orjson.dumps(document))
