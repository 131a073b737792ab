"""Tables of a lake read back, and altered, by the libraries that they are made for."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import pyarrow as pa


@contextmanager
def opened(lake: Path, kind: str, name: str = "balance_transactions") -> Generator[Any]:
    """A table as deltalake's or pyiceberg's object."""
    if kind == "delta":
        yield import_module("deltalake").DeltaTable(str(lake / name))
        return
    catalog = import_module("connector.lake.catalogs.iceberg_catalog").open_catalog(str(lake))
    try:
        yield catalog.load_table(f"stripe.{name}")
    finally:
        catalog.close()


def table_of(lake: Path, kind: str, name: str = "balance_transactions") -> pa.Table:
    """All rows of a table."""
    with opened(lake, kind, name) as table:
        return table.to_pyarrow_table() if kind == "delta" else table.scan().to_arrow()


def rows_in(table: pa.Table) -> list[str]:
    """Rows as text, sorted, columns by name: whatever read them, they are the same."""
    names = sorted(table.column_names)
    return sorted(repr([(name, row[name]) for name in names]) for row in table.select(names).to_pylist())


def versions_of(lake: Path, kind: str, name: str = "balance_transactions") -> int:
    """How often a table was committed to."""
    with opened(lake, kind, name) as table:
        return table.version() + 1 if kind == "delta" else len(table.metadata.snapshots)


def take_out_a_day(lake: Path, kind: str, day: str = "2026-01-02") -> None:
    """Delete a day's rows, as another tool would."""
    with opened(lake, kind) as table:
        table.delete(f"created_date = '{day}'")
