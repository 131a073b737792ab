"""How a lake is made (format, partition, mode, choices that rows depend on), fixed once, before its first record.

Of several runs that begin one lake at once, one fixes it, since it is written under the condition that nobody else has
changed it; the others find it and go by it, or are refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from connector.core.documents import to_json
from connector.errors import CommitConflictError, CommitUnknownError, LockedError, StateError
from connector.lake.state.lake_id import PATH, new_lake
from connector.lake.state.table_states import refuse_another, refuse_other_options
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.lake.stores.base import Store

ROUNDS = 8
"""Times that it is tried to fix how a lake is made, on what others have fixed meanwhile."""

_KIND = "kind"


class LakeBegunError(LockedError):
    """Another run has begun the lake since we looked: done once more, the call goes on from what is there."""


def kind_of(store: Store) -> Mapping[str, Any]:
    """Return how a lake is made, as far as that is fixed; nothing for one that has not begun. Blocks.

    Raises:
        StateError: it cannot be understood.
        StorageError: it cannot be read.
    """
    there = store.read(PATH)
    return {} if there is None else _kind_in(_document(there.data))


def fix_kind(store: Store, wanted: Mapping[str, Any], *, now: int, alone: bool) -> None:
    """Fix how a lake is made, unless that is done. Blocks.

    Args:
        store: the lake.
        wanted: how it is to be made; `format`, `partition`, `livemode`, `options`, or some of them.
        now: UTC seconds.
        alone: whether nobody else is at work on it and it has no record: then what a run fixed that died before it had
            anything to record does not count.

    Raises:
        ConfigError: it is made otherwise; says how.
        CommitUnknownError: whether it is fixed is not known.
        StateError: what is there cannot be understood.
        StorageError: the destination refuses.
    """
    failure = CommitUnknownError(f"writing {PATH}: others change it again and again; run again")
    for _ in range(ROUNDS):
        there = store.read(PATH)
        document = new_lake(now) if there is None else _document(there.data)
        fixed = _kind_in(document)
        if not alone:
            _refuse_another(fixed, wanted)
        if (new := {**fixed, **wanted}) == fixed:
            return
        try:
            store.write(PATH, to_json({**document, _KIND: new}), condition=there.version if there else ABSENT)
        except CommitConflictError:  # or our own success, whose answer was lost: what is there tells
            continue
        except CommitUnknownError as error:
            failure = error
        else:
            return
    raise failure


def _refuse_another(fixed: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name in sorted(fixed.keys() & wanted.keys()):
        if name == "options":
            refuse_other_options(fixed[name], wanted[name])
        else:
            refuse_another(name, fixed[name], wanted[name])


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StateError(f"{PATH} is damaged ({error!r}); restore it from a backup, or remove it") from error
    if not isinstance(document, dict):
        raise StateError(f"{PATH} is damaged; restore it from a backup, or remove it")
    return cast("dict[str, Any]", document)


def _kind_in(document: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = document.get(_KIND, {})
    if not isinstance(kind, dict) or not isinstance(cast("dict[str, Any]", kind).get("options", {}), dict):
        raise StateError(f"{PATH} is damaged (its kind is {kind!r}); restore it from a backup, or remove it")
    return cast("dict[str, Any]", kind)
