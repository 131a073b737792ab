"""Whole runs on a bucket whose store does what was drawn: answers cut, puts that come late, refusals, old listings."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from connector.config.destination import placed
from connector.core.units import DAY
from connector.errors import ConnectorError
from connector.lake.stores.bucket_opening import open_bucket
from connector.lake.stores.objects import ObjectStore
from connector.lake.stores.patience import Patience
from tests.support.lakes import run

if TYPE_CHECKING:
    from connector.sandbox import Sandbox
    from tests.support.bucket_server import BucketServer

RUNS = 3
THROTTLED_SECONDS = 60.0


@dataclass
class Schedule:
    """What a store does, in the order of the requests that it gets.

    Attributes:
        faults: by the number of a request: see `BucketServer.choose`.
        throttled: number of the request from which on it answers 503 for a minute; None for never.
        refused: how many it refuses at most then: for clients that go by a clock of their own.
        listed_after: seconds after which a new object is listed.
        arriving: after which run each put that is under way arrives.
        clock: seconds, which go on where our client waits.
        seen: faults that came about.
    """

    faults: dict[int, int | str]
    throttled: int | None
    refused: int
    listed_after: float
    arriving: list[int]
    clock: float = 0.0
    seen: list[int | str] = field(default_factory=list)
    _requests: int = 0
    _since: float | None = None

    def choose(self, method: str, _key: str) -> int | str | None:
        """Say what becomes of a request."""
        self._requests += 1
        if self.throttled is not None and self._requests >= self.throttled and self.refused > 0:
            self._since = self.clock if self._since is None else self._since
            if self.clock < self._since + THROTTLED_SECONDS:
                self.refused -= 1
                return 503
        found = self.faults.get(self._requests)
        if found == "late" and method != "PUT":
            found = "hang"  # what was only read is not read later
        if found is not None:
            self.seen.append(found)
        return found

    def wait(self, seconds: float) -> None:
        """Let time go on."""
        self.clock += seconds

    def bucket(self, name: str, settings: dict[str, str]) -> Any:
        """A lake in the bucket, as a process of its own opens it."""
        patience = Patience(now=lambda: self.clock, sleep=self.wait, jitter=lambda: 0.5)
        lake = placed(name, settings)
        lake.once(lambda: ObjectStore(open_bucket(name, settings, environ={}, patience=patience)))
        return lake


def schedules(requests: int, *, refused: int = 1_000) -> st.SearchStrategy[Schedule]:
    """Schedules of a store's faults.

    Args:
        requests: about how many there are.
        refused: how many are refused at most while it throttles.
    """
    kinds = st.sampled_from(["cut", "hang", "late", 500, 503, 429])
    return st.builds(
        Schedule,
        faults=st.dictionaries(st.integers(1, requests), kinds, max_size=12),
        throttled=st.none() | st.integers(1, requests),
        refused=st.just(refused),
        listed_after=st.sampled_from([0.0, 1.0]),
        arriving=st.lists(st.integers(0, RUNS), max_size=12),
    )


def lived_through(
    served: BucketServer, stripe_: Sandbox, name: str, settings: dict[str, str], schedule: Schedule, **options: Any
) -> Any:
    """Have a lake live through what was drawn, and through one run more in which all goes well; return it.

    Args:
        served: the store.
        stripe_: whom to ask.
        name: of the lake.
        settings: by which clients get there.
        schedule: what the store does.
        options: of the first run.
    """
    served.choose, served.listed_after = schedule.choose, schedule.listed_after
    for number in range(RUNS):
        with suppress(ConnectorError):  # it may end with that; what it wrote has to be right all the same
            run(schedule.bucket(name, settings), stripe_, **options)
        for put in [put for put, at in zip(served.held, [*schedule.arriving], strict=False) if at == number]:
            served.held.remove(put)
            put()
        stripe_.advance(DAY)
        stripe_.add_rows(count=10, created=stripe_.now - DAY // 2)
    served.choose, served.listed_after = lambda _method, _key: None, 0.0
    lake = schedule.bucket(name, settings)
    run(lake, stripe_, **options)
    for put in served.held:  # what is still under way arrives now, on whatever is there
        put()
    return lake
