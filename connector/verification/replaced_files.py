"""Whether the files of a state are still those that were looked at: runs may go on while a lake is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.errors import LakeChangedError
from connector.lake.state import table_states
from connector.lake.state.intents import announced_paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.lake.stores.base import Store


def refuse_replaced(store: Store, state: TableState, *, announced: bool) -> None:
    """Refuse what was read of a state's files, if a run has replaced any of them since. Blocks.

    What was only added meanwhile changes nothing of what was read.

    Args:
        store: the lake.
        state: whose files were read.
        announced: whether a file counts as replaced that a run has announced another content of; it may have died.

    Raises:
        LakeChangedError: some were replaced.
        StateError: a record cannot be understood.
        StorageError: the lake cannot be read.
    """
    newest = table_states.load(store, state.account)
    there: Mapping[str, DataFile] = {} if newest is None else newest.files
    replaced = {path for path, file in state.files.items() if path not in there or there[path].sha256 != file.sha256}
    if announced:
        replaced |= announced_paths(store, table_states.TABLE, state.account, state.files) & state.files.keys()
    if replaced:
        files = counted(len(replaced), "file")
        raise LakeChangedError(f"a run replaced {files} of {state.account} while the lake was checked: verify again")
