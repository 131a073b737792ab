"""Workers of Python, started while the driver plans: to start one and import what a task needs takes seconds."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from connector.spark.task import nothing

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyspark.sql import SparkSession


@contextmanager
def warmed(spark: SparkSession, slots: int) -> Generator[None]:
    """Have Spark start a worker for each slot meanwhile; what comes of that is no matter, as tasks start their own."""

    def warm() -> None:
        with suppress(Exception):  # the tasks themselves meet it again, and say so
            spark.range(0, slots, 1, slots).mapInArrow(nothing, "id long").collect()

    thread = threading.Thread(target=warm, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
