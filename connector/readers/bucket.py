"""A lake in a bucket, for engines that read nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.readers.described import LakeTable


def in_bucket(table: LakeTable, *schemes: str, engine: str = "this engine") -> tuple[LakeTable, tuple[str, ...]]:
    """Return the table in a bucket, and what to say of it: one still to be named where the lake is a local folder.

    Args:
        table: wherever it is.
        schemes: of URLs that the engine reads, the usual one first.
        engine: its name, for the error.

    Raises:
        ConfigError: it is in another kind of bucket.
    """
    if table.is_local:
        place = f"{schemes[0]}://YOUR-BUCKET/lake"
        return replace(table, place=place), (f"Copy the lake to a bucket, as a whole, and name it with `at={place}`.",)
    scheme = table.place.split("://")[0]
    if scheme not in schemes:
        raise ConfigError(f"{engine} does not read {scheme}://; name a copy in {' or '.join(schemes)}:// with `at`")
    return table, ()
