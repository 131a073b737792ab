"""What a conversion made, as a value and as the JSON document of `schemas/conversion.json`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.core.state.conversion import ConvertedTable, as_builtins
from connector.core.state.table_state import add_net
from connector.core.time.times import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.conversion.source import Held
    from connector.core.state.conversion import Made


def converted_table(table: str, held: Held, made: Sequence[Made]) -> ConvertedTable:
    """Return what became of a table.

    Args:
        table: its name.
        held: what the other lake held.
        made: its parts, in order.
    """
    files = [file for part in made for file in part.files]
    return ConvertedTable(
        table=table,
        account=held.state.account,
        record=held.state.number,
        recorded_at=held.state.written,
        rows=sum(part.rows for part in made),
        files=len(files),
        net=add_net(file.net for file in files),
        content=hashlib.sha256("\n".join(part.content for part in made).encode()).hexdigest(),
    )


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """A lake that was made of another one, and proved to hold the same.

    Attributes:
        source: the other one, as it was given.
        destination: the new one.
        lake: the new one's id.
        format: of its files.
        partition: time that a file of balance transactions holds.
        tables: what became of each table of each account.
        parts_kept: parts that a conversion which was cut off had made, and that were read back only.
    """

    source: str
    destination: str
    lake: str
    format: str
    partition: str
    tables: tuple[ConvertedTable, ...]
    parts_kept: int = 0

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def files(self) -> int:
        """Files of all tables of the new lake."""
        return sum(table.files for table in self.tables)


def to_document(report: ConversionReport) -> dict[str, Any]:
    """Return the JSON document of `schemas/conversion.json`."""
    tables = [{**as_builtins(table), "recorded_at": to_text(table.recorded_at)} for table in report.tables]
    return {
        "source": report.source,
        "destination": report.destination,
        "lake": report.lake,
        "format": report.format,
        "partition": report.partition,
        "rows": report.rows,
        "files": report.files,
        "parts_kept": report.parts_kept,
        "tables": tables,
    }
