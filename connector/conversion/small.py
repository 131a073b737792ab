"""Files of payouts, of their transactions and of balances from one lake into another: each is read whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from connector.conversion.content import Content
from connector.core.api.json_text import dumps
from connector.core.state.conversion import Made
from connector.core.state.data_file import folder_of, with_changes
from connector.lake.stores.disk import at_disk
from connector.lake.writing.rewrite import trusted
from connector.lake.writing.small_tables import small_table, stage_rows

if TYPE_CHECKING:
    from pathlib import Path

    from connector.conversion.source import Part, Source
    from connector.conversion.target import Target
    from connector.core.state.data_file import DataFile
    from connector.lake.stores.base import Store
    from connector.lake.writing.small_tables import SmallTable


def convert_small(source: Source, part: Part, target: Target) -> Made:
    """Convert a part of a small table. Blocks; belongs in a worker thread.

    Raises:
        LakeChangedError: a run has replaced the file.
        SchemaError: a row of it lacks what its table cannot do without.
        StorageError: it is gone or damaged; or the new lake's place does not take one.
    """
    (file,) = part.files
    there = small_table(part.table, part.held.state.format)
    with source.comparer.kept(file, part.held.moment) as local:
        objects = there.objects(_rows(there, local, file.path))
    new = small_table(part.table, target.format, file.hidden)
    form = new.form.of_run(target.run)
    made, staged = stage_rows(target.store, form, folder_of(file.path), new.encode(objects))
    entry = with_changes(file, path=made.path, rows=made.rows, bytes=made.bytes, sha256=made.sha256, version=None)
    return Made(
        table=part.table,
        account=part.held.state.account,
        part=part.label,
        sources=part.sources,
        files=(target.publish(entry, staged),),
        rows=len(objects),
        content=_content(objects).sha256,
    )


def content_of_small(store: Store, part: Part, target: Target, files: tuple[DataFile, ...]) -> Content:
    """Return what the file holds that a part became, read back; raises what `content_of` of rows raises. Blocks."""
    (file,) = files
    new = small_table(part.table, target.format)
    with trusted(store, file) as local:
        return _content(new.objects(_rows(new, local, file.path)))


def _rows(there: SmallTable, local: Path, path: str) -> pa.RecordBatch:
    with at_disk(f"reading {path}"), there.form.open_reader(local) as batches:
        return pa.concat_batches([there.empty(), *batches])


def _content(objects: list[dict[str, Any]]) -> Content:
    """Return what objects hold; a field that is null and one that is not there are the same in columns."""
    digest = hashlib.sha256()
    for received in objects:
        told = {name: value for name, value in received.items() if value is not None}
        digest.update(dumps(told, orjson.OPT_SORT_KEYS))
    return Content(len(objects), digest.hexdigest())
