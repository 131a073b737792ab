"""The rows behind a statement as comma-separated values, in the columns of Stripe's itemized reports and a few more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as ds

from connector.core.ledger.ledger import UNNAMED
from connector.core.time.periods import as_date
from connector.core.time.times import END_OF_TIME
from connector.core.units import PAYMENTS
from connector.lake.formats.row_columns import to_rows
from connector.reporting.cells import decimal
from connector.reporting.csv_lines import to_line, words
from connector.reporting.statement.paid_out import PaidOut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from connector.core.ledger.statement import AccountStatement
    from connector.core.time.periods import Period
    from connector.reporting.scan import AccountScan

_AMOUNTS = {"gross": "amount", "fee": "fee", "net": "net"}

HEADER = (
    "balance_transaction_id",
    "created_utc",
    "created",
    "available_on_utc",
    "available_on",
    "currency",
    *_AMOUNTS,
    "reporting_category",
    "source_id",
    "description",
    "automatic_payout_id",
    "automatic_payout_effective_at_utc",
    "account",
    "balance_type",
    "type",
    "status",
    "final",
    *(f"{name}_minor" for name in _AMOUNTS),
)
"""Up to `automatic_payout_effective_at_utc` what such a report of Stripe's has by these names, in its forms: amounts in
major units, times as `2026-10-01 09:30:00`, `created` and `available_on` by the zone's clocks.

Source: docs.stripe.com/reports/report-types, the columns of `balance_change_from_activity.itemized`.
"""

_DAY_SECONDS = 86_400

_COLUMNS = (
    "id",
    "created",
    "available_on",
    "currency",
    "amount",
    "fee",
    "net",
    "reporting_category",
    "source",
    "description",
    "balance_type",
    "type",
    "status",
)


def to_lines(
    destination: str | PathLike[str],
    rows: AccountScan,
    stated: AccountStatement,
    period: Period,
    *,
    currency: str | None = None,
) -> Iterator[str]:
    """Yield a line for each row of an account in a period, by `created` and id, each with its line break. Blocks.

    Args:
        destination: the lake.
        rows: of the account.
        stated: its statement of the period, for what is known of its payouts and whether it is final.
        period: which.
        currency: only of this one; None for all.

    Raises:
        LakeChangedError: a file has been replaced.
        StorageError: a file is gone or cannot be read.
    """
    bounds, final = period.bounds, "true" if stated.final else "false"
    chosen = None if currency is None else ds.field("currency") == currency
    with PaidOut.of(destination, stated, bounds) as paid_out:
        for file in sorted(rows.state.files.values(), key=lambda file: file.first_created):
            start, stop = max(bounds.start, file.first_created), min(bounds.stop, file.last_created + 1)
            if start >= stop:
                continue
            for table in rows.between(start, stop, _COLUMNS, chosen):
                for row in to_rows(table):
                    fields = _row(row, period) | paid_out.of_row(row["id"])
                    fields |= {"account": stated.account, "final": final}
                    yield to_line(fields.get(name, "") for name in HEADER)


def _row(row: dict[str, Any], period: Period) -> dict[str, str]:
    """Return the columns that a row itself says; where the lake leaves one out, nothing."""
    amounts = {f"{name}_minor": str(row[column]) for name, column in _AMOUNTS.items()}
    amounts |= {name: decimal(row[column], row["currency"]) for name, column in _AMOUNTS.items()}
    return {
        **amounts,
        **{name: row[name] for name in ("currency", "type", "status")},
        **_times("created", row["created"], period),
        **_times("available_on", row["available_on"], period),
        "balance_transaction_id": row["id"],
        "reporting_category": row.get("reporting_category") or UNNAMED,
        "balance_type": row.get("balance_type") or PAYMENTS,
        "source_id": words(row.get("source") or ""),
        "description": words(row.get("description") or ""),
    }


def _times(name: str, second: int | None, period: Period) -> dict[str, str]:
    """Return the columns of a time; nothing where there is none, and no local time that Python could not write."""
    if second is None:
        return {}
    moments = {f"{name}_utc": _written(datetime.fromtimestamp(second, UTC))}
    if 0 <= second < END_OF_TIME - _DAY_SECONDS:
        moments[name] = _written(period.local(as_date(second, period.clocks) if name == "available_on" else second))
    return moments


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
