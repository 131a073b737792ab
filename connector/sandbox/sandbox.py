"""A sandbox to hold in one's hand: a loopback Stripe in a thread of its own, with knobs."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from connector.sandbox.core.kinds import ADDABLE
from connector.sandbox.core.ledger import Entry
from connector.sandbox.http.access import Keys
from connector.sandbox.http.api import PRETTY, Answer, Api
from connector.sandbox.http.faults import KINDS, Faults
from connector.sandbox.http.limits import Limits
from connector.sandbox.http.server import Latency, Server, listen
from connector.sandbox.http.stats import Seen, Stats

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType
    from typing import Self

    from connector.sandbox.core.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows to add.

    Attributes:
        count: how many.
        created: their second; None is now.
        type: one of `kinds.ADDABLE`: charge, payment, stripe_fee, tax_fee, topup, those that Stripe added in 2026; for
            rows of a balance that Stripe does not show risk_reserve, or strange_balance for one that nobody has heard
            of.
        currency: None is the world's first.
        amount: gross, in minor units.
        fee: in minor units.
        account: None is the platform.
        visible_at: second from which lists show them; None is at once.
        rowless: payments whose balance transaction is never made, as Stripe has some; their ids are the charges'.
    """

    count: int = 1
    created: int | None = None
    type: str = "charge"
    currency: str | None = None
    amount: int = 1_000
    fee: int = 59
    account: str | None = None
    visible_at: int | None = None
    rowless: bool = False


class Sandbox:
    """A loopback Stripe.

        with Sandbox(World(transactions=1_000)) as sandbox:
            stripe.StripeClient(sandbox.key, base_addresses={"api": sandbox.url})

    It runs in a daemon thread with its own event loop; every method may be called from any thread.

    Args:
        world: what it serves. It is changed by the clock and by added rows, so each sandbox needs its own.
        limits: Stripe's, by default.
        latency: median seconds until an answer; 0 answers at once.
        latency_sigma: of the log of the latency.
        port: 0 takes a free one.
        live: use live keys, with the higher global limit.
        missing_scopes: what the restricted key may not do: `payout_read` is refused in Stripe's words of 2026,
            `rak_payout_read` in the older ones.
        members: indices of the accounts of an organisation, whose key reaches them; the platform by default.
        faults: in force from the start; see `faults.KINDS`.
        clamp: pull `limit` into 1 to 100 rather than refuse it.
        compress: gzip where accepted.
    """

    def __init__(  # noqa: PLR0913 - each is a knob of its own, given by name
        self,
        world: World,
        *,
        limits: Limits | None = None,
        latency: float = 0.0,
        latency_sigma: float = 0.25,
        port: int = 0,
        live: bool = False,
        missing_scopes: Collection[str] = (),
        members: Collection[int] = (0,),
        faults: Collection[str] = (),
        clamp: bool = True,
        compress: bool = False,
    ) -> None:
        self.world = world
        self.faults: Faults = Faults(tuple(faults), world.seed)
        self._keys = Keys.of(world.seed, live=live, missing=missing_scopes, members=members)
        self._server = Server(
            Api(world, self._keys, self.faults, clamp=clamp),
            Limits() if limits is None else limits,
            Latency(latency, latency_sigma, world.seed),
            self._control,
            compress=compress,
        )
        self._wanted_port = port
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    # Where and who.

    @property
    def url(self) -> str:
        """Base address, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def key(self) -> str:
        """The secret key."""
        return self._keys.secret

    @property
    def restricted_key(self) -> str:
        """A restricted key, without the scopes in `missing_scopes`."""
        return self._keys.restricted

    @property
    def organisation_key(self) -> str:
        """The key of an organisation of the accounts in `members`."""
        return self._keys.organisation

    @property
    def account(self) -> str:
        """The platform's account id."""
        return self.world.platform

    # Knobs.

    @property
    def now(self) -> int:
        """The sandbox's clock, UTC seconds."""
        return self.world.clock()

    def advance(self, seconds: int) -> int:
        """Move the clock on, and return the new time."""
        return self.set_clock(self.now + seconds)

    def set_clock(self, now: int) -> int:
        """Put the clock at a second, and return it."""
        self._do(lambda: self.world.set_clock(now))
        return now

    def add_rows(self, rows: NewRows | None = None, **fields: Any) -> list[str]:  # noqa: ANN401 - the fields of NewRows
        """Add rows as `NewRows`, or its fields, say; their ids, in the order made."""
        return self._do(lambda: self._add(rows or NewRows(**fields)))

    def stats(self) -> dict[str, Any]:
        """Requests by endpoint and status, 429s by reason, peaks, rows and bytes served."""
        return self._do(lambda: self._server.stats.summary() | {"faults": self.faults.counts()})

    def requests(self) -> list[Seen]:
        """The latest 20,000 requests, oldest first."""
        return self._do(lambda: list(self._server.stats.requests))

    def reset_stats(self) -> None:
        """Count from zero again."""
        self._do(self._reset_stats)

    def _reset_stats(self) -> None:
        self._server.stats = Stats()

    def _add(self, rows: NewRows) -> list[str]:
        world = self.world
        ledger = world.ledger(0 if rows.account is None else world.account_index[rows.account])
        currency = 0 if rows.currency is None else ledger.currencies.index(rows.currency)
        created = world.clock() if rows.created is None else rows.created
        entry = Entry(created, ADDABLE[rows.type], currency, rows.amount, rows.fee)
        numbers = [ledger.insert(entry, visible_at=rows.visible_at) for _ in range(rows.count)]
        if not rows.rowless:
            return [ledger.id_of(number) for number in numbers]
        ledger.rowless.update(numbers)
        return [ledger.source_of(number) or "" for number in numbers]

    # The same knobs over HTTP.

    def _control(self, method: str, path: str, body: bytes) -> Answer:
        """Answer `/_sandbox/…`; runs in the server's loop."""
        try:
            return Answer(200, orjson.dumps(self._controlled(method, path, body), option=PRETTY))
        except (KeyError, TypeError, ValueError) as error:
            return Answer(400, orjson.dumps({"error": f"{type(error).__name__}: {error}"}, option=PRETTY))

    def _controlled(self, method: str, path: str, body: bytes) -> Any:  # noqa: ANN401 - any JSON
        given: dict[str, Any] = orjson.loads(body) if body else {}
        match method, path:
            case "GET", "stats":
                return self._server.stats.summary() | {"faults": self.faults.counts()}
            case "GET", "requests":
                return [
                    {"path": seen.path, "query": seen.query, "status": seen.status}
                    for seen in self._server.stats.requests
                ]
            case "POST", "stats/reset":
                self._reset_stats()
            case "POST", "clock":
                self.world.set_clock(int(given["set"]) if "set" in given else self.now + int(given["advance"]))
            case "POST", "faults":
                if given.get("clear"):
                    self.faults.clear()
                if "add" in given:
                    self.faults.add(given["add"])
            case "POST", "rows":
                return {"ids": self._add(NewRows(**given))}
            case _:
                raise ValueError(f"there is no {method} /_sandbox/{path}; faults are {', '.join(KINDS)}")
        return {"now": self.now, "faults": self.faults.counts()}

    # Running.

    def start(self) -> Self:
        """Serve, and return once the port is open.

        Raises:
            OSError: the port is taken.
        """
        self.world.ledger(0).prepare(self.now)
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="sandbox", daemon=True)
        self._thread.start()
        self._port = ready.result()
        return self

    def stop(self) -> None:
        """Close the port and every connection; harmless when not running."""
        loop, stop, thread = self._loop, self._stop, self._thread
        if loop is None or stop is None or thread is None:
            return
        self._loop = self._stop = self._thread = None
        loop.call_soon_threadsafe(stop.set)
        thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, ready: Future[int]) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)  # whatever it is, `start` waits to hear of it

    async def _serve(self, ready: Future[int]) -> None:
        listening = await listen(self._server, self._wanted_port)
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        stop = self._stop
        ready.set_result(listening.port)
        try:
            await stop.wait()
        finally:
            await listening.close()

    def _do(self, action: Callable[[], T]) -> T:
        """Run an action in the server's loop, between requests, or at once when it is not running."""
        loop = self._loop
        if loop is None:
            return action()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(action())
            except Exception as error:  # noqa: BLE001 - handed to the caller's thread
                done.set_exception(error)

        loop.call_soon_threadsafe(run)
        return done.result()
