"""A Stripe whose clock is the test's: rows become visible when their time comes."""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from connector.stripe.follow.following import Follower
from connector.stripe.follow.options import FollowOptions
from tests.support.fakes import NOW, Clock, FakeTransport, client_over, ok, refused, row

if TYPE_CHECKING:
    from connector.core.api.page import Row
    from connector.stripe.transport import Request

OWN = "acct_own"


class TimeUpError(Exception):
    """The test's time is over."""


class Hours(Clock):
    """A clock that lets a waiting follower wait, until time is up."""

    def __init__(self, until: float = float("inf")) -> None:
        super().__init__()
        self.until = until

    @property
    def second(self) -> int:
        """UTC seconds at Stripe's."""
        return NOW + int(self.time)

    async def sleep(self, seconds: float) -> None:
        if self.time + seconds > self.until:
            self.time = self.until
            raise TimeUpError
        await super().sleep(seconds)


@dataclass
class Live:
    """Answers as Stripe does, with the rows that are visible by its clock.

    Attributes:
        clock: whose time it is.
        rows: by account; each with the second from which it is listed.
        spoil: given the number of each request, from 1; returns or raises what it is answered with, or None.
        shuffle: whether the order of ties changes with each request.
        size: rows of a page.
        ahead: seconds by which its `Date` is wrong.
    """

    clock: Hours
    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    spoil: Any = None
    shuffle: bool = False
    size: int = 100
    ahead: int = 0
    asked: list[tuple[str, float]] = field(default_factory=list)
    _order: dict[str, float] = field(default_factory=dict)
    _sorted: dict[str, tuple[int, list[tuple[int, Row]]]] = field(default_factory=dict)

    def add(self, number: int, created: int, *, visible: int | None = None, account: str = OWN) -> Row:
        """Add a row; seconds are by the test's clock."""
        made = row(number, NOW + created)
        self.rows.setdefault(account, []).append((NOW + (created if visible is None else visible), made))
        return made

    def answer(self, request: Request) -> Any:
        account = request.headers.get("Stripe-Account", OWN)
        self.asked.append((account, self.clock.time))
        if self.spoil is not None and (other := self.spoil(len(self.asked))) is not None:
            return other
        date = formatdate(self.clock.second + self.ahead, usegmt=True)
        url = urlsplit(request.url)
        if url.path == "/v1/account":
            return ok({"id": account, "object": "account", "created": NOW - 1_000_000}, date=date)
        if account not in self.rows and account != OWN:
            return refused(403, "no access", code="account_invalid", headers={"date": date})
        query = dict(parse_qsl(url.query))
        return ok(self._page(account, query), date=date)

    def _page(self, account: str, query: dict[str, str]) -> dict[str, Any]:
        start, stop = int(query.get("created[gte]", 0)), int(query.get("created[lt]", 10**12))
        rows = self.rows.get(account, [])
        if self._sorted.get(account, (0, []))[0] != len(rows):
            self._sorted[account] = (len(rows), sorted(rows, key=lambda one: -one[1]["created"]))
        rows = self._sorted[account][1] if rows else []
        low, high = (bisect_right(rows, -edge, key=lambda one: -one[1]["created"]) for edge in (stop, start - 1))
        listed = [one for at, one in rows[low:high] if at <= self.clock.second and start <= one["created"] < stop]
        if self.shuffle:
            if not query.keys() & {"starting_after", "ending_before"}:
                chance = random.Random(len(self.asked))
                self._order |= {one["id"]: chance.random() for one in listed}
            listed.sort(key=lambda one: (-one["created"], self._order.get(one["id"], 2.0)))
        if (after := query.get("starting_after")) is not None:
            at = next(position for position, one in enumerate(listed) if one["id"] == after)
            listed = listed[at + 1 :]
        rows = listed[: self.size]
        if (before := query.get("ending_before")) is not None:
            listed = listed[: next(position for position, one in enumerate(listed) if one["id"] == before)]
            rows = listed[-self.size :]
        return {"object": "list", "data": rows, "has_more": len(listed) > self.size, "url": "/v1/balance_transactions"}

    def follower(self, bookmark: Any = None, listener: Any = None, **options: Any) -> Follower:
        """A follower that asks this Stripe."""
        client = client_over(FakeTransport(by=self.answer), clock=self.clock)
        given = {} if listener is None else {"listener": listener}
        return Follower(client, FollowOptions(**options), bookmark, **given)


@dataclass
class Heard:
    """What a follower told."""

    told: list[str] = field(default_factory=list)

    def lost(self, error: Exception) -> None:
        self.told.append("lost")

    def back(self) -> None:
        self.told.append("back")

    def refused(self, account: str, error: Exception) -> None:
        self.told.append(f"refused {account}")

    def waiting(self) -> None:
        """Nothing to tell."""


async def collect(follower: Follower, into: list[Row] | None = None) -> list[Row]:
    """Every row until time is up; an interruption keeps what has come."""
    found = [] if into is None else into
    try:
        async for batch in follower:
            found.extend(batch.rows)
    except TimeUpError:
        pass
    return found


def kept(follower: Follower) -> Any:
    """A bookmark, as it comes back from a file."""
    return json.loads(json.dumps(follower.bookmark()))
