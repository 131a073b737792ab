"""Records that are missing between others: somebody removed them, for what is cleared away goes from the first on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.lake.state.record_files import FOLDER, record_path

if TYPE_CHECKING:
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

_NAME = re.compile(r"\d{14}\.json")


def missing_records(store: Store, table: str, account: AccountId) -> list[int]:
    """Return the numbers of records that are missing between others, ascending. Blocks.

    What a list does not show is asked for: it may lag behind.

    Raises:
        StorageError: the destination cannot be read.
    """
    names = (info.path.rpartition("/")[2] for info in store.list(f"{FOLDER}/{table}/{account}"))
    there = {int(name.partition(".")[0]) for name in names if _NAME.fullmatch(name)}
    between = sorted(set(range(min(there, default=0), max(there, default=0))) - there)
    return [number for number in between if store.read(record_path(table, account, number)) is None]
