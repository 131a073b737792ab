"""The first layer: each row by itself, in its file, and once in the account; and each file against the state.

One pass over the files, which also gathers what the other layers need: where rows lie in time, their sums, their ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.state.partition import partition_of
from connector.core.time.intervals import Interval, Intervals
from connector.errors import SchemaError, StorageError
from connector.lake.formats.formats import format_of
from connector.lake.formats.row_columns import (
    CHUNK_ROWS,
    CHUNK_TEXT,
    MICROSECONDS,
    bounds_of,
    inside,
    text_bytes,
    value_of,
)
from connector.lake.state.record_files import record_path
from connector.lake.state.record_gaps import missing_records
from connector.lake.state.run_reports import turned_back
from connector.lake.state.table_states import TABLE
from connector.lake.stores.disk import at_disk, sha256_of
from connector.lake.writing.file_statistics import Summary
from connector.verification.figures import figures_of
from connector.verification.inventory import batches
from connector.verification.payout_rows import payout_rows_of
from connector.verification.row_laws import Order, check_amounts
from connector.verification.verdict import Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connector.core.state.table_state import DataFile
    from connector.core.state.unnamed import Unnamed
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store
    from connector.verification.earlier_runs import EarlierRuns
    from connector.verification.figures import FileFigures
    from connector.verification.inventory import Inventory

_FIGURES = ("rows", "first_created", "last_created", "net", "pending", "pending_from", "pending_created")


def take_inventory(
    store: Store,
    inventory: Inventory,
    past: EarlierRuns,
    was_read: Callable[[DataFile], None],
    *,
    large: int = 2 * CHUNK_ROWS,
) -> None:
    """Read every file of an account. Blocks; belongs in a worker thread.

    Args:
        store: the lake.
        inventory: filled in.
        past: what earlier runs said of the account.
        was_read: told of every file once it was read.
        large: rows from which a file is looked at by itself.

    Raises:
        StorageError: when the destination cannot be listed; a file that cannot be read is a finding.
    """
    state = inventory.state
    _compare_with_past(inventory, past)
    for number in missing_records(store, TABLE, state.account):
        path = record_path(TABLE, state.account, number)
        message = f"{path} is gone, though others before and after it are there: restore it from a backup"
        inventory.findings.add(Finding("records_missing", message, path=path))
    for unnamed_file in inventory.unnamed:
        inventory.findings.add(extra_file(unnamed_file))
    form, together = format_of(state), _Together(inventory, large)
    for path, file in sorted(state.files.items()):
        with store.opened(path) as local:
            if local is None:
                message = f"{path} is gone, and with it {file.rows:,} rows"
                inventory.findings.add(Finding("missing_file", message, path=path, expected=file.rows, found=0))
                inventory.unreadable.add(path)
            else:
                _FilePass(inventory, form, file, together).read(local)
        was_read(file)
    together.check()
    inventory.ids.close()
    _name_twins(inventory, store, form)


def extra_file(unnamed_file: Unnamed) -> Finding:
    """Return the finding of what no record names."""
    return Finding(
        "extra_file", f"{unnamed_file.shown} is in no record: {unnamed_file.remedy}", path=unnamed_file.shown
    )


@dataclass(slots=True)
class _Together:
    """Rows of small files that are looked at together: a file of a day has fewer than Arrow's cost per call is worth.

    Only where something is wrong with them are they gone through file by file, to say where.
    """

    inventory: Inventory
    large: int
    _files: list[tuple[_FilePass, list[pa.RecordBatch]]] = field(
        init=False, default_factory=list["tuple[_FilePass, list[pa.RecordBatch]]"]
    )
    _rows: int = field(init=False, default=0)
    _text: int = field(init=False, default=0)

    def add(self, file_pass: _FilePass, read: list[pa.RecordBatch]) -> None:
        """Take in the rows of a whole file."""
        self._files.append((file_pass, read))
        self._rows += sum(batch.num_rows for batch in read)
        self._text += sum(map(text_bytes, read))
        if self._rows >= self.large or self._text >= CHUNK_TEXT:
            self.check()

    def check(self) -> None:
        """Look at what there is."""
        files, self._files, self._rows, self._text = self._files, [], 0, 0
        for file_pass, _ in (empty := [(file_pass, read) for file_pass, read in files if not read]):
            file_pass.compare()
        files = [part for part in files if part not in empty] if empty else files
        if not files:
            return
        whole = pa.concat_batches([batch for _, read in files for batch in read])
        wrong = Findings()
        compared = check_amounts(whole, "", wrong)
        Order().check(whole, "", wrong)
        if wrong:  # or only the order of files is not that of their rows
            compared = 0
            for file_pass, read in files:
                order = Order()
                for batch in read:
                    compared += _check_rows(batch, file_pass.file.path, order, self.inventory)
        self.inventory.compared += compared
        told = figures_of(whole, [sum(batch.num_rows for batch in read) for _, read in files])
        for (file_pass, read), now in zip(files, told, strict=True):
            if wrong or not file_pass.agrees(now):
                file_pass.look_closely(read)
        _gather(whole, self.inventory)


@dataclass(slots=True)
class _FilePass:
    """One file, read once."""

    inventory: Inventory
    form: Format
    file: DataFile
    together: _Together
    _summary: Summary = field(init=False, default_factory=Summary)
    _order: Order = field(init=False, default_factory=Order)

    def read(self, local: Path) -> None:
        findings, path, sha256 = self.inventory.findings, self.file.path, ""
        try:
            with at_disk(f"reading {path}"):
                sha256 = sha256_of(local)
            if sha256 != self.file.sha256:
                message = f"{path} is not as it was written: its bytes have another SHA-256 than the state has"
                findings.add(Finding("changed_file", message, path=path, expected=self.file.sha256, found=sha256))
            is_small = (
                self.file.rows < self.together.large and self.file.bytes < CHUNK_TEXT and sha256 == self.file.sha256
            )
            with batches(self.form, local, trusted=sha256 == self.file.sha256) as read:
                rows = (self._taken(batch) for batch in read if batch.num_rows)
                if is_small:
                    self.together.add(self, list(rows))
                else:
                    self.together.check()  # of earlier files, since rows are gathered in order of time
                    self._look_at_each(rows)
                    self.compare()
        except Exception as error:
            if not isinstance(error, StorageError | SchemaError) and sha256 == self.file.sha256:
                raise  # bytes that are not ours may be anything, and end in any error
            findings.add(Finding("unreadable_file", f"{path} cannot be read to its end: {error}", path=path))
            self.inventory.unreadable.add(path)

    def _taken(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Look at what of rows has to do with their file."""
        self.inventory.rows += batch.num_rows
        self._check_claims(batch)
        return batch

    def agrees(self, now: FileFigures) -> bool:
        """Say whether sorted rows with these figures are as the state has them, and where and when they may be."""
        if any(getattr(self.file, name) != getattr(now, name) for name in _FIGURES):
            return False
        granularity, label = self.inventory.state.partition, _label(self.file.path)
        return (
            partition_of(now.first_created, granularity).label == label
            and partition_of(now.last_created, granularity).label == label
            and self.inventory.known.covers(Interval(now.first_created, now.last_created + 1))
        )

    def look_closely(self, read: list[pa.RecordBatch]) -> None:
        """Say what of the rows of a file is not as the state has it."""
        for batch in read:
            self._summary.add(batch)
            self._check_time(batch)
        self.compare()

    def _check_claims(self, batch: pa.RecordBatch) -> None:
        """Look whether another account has the same rows, where there is another."""
        inventory, path = self.inventory, self.file.path
        if inventory.claims is None:
            return
        for row_id, other in inventory.claims.clashes(inventory.state.account, batch.column("id").to_pylist()):
            message = f"{row_id} is a row of {other}, too: one of the two accounts has the other's rows"
            inventory.findings.add(Finding("in_two_accounts", message, path=path, id=row_id))

    def _look_at_each(self, rows: Iterator[pa.RecordBatch]) -> None:
        for batch in rows:
            self._summary.add(batch)
            self._check_time(batch)
            self.inventory.compared += _check_rows(batch, self.file.path, self._order, self.inventory)
            _gather(batch, self.inventory)

    def _check_time(self, batch: pa.RecordBatch) -> None:
        """Hold rows to their partition, and to the time that is covered or not yet settled."""
        inventory, path, granularity = self.inventory, self.file.path, self.inventory.state.partition
        label, (first, last) = _label(path), bounds_of(batch)
        if {partition_of(first, granularity).label, partition_of(last, granularity).label} != {label}:
            strange = [second for second in (first, last) if partition_of(second, granularity).label != label]
            ticks = batch.column("created").view(pa.int64())
            row = batch.filter(pc.equal(ticks, value_of(ticks, strange[0] * MICROSECONDS)))
            name, belongs = row.column("id")[0].as_py(), partition_of(strange[0], granularity).label
            message = f"{name} stands in {path}, and belongs to {belongs}"
            inventory.findings.add(
                Finding("row_in_wrong_partition", message, path=path, id=name, expected=belongs, found=label)
            )
        known = inventory.known
        if known.covers(Interval(first, last + 1)):
            return
        outside = batch.filter(pc.invert(inside(batch.column("created"), known)))
        for name in outside.column("id").slice(0, 1).to_pylist():
            message = f"{name} in {path} lies in time that the state does not count as read"
            inventory.findings.add(Finding("row_outside_covered_time", message, path=path, id=name), outside.num_rows)

    def compare(self) -> None:
        """Hold the state's figures of the file to what was looked at."""
        now = self._summary.data_file(self.file.path, size=self.file.bytes, sha256=self.file.sha256)
        for name in _FIGURES:
            expected, actual = getattr(self.file, name), getattr(now, name)
            if expected != actual:
                message = f"{self.file.path}: the state has {name} {_shown(expected)}, the file {_shown(actual)}"
                finding = Finding(
                    "wrong_recorded_figure",
                    message,
                    path=self.file.path,
                    expected=_plain(expected),
                    found=_plain(actual),
                )
                self.inventory.findings.add(finding)


def _label(path: str) -> str:
    """Return what a file's partition is called."""
    return path.split("/")[-2]


def _check_rows(batch: pa.RecordBatch, path: str, order: Order, inventory: Inventory) -> int:
    """Hold rows to their own laws, and to the order of their file; return how many fees were compared."""
    compared = check_amounts(batch, path, inventory.findings)
    order.check(batch, path, inventory.findings)
    return compared


def _gather(batch: pa.RecordBatch, inventory: Inventory) -> None:
    """Take in what other layers need of rows, whatever their files."""
    inventory.ids.add(batch.column("id").to_pylist())
    known = batch
    if bounds_of(batch)[1] >= inventory.settled:
        known = batch.filter(inside(batch.column("created"), Intervals.span(0, inventory.settled)))
        inventory.unsettled += batch.num_rows - known.num_rows
    if inventory.payout_rows is not None:
        inventory.payout_rows.update(payout_rows_of(known))
    sums = inventory.ledger.add(known)
    for balance in inventory.recorded if sums else ():
        balance.add(known, sums)
    if inventory.profiled:
        ticks = batch.column("created").view(pa.int64())
        inventory.profile.add(pc.divide(ticks, value_of(ticks, MICROSECONDS)).to_pylist())


def _compare_with_past(inventory: Inventory, past: EarlierRuns) -> None:
    """Hold the state to what the last run reported: rows are never taken away."""
    if past.rows is None:
        return
    if inventory.state.number < past.record:
        message = f"run {past.run_id} left {turned_back(inventory.state.number, past.record)}"
        inventory.findings.add(Finding("records_missing", message, expected=past.record, found=inventory.state.number))
    rows, net = inventory.state.rows, inventory.state.net()
    if rows < past.rows:
        message = f"the state names {rows:,} rows, and run {past.run_id} left {past.rows:,}"
        inventory.findings.add(Finding("fewer_rows_than_reported", message, expected=past.rows, found=rows))
    elif rows == past.rows:
        for currency in sorted(net.keys() | past.net.keys()):
            was, now = past.net.get(currency, 0), net.get(currency, 0)
            if was != now:
                message = f"net of all rows is {now} {currency}, and run {past.run_id} left {was} (minor units)"
                finding = Finding("other_net_than_reported", message, currency=currency, expected=was, found=now)
                inventory.findings.add(finding)


def _name_twins(inventory: Inventory, store: Store, form: Format) -> None:
    """Say which ids came more than once, and where; reads the files again if any did."""
    if not inventory.ids.twins:
        return
    places: dict[str, list[str]] = {}
    for path in sorted(inventory.state.files.keys() - inventory.unreadable):
        with store.opened(path) as local:
            if local is None:
                continue
            with batches(form, local) as read:
                for batch in read:
                    for row_id in batch.column("id").to_pylist():
                        if hash(row_id) in inventory.ids.twin_hashes:
                            places.setdefault(row_id, []).append(path)
    twice = {row_id: paths for row_id, paths in places.items() if len(paths) > 1}
    for row_id, paths in sorted(twice.items()):
        if inventory.findings.wants("id_not_unique"):
            where = ", ".join(dict.fromkeys(paths))
            message = f"{row_id} is there {len(paths)} times: in {where}"
            inventory.findings.add(
                Finding("id_not_unique", message, path=paths[0], id=row_id, expected=1, found=len(paths)), 0
            )
    inventory.findings.count("id_not_unique", inventory.ids.twins if twice else 0)


def _plain(value: object) -> int | str | None:
    return value if value is None or type(value) is int else str(value)


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
