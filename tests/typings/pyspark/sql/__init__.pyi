from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

class Row:
    def __getitem__(self, item: str) -> Any: ...

class DataFrame:
    def mapInArrow(
        self, func: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]], schema: str
    ) -> DataFrame: ...
    def collect(self) -> list[Row]: ...

class SparkSession:
    def range(self, start: int, end: int, step: int, numPartitions: int) -> DataFrame: ...
    @property
    def dataSource(self) -> DataSourceRegistration: ...

class DataSourceRegistration:
    def register(self, dataSource: type) -> None: ...
