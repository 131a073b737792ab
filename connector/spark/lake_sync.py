"""A sync as a job of Spark: the driver plans and closes it, tasks carry it out and commit to one lake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Unpack, cast

from connector.config.salt import Salt
from connector.core.account_failures import OWN
from connector.core.run_report import to_document
from connector.errors import ConnectorError
from connector.ingest.options import options_of
from connector.ingest.tasks import tasks_of
from connector.lake.catalogs.following import follow
from connector.options.calls import SparkSyncOptions
from connector.options.connection import Connection, RatePerAccount
from connector.options.option import table_of
from connector.options.signatures import takes
from connector.running.blocking import run_anywhere
from connector.running.clock import SystemClock
from connector.services import opened
from connector.spark.driver import config_on_driver, place_of, shared, slots_of
from connector.spark.executor_settings import ExecutorSettings
from connector.spark.task import RESULT, Ended, Tasks
from connector.spark.task_reports import failure_of, gathered
from connector.spark.warming import warmed

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from pyspark.sql import SparkSession

    from connector.errors import UnpublishedError

_OF_DRIVER = {*table_of(Connection), *table_of(RatePerAccount), "hash_salt_file", "wait"}
"""Options that tasks are not told by name: they go with what is carried."""


@takes(SparkSyncOptions)
def sync(
    spark: SparkSession,
    destination: str | PathLike[str],
    *,
    key: Callable[[], str] | None = None,
    slots: int | None = None,
    **options: Unpack[SparkSyncOptions],
) -> dict[str, Any]:
    """Bring balance transactions into a lake by tasks on the executors: thousands of accounts, or years of one.

    Each task is a run of its own that commits to the one lake, so that it may be lost, repeated, or carried out twice
    at once. What some accounts end with does not keep the others from being complete.

    Args:
        spark: the session.
        destination: a bucket, or a folder on a disk that driver and executors share.
        key: returns the key, called on the driver; by default it comes from `api_key_file`, else from the environment
            of the driver. Executors need none.
        slots: tasks that are at work at once, at least 1: the cores of all executors by default.
        options: see below; `rate` and `max_in_flight` are shared by the tasks.

    Returns:
        The document of `schemas/run_report.json` for all tasks together, under the `run_id` of the first.

    Raises:
        AccountsError: some accounts failed; the others are complete.
        ConnectorError: what ended it, or one of its tasks; what was complete by then is in the lake.
    """
    clock = SystemClock()
    began = clock.now()
    config, count = config_on_driver(options, key), slots_of(spark, slots)
    salt = Salt.find(file=file) if (file := options.get("hash_salt_file")) is not None else None
    place = place_of(destination)
    given: dict[str, Any] = {name: _told(value) for name, value in options.items() if name not in _OF_DRIVER}
    chosen = options_of({**given, **({"salt": salt} if salt else {})})

    async def plan() -> list[dict[str, Any]]:
        async with opened(place, config) as services:
            return await tasks_of(services, config, chosen, slots=count)

    async def close() -> UnpublishedError | None:
        async with opened(place, None) as services:
            return await follow(services.store, catalog=chosen.catalog)

    with warmed(spark, count):
        told = run_anywhere(plan)
    carried = ExecutorSettings(shared(config, min(count, len(told)), followed=len(told) > count), place, chosen.salt)
    ended = _carried_out(spark, Tasks(carried, given, told, float(options.get("wait", 0.0))))
    unpublished = run_anywhere(close)
    reports = [task.report for task in ended if task.report is not None]
    report = gathered(reports, seconds=clock.now() - began, rate=config.rate) if reports else None
    accounts = [task.get("accounts") or [None] for task in told]
    errors = [
        (some[0] or OWN, task_report.error)
        for some, task_report in zip(accounts, ended, strict=True)
        if task_report.error is not None
    ]
    failure = (
        failure_of(errors, report, of=len({report_of_task for some in accounts for report_of_task in some}))
        or unpublished
    )
    if failure is not None or report is None:
        raise failure or ConnectorError("no task came back with a report")
    return to_document(report)


def _told(value: object) -> object:
    """Return a value as tasks are told it: what can be gone through once only, as a list."""
    return list(cast("Iterator[object]", value)) if isinstance(value, Iterator) else value


def _carried_out(spark: SparkSession, tasks: Tasks) -> list[Ended]:
    """Have the executors carry out tasks, one in each partition."""
    count = len(tasks.tasks)
    rows = spark.range(0, count, 1, count).mapInArrow(tasks, RESULT).collect()
    return [Ended.from_bytes(row["ended"]) for row in sorted(rows, key=lambda row: row["task"])]
