"""A Stripe in memory whose answers a test changes before they leave: lies of any kind, at any place."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import anyio

from connector.core.api.protocol import Response
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from connector.ingest.calls import sync_with
from connector.ingest.options import options_of
from connector.lake.stores.local import LocalStore
from connector.services import Services
from tests.support.fakes import FakeStripe, FakeTransport, config, ok
from tests.support.payout_world import scripted_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.core.api.page import Row
    from connector.core.run_report import Report
    from connector.stripe.transport import Request

START = 1_767_225_600
"""2026-01-01."""


def as_it_is(_path: str, _query: dict[str, str], document: Any) -> Any:
    """Change nothing."""
    return document


@dataclass
class TwistedStripe:
    """One account.

    Attributes:
        rows: newest first; ten charges of ten days by default.
        twist: given a path, its query and what would be answered, a copy; returns what is answered instead, a document
            or a `Response`.
        date: of every answer; by the time in `now` where it is None.
        now: UTC seconds.
    """

    rows: list[Row] = field(
        default_factory=lambda: [scripted_row(number, START + number * DAY, 100) for number in range(10)][::-1]
    )
    twist: Callable[[str, dict[str, str], Any], Any] = as_it_is
    date: str | None = None
    now: int = START + 20 * DAY
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        """Answer as Stripe would, then as the test says."""
        where = urlsplit(request.url)
        query = dict(parse_qsl(where.query))
        self.asked.append((where.path, query))
        found = self.twist(where.path, query, deepcopy(self._truth(where.path, query)))
        date = formatdate(self.now, usegmt=True) if self.date is None else self.date
        return found if isinstance(found, Response) else ok(found, date=date)

    def _truth(self, path: str, query: dict[str, str]) -> Any:
        if path == "/v1/account":
            return {"id": "acct_1Twisted", "object": "account", "created": START - DAY}
        window = Interval(int(query.get("created[gte]", 0)), int(query.get("created[lt]", END_OF_TIME)))
        page = FakeStripe(self.rows).answer(window, query.get("starting_after"), query.get("ending_before"))
        return {"object": "list", "data": page.rows, "has_more": page.has_more, "url": path}

    def transport(self) -> FakeTransport:
        """A way to it."""
        return FakeTransport(by=self.answer)

    def sync(self, lake: Path, **options: Any) -> Report:
        """Sync it into a lake."""

        async def go() -> Report:
            services = Services(LocalStore(lake), self.transport(), destination=str(lake))
            return await sync_with(services, config(), options_of(options), wait=0.0)

        return anyio.run(go)
