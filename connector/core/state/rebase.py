"""Two writers, one state: what one of them changed, done again to what the other has made of it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connector.core.state.drift import Drift, Finding
from connector.core.state.record import SETS, Fields, Parts
from connector.errors import CommitConflictError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.state.data_file import DataFile

T = TypeVar("T")

GROWING = frozenset({"read_until", "read_at", "account_created", "turn", "silent"})
"""Fields of which the later value counts."""

FIXED = frozenset({"format", "partition", "livemode", "options"})
"""Fields that are fixed with the lake: two of them cannot be brought together."""


def rebased(base: Parts, new: Parts, newest: Parts) -> Parts:
    """Return the newest state with what was changed from `base` to `new`.

    Args:
        base: what the writer began with.
        new: what it made of that.
        newest: what is there now.

    Raises:
        CommitConflictError: both have written the same partition, or made another lake of it.
    """
    if clashes := clashing(base, new, newest):
        named = ", ".join(clashes[:3])
        raise CommitConflictError(f"another run has written {named} meanwhile: run again, which reads what it wrote")
    return Parts(
        fields=_fields(base.fields, new.fields, newest.fields),
        seconds=MappingProxyType({name: _seconds(name, base, new, newest) for name in SETS}),
        files=_files(base.files, new.files, newest.files),
        lost=_entries(base.lost, new.lost, newest.lost),
        parked=_entries(base.parked, new.parked, newest.parked),
        payouts=_entries(base.payouts, new.payouts, newest.payouts),
    )


def clashing(base: Parts, new: Parts, newest: Parts) -> list[str]:
    """Return the paths of the files that both have changed since `base`, and not to the same."""
    return [
        path
        for path in sorted(base.files.keys() | new.files.keys())
        if _content(new.files, path) not in {_content(base.files, path), _content(newest.files, path)}
        and _content(newest.files, path) != _content(base.files, path)
    ]


def _content(files: Mapping[str, DataFile], path: str) -> str | None:
    file = files.get(path)
    return None if file is None else file.sha256


def _entries(base: Mapping[str, T], new: Mapping[str, T], newest: Mapping[str, T]) -> Mapping[str, T]:
    merged = {name: one for name, one in newest.items() if name in new or name not in base}
    merged |= {name: one for name, one in new.items() if base.get(name) != one}
    return MappingProxyType(merged)


def _files(
    base: Mapping[str, DataFile], new: Mapping[str, DataFile], newest: Mapping[str, DataFile]
) -> Mapping[str, DataFile]:
    """Return the files of both; of what only one has written, what the other noted about the old one is gone."""
    merged = dict(_entries(base, new, newest))
    for path, file in new.items():
        was, is_ = base.get(path), newest.get(path)
        noted = was is not None and was != file and was.sha256 == file.sha256
        if noted and is_ is None:
            del merged[path]
        elif noted and is_ is not None and is_.sha256 != file.sha256:
            merged[path] = is_
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
        return (*newest, *(one for one in is_ if one not in newest))
    return _drift(was, is_, newest) if name == "drift" else is_


def _drift(was: tuple[Finding, ...], is_: tuple[Finding, ...], newest: tuple[Finding, ...]) -> tuple[Finding, ...]:
    counts = {(one.kind, one.name): one.count for one in was or ()}
    more = [replace(one, count=one.count - counts.get((one.kind, one.name), 0)) for one in is_]
    return Drift(newest).merge(Drift(tuple(one for one in more if one.count > 0))).findings
