"""Where rows go, and what becomes of them on the way there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from connector.core.api.allocation import Savings
from connector.errors import SchemaError
from connector.tables.balance_transactions import to_batch, to_lines
from connector.tables.columnize import Columnized, columnize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from connector.core.state.drift import Drift
    from connector.core.state.partition import Granularity
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store
    from connector.tables.redact import Redactor
    from connector.tables.transaction import Transaction

STAGING_THREADS = 2
"""Threads that write small files: one works while the other waits for the disk."""

LARGE_ROWS = 1_000
"""Rows from which writing is work rather than waiting: there two threads would fight for the interpreter's lock."""


@dataclass(frozen=True, slots=True)
class Lake:
    """Where rows go and how.

    Attributes:
        store: the destination.
        form: format of its files.
        partition: how much time one file holds.
        redactor: leaves out and hashes personal data, or None to keep all.
        strict: whether rows that differ from the schema are refused.
        source_columns: whether expanded sources have columns.
        run: id of the run that writes.
        witnessed: by account, up to which record earlier runs say that they left its state.
        savings: what earlier runs left in hand for asking about the past again.
        threads: where small files and records are written, for all accounts together.
        press: where large files are written, one at a time.
    """

    store: Store
    form: Format
    partition: Granularity
    redactor: Redactor | None = None
    strict: bool = False
    source_columns: bool = False
    run: str = ""
    witnessed: Mapping[str, int] = field(default_factory=dict[str, int])
    savings: Savings = field(default_factory=Savings)
    threads: anyio.CapacityLimiter = field(
        init=False, repr=False, compare=False, default_factory=lambda: anyio.CapacityLimiter(STAGING_THREADS)
    )
    press: anyio.CapacityLimiter = field(
        init=False, repr=False, compare=False, default_factory=lambda: anyio.CapacityLimiter(1)
    )

    def encode(self, rows: Columnized | Sequence[Transaction]) -> pa.RecordBatch:
        """Return a batch of the format's schema."""
        if self.redactor is not None:
            columnized = rows if isinstance(rows, Columnized) else columnize(rows)
            rows = self.redactor.rows(columnized.received)
        if self.form.name.startswith("jsonl"):
            return to_lines(rows)
        return to_batch(rows, source_columns=self.source_columns)

    def spare(self, drift: Drift) -> Drift:
        """Return what may be told of how rows differ from the schema."""
        return drift if self.redactor is None else self.redactor.spare(drift)

    def accept(self, drift: Drift) -> None:
        """Go on with rows that differ from the schema, unless that is to be refused.

        Raises:
            SchemaError: it is.
        """
        if drift and self.strict:
            first, more = drift.findings[0], len(drift.findings) - 1
            raise SchemaError(
                f"rows differ from the schema: {first.described}, such as in {first.example}"
                f"{f', and {more:,} more kinds of difference' if more else ''}; nothing of their window is published:"
                " upgrade stripe-balance-connector, or sync without `strict_schema`, which keeps and counts them"
            )
