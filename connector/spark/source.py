"""The data source `stripe_balance`: Stripe's list of balance transactions, for Spark to read.

Spark finds it by itself, by the package `pyspark_stripe_balance`. It plans a reading once for each DataFrame and reads
it anew for each action.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Unpack

from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    EqualNullSafe,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    InputPartition,
    LessThan,
    LessThanOrEqual,
)
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from connector.errors import UsageError
from connector.options.connection import Connection
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.spark.batches import checked_schema, source_schema
from connector.spark.driver import changed, config_on_driver
from connector.spark.executor_settings import ExecutorSettings
from connector.spark.filters import ColumnCondition, narrowed
from connector.spark.read_options import ReadOptions, asked_of
from connector.spark.reading import batches_of, planned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import SparkSession
    from pyspark.sql.datasource import DataSourceStreamReader, Filter
    from pyspark.sql.types import StructType

    from connector.spark.filters import Comparison

NAME = "stripe_balance"

_COMPARISONS: dict[type[Filter], Comparison] = {
    EqualTo: "=",
    EqualNullSafe: "=",
    GreaterThan: ">",
    GreaterThanOrEqual: ">=",
    LessThan: "<",
    LessThanOrEqual: "<=",
}


class StripeBalanceSource(DataSource):
    """Balance transactions as rows of Spark, from Stripe itself."""

    carried: ClassVar[ExecutorSettings | None] = None
    """Whom to ask, where the source was registered with it; else the environment of the driver says it."""

    @classmethod
    def name(cls) -> str:
        """Return what `format` calls it."""
        return NAME

    def schema(self) -> StructType:
        """Return the columns there are."""
        self.asked()
        return from_arrow_schema(source_schema())

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return what reads the columns of a schema; with filters only where that is asked for.

        Spark refuses every query over a reader that takes filters while its own switch for that is off.
        """
        asked = self.asked()
        if asked.lateness or asked.pages_per_batch is not None:
            raise UsageError("`lateness` and `pages_per_batch` are for streams: leave them out")
        made = StripeBalanceFilteredReader if asked.pushdown else StripeBalanceReader
        return made(self.carrying(asked), asked, arrow_of(schema))

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:  # noqa: N802 - Spark's name
        """Return what reads a stream of the columns of a schema."""
        from connector.spark.stream import StripeBalanceStreamReader  # noqa: PLC0415 - of Spark 4.2 and later

        asked = self.asked()
        if asked.limit is not None or asked.pushdown:
            raise UsageError("`limit` and `pushdown` are not for streams: `pages_per_batch` bounds a batch")
        return StripeBalanceStreamReader(self.carrying(asked), asked, arrow_of(schema))

    def asked(self) -> ReadOptions:
        """Return what the options ask for.

        Raises:
            UsageError: a key is among them, which is not quoted; there is no such option; or a value makes no sense.
        """
        return asked_of(dict(self.options), today=datetime.now(UTC).date())

    def carrying(self, asked: ReadOptions) -> ExecutorSettings:
        """Return whom to ask, with the key of the driver."""
        if self.carried is not None:
            return ExecutorSettings(changed(self.carried.config, asked.connection))
        return ExecutorSettings(config_on_driver(asked.connection, None))


class StripeBalanceReader(DataSourceReader):
    """Reads what the options ask for."""

    def __init__(self, carried: ExecutorSettings, asked: ReadOptions, schema: pa.Schema) -> None:
        self._carried, self._schema = carried, schema
        self._asked: ReadOptions | None = asked

    def partitions(self) -> Sequence[InputPartition]:
        """Fix what each partition reads, up to where rows may still come."""
        asked, config = self._asked, self._carried.config
        if asked is None:
            return []
        parts = run_blocking(lambda: planned(config, asked), instead="a thread of its own")
        return [InputPartition(part) for part in parts]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read one partition; where there is none, Spark asks for nothing."""
        if partition.value is None:
            return iter(())
        return batches_of(self._carried.config, partition.value, self._schema)


class StripeBalanceFilteredReader(StripeBalanceReader):
    """Reads no more than filters leave, as far as the list knows them."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802 - Spark's name
        """Heed filters, and give all of them back: Spark filters as ever."""
        if self._asked is not None:
            self._asked = narrowed(self._asked, map(_compared, filters))
        return filters


def arrow_of(schema: StructType) -> pa.Schema:
    """Return a schema of Spark as the one that its batches are held to.

    Raises:
        UsageError: it has other columns, or types that ours cannot become.
    """
    return checked_schema(to_arrow_schema(schema, timezone="UTC"))


def _compared(condition: Filter) -> ColumnCondition:
    how = _COMPARISONS.get(type(condition))
    if how is None:
        return ColumnCondition("", "=", None)
    column, value = getattr(condition, "attribute", ()), getattr(condition, "value", None)
    return ColumnCondition(".".join(column), how, value)


@takes(Connection)
def register(spark: SparkSession, *, key: Callable[[], str] | None = None, **connection: Unpack[Connection]) -> None:
    """Have a session read `format("stripe_balance")` with a key that is found now, in this process.

    Else the source looks for a key where Spark started it: in the environment that the driver had then.

    Args:
        spark: the session.
        key: returns the key; else it comes from `api_key_file`, or the environment.
        connection: see below.

    Raises:
        ConfigError: no key, or a value out of bounds.
    """
    settings = ExecutorSettings(config_on_driver(connection, key))

    class Registered(StripeBalanceSource):
        carried: ClassVar[ExecutorSettings | None] = settings

    spark.dataSource.register(Registered)
