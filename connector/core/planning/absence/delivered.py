"""Rows that came already, at the few seconds that are asked about more than once."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING

from connector.core.api.page import created_of, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.api.page import AnyRow


@dataclass(slots=True)
class Delivered:
    """Leaves out of pages what has been passed on before.

    Attributes:
        at: hashes of the ids passed on, by their second; only of seconds that are asked about again.
    """

    at: dict[int, set[int]] = field(default_factory=dict[int, set[int]])

    def add(self, second: int, hashes: Iterable[int]) -> None:
        """Note that rows of a second were passed on, and may come again; of each the hash of its id."""
        self.at.setdefault(second, set()).update(hashes)

    def has(self, second: int, row_id: str) -> bool:
        """Say whether the row of an id was passed on, as far as that was noted of its second."""
        return hash(row_id) in self.at.get(second, ())

    def new(self, rows: list[AnyRow]) -> list[AnyRow]:
        """Return the rows that were not passed on before; they count as passed on now."""
        if not self.at or not rows:
            return rows
        created = created_of(rows)
        twice = self.at.keys() & set(created)
        if not twice:
            return rows
        pairs = list(zip(map(hash, ids_of(rows)), created, strict=True))
        fresh = [second not in twice or moment not in self.at[second] for moment, second in pairs]
        for moment, second in pairs:
            if second in twice:
                self.at[second].add(moment)
        return list(compress(rows, fresh))
