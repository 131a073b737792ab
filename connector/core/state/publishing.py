"""What a table's own list of files has to become so that it names what the state names, and who else changed it.

A Delta or an Iceberg table keeps a list of its files. It follows the state: what is committed is the difference between
the two, so doing it again commits nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.core.state.data_file import DataFile

_OURS = re.compile(r"[a-z_]+/account=([A-Za-z0-9_]+)/[a-z_]+=[0-9-]{4,10}/part-[0-9a-f]{12}-[0-9A-Za-z-]+\.parquet")


class Listed(Struct, frozen=True):  # thousands are made with each look: a dataclass takes five times as long
    """A file, as a table's own list has it.

    Attributes:
        rows: how many; None where the list does not say.
        bytes: its size.
        whole: whether all its rows are in the table: other tools can mark some of them as deleted.
    """

    rows: int | None
    bytes: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table's own list holds.

    Attributes:
        files: by path, relative to the lake.
        revisions: number of the state's record that each account's files were published by.
        version: of the table, by its own count; for people.
    """

    files: Mapping[str, Listed]
    revisions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0


EMPTY = Contents(MappingProxyType({}))
"""A table that does not exist yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the state says that a table is to hold.

    Attributes:
        files: by path, relative to the lake.
        revisions: number of the newest record of each account's state.
        published: by account, the files that the record named by which the table was published; without the accounts
            of which that record is not there any more.
    """

    files: Mapping[str, DataFile]
    revisions: Mapping[str, int]
    published: Mapping[str, Mapping[str, DataFile]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be committed, at once.

    Attributes:
        added: files that come in.
        removed: paths of those that go.
        revisions: by account, of every account whose files are among them.
    """

    added: tuple[DataFile, ...] = ()
    removed: tuple[str, ...] = ()
    revisions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True, order=True)
class Alteration:
    """What somebody else did to a table.

    Attributes:
        path: of the file.
        kind: `foreign`, a file that no run wrote or that no state names; `missing`, one that is not in the table any
            more; `changed`, one with other figures, or of which rows are marked as deleted.
    """

    path: str
    kind: Literal["foreign", "missing", "changed"]


@lru_cache(maxsize=2**14)
def account_of(path: str) -> str | None:
    """Return whose file it is, if a run may have written it; None for a file of another name."""
    match = _OURS.fullmatch(path)
    return match[1] if match else None


def is_listed(path: str) -> bool:
    """Say whether a file has a name of its own, so that a table lists it: it stays for readers of older versions."""
    return account_of(path) is not None


def change_to(wanted: Wanted, there: Contents) -> Change:
    """Return what makes a table hold what is wanted."""
    again = {
        path for path in wanted.files.keys() & there.files.keys() if _differs(wanted.files[path], there.files[path])
    }
    added = tuple(wanted.files[path] for path in sorted((wanted.files.keys() - there.files.keys()) | again))
    removed = tuple(sorted((there.files.keys() - wanted.files.keys()) | again))
    touched = {_folder_account(path) for path in (*removed, *(file.path for file in added))}
    revisions = {name: number for name, number in sorted(wanted.revisions.items()) if name in touched}
    return Change(added, removed, MappingProxyType(revisions))


def alterations(wanted: Wanted, there: Contents) -> list[Alteration]:
    """Return what somebody else did to a table since it was published, in order of path.

    It has to name just the files that the record named by which it was published. Of an account whose record is not
    there any more, it has to name files that runs write, with the figures that the state has of them.
    """
    return sorted({*_strange(wanted, there), *_lacking(wanted, there)})


def lag_of(wanted: Wanted, there: Contents) -> int:
    """Return how many files a table has to take in or let go of until it is as the state says."""
    change = change_to(wanted, there)
    return len({*change.removed, *(file.path for file in change.added)})


def newer(wanted: Wanted, there: Contents) -> list[str]:
    """Return the accounts of which a table was published by a record that the state does not have, sorted.

    The state was put back to an earlier one, or it is another lake's.
    """
    return sorted(name for name, number in there.revisions.items() if number > wanted.revisions.get(name, 0))


def _strange(wanted: Wanted, there: Contents) -> Iterator[Alteration]:
    known = {path: file for published in wanted.published.values() for path, file in published.items()}
    for path, listed in there.files.items():
        file = known.get(path)
        if file is None:
            account = account_of(path)
            if account is None or account in wanted.published:
                yield Alteration(path, "foreign")
                continue
            file = wanted.files.get(path)
        if file is not None and _differs(file, listed):
            yield Alteration(path, "changed")


def _lacking(wanted: Wanted, there: Contents) -> Iterator[Alteration]:
    for published in wanted.published.values():
        yield from (Alteration(path, "missing") for path in published.keys() - there.files.keys())


def _differs(file: DataFile, listed: Listed) -> bool:
    rows = listed.rows
    return listed.bytes != file.bytes or (rows != file.rows and rows is not None) or not listed.whole


def _folder_account(path: str) -> str:
    return account_of(path) or path.partition("account=")[2].partition("/")[0]
