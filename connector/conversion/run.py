"""How a conversion goes: part by part into the new lake, read back, recorded, listed by tables; then the mark goes.

Whatever cuts it off leaves a lake that says it is unfinished, and notes of what is done: the next one goes on. The
source may change meanwhile. A part of which a file was replaced is then made again, of the newest records.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread

from connector.conversion.report import converted_table
from connector.conversion.rows import content_of, convert_rows
from connector.conversion.small import content_of_small, convert_small
from connector.conversion.source import look
from connector.conversion.states import record
from connector.core.state.frozen import KIND
from connector.core.state.tables import TABLES, TRANSACTIONS
from connector.errors import LakeChangedError, LockedError, StorageError
from connector.events import FileRead, PhaseStarted
from connector.lake.catalogs.lake_tables import publish_tables
from connector.lake.paths import STATE
from connector.lake.state import unfinished
from connector.lake.state.audit_savings import save_savings
from connector.lake.state.lake_identity import account_records, change_account
from connector.lake.state.lake_kind import fix_kind, kind_of
from connector.lake.state.run_reports import newest_reports
from connector.lake.writing.rewrite import StaleFileError
from connector.running.concurrency import in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.conversion.content import Content
    from connector.conversion.source import Held, Part, Source
    from connector.conversion.target import Target
    from connector.core.state.conversion import ConvertedTable, Made, Mark
    from connector.core.state.data_file import DataFile
    from connector.core.state.record import Parts
    from connector.core.state.tables import State, TableSpec
    from connector.events import OnEvent
    from connector.lake.reading.moment import Comparer

T = TypeVar("T")

ROUNDS = 8
"""Times that it is gone through what is left, where the source changes meanwhile or what was read back differs."""

NOTED_PARTS, NOTED_ROWS = 64, 500_000
"""Parts, or rows, after which it is noted what is done: a conversion that is cut off repeats so much at most."""

AT_ONCE = 8
"""Parts that are converted at once, at most, where a store's answers take their time."""

_SAVINGS, _FROZEN = f"{STATE}/audit.json", f"{STATE}/{KIND}"
"""What is copied as it is: what is in hand for audits, and periods that were frozen."""


@dataclass(slots=True)
class ConversionRun:
    """One conversion at work.

    Attributes:
        comparer: of the source's store.
        name: of the source, for messages.
        target: the new lake.
        mark: what it says of itself meanwhile.
        on_event: told of each file that was converted, and read back.
        kept: parts that an earlier conversion, which was cut off, had made.
    """

    comparer: Comparer
    name: str
    target: Target
    mark: Mark
    on_event: OnEvent
    kept: int = 0
    _made: dict[tuple[str, str, str], Made] = field(init=False, default_factory=dict[tuple[str, str, str], "Made"])
    _proved: set[tuple[str, ...]] = field(init=False, default_factory=set[tuple[str, ...]])
    _notes: int = field(init=False, default=0)

    async def go(self, source: Source) -> tuple[ConvertedTable, ...]:
        """Make the new lake, and prove that it holds what the other one does.

        Args:
            source: the other one, as it was found.

        Raises:
            LakeChangedError: the source changes again and again.
            StorageError: a file of it is gone or damaged; the new lake's place refuses; or what was read back differs.
        """
        store = self.target.store
        await _in_thread(partial(unfinished.set_mark, store, self.mark))
        self._made = await _in_thread(partial(unfinished.noted, store))
        await _in_thread(partial(self._fix_kind, source))
        source, parts = await self._converted()
        tables = await _in_thread(partial(self._record, source, parts))
        await _in_thread(self._copy_rest)
        await _in_thread(partial(unfinished.set_mark, store, self.mark.with_tables(tables)))
        await self.finish()
        return tables

    async def finish(self) -> None:
        """Have the tables of a lake that is whole list its files, and take the mark back."""
        store = self.target.store
        await _in_thread(partial(publish_tables, store, catalog=self.mark.catalog))
        await _in_thread(partial(unfinished.end_mark, store))

    # Rows -------------------------------------------------------------------------------------------------------------

    async def _converted(self) -> tuple[Source, list[Part]]:
        """Convert what the source holds, until all of it is there as it was; return what that is."""
        failure: StorageError = LakeChangedError(f"{self.name} changed again and again while it was read: run again")
        for tried in range(ROUNDS):
            source = await _in_thread(partial(look, self.comparer, self.name))
            parts = list(source.parts(self.target.partition))
            left = [part for part in parts if not self._is_made(part)]
            if not tried:
                self.kept = len(parts) - len(left)
            try:
                await self._convert(source, left)
            except LakeChangedError as error:
                failure = error
                continue
            wrong = await self._differing(parts)
            if not wrong:
                return source, parts
            failure = StorageError(
                f"the new lake does not hold what {self.name} does ({', '.join(wrong[0].key)}): it stays unfinished;"
                " run again, and if that does not help, look at the disk"
            )
        raise failure

    def _is_made(self, part: Part) -> bool:
        made = self._made.get(part.key)
        return made is not None and made.sources == part.sources

    async def _convert(self, source: Source, parts: list[Part]) -> None:
        self.on_event(PhaseStarted("converting", sum(len(part.files) for part in parts)))
        for some in _batches(parts):
            done: list[Made] = []

            async def convert(part: Part, done: list[Made] = done) -> None:
                do = convert_rows if part.table == TRANSACTIONS.name else convert_small
                done.append(await _in_thread(partial(do, source, part, self.target)))
                self._tell(part, part.files)

            try:
                await in_turn(some, convert, at_once=self._at_once)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._note(done)

    @property
    def _at_once(self) -> int:
        return min(AT_ONCE, max(self.comparer.store.at_once, self.target.store.at_once))

    async def _note(self, made: Iterable[Made]) -> None:
        noted = list(made)
        if noted:
            self._notes += 1
            await _in_thread(partial(unfinished.note, self.target.store, f"{self.target.run}-{self._notes:08d}", noted))
            self._made |= {table.key: table for table in noted}

    # Proof ------------------------------------------------------------------------------------------------------------

    async def _differing(self, parts: list[Part]) -> list[Part]:
        """Read back what parts became, and return those that do not hold what they did; they are to be made again."""
        left = [part for part in parts if self._name(part) not in self._proved]
        self.on_event(PhaseStarted("reading back", sum(len(self._made[part.key].files) for part in left)))
        wrong: list[Part] = []

        async def prove(part: Part) -> None:
            if await _in_thread(partial(self._holds, part)):
                self._proved.add(self._name(part))
            else:
                wrong.append(part)
            self._tell(part, self._made[part.key].files)

        await in_turn(left, prove, at_once=self._at_once)
        if wrong:
            await self._note([self._made[part.key].undone for part in wrong])
        return wrong

    def _holds(self, part: Part) -> bool:
        """Say whether the files that a part became hold its rows, read back."""
        made = self._made[part.key]
        read: Callable[..., Content] = content_of if part.table == TRANSACTIONS.name else content_of_small
        try:
            there = read(self.target.store, part, self.target, made.files)
        except StaleFileError:
            return False
        counted = made.rows if part.table != TRANSACTIONS.name else part.rows  # of balances, files count amounts
        return (there.rows, there.sha256) == (counted, made.content)

    def _name(self, part: Part) -> tuple[str, ...]:
        return *part.key, *part.sources, *(file.sha256 for file in self._made[part.key].files)

    def _tell(self, part: Part, files: Iterable[DataFile]) -> None:
        for file in files:
            self.on_event(FileRead(part.held.state.account, file.path, file.rows))

    # Records ----------------------------------------------------------------------------------------------------------

    def _record(self, source: Source, parts: list[Part]) -> tuple[ConvertedTable, ...]:
        """Record what is there, remove what no record names, and return what became of each table and account."""
        of_table: dict[tuple[str, str], list[Made]] = defaultdict(list)
        for part in parts:
            of_table[part.table, part.held.state.account].append(self._made[part.key])
        self._sweep({file.path for made in of_table.values() for table in made for file in table.files})
        told: list[ConvertedTable] = []
        for held in source.held:
            made = {table: of_table[table, held.state.account] for table in held.spec.tables}
            files = [file for ones in made.values() for table in ones for file in table.files]
            _agree(held, record(held, files, self.target))
            told += [converted_table(table, held, ones) for table, ones in made.items()]
        return tuple(told)

    def _sweep(self, named: set[str]) -> None:
        """Remove data files that an earlier conversion left and that do not count."""
        store = self.target.store
        for table in TABLES:
            for info in list(store.list(table)):
                if info.path not in named and info.path.startswith(f"{table}/account="):
                    store.delete(info.path)

    def _fix_kind(self, source: Source) -> None:
        """Fix how the new lake is made, as the other one is but for what is to differ."""
        modes = [held.state.livemode for held in source.held if held.state.livemode is not None]
        kind = {
            **kind_of(source.store),
            **({"options": dict(source.options)} if source.rows else {}),
            **({"livemode": modes[0]} if modes else {}),
            "format": self.target.format,
            "partition": self.target.partition.value,
        }
        fix_kind(self.target.store, kind, now=int(time.time()), alone=True)

    def _copy_rest(self) -> None:
        """Have the new lake know what else the other one does: of single accounts, of audits, of frozen periods."""
        source, store = self.comparer.store, self.target.store
        for account_record in account_records(source):
            change_account(store, account_record.account, lambda _, account_record=account_record: account_record)
        if (savings := newest_reports(source, ()).savings) is not None:
            save_savings(store, savings)
        for path in (*(() if savings else (_SAVINGS,)), *(info.path for info in source.list(_FROZEN))):
            if (there := source.read(path)) is not None:
                store.write(path, there.data)


def refuse_company(live: Iterable[object]) -> None:
    """Refuse to make a lake that another run is making.

    Args:
        live: the runs at work on it.

    Raises:
        LockedError: there is one.
    """
    if any(True for _ in live):
        raise LockedError("another run is making this lake just now: wait until it has ended")


def _agree(held: Held, new: State) -> None:
    """See that the figures of the records are those that they were: they are added up apart from the rows.

    Raises:
        StorageError: they are not.
    """
    was, is_ = (_figures(held.spec.to_parts(state), held.spec) for state in (held.state, new))
    if was != is_:
        raise StorageError(
            f"the new lake's record of {held.spec.name} of {new.account} says {is_}, and the other one's {was}:"
            " it stays unfinished; please report this"
        )


def _figures(state: Parts, spec: TableSpec[Any]) -> tuple[object, ...]:
    """Return what is added up of a state's files; of balances, rows are amounts here and lines there."""
    files = [file for _, file in sorted(state.files.items())]
    listed = sorted(name for file in files for name in file.listings or {})
    net: dict[str, int] = defaultdict(int)
    for file in files:
        for currency, amount in file.net.items():
            net[currency] += amount
    rows = sum(file.rows for file in files) if spec.name == TRANSACTIONS.name else 0
    return rows, dict(sorted(net.items())), sum(file.pending for file in files), listed


def _batches(parts: list[Part]) -> Iterable[list[Part]]:
    """Yield parts in order, so many at a time as are noted together."""
    some: list[Part] = []
    for part in parts:
        some.append(part)
        if len(some) >= NOTED_PARTS or sum(part.rows for part in some) >= NOTED_ROWS:
            yield some
            some = []
    if some:
        yield some


async def _in_thread(do: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(do)
