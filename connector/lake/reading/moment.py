"""A record as it was when it was loaded, and whether a file is still the one that it names.

A file of another size is another file. Of one of the same size the bytes are compared, unless it was changed before the
record was written, by the store's own clock, and no run has announced another content for it: whoever publishes says so
before, and records it after. A lake that was copied has files newer than their records; each is compared once.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from connector.core.state.table_state import TableState
from connector.core.state.tables import SPEC_OF, State
from connector.errors import LakeChangedError, StorageError
from connector.lake.state import intents, state_log, table_states
from connector.lake.state.commits import Commits
from connector.lake.state.record_files import record_path
from connector.lake.state.versions import version_of
from connector.lake.stores.disk import at_disk

if TYPE_CHECKING:
    from collections.abc import Generator
    from io import FileIO
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

ROUNDS = 3
"""Times that a state is loaded while others commit; after that, all files are compared by their bytes."""

_BLOCK = 2**20

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a state was loaded.

    Attributes:
        records: name of the table whose records they are.
        account: whose they are.
        number: of the newest one.
        written: when that was written, UTC seconds.
        trusted_before: files that were changed before that, by the store's clock (`FileInfo.changed`), are as the
            record has them if their sizes are; 0 for none.
        announced: paths of which that is not so, since a run has announced another content.
    """

    records: str
    account: AccountId
    number: int
    written: int
    trusted_before: int = 0
    announced: frozenset[str] = frozenset()


def state_at_a_moment(store: Store, spec: TableSpec[S], account: AccountId) -> tuple[S, Moment] | None:
    """Load an account's state of a table, and when that was; None where there is none. Blocks.

    Files that a run made visible and did not record yet are in it: the run may have been killed between the two, and
    the next one records them as they are.

    What is announced is read after the state, and before it is seen that the state is still the newest: a file that was
    replaced before the state's record was written, by a run that commits later, is then announced or committed. Files
    of the small tables are always compared by their bytes.

    Raises:
        StateError: a record, or an intent, cannot be understood.
        StorageError: the destination cannot be read.
    """
    state = state_log.load(store, spec, account)
    for _ in range(ROUNDS):
        if state is None:
            return None
        seen = Commits(store, spec, account, "").as_visible(state)
        announced = intents.announced_paths(store, spec.name, account, spec.to_parts(seen).files)
        before = table_states.saved(store, seen) if isinstance(seen, TableState) else 0
        if not _goes_on(store, spec.name, account, state.number):
            return seen, Moment(spec.name, account, state.number, state.written, before, announced)
        state = state_log.load(store, spec, account)
    return None if state is None else (state, Moment(spec.name, account, state.number, state.written))


def state_at_a_version(store: Store, spec: TableSpec[S], account: AccountId, number: int) -> tuple[S, Moment]:
    """Return an account's state as it was once a record was written; its files are compared by their bytes. Blocks.

    Raises:
        ConfigError: that cannot be read any more; says which records can.
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    state = version_of(store, spec, account, number)
    return state, Moment(spec.name, account, state.number, state.written)


def _goes_on(store: Store, table: str, account: AccountId, number: int) -> bool:
    return store.version(record_path(table, account, number + 1)) is not None


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares files with what records say of them, and remembers their hashes.

    Attributes:
        store: the destination.
    """

    store: Store
    _hashes: dict[tuple[int, int, int, int], str] = field(
        init=False, repr=False, compare=False, default_factory=dict[tuple[int, int, int, int], str]
    )

    def check(self, descriptor: int, local: Path, file: DataFile, moment: Moment) -> None:
        """Hold an open file to its record.

        Args:
            descriptor: of the file, open.
            local: where it was opened.
            file: as the record has it.
            moment: of the record.

        Raises:
            LakeChangedError: it is another one, and a run is at work, or has been since.
            StorageError: it is another one, and no run made it so; or it cannot be read.
        """
        status = os.fstat(descriptor)
        if status.st_size != file.bytes or not (
            self._is_trusted(status, local, file, moment) or self._sha256(descriptor, status, file) == file.sha256
        ):
            raise self.difference(file.path, moment)

    @contextmanager
    def kept(self, file: DataFile, moment: Moment) -> Generator[Path]:
        """Offer a file that is as its record has it as a path, and see at the end that it still is that file.

        Raises:
            LakeChangedError: it has been replaced, maybe while it was read: what came of it does not count.
            StorageError: it is gone, damaged, or cannot be read.
        """
        with self.held(file, moment) as (local, held):
            try:
                yield local
            except StorageError:  # another file may have come in between, and have ended while it was read
                if not is_still(local, held):
                    raise self.difference(file.path, moment) from None
                raise
            if not is_still(local, held):
                raise self.difference(file.path, moment)

    @contextmanager
    def held(self, file: DataFile, moment: Moment) -> Generator[tuple[Path, FileIO]]:
        """Hold a file open that is as its record has it; Arrow's files say which they are from some version on.

        Raises:
            LakeChangedError: it has been replaced.
            StorageError: it is gone, damaged, or cannot be read.
        """
        with self.store.opened(file.path) as local:
            held = None if local is None else _open(local, file.path)
            if local is None or held is None:
                raise self.difference(file.path, moment)
            with held:
                self.check(held.fileno(), local, file, moment)
                yield local, held

    def difference(self, path: str, moment: Moment) -> StorageError:
        """Return the error for a file that is gone, or not as its record has it."""
        if self._has_moved(path, moment):
            return LakeChangedError(f"the lake changed while it was read: {path} was replaced; read again")
        return StorageError(
            f"{path} is gone or not as it was written, though the state names it, and no run is replacing it:"
            " `stripe-balance status` says what else is, and `sync` with `repair` reads it again"
        )

    def _is_trusted(self, status: os.stat_result, local: Path, file: DataFile, moment: Moment) -> bool:
        in_place = str(local) == self.store.address(file.path)  # else it is a copy, with a time of its own
        return in_place and status.st_ctime_ns < moment.trusted_before and file.path not in moment.announced

    def _sha256(self, descriptor: int, status: os.stat_result, file: DataFile) -> str:
        key = (status.st_dev, status.st_ino, status.st_ctime_ns, status.st_size)
        if (known := self._hashes.get(key)) is None:
            with at_disk(f"reading {file.path}"):
                known = self._hashes[key] = _sha256_of(descriptor)
        return known

    def _has_moved(self, path: str, moment: Moment) -> bool:
        """Say whether a run has replaced a file since its record was loaded, or is about to name what it has.

        Nothing that was seen before the file is used: its run had said so by then, or has recorded it.
        """
        self.store.look_again()
        if path in intents.announced_paths(self.store, moment.records, moment.account):
            return True
        if _goes_on(self.store, moment.records, moment.account, moment.number):
            return True
        newest = state_log.load(self.store, SPEC_OF[moment.records], moment.account)
        return newest is None or newest.number != moment.number


def is_still(local: Path, held: FileIO) -> bool:
    """Say whether what is at a path is the file that is open."""
    try:
        return os.path.samestat(local.stat(), os.fstat(held.fileno()))
    except FileNotFoundError:
        return False


def _open(local: Path, path: str) -> FileIO | None:
    with at_disk(f"reading {path}"):
        try:
            return local.open("rb", buffering=0)
        except FileNotFoundError:
            return None


def _sha256_of(descriptor: int) -> str:
    """Return the SHA-256 of an open file's bytes; where it is read next is left alone."""
    digest, at = hashlib.sha256(), 0
    while block := os.pread(descriptor, _BLOCK, at):
        digest.update(block)
        at += len(block)
    return digest.hexdigest()
