"""Data files of a lake whose tables are Delta's or Iceberg's, and a state that names them, without a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.state.data_file import DataFile
from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.publishing import Wanted
from connector.core.units import DAY, AccountId
from connector.lake.catalogs.base import TableShape, shape_of
from connector.lake.formats.formats import format_named
from connector.lake.reading.table_files import file_schema
from connector.tables.balance_transactions import to_batch
from tests.support.rows import OFFICIAL_ROW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLE = "balance_transactions"
START = 1_767_225_600
ACCOUNT = "acct_1"


def rows_of(day: int, ids: list[str], **more: Any) -> list[dict[str, Any]]:
    """Rows of the day so many days after START, a second apart."""
    first = START + day * DAY
    return [{**OFFICIAL_ROW, "id": name, "created": first + place, **more} for place, name in enumerate(ids)]


@dataclass
class Lake:
    """Files in a folder, and what a state says of them.

    Attributes:
        root: the lake.
        partition: of its files.
        source_columns: whether they have those.
    """

    root: Path
    partition: Granularity = Granularity.DAY
    source_columns: bool = False
    files: dict[str, DataFile] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    history: dict[tuple[str, int], dict[str, DataFile]] = field(default_factory=dict)
    _runs: Any = field(default_factory=lambda: count(1))

    @property
    def shape(self) -> TableShape:
        return shape_of(TABLE, file_schema(TABLE, self.partition, source_columns=self.source_columns))

    def wanted(self, revisions: Mapping[str, int] = MappingProxyType({})) -> Wanted:
        """What the state says now, and said at some revisions."""
        published = {
            name: self.history[name, number] for name, number in revisions.items() if (name, number) in self.history
        }
        return Wanted(dict(self.files), dict(self.revisions), published)

    def write(self, rows: list[dict[str, Any]], account: str = ACCOUNT) -> DataFile:
        """Write rows, sorted and of one partition, as a file that no state names."""
        form = format_named("parquet", source_columns=self.source_columns)
        batch = to_batch(rows, source_columns=self.source_columns)
        folder = partition_folder(TABLE, AccountId(account), partition_of(rows[0]["created"], self.partition))
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        staged = self.root / folder / "staged"
        writer = form.open_writer(staged)
        writer.write(batch)
        writer.close()
        sha256 = hashlib.sha256(staged.read_bytes()).hexdigest()
        path = f"{folder}/part-{sha256[:12]}-20260101T000000Z-{next(self._runs):08x}.parquet"
        staged.rename(self.root / path)
        ids = pc.min_max(batch.column("id")).as_py()
        return DataFile(
            path,
            batch.num_rows,
            (self.root / path).stat().st_size,
            sha256,
            rows[0]["created"],
            rows[-1]["created"],
            ids=(ids["min"], ids["max"]),
        )

    def put(self, rows: list[dict[str, Any]], account: str = ACCOUNT) -> DataFile:
        """Write rows in place of what is in their partition, and let the state name them."""
        file = self.write(rows, account)
        self._replace(file.path, {file.path: file})
        return file

    def drop(self, path: str) -> None:
        """Let the state name no file of a path's partition."""
        self._replace(path, {})

    def note(self, account: str = ACCOUNT) -> None:
        """Let the state say something else than which files there are."""
        self._record(account)

    def _replace(self, path: str, new: dict[str, DataFile]) -> None:
        folder = path.rpartition("/")[0]
        self.files = {one: file for one, file in self.files.items() if not one.startswith(f"{folder}/")} | new
        self._record(path.partition("account=")[2].partition("/")[0])

    def _record(self, account: str) -> None:
        number = self.revisions[account] = self.revisions.get(account, 0) + 1
        own = {path: file for path, file in self.files.items() if f"/account={account}/" in path}
        self.history[account, number] = own

    def rows(self) -> list[tuple[str, str, str]]:
        """What a table is to hold: account, day and id of each row, sorted."""
        form = format_named("parquet", source_columns=self.source_columns)
        found: list[tuple[str, str, str]] = []
        for path in self.files:
            account, label = (part.partition("=")[2] for part in path.split("/")[1:3])
            with form.open_reader(self.root / path) as batches:
                ids = pa.Table.from_batches(batches, form.schema).column("id").to_pylist()
            found += [(account, label, one) for one in ids]
        return sorted(found)
