"""Events as OpenTelemetry: spans that hang together, and counts that are those of the report."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from connector.errors import AccountsError
from connector.events import RunEnded, RunStarted
from tests.support.lakes import run, sandbox, truth, world

pytest.importorskip("opentelemetry.sdk", reason="the development extra's opentelemetry-sdk is not installed")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connector import telemetry


class Collected:
    """What OpenTelemetry was told."""

    def __init__(self):
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.on_event = telemetry.on_event(tracer_provider=tracers, meter_provider=meters)

    def spans(self, name):
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def points(self, name):
        (resource,) = self.reader.get_metrics_data().resource_metrics
        (scope,) = resource.scope_metrics
        return [point for metric in scope.metrics if metric.name == name for point in metric.data.data_points]

    def count(self, name):
        return sum(point.value for point in self.points(name))


def test_a_run_its_accounts_and_their_windows_are_spans_within_each_other(tmp_path):
    told = Collected()
    with sandbox(world(900, connected=2)) as stripe_:
        accounts = list(stripe_.world.accounts[1:])
        run(tmp_path, stripe_, accounts=accounts, on_event=told.on_event)
        rows = sum(len(truth(stripe_, account)) for account in accounts)
    (whole,) = told.spans("stripe_balance.sync")
    assert whole.parent is None
    assert whole.attributes["stripe_balance.destination"] == str(tmp_path)
    begun = told.spans("account")
    assert {span.attributes["stripe_balance.account"] for span in begun} == set(accounts)
    assert {span.parent.span_id for span in begun} == {whole.context.span_id}
    windows = told.spans("window")
    assert {span.parent.span_id for span in windows} == {span.context.span_id for span in begun}
    assert all(span.status.is_unset for span in (whole, *begun, *windows))
    assert all(whole.start_time <= span.start_time <= span.end_time <= whole.end_time for span in windows)
    assert told.count("stripe_balance.rows") == rows


def test_requests_refusals_and_retries_are_counted_as_in_the_report(tmp_path):
    told = Collected()
    with sandbox(world(900), faults=["rate-limit:p=0.2", "500:p=0.1"]) as stripe_:
        requests = run(tmp_path, stripe_, on_event=told.on_event).requests
    assert told.count("stripe_balance.requests") == requests.total
    assert told.count("stripe_balance.refusals") == requests.limited_total > 0
    assert told.count("stripe_balance.retries") == requests.retries > 0
    by_status = {str(point.attributes["stripe_balance.status"]) for point in told.points("stripe_balance.requests")}
    assert by_status == requests.statuses.keys()


def test_what_failed_is_an_error_of_its_span_and_no_span_stays_open(tmp_path):
    told = Collected()
    with sandbox(world(300, connected=2)) as stripe_:
        accounts = list(stripe_.world.accounts[1:])
        stripe_.faults.add(f"403:account={accounts[0]},endpoint=balance_transactions")
        with pytest.raises(AccountsError):
            run(tmp_path, stripe_, accounts=accounts, on_event=told.on_event)
        key = stripe_.key
    wrong = {span.attributes["stripe_balance.account"] for span in told.spans("account") if not span.status.is_unset}
    assert wrong == {accounts[0]}
    (whole,) = told.spans("stripe_balance.sync")
    assert whole.status.description.startswith("AccountsError: ")
    assert {span.attributes["stripe_balance.account"] for span in told.spans("account")} == set(accounts)
    assert not any(key in span.to_json() for span in told.exporter.get_finished_spans())


def test_the_span_of_a_run_that_was_stopped_says_that_and_nothing_of_tasks():
    told = Collected()
    told.on_event(RunStarted("sync", "lake", 1_767_225_600, 20.0))
    told.on_event(RunEnded("sync", None, asyncio.CancelledError("Cancelled via cancel scope 7f28 by <Task>"), 13.4))
    (whole,) = told.spans("stripe_balance.sync")
    assert (whole.status.is_ok, whole.status.description) == (False, "stopped")


def test_nothing_else_imports_opentelemetry():
    code = "import sys, connector.cli, connector.ingest.run; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
