"""One task of a sync, where an executor carries it out: a run of its own on the lake that all of them share."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.core.account_failures import without_frames
from connector.errors import ConnectorError
from connector.ingest.calls import sync_with
from connector.ingest.tasks import task_options
from connector.running.blocking import run_blocking
from connector.services import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from connector.core.run_report import Report
    from connector.spark.executor_settings import ExecutorSettings

RESULT = "task long, ended binary"
"""What comes back of each task, as Spark writes a schema."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended.

    Attributes:
        report: what it did; None where it did not come to that.
        error: what it ended with, if not well.
    """

    report: Report | None = None
    error: ConnectorError | None = None

    def to_bytes(self) -> bytes:
        """Return it as it goes back to the driver."""
        return pickle.dumps(self)

    @staticmethod
    def from_bytes(data: bytes) -> Ended:
        """Read what a task of ours sent back."""
        return pickle.loads(data)  # noqa: S301 - Spark itself passes what tasks return in the same way


@dataclass(frozen=True, slots=True)
class Tasks:
    """Carries out tasks by their numbers: what Spark sends to the executors.

    Errors of ours come back as values, so that the other tasks go on, and Spark neither logs nor repeats them; it
    repeats what was lost with an executor. A task that is carried out twice, or by two at once, reads what is lacking
    and commits it once.

    Attributes:
        carried: whom to ask at which rate, and where to write.
        options: of the whole sync, by name.
        tasks: what each is told besides.
        wait: seconds to wait for other runs.
    """

    carried: ExecutorSettings
    options: Mapping[str, Any]
    tasks: Sequence[Mapping[str, Any]]
    wait: float = 0.0

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Carry out the tasks whose numbers come, and give for each how it ended."""
        import pyarrow as pa  # noqa: PLC0415 - the driver need not have it to make this

        for batch in batches:
            for number in batch.column(0).to_pylist():
                ended = self.carried_out(number).to_bytes()
                arrays = [pa.array([number], pa.int64()), pa.array([ended])]
                yield pa.RecordBatch.from_arrays(arrays, names=["task", "ended"])

    def carried_out(self, number: int) -> Ended:
        """Carry out one."""
        try:
            return Ended(run_blocking(lambda: self._sync(number), instead="a task of Spark"))
        except ConnectorError as error:
            report = getattr(error, "report", None)
            if report is not None:
                vars(error)["report"] = None
            return Ended(report, without_frames(error))

    async def _sync(self, number: int) -> Report:
        carried = self.carried
        salted = {"salt": carried.salt} if carried.salt else {}
        options = task_options({**self.options, **salted}, self.tasks[number])
        async with opened(carried.destination or "", carried.config) as services:
            return await sync_with(services, carried.config, options, wait=self.wait, publishes=False)


def nothing(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give back what comes: a worker that is sent this has imported what a task needs."""
    yield from batches
