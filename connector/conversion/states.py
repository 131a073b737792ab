"""What the new lake's records say: all that those of the other one said, of the files that there are now."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.state.data_file import folder_of, with_changes
from connector.core.state.payouts_record import COLUMNS
from connector.core.state.record import NOTHING, are_same, with_fields
from connector.core.state.tables import PAYOUTS, TRANSACTIONS, Origin
from connector.lake.formats.formats import format_named
from connector.lake.state import state_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.conversion.source import Held
    from connector.conversion.target import Target
    from connector.core.state.data_file import DataFile
    from connector.core.state.record import Parts
    from connector.core.state.tables import State


def record(held: Held, files: Iterable[DataFile], target: Target) -> State:
    """Record what the new lake holds of an account, and return it; where that is recorded already, do nothing. Blocks.

    Args:
        held: what the other lake holds.
        files: what they became, all visible.
        target: the new lake.

    Raises:
        StorageError: the destination refuses.
    """
    spec, account = held.spec, held.state.account
    there = state_log.load(target.store, spec, account)
    parts = _parts(held, {file.path: file for file in files}, target)
    if there is not None and are_same(there.recorded, parts):
        return there
    number, written, before = (0, 0, NOTHING) if there is None else (there.number, there.written, there.recorded)
    new = spec.of_parts(parts, Origin(account, number, written, "the new state", before))
    return state_log.commit(target.store, spec, new, run=target.run)


def _parts(held: Held, files: Mapping[str, DataFile], target: Target) -> Parts:
    parts = held.spec.to_parts(held.state)
    changed: dict[str, object] = {"format": target.format}
    if held.spec.name == TRANSACTIONS.name:
        changed["partition"] = target.partition
    if held.spec.name == PAYOUTS.name:
        changed["columns"] = COLUMNS  # files of fewer were written with all of them
    return replace(
        with_fields(parts, **changed),
        files=MappingProxyType(dict(files)),
        lost=MappingProxyType(
            {moved.path: moved for file in parts.lost.values() for moved in [_elsewhere(file, target)]}
        ),
    )


def _elsewhere(file: DataFile, target: Target) -> DataFile:
    """Return a lost file's entry under the name that it would have in the new lake: it stays named."""
    form = format_named(target.format).of_run(target.run)
    return with_changes(file, path=form.final_path(folder_of(file.path), file.sha256), version=None)
