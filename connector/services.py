"""What a run touches, handed to it as one value: built at the edge, passed down, replaced by tests.

`opened` builds it for a destination and a configuration; `observed` does a call's work between its first and its last
event, and ends it in order when whoever listens fails.
"""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import anyio

from connector.core.state.run_ids import new_run_id
from connector.core.tuning import RunTuning
from connector.event_log import log_event
from connector.events import Event, OnEvent, RunEnded, RunStarted, listener_of, unheard
from connector.lake.state.lease import RunLease, lease_of
from connector.lake.state.waiting import when_free
from connector.lake.stores.base import Store, open_store
from connector.running.clock import Clock, SystemClock
from connector.running.stopping import stoppable
from connector.stripe.client import Client
from connector.stripe.gate import Gate
from connector.stripe.sharing import RateSharing
from connector.stripe.transport import HttpTransport, NoTransport, Transport

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from os import PathLike

    from connector.config.config import Config
    from connector.core.time.intervals import Interval
    from connector.options.run import Stopping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What a run touches.

    Attributes:
        store: the destination.
        transport: how requests get to Stripe.
        clock: time and chance.
        on_event: is told what happens.
        tuning: how often, how much at once.
        destination: the destination's name as it was given, for reports.
        gates: of each configuration, where its requests wait for their turn.
    """

    store: Store
    transport: Transport
    clock: Clock = field(default_factory=SystemClock)
    on_event: OnEvent = unheard
    tuning: RunTuning = field(default_factory=RunTuning)
    destination: str = ""
    gates: dict[Config, Gate] = field(default_factory=dict["Config", Gate], repr=False, compare=False)

    def client(self, config: Config) -> Client:
        """Return a client with counts of its own; to be ended, while the transport stays open.

        Its pace is that of the clients before it: a run that begins again, as another began the lake in the same
        moment, has sent some requests of this second already.
        """
        gate = self.gates.setdefault(config, Gate.of(config, self.clock))
        gate.pace.share(1.0)
        return Client(config, self.transport, gate, clock=self.clock, on_event=self.on_event)

    def new_run(self, began: float) -> str:
        """Draw the id of a run.

        Args:
            began: when it did, by the services' clock.
        """
        return new_run_id(self.clock.moment() - (self.clock.now() - began), secrets.token_hex(4))

    def lease(self, run: str, command: str, client: Client | None = None, *, asked: Interval | None = None) -> RunLease:
        """Return the lease of a run; while it lasts, the client goes at its share of the rate.

        Args:
            run: the run's id.
            command: what it does.
            client: whom it asks; None for nobody.
            asked: seconds of `created` it was asked for.
        """
        key = None if client is None else client.config.api_key.print_of()
        card = lease_of(run, command, utc=self.clock.utc(), asked=asked, key=key)
        lease = RunLease(self.store.of_run(run), self.clock, card, on_event=self.on_event)
        if client is not None:
            lease.on_others = RateSharing(client, lambda: lease.lease).heed
        return lease

    async def when_free(self, act: Callable[[], Awaitable[T]], *, wait: float) -> T:
        """Do what needs the lake, once no other run holds it; see `connector.lake.state.waiting`."""
        again = self.tuning.look_again_seconds
        return await when_free(self.store, act, wait=wait, clock=self.clock, look_again=again, on_event=self.on_event)


@asynccontextmanager
async def opened(
    destination: str | PathLike[str], config: Config | None, on_event: OnEvent | None = None
) -> AsyncGenerator[Services]:
    """Open what a run on a destination touches, and close it at the end of the block.

    Args:
        destination: the lake.
        config: whom to ask; None for nobody.
        on_event: is told what happens.

    Raises:
        ConfigError: the destination cannot be one, or `on_event` cannot be told.
    """
    tell, store = listener_of(on_event), open_store(destination)
    transport = NoTransport() if config is None else HttpTransport.configured(config)
    try:
        yield Services(store, transport, on_event=tell, destination=str(destination))
    finally:
        with anyio.CancelScope(shield=True):
            await transport.close()


async def carried_out(
    touched: AbstractAsyncContextManager[Services], act: Callable[[Services], Awaitable[T]], stops: Stopping
) -> T:
    """Do a call's work with what it touches, until it is done or stopped.

    Args:
        touched: what it touches, still to be opened.
        act: the work.
        stops: what stops it, if anything does.

    Raises:
        ConfigError: the destination cannot be one.
        StoppedError: it was stopped.
        UsageError: the deadline is none.
    """

    async def work() -> T:
        async with touched as services:
            return await act(services)

    return await stoppable(work, canceller=stops.get("canceller"), deadline=stops.get("deadline"))


async def observed(call: str, services: Services, work: Callable[[Services], Awaitable[T]], *, rate_limit: float) -> T:
    """Do a call's work between `RunStarted` and `RunEnded`, and return its result.

    Args:
        call: its name.
        services: what it touches.
        work: given the services whose `on_event` it is to tell.
        rate_limit: requests per second aimed at; infinite for none.

    Raises:
        BaseException: what the work raised; or, before that, what `on_event` did: the run is then stopped as by Ctrl-C,
            so that what is complete is committed, and `on_event` is told nothing more.
    """
    clock, scope = services.clock, anyio.CancelScope()
    heard, began = _Heard(services.on_event, scope), clock.now()
    heard.tell(RunStarted(call, services.destination, clock.utc(), rate_limit))
    results: list[T] = []
    try:
        with scope:
            results.append(await work(replace(services, on_event=heard.tell)))
    except BaseException as error:
        heard.tell(RunEnded(call, getattr(error, "report", None), error, clock.now() - began))
        if heard.failure is None or isinstance(error, anyio.get_cancelled_exc_class()):
            raise
        raise heard.failure from error
    result = results[0] if results else None
    heard.tell(RunEnded(call, result, heard.failure, clock.now() - began))
    if heard.failure is not None:
        raise heard.failure
    return results[0]


@dataclass(slots=True)
class _Heard:
    """Passes events on until whoever listens fails; then the run is stopped, and nothing more is passed on.

    Nothing is raised where an event happens: rows may be half way to the disk there.
    """

    on_event: OnEvent
    scope: anyio.CancelScope
    failure: BaseException | None = None

    def tell(self, event: Event) -> None:
        """Log an event, and pass it on."""
        log_event(event)
        if self.failure is None:
            try:
                self.on_event(event)
            except BaseException as error:  # noqa: BLE001 - raised again at the run's end, whatever it is
                self.failure = error
                self.scope.cancel()
