"""A commit rebased: what one writer changed of a state, done again to what another has committed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connector.core.state.data_file import folder_of
from connector.core.state.drift import Drift, DriftFinding
from connector.core.state.record import SETS, Fields, Parts
from connector.errors import CommitConflictError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.core.state.data_file import DataFile

T = TypeVar("T")

GROWING = frozenset({"read_until", "read_at", "account_created", "turn", "silent"})
"""Fields of which the later value counts."""

FIXED = frozenset({"format", "partition", "livemode", "options"})
"""Fields that are fixed with the lake: two of them cannot be brought together."""


def rebased(base: Parts, new: Parts, newest: Parts, *, visible: Collection[str] = ()) -> Parts:
    """Return the newest state with what was changed from `base` to `new`.

    Args:
        base: what the writer began with.
        new: what it made of that.
        newest: what is there now.
        visible: folders of the partitions whose files of `new` the writer has made visible in place of those of `base`:
            whoever has changed them since went on from what he found there, so that his file holds the writer's rows.

    Raises:
        CommitConflictError: both have written the same partition, or made another lake of it.
    """
    if clashes := [path for path in clashing(base, new, newest) if folder_of(path) not in visible]:
        named = ", ".join(clashes[:3])
        raise CommitConflictError(f"another run has written {named} meanwhile: run again, which reads what it wrote")
    return Parts(
        fields=_fields(base.fields, new.fields, newest.fields),
        seconds=MappingProxyType({name: _seconds(name, base, new, newest) for name in SETS}),
        files=_files(base.files, new.files, newest.files),
        lost=_entries(base.lost, new.lost, newest.lost),
        parked=_parked(base.parked, new.parked, newest.parked),
        payouts=_entries(base.payouts, new.payouts, newest.payouts),
    )


def clashing(base: Parts, new: Parts, newest: Parts) -> list[str]:
    """Return the paths of the files whose partitions both have written since `base`, and not the same.

    Who has only forgotten a file gives way to who wrote it anew.
    """
    was, is_, there = (_contents(parts.files) for parts in (base, new, newest))
    return [
        path
        for path in sorted(base.files.keys() | new.files.keys())
        if is_.get(folder := folder_of(path)) not in (None, was.get(folder), there.get(folder))
        and there.get(folder) != was.get(folder)
    ]


def _contents(files: Mapping[str, DataFile]) -> dict[str, dict[str, str]]:
    """Return what each partition holds: the SHA-256 of its file by path."""
    contents: dict[str, dict[str, str]] = {}
    for path, file in files.items():
        contents.setdefault(folder_of(path), {})[path] = file.sha256
    return contents


def _entries(base: Mapping[str, T], new: Mapping[str, T], newest: Mapping[str, T]) -> Mapping[str, T]:
    merged = {name: entry for name, entry in newest.items() if name in new or name not in base}
    merged |= {name: entry for name, entry in new.items() if base.get(name) != entry}
    return MappingProxyType(merged)


def _parked(base: Mapping[str, T], new: Mapping[str, T], newest: Mapping[str, T]) -> Mapping[str, T]:
    """Return the parked files of both; one that was taken up is gone, whatever the other noted about it meanwhile."""
    merged = _entries(base, new, newest)
    return MappingProxyType({path: file for path, file in merged.items() if path in newest or path not in base})


def _files(
    base: Mapping[str, DataFile], new: Mapping[str, DataFile], newest: Mapping[str, DataFile]
) -> Mapping[str, DataFile]:
    """Return the files of both, partition by partition; where both have changed one, the newest counts.

    Of what only the other has written, what the writer noted about the old file is gone.
    """
    was, is_, there = (_contents(files) for files in (base, new, newest))
    ours = {folder for folder in is_.keys() | was.keys() if is_.get(folder) != was.get(folder)}
    theirs = {folder for folder in there.keys() | was.keys() if there.get(folder) != was.get(folder)}
    merged = {path: file for path, file in newest.items() if folder_of(path) not in ours - theirs}
    noted = {path for path, file in new.items() if base.get(path) != file and folder_of(path) not in ours | theirs}
    merged |= {path: new[path] for path in new if path in noted or folder_of(path) in ours - theirs}
    return MappingProxyType(merged)


def _seconds(name: str, base: Parts, new: Parts, newest: Parts) -> Any:  # noqa: ANN401 - see Intervals
    was, is_ = base.of(name), new.of(name)
    return newest.of(name).minus(was.minus(is_)).union(is_.minus(was))


def _fields(base: Fields, new: Fields, newest: Fields) -> Fields:
    merged = {
        name: _field(name, getattr(base, name), getattr(new, name), getattr(newest, name))
        for name in Fields.__struct_fields__
    }
    return msgspec.structs.replace(newest, **merged)


def _field(name: str, was: Any, is_: Any, newest: Any) -> Any:  # noqa: ANN401 - of whatever type the field is
    if is_ in (was, newest):
        return newest
    if newest == was:
        return is_
    if name in FIXED:
        raise CommitConflictError(f"another run has begun this lake with another {name}: run again")
    if name in GROWING:
        return max(is_ or 0, newest or 0)
    if name == "api_versions":
        return (*newest, *(finding for finding in is_ if finding not in newest))
    return with_more_drift(was, is_, newest) if name == "drift" else is_


def with_more_drift(
    was: tuple[DriftFinding, ...], is_: tuple[DriftFinding, ...], newest: tuple[DriftFinding, ...]
) -> tuple[DriftFinding, ...]:
    """Return the newest findings with what was found from `was` to `is_`."""
    counts = {(finding.kind, finding.name): finding.count for finding in was or ()}
    more = [replace(finding, count=finding.count - counts.get((finding.kind, finding.name), 0)) for finding in is_]
    return Drift(newest).merge(Drift(tuple(finding for finding in more if finding.count > 0))).findings
