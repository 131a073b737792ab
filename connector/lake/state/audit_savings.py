"""What was in hand of the read allocation for audits where no report says it: of a lake that was made of another one.

Else it is in the report of each run, which the next one reads anyway.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.allocation import Savings
from connector.core.documents import to_json
from connector.lake.paths import STATE

if TYPE_CHECKING:
    from connector.lake.stores.base import Store

_PATH = f"{STATE}/audit.json"


def load_savings(store: Store, *, now: int) -> Savings:
    """Return what was in hand when it was last kept. Blocks.

    A new lake has some; where the file cannot be understood, nothing, so that what was spent is not spent again.

    Args:
        store: the lake.
        now: UTC seconds.

    Raises:
        StorageError: the lake cannot be read.
    """
    there = store.read(_PATH)
    if there is None:
        return Savings(now)
    try:
        document = cast("dict[str, Any]", json.loads(there.data))
        return Savings(int(document["at"]), float(document["in_hand"]))
    except (ValueError, LookupError, TypeError):
        return Savings(now, 0.0)


def save_savings(store: Store, savings: Savings) -> None:
    """Have a lake begin with what is in hand. Blocks.

    Raises:
        StorageError: the destination refuses.
    """
    store.write(_PATH, to_json({"at": savings.at, "in_hand": round(savings.in_hand, 3)}))
