"""A session that carries out tasks in this process, as executors would: from bytes, each in a partition of its own."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from connector.spark.task import nothing


@dataclass
class Session:
    """What `connector.spark.sync` asks of a session.

    Attributes:
        cores: of its executors.
        lost: numbers of tasks that are carried out once more after they have ended, as where an executor is lost.
        sent: the bytes that went to the executors.
    """

    cores: int = 2
    lost: frozenset[int] = frozenset()
    sent: list[bytes] = field(default_factory=list)
    _rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sparkContext(self) -> Any:  # noqa: N802 - theirs
        return SimpleNamespace(defaultParallelism=self.cores)

    @property
    def tasks(self) -> Any:
        """What was sent last, as an executor has it."""
        return pickle.loads(self.sent[-1])  # noqa: S301 - our own

    def range(self, start: int, end: int, step: int, partitions: int) -> Session:
        assert (start, step, partitions) == (0, 1, end)
        return replace(self, _rows=[{"id": number} for number in range(end)])

    def mapInArrow(self, tasks: Any, schema: str) -> Session:  # noqa: N802 - theirs
        if tasks is nothing:  # workers that are started beforehand
            return self
        assert schema == "task long, ended binary"
        self.sent.append(pickle.dumps(tasks))
        self._rows = [row for one in self._rows for row in self._carried_out(one["id"])]
        return self

    def collect(self) -> list[dict[str, Any]]:
        return list(reversed(self._rows))

    def _carried_out(self, number: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for _ in range(1 + (number in self.lost)):
            batches = list(self.tasks(iter([pa.RecordBatch.from_pylist([{"id": number}])])))
            rows = [row for batch in batches for row in batch.to_pylist()]
        return rows
