"""The one way in which files become visible and are recorded, of every table: look, intend, publish, record.

Of several writers at once each goes on from what he finds: a partition that somebody else has changed meanwhile is
merged again with that file, and tried again. What a file may take the place of is said with each, so nothing is
overwritten that its writer has not seen. Before a file is visible its intent is durable, with all that its record will
say: whoever finds it records it, be its writer slow or dead.
"""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from connector.core.state.intent import contents, with_visible
from connector.core.state.publishing import is_listed
from connector.core.state.record import are_same
from connector.core.state.tables import State
from connector.errors import CommitConflictError, ConnectorError, StorageError
from connector.lake.state import intents, state_log
from connector.lake.state.leases import others_at_work
from connector.lake.state.others_files import OthersFiles, content_of, with_version
from connector.lake.state.record_files import records_folder
from connector.lake.state.writes import Outcome, Write, discard, together, unknown_file
from connector.lake.stores.conditions import ABSENT
from connector.lake.writing.rewrite import StaleFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.core.state.intent import IntendedFile
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store

ROUNDS = 8
"""Times that a commit is tried on what others have made of the same partitions meanwhile."""

SURE_ROUNDS = 3
"""Times that a file of nobody is looked at before it counts as such: its writer may be about to say whose it is."""

LATE_SECONDS = 3_600
"""How long after its intent a put may still arrive; no request is under way for longer."""

S = TypeVar("S", bound=State)
R = TypeVar("R")


def _unchanged(state: S) -> S:
    return state


class Commits(Generic[S]):
    """Commits of one run to one table and account; one call at a time. Every method blocks.

    Args:
        store: the destination.
        spec: of the table.
        account: whose rows.
        run: id of the run.
    """

    def __init__(self, store: Store, spec: TableSpec[S], account: AccountId, run: str) -> None:
        self._store, self._spec, self._account, self._run = store, spec, account, run
        self._intents = intents.RunIntents(store, spec.name, account, run)
        self._folder = records_folder(spec.name, account)
        self._others = OthersFiles(store, spec, account, run)
        self._unrecorded: list[Write[Any]] = []

    @property
    def owes(self) -> bool:
        """Whether files are visible whose record the destination refused: the next commit records them."""
        return bool(self._unrecorded)

    def commit(
        self, new: S, writes: Sequence[Write[R]] = (), *, finish: Callable[[S], S] = _unchanged
    ) -> Outcome[S, R]:
        """Make files visible, and record them with a state; one that fails spares the others.

        Args:
            new: the state that is to be, without these files.
            writes: the files, in the order in which they become visible.
            finish: what the state is to say besides once all of them are visible.

        Raises:
            CommitConflictError: others have made another lake of it.
            CommitUnknownError: whether the state is recorded is not known.
            StorageError: the destination refuses the record; files that are visible are recorded by whoever comes next.
        """
        try:
            return self._commit(new, list(writes), finish)
        except BaseException:
            for write in writes:
                discard(write.staged)
            raise

    def _commit(self, new: S, left: list[Write[R]], finish: Callable[[S], S]) -> Outcome[S, R]:
        if new.number == 0 and left:
            new = self._record(new, [])  # before any file, so that whoever finds one knows whose it is
        outcome = Outcome[S, R](new)
        for tried in range(ROUNDS):
            with self._store.turn(self._folder):
                visible, left = self._publish(outcome, left)
                self._unrecorded += visible
                left += self._recorded(outcome, finish if not (left or outcome.failed) else _unchanged)
                made = self._of_ours(outcome.state, self._unrecorded)
            outcome.visible += made
            self._unrecorded = []
            if not left:
                return outcome
            before, outcome.state = outcome.state, self.catch_up(outcome.state)
            left = self._made_again(outcome, left, sure=tried >= SURE_ROUNDS and before.number == outcome.state.number)
        message = f"others have changed the same partitions of {self._account} {ROUNDS} times in a row: run again"
        outcome.failed += [(write, CommitConflictError(message)) for write in left]
        return outcome

    def _recorded(self, outcome: Outcome[S, R], finish: Callable[[S], S]) -> list[Write[R]]:
        """Record what is visible, and return the files of tables that somebody else came before with the partition.

        Such a file has a name of its own, so that it becomes visible whatever is there: only the record tells.
        """
        overtaken: list[Write[R]] = []
        for tried in range(ROUNDS):
            try:
                outcome.state = self._record(outcome.state, self._unrecorded, _unchanged if overtaken else finish)
            except CommitConflictError:
                newest = state_log.newest_of(self._store, self._spec, outcome.state)
                late = [write for write in self._unrecorded if _is_overtaken(write, outcome.state, newest)]
                if not late or tried == ROUNDS - 1:
                    raise
                self._unrecorded = [write for write in self._unrecorded if write not in late]
                self._intents.settle({write.intended.folder for write in late})
                overtaken += map(_taken_back, late)
            else:
                break
        for write in self._unrecorded:
            discard(write.kept)
        return overtaken

    def catch_up(self, state: S, *, look_only: bool = False, lately: bool = False) -> S:
        """Return the newest state, with files that other runs have made visible and not recorded so far.

        Args:
            state: that was loaded or committed, and not changed since.
            look_only: record nothing.
            lately: the newest as it was a moment ago will do.

        Raises:
            StateError: a record, or an intent, is damaged.
            StorageError: the destination refuses.
        """
        if look_only:
            newest = state_log.newest_of(self._store, self._spec, state, lately=lately)
            return self._with(newest, self._others.found(newest)[1])
        with self._store.turn(self._folder) as alone:
            newest = state_log.newest_of(self._store, self._spec, state, lately=lately)
            said, theirs = self._others.found(newest)
            for tried in range(ROUNDS if theirs else 0):
                folders, wanted = _in_place(theirs), self._with(newest, theirs)
                try:
                    newest = state_log.commit(self._store, self._spec, wanted, run=self._run, visible=folders)
                except CommitConflictError:  # a partition of a table was written by yet another run meanwhile
                    if tried == ROUNDS - 1:
                        raise
                    newest = state_log.newest_of(self._store, self._spec, newest)
                    said, theirs = self._others.found(newest)
                    if theirs:
                        continue
                break
            self._clear([info for info, _ in said], alone=alone)
        return newest

    def _clear(self, said: Sequence[FileInfo], *, alone: bool) -> None:
        """Remove intents of which it is known what became of them, and whose puts cannot arrive any more.

        That is by the store's clock, which dates our lease as well, and by ours: either may be ahead.
        """
        if not said:
            return
        now = 0.0 if alone else min(time.time(), others_at_work(self._store, self._run).now)
        for info in said:
            if alone or info.changed / 1e9 < now - LATE_SECONDS:
                self._store.delete(info.path)

    def as_visible(self, state: S) -> S:
        """Return a state with files that other runs have made visible and not recorded so far; records nothing.

        A run that was killed between the two left them, or one is about to record them.

        Args:
            state: that was loaded, and not changed since.

        Raises:
            StateError: an intent is damaged.
            StorageError: the destination cannot be read.
        """
        visible = self._others.found(state)[1]
        return self._with(state, visible) if visible else state

    def _with(self, state: S, visible: Sequence[IntendedFile]) -> S:
        return state_log.recorded_as(self._spec, state, with_visible(self._spec.to_parts(state), visible))

    def end(self) -> None:
        """Take back what was said of files to come, once all is recorded.

        Raises:
            StorageError: the destination refuses.
        """
        self._intents.clear()

    # Files ------------------------------------------------------------------------------------------------------------

    def _publish(self, outcome: Outcome[S, R], writes: list[Write[R]]) -> tuple[list[Write[R]], list[Write[R]]]:
        """Make files visible, and return those that are, and those that somebody else came before."""
        refused = self._intend(outcome.state, writes)
        there = contents(outcome.state.recorded.files) if writes else {}
        visible: list[Write[R]] = []
        left: list[Write[R]] = []
        for position, write, told in self._in_turn(writes, there, refused):
            if isinstance(told, Write):
                visible.append(told)
            elif isinstance(told, CommitConflictError):
                left.append(write)
                if write.awaited:
                    return visible, [*left, *writes[position + 1 :]]
            else:
                discard(write.staged)
                outcome.failed.append((write, told))
        return visible, left

    def _in_turn(
        self,
        writes: list[Write[R]],
        there: Mapping[str, DataFile],
        refused: StorageError | None,
    ) -> Iterator[tuple[int, Write[R], Write[R] | StorageError]]:
        """Make files visible, as many at once as the store takes, and yield each with its place and what came of it.

        One that what follows has to wait for is alone; what it fails with, but by conflict, stands for the rest.
        """

        def attempt(write: Write[R]) -> Write[R] | StorageError:
            try:
                return self._visible(write, there.get(write.intended.folder))
            except StorageError as error:
                return error

        position = 0
        for batch in together(writes, self._store.at_once):
            if refused is not None:
                answers: Iterable[Write[R] | StorageError] = repeat(refused, len(batch))
            elif len(batch) == 1:
                answers = map(attempt, batch)
            else:
                with ThreadPoolExecutor(len(batch)) as threads:
                    answers = list(threads.map(attempt, batch))
            for write, told in zip(batch, answers, strict=True):
                yield position, write, told
                position += 1
                if write.awaited and isinstance(told, StorageError):
                    refused = told

    def _intend(self, state: S, writes: list[Write[R]]) -> StorageError | None:
        """Say durably what is going to be visible, and return what that failed with."""
        try:
            if new := [write.intended for write in writes if write.staged is not None or write.intended.changes_files]:
                self._intents.write(state.number, new)
        except CommitConflictError as error:
            return StorageError(f"two runs call themselves {self._run}: {error}")
        except StorageError as error:
            return error
        return None

    def _visible(self, write: Write[R], there: DataFile | None) -> Write[R]:
        """Make a file visible, and return it with its version.

        Args:
            write: the file.
            there: what the state has of its partition.

        Raises:
            CommitConflictError: it was made with something else than what there is.
        """
        intended = write.intended
        if intended.file is None and intended.replaces is None:
            return write
        if intended.replaces != (None if there is None else there.sha256):
            raise CommitConflictError(f"{intended.folder} was changed by another run meanwhile")
        if there is not None and intended.file is None and not is_listed(there.path):
            self._remove(there)
        if intended.file is None or write.staged is None:
            return write
        kept = _second_name(write.staged) if is_listed(intended.file.path) else None
        version, met = self._put(write, write.staged, intended.file)
        theirs = met and self._is_theirs(intended)
        return replace(write, intended=with_version(self._store, intended, version), met=met, theirs=theirs, kept=kept)

    def _is_theirs(self, intended: IntendedFile) -> bool:
        """Say whether another run at work has announced the very same file: it made it visible, and will record it."""
        self._store.look_again()
        said = intents.others(self._store, self._spec.name, self._account, self._run)
        runs = {intent.run for _, intent in said for file in intent.files if file.sha256 == intended.sha256}
        if not runs:
            return False
        others = others_at_work(self._store, self._run)
        return any(others.at_work(run) for run in runs)

    def _remove(self, there: DataFile) -> None:
        """Remove a file, if it is still the one that the state has.

        Not every store removes under a condition, so another run's file that comes in between the look and the removal
        goes with it. That run has its intent in the lake: the file counts as lost, and its partition is read again.

        Raises:
            CommitConflictError: it is another one.
        """
        sha256, _ = content_of(self._store, there.path)
        if sha256 not in {None, there.sha256}:
            raise CommitConflictError(f"{there.path} was changed by another run meanwhile")
        self._store.delete(there.path)

    def _put(self, write: Write[R], staged: Path, file: DataFile) -> tuple[str, bool]:
        """Publish a staged file; a version that moved without the content is no conflict.

        Returns:
            Its version, and whether what is there was there already: ours, or what another run made of the same rows.
        """
        try:
            return self._store.publish(staged, file.path, condition=write.condition), False
        except CommitConflictError:
            sha256, version = content_of(self._store, file.path)
            if version is not None and sha256 == file.sha256:
                discard(staged)
                return version, True
            if sha256 != write.intended.replaces:
                raise
            return self._store.publish(staged, file.path, condition=version or ABSENT), False

    # Others -----------------------------------------------------------------------------------------------------------

    def _made_again(self, outcome: Outcome[S, R], writes: list[Write[R]], *, sure: bool) -> list[Write[R]]:
        """Return what is left with what others have made of the same partitions; what cannot be made has failed.

        Args:
            outcome: with the newest state.
            writes: what is left.
            sure: whether a file that nobody knows by now is nobody's.
        """
        there = contents(outcome.state.recorded.files)
        made: list[Write[R]] = []
        for write in writes:
            newest = there.get(write.intended.folder)
            same = write.intended.replaces == (None if newest is None else newest.sha256)
            try:
                if same and sure:
                    raise unknown_file(write.intended, newest)
                made.append(write if same else write.again(newest))
            except StaleFileError as error:  # somebody is at it just now, or it is spoilt
                if sure:
                    outcome.failed.append((write, error))
                else:
                    made.append(write)
            except ConnectorError as error:
                outcome.failed.append((write, error))
        return made

    def _record(self, state: S, visible: Sequence[Write[R]], finish: Callable[[S], S] = _unchanged) -> S:
        """Record a state with files that are visible, if it is another than the recorded one."""
        entries = [write.intended for write in visible]
        wanted = finish(self._with(state, entries))
        folders = {entry.folder for entry in entries}
        if not (state.number and are_same(state.recorded, self._spec.to_parts(wanted))):
            wanted = state_log.commit(self._store, self._spec, wanted, run=self._run, visible=_in_place(entries))
        self._intents.settle(folders)
        return wanted

    def _of_ours(self, recorded: S, visible: Sequence[Write[R]]) -> list[Write[R]]:
        """Return what is visible, `met` only where another run has recorded it before ours, or will."""
        if not any(write.met for write in visible):
            return list(visible)
        before = state_log.load_at(self._store, self._spec, self._account, recorded.number - 1)
        there = contents(before.recorded.files) if before is not None else {}
        named = {folder: file.sha256 for folder, file in there.items()}
        return [
            replace(
                write, met=write.met and (write.theirs or named.get(write.intended.folder) == write.intended.sha256)
            )
            for write in visible
        ]


def _in_place(entries: Iterable[IntendedFile]) -> set[str]:
    """Return the folders of the files that took the place of what was there: whoever comes next went on from them.

    A file of a table stands beside others: of two of one partition only the record tells which one counts.
    """
    return {entry.folder for entry in entries if entry.file is None or not is_listed(entry.file.path)}


def _is_overtaken(write: Write[Any], made_of: State, newest: State) -> bool:
    """Say whether somebody else has written the partition of a table's file since that was made, or the same rows."""
    file, folder = write.intended.file, write.intended.folder
    if file is None or not is_listed(file.path):
        return False
    was, there = (contents(state.recorded.files).get(folder) for state in (made_of, newest))
    before, now = (None if entry is None else (entry.path, entry.sha256) for entry in (was, there))
    return now not in {before, (file.path, file.sha256)}


def _second_name(staged: Path) -> Path:
    """Give a staged file a name more: it is made again of it, should somebody else be first."""
    kept = staged.with_name(f"{staged.name}.kept")
    try:
        os.link(staged, kept)
    except OSError:
        shutil.copyfile(staged, kept)
    return kept


def _taken_back(write: Write[R]) -> Write[R]:
    """Return a write as it was before its file became visible; that stays, and no record names it."""
    if write.kept is not None and write.staged is not None:
        write.kept.replace(write.staged)
    return replace(write, kept=None, met=False, theirs=False)
