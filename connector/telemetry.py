"""OpenTelemetry from events: a span for each run, account and window; rows, requests, refusals and retries counted.

Needs the extra `otel`. Spans and counts go where the process has OpenTelemetry send them:

```python
report = await connector.sync("lake", on_event=connector.telemetry.on_event())
```
"""

# (OpenTelemetry is an extra, and this is checked without it, too)

from __future__ import annotations

from asyncio import CancelledError
from collections import defaultdict
from typing import TYPE_CHECKING

from opentelemetry import metrics, trace

import connector
from connector.events import (
    AccountEnded,
    AccountFailed,
    AccountIdentified,
    AccountStarted,
    Event,
    OnEvent,
    PageReceived,
    RequestAnswered,
    Retried,
    RunEnded,
    RunStarted,
    Throttled,
    WindowClosed,
    WindowOpened,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, MeterProvider
    from opentelemetry.trace import Span, TracerProvider
    from opentelemetry.util.types import AttributeValue

_Window = tuple[str | None, int, int]


def on_event(*, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None) -> OnEvent:
    """Return an `on_event` for one call after the other; calls that go on at the same time need one each.

    Args:
        tracer_provider: makes the tracer; the process's own by default.
        meter_provider: makes the meter; the process's own by default.
    """
    tracer = trace.get_tracer("connector", connector.__version__, tracer_provider=tracer_provider)
    meter = metrics.get_meter("connector", connector.__version__, meter_provider=meter_provider)
    spans = _Spans(tracer)
    rows = meter.create_counter("stripe_balance.rows", "{row}", "Rows received")
    requests = meter.create_counter("stripe_balance.requests", "{request}", "Attempts at requests")
    refusals = meter.create_counter("stripe_balance.refusals", "{request}", "Requests refused for their rate (429)")
    retries = meter.create_counter("stripe_balance.retries", "{request}", "Requests sent again")

    def hear(event: Event) -> None:
        match event:
            case PageReceived():
                _add(rows, event.rows, endpoint=event.endpoint)
            case RequestAnswered():
                _add(requests, 1, endpoint=event.endpoint, status=event.status)
            case Throttled():
                _add(refusals, 1, endpoint=event.endpoint, reason=event.reason or "none")
            case Retried():
                _add(retries, 1, endpoint=event.endpoint, cause=event.cause)
            case _:
                spans.hear(event)

    return hear


def _add(counter: Counter, amount: int, **attributes: AttributeValue) -> None:
    counter.add(amount, {f"stripe_balance.{name}": value for name, value in attributes.items()})


class _Spans:
    """The spans that are open: a run's, its accounts', their windows'."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer
        self._run: Span | None = None
        self._accounts: dict[str | None, Span] = {}
        self._windows: dict[_Window, list[Span]] = defaultdict(list)

    def hear(self, event: Event) -> None:
        """Open or end what an event says."""
        match event:
            case RunStarted():
                self._run = self._begun(f"stripe_balance.{event.call}", None, destination=event.destination)
            case AccountStarted():
                self._accounts[event.account] = self._begun("account", self._run, account=event.account or "")
            case AccountIdentified():
                if (span := self._accounts.get(event.account)) is not None:
                    span.set_attribute("stripe_balance.account", event.name)
            case WindowOpened() | WindowClosed():
                self._hear_window(event)
            case AccountEnded():
                self._end_account(event.account, None)
            case AccountFailed():
                self._end_account(event.account, event.error)
            case RunEnded():
                self._end_run(event.error)
            case _:
                pass

    def _hear_window(self, event: WindowOpened | WindowClosed) -> None:
        open_ones = self._windows[event.account, event.start, event.stop]
        if isinstance(event, WindowOpened):
            parent = self._accounts.get(event.account, self._run)
            open_ones.append(self._begun("window", parent, start=event.start, stop=event.stop))
        elif open_ones:
            open_ones.pop(0).end()

    def _begun(self, name: str, parent: Span | None, **attributes: AttributeValue) -> Span:
        context = None if parent is None else trace.set_span_in_context(parent)
        known = {f"stripe_balance.{key}": value for key, value in attributes.items()}
        return self._tracer.start_span(name, context, attributes=known)

    def _end_account(self, account: str | None, error: BaseException | None) -> None:
        for key in [key for key in self._windows if key[0] == account]:
            for span in self._windows.pop(key):  # of a window that was not read to its end
                _end(span, error)
        if (span := self._accounts.pop(account, None)) is not None:
            _end(span, error)

    def _end_run(self, error: BaseException | None) -> None:
        for account in {*self._accounts, *(account for account, _, _ in self._windows)}:
            self._end_account(account, error)
        if self._run is not None:
            _end(self._run, error)
            self._run = None


def _end(span: Span, error: BaseException | None) -> None:
    if error is not None:
        stopped = isinstance(error, CancelledError)  # its text is of the loop's tasks
        span.set_status(trace.StatusCode.ERROR, "stopped" if stopped else f"{type(error).__name__}: {error}")
    span.end()
