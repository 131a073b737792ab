"""What SQL calls the few things that views need, in each dialect that has views."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.core.ledger.money import MOST_DECIMALS, NOT_TWO
from connector.readers.writing import backslashed_text, sql_text

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect of SQL.

    Attributes:
        create: how a view begins, with `{name}`.
        exact: the product of an `{amount}` and the `{worth}` of its unit, as a decimal, exact.
        local: a moment `{at}` as the clocks of `{zone}` show it.
        day: the date of a `{moment}` without a zone.
        parts: what stands after a table to have a row for each part of its fees.
        part: the member `{name}` of such a part.
        field: the text at a `{path}` of the JSON text `{text}`, or null.
        quoted: how a text is quoted.
        end: what a view with a join ends with.
        literal: how a decimal is written so that it never is a float, with `{worth}`.
        text: type of texts that may be null.
        date: type of dates that may be null.
    """

    create: str
    exact: str
    local: str
    day: str
    parts: str
    part: str
    field: str
    quoted: Callable[[str], str] = backslashed_text
    end: str = ""
    literal: str = "{worth}"
    text: str = "varchar"
    date: str = "date"

    def money(self, amount: str, currency: str) -> str:
        """Return an amount in whole units of its currency."""
        cases = [
            f"when {currency} in ({', '.join(map(sql_text, codes))}) then {self._worth(places)}"
            for places, codes in NOT_TWO.items()
        ]
        return self.exact.format(amount=amount, worth=f"case {' '.join(cases)} else {self._worth(2)} end")

    def nothing(self, kind: str) -> str:
        """Return a null of a type."""
        return f"cast(null as {kind})"

    def _worth(self, places: int) -> str:
        """Return what a minor unit is worth, with as many decimals for each currency: `0.010`."""
        thousandths = 10 ** (MOST_DECIMALS - places)
        return self.literal.format(worth=f"{thousandths // 1000}.{thousandths % 1000:03d}")


_PLAIN = "cast(cast({amount} as decimal(19, 0)) * cast({worth} as decimal(4, 3)) as decimal(22, 3))"
_SPARK = Dialect(
    create="create or replace temporary view {name} as",
    exact=_PLAIN,
    local=(
        "convert_timezone('UTC', {zone}, "
        "timestampadd(microsecond, unix_micros({at}), timestamp_ntz'1970-01-01 00:00:00'))"
    ),
    day="cast({moment} as date)",
    parts="lateral view explode(t.fee_details) parts as part",
    part="part.{name}",
    field="get_json_object({text}, '$.{path}')",
    text="string",
)

DIALECTS = {
    "duckdb": Dialect(
        create="create or replace view {name} as",
        exact=_PLAIN,
        local="timezone({zone}, {at})",
        day="cast({moment} as date)",
        parts="cross join unnest(t.fee_details) as parts(part)",
        part="part.{name}",
        field="({text} ->> '$.{path}')",
        quoted=sql_text,
    ),
    "clickhouse": Dialect(
        create="create or replace view {name} as",
        exact="toDecimal128(multiplyDecimal(toDecimal128({amount}, 0), toDecimal64({worth}, 3), 3), 3)",
        local="toTimeZone({at}, {zone})",
        day="toDate32({moment})",
        parts="array join t.fee_details as part",
        part="tupleElement(part, '{name}')",
        field="JSONExtract({text}, '{path}', 'Nullable(String)')",
        literal="'{worth}'",
        text="Nullable(String)",
        date="Nullable(Date32)",
        end="settings join_use_nulls = 1",  # else a row without a payout has one with an empty name
    ),
    "spark": _SPARK,
    "databricks": replace(_SPARK, create="create or replace view {name} as"),
    "bigquery": Dialect(
        create="create or replace view YOUR_DATASET.{name} as",
        exact="cast({amount} as numeric) * cast({worth} as numeric)",
        local="datetime({at}, {zone})",
        day="date({moment})",
        parts="cross join unnest(t.fee_details) as part",
        part="part.{name}",
        field="json_value({text}, '$.{path}')",
        literal="'{worth}'",
        text="string",
    ),
    "snowflake": Dialect(
        create="create or replace view {name} as",
        exact="cast({amount} as number(19, 0)) * cast({worth} as number(4, 3))",
        local="convert_timezone('UTC', {zone}, {at})",
        day="cast({moment} as date)",
        parts=", lateral flatten(input => t.fee_details) as part",
        part="part.value:{name}::varchar",
        field="parse_json({text}):{path}::varchar",
    ),
}
