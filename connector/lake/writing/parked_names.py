"""What parked files are called: a number, the partition, and the run that parked them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.lake.paths import PARKED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.state.partition import PartitionKey
    from connector.core.units import AccountId

NAME_PARTS = 4
"""Parts of a parked file's name: a number, the partition, the run, and `arrow`."""


def parked_folder(table: str, account: AccountId) -> str:
    """Return the folder of an account's parked files, relative to the destination."""
    return f"{PARKED}/{table}/{account}"


def parked_path(folder: str, number: int, key: PartitionKey, run_id: str) -> str:
    """Return the path of an account's parked file.

    Args:
        folder: as `parked_folder` gives it.
        number: above that of every file parked before, so that paths sort by time.
        key: the partition of the rows.
        run_id: the run that parks them.
    """
    return f"{folder}/{number:08d}.{key.label}.{run_id}.arrow"


def run_of(name: str) -> str:
    """Return the run that parked a file, by the file's name; empty where it is not such a name."""
    parts = name.split(".")
    return parts[2] if len(parts) == NAME_PARTS else ""


def next_number(parked: Iterable[str]) -> int:
    """Return the number of the next parked file, by the paths of those there are."""
    return 1 + max((int(path.rpartition("/")[2].partition(".")[0]) for path in parked), default=0)
