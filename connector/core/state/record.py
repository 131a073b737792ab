"""A record of the state: what one commit changed, or, now and then, everything. Written once, under its own number.

A state is taken apart into `Parts`, the same for all tables; a record holds the difference between two of them. The
shape on disk is `schemas/state_record.json`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from connector.core.state.data_file import DataFile, ParkedFile, checked_file, checked_parked
from connector.core.state.drift import DriftFinding  # noqa: TC001 - msgspec reads the annotations
from connector.core.state.newer import newer
from connector.core.state.partition import Granularity  # noqa: TC001 - as above
from connector.core.state.payouts import Payout  # noqa: TC001 - as above
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

RECORD_VERSION = 1
"""Version of the records' own shape; a newer one is refused."""

EVERY = 10
"""A record whose number this divides is written with everything, as the first one is. Readers go by what a record says,
so a lake written with another number is read, and gone on with."""

SMALL = 64
"""Files, payouts and intervals up to which a state is written as a whole every time: that is some 20 KiB, and whoever
loads it then reads one record."""

SETS = ("covered", "asked", "looked", "audited", "lacking", "bare")
"""The sets of seconds that a state has."""

T = TypeVar("T")


class Fields(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a state has one value of; in a record, what changed of it. A table lacks some: see the states' attributes.

    Attributes:
        turn: `Audits.turn`.
        silent: `Audits.silent`.
        suspects: `Audits.suspects`: first second, the second after the last, rows expected.
    """

    format: str | UnsetType = UNSET
    partition: Granularity | UnsetType = UNSET
    livemode: bool | UnsetType | None = UNSET
    options: dict[str, Any] | UnsetType = UNSET
    api_versions: tuple[str, ...] | UnsetType = UNSET
    drift: tuple[DriftFinding, ...] | UnsetType = UNSET
    read_until: int | UnsetType = UNSET
    read_at: int | UnsetType | None = UNSET
    account_created: int | UnsetType = UNSET
    columns: int | UnsetType = UNSET
    turn: int | UnsetType = UNSET
    silent: int | UnsetType = UNSET
    suspects: tuple[tuple[int, int, int], ...] | UnsetType = UNSET


class Seconds(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What changed of a set of seconds: pairs `[start, stop)`, sorted, neither touching nor overlapping."""

    added: tuple[tuple[int, int], ...] = ()
    removed: tuple[tuple[int, int], ...] = ()


_SAME_FIELDS, _SAME_SECONDS = Fields(), Seconds()
"""What says that nothing changed; a record leaves out exactly these."""


class Record(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What one commit changed.

    Attributes:
        record_version: of this shape.
        table: what it is about.
        account: whose rows.
        number: its own, from 1; its file is named by it.
        base: number of the record that it goes on from; None in a checkpoint, which holds everything.
        commit: drawn for this commit, so that its writer knows it again.
        run: of its writer.
        written: when, UTC seconds by its writer's clock.
        lowest: in a checkpoint, and only there, the lowest number that counts: whoever comes later with a lower one has
            not committed.
        fields: what changed of what there is one value of.
        covered: of the seconds whose rows are durably in the files; `asked`, `looked`, `audited`, `lacking`, `bare` are
            such sets, too.
        files: data files that are new, or new under their path.
        files_removed: paths of those that are no more; `lost`, `parked` and `payouts` (by id) likewise.
    """

    record_version: int
    table: str
    account: str
    number: int
    base: int | None
    commit: str
    run: str
    written: int
    lowest: int | None = None
    fields: Fields = _SAME_FIELDS
    covered: Seconds = _SAME_SECONDS
    asked: Seconds = _SAME_SECONDS
    looked: Seconds = _SAME_SECONDS
    audited: Seconds = _SAME_SECONDS
    lacking: Seconds = _SAME_SECONDS
    bare: Seconds = _SAME_SECONDS
    files: tuple[DataFile, ...] = ()
    files_removed: tuple[str, ...] = ()
    lost: tuple[DataFile, ...] = ()
    lost_removed: tuple[str, ...] = ()
    parked: tuple[ParkedFile, ...] = ()
    parked_removed: tuple[str, ...] = ()
    payouts: tuple[Payout, ...] = ()
    payouts_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """A state, taken apart.

    Attributes:
        fields: what there is one value of.
        seconds: sets of seconds by name, of `SETS`.
        files: data files by path.
        lost: files that were lost, by path.
        parked: parked files by path.
        payouts: by id.
    """

    fields: Fields = field(default_factory=Fields)
    seconds: Mapping[str, Intervals] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    lost: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    parked: Mapping[str, ParkedFile] = field(default_factory=lambda: MappingProxyType({}))
    payouts: Mapping[str, Payout] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, name: str) -> Intervals:
        """Return a set of seconds."""
        return self.seconds.get(name, Intervals())


NOTHING = Parts()
"""The state before the first record."""


def with_fields(parts: Parts, **changes: Any) -> Parts:  # noqa: ANN401 - of whatever type the fields are
    """Return a state with other values of what there is one value of."""
    return replace(parts, fields=msgspec.structs.replace(parts.fields, **changes))


def checkpoint_due(number: int) -> bool:
    """Say whether the record of a number is to hold everything, however large the state is."""
    return number == 1 or number % EVERY == 0


def is_small(parts: Parts) -> bool:
    """Say whether a state is so small that each of its records is to hold everything."""
    named = sum(map(len, (parts.files, parts.lost, parts.parked, parts.payouts)))
    return named + sum(len(intervals.parts) for intervals in parts.seconds.values()) <= SMALL


def changes(base: Parts, new: Parts) -> dict[str, Any]:
    """Return what a record says of the way from one state to the next, by the names of its fields."""
    changed: dict[str, Any] = {"fields": _changed_fields(base.fields, new.fields)}
    for name in SETS:
        was, is_ = base.of(name), new.of(name)
        changed[name] = _SAME_SECONDS if was == is_ else Seconds(is_.minus(was).pairs, was.minus(is_).pairs)
    for name in ("files", "lost", "parked", "payouts"):
        there, wanted = getattr(base, name), getattr(new, name)
        changed[name] = tuple(number for key, number in sorted(wanted.items()) if there.get(key) != number)
        changed[f"{name}_removed"] = tuple(sorted(there.keys() - wanted.keys()))
    return changed


def are_same(base: Parts, new: Parts) -> bool:
    """Say whether a record would have nothing to say of the way from one state to the next."""
    changed = changes(base, new)
    return not any(value not in (_SAME_FIELDS, _SAME_SECONDS, ()) for value in changed.values())


def applied(base: Parts, record: Record) -> Parts:
    """Return the state after a record; a checkpoint does not ask what was before it."""
    base = NOTHING if record.base is None else base
    return Parts(
        fields=_merged_fields(base.fields, record.fields),
        seconds=MappingProxyType({name: _with_seconds(base.of(name), getattr(record, name)) for name in SETS}),
        files=_with(base.files, record.files, record.files_removed, _path),
        lost=_with(base.lost, record.lost, record.lost_removed, _path),
        parked=_with(base.parked, record.parked, record.parked_removed, _path),
        payouts=_with(base.payouts, record.payouts, record.payouts_removed, lambda payout: payout.id),
    )


def parts_after(records: Iterable[Record]) -> Parts:
    """Return the state after some records, of which each goes on from the one before it, and the first from none."""
    parts = NOTHING
    for record in records:
        parts = applied(parts, record)
    return parts


def with_lowest(record: Record, number: int) -> Record:
    """Return a checkpoint that says the lowest number that counts."""
    return msgspec.structs.replace(record, lowest=number)


def commit_in(data: bytes) -> str | None:
    """Return the id of the commit that a record is of, or None where that cannot be read."""
    try:
        return msgspec.json.decode(data, type=_Commit).commit
    except msgspec.MsgspecError:
        return None


def from_json(data: bytes, expected: ExpectedRecord) -> Record:
    """Read a record strictly.

    Args:
        data: its text.
        expected: what it has to be.

    Raises:
        StateError: it is not one of ours, damaged, newer than this version knows, or another one.
    """
    try:
        record = msgspec.json.decode(data, type=Record)
        _check_version(record.record_version, expected)
        return _checked(record, expected)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        with suppress(msgspec.MsgspecError, ValueError, RecursionError):  # one that is newer may be of another shape
            _check_version(msgspec.json.decode(data, type=_Version).record_version, expected)
        raise expected.damaged(error) from error


def _check_version(version: int, expected: ExpectedRecord) -> None:
    """Refuse a version that this program does not know.

    Raises:
        StateError: says which.
    """
    if not 1 <= version <= RECORD_VERSION:
        raise newer(expected.where, version, RECORD_VERSION)


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """What a record has to be.

    Attributes:
        where: its path, for messages.
        table: what it has to be about.
        account: whose.
        number: its number.
        folders: where its data files may be, each with a slash at the end.
        remedy: what can be done about a damaged one besides restoring it.
    """

    where: str
    table: str
    account: str
    number: int
    folders: tuple[str, ...]
    remedy: str

    def damaged(self, error: Exception) -> StateError:
        """Return the error for a record that does not make sense."""
        return StateError(f"{self.where} is damaged ({error}); restore it from a backup, or {self.remedy}")


class _Version(Struct):
    record_version: int


class _Commit(Struct):
    commit: str


def refuse_unreadable(record: Record, expected: ExpectedRecord) -> None:
    """Refuse to write a record that nobody could read again.

    Raises:
        StateError: it is such a one.
    """
    try:
        _checked(record, expected)
    except ValueError as error:
        raise StateError(
            f"what came makes no record that could be read again ({error}): nothing of it is recorded, and what is in"
            " the lake stays as it is; run again, and report it where it stays so"
        ) from error


def _checked(record: Record, expected: ExpectedRecord) -> Record:
    """Return a record that makes sense; raises ValueError or a StateError for another."""
    if (record.table, record.account, record.number) != (expected.table, expected.account, expected.number):
        raise StateError(
            f"{expected.where} is number {record.number} about {record.table} of {record.account}: it was renamed or"
            " copied; give it back its own name"
        )
    if record.number < 1 or record.base not in {None, record.number - 1} or record.base == 0:
        raise ValueError(f"it goes on from {record.base}")
    lowest = record.lowest
    if (record.base is None) is (lowest is None) or (lowest is not None and not 1 <= lowest <= record.number):
        raise ValueError(f"the lowest number that counts is {lowest}")
    for file in (*record.files, *record.lost):
        checked_file(file, *expected.folders)
    for parked in record.parked:
        checked_parked(parked, expected.account)
    for payout in record.payouts:
        _checked_second(payout.created, payout.arrival_date)
    for name in SETS:
        seconds: Seconds = getattr(record, name)
        _checked_pairs(seconds.added)
        _checked_pairs(seconds.removed)
    fields = record.fields
    _checked_second(
        *(
            number or 0
            for number in (fields.read_until, fields.read_at, fields.account_created, fields.turn, fields.silent)
        )
    )
    _checked_pairs(tuple((start, stop) for start, stop, _ in fields.suspects or ()), ordered=False)
    _each_once(file.path for file in record.files)
    return record


def _checked_pairs(pairs: Iterable[tuple[int, int]], *, ordered: bool = True) -> None:
    before = -1
    for start, stop in pairs:
        if not before < start < stop <= END_OF_TIME:
            raise ValueError(f"an impossible interval: [{start}, {stop})")
        if ordered:
            before = stop


def _checked_second(*seconds: object) -> None:
    for value in seconds:
        if type(value) is int and not 0 <= value <= END_OF_TIME:
            raise ValueError(f"an impossible time: {value}")


def _each_once(names: Iterable[str]) -> None:
    seen = list(names)
    if len(set(seen)) < len(seen):
        raise ValueError("it names a file twice")


def _changed_fields(base: Fields, new: Fields) -> Fields:
    names = Fields.__struct_fields__
    changed = {name: value for name in names if (value := getattr(new, name)) != getattr(base, name)}
    return Fields(**changed) if changed else _SAME_FIELDS


def _merged_fields(base: Fields, new: Fields) -> Fields:
    given = {name: value for name in Fields.__struct_fields__ if (value := getattr(new, name)) is not UNSET}
    return msgspec.structs.replace(base, **given)


def _with_seconds(base: Intervals, change: Seconds) -> Intervals:
    if not (change.added or change.removed):
        return base
    return base.minus(_of_pairs(change.removed)).union(_of_pairs(change.added))


def _with(
    base: Mapping[str, T], added: Iterable[T], removed: Iterable[str], key: Callable[[T], str]
) -> Mapping[str, T]:
    gone, new = set(removed), {key(entry): entry for entry in added}
    if not (gone or new):
        return base
    return MappingProxyType({**{name: entry for name, entry in base.items() if name not in gone}, **new})


def _path(file: DataFile | ParkedFile) -> str:
    return file.path


def _of_pairs(pairs: Iterable[tuple[int, int]]) -> Intervals:
    return Intervals.of(Interval(start, stop) for start, stop in pairs)
