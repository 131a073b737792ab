"""How a second of many pages is read by several cursors at once.

Within one second a list is in an order that is Stripe's own, and any row of it that is known is a cursor to go on from.
Rows of a rare type or currency lie all over the second, and a filtered list tells them a hundred at a time; the first
row below the second is one more. Between two of them the list itself is read, without the filter, until the lower one
comes: a filter only says where to begin, never what there is. Where anything does not fit, none of it counts.

No I/O. One owner, whoever reads the second; touched only between awaits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import ceil, log
from typing import TYPE_CHECKING

from connector.core.api.fields import object_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from connector.core.api.page import AnyRow, Page

BEGIN_PAGES = 4
"""Pages of one second that came one after the other, before what is left of it is divided."""

RARE = 0.05
"""Share of the rows up to which a filtered list is worth its requests: one page of it for twenty."""

SHARE = 0.01
"""Share of the rows that is best: one page of such rows goes over a hundred."""

PART_PAGES = 5
"""Pages of a part at least, as expected: each costs half a page at its end."""

ROUND_PAGES = 100
"""Pages that are expected to be kept at once, at most."""

LEAST_PAGES = 20
"""Pages that have to fit into what is kept, for it to be worth anything."""

KEPT_BYTES = 12 << 20
"""Bodies of pages that are kept at once, decoded, until what lies above them has come."""

FILLED = 0.65
"""Share of that which is planned for: rare rows do not lie evenly, and parts cost more than their rows."""


def pages_kept(page_bytes: int) -> int:
    """Say how many pages are read ahead at once at most; 0 where they are so heavy that it is not worth it."""
    fitting = min(ROUND_PAGES, int(FILLED * KEPT_BYTES / max(1, page_bytes)))
    return fitting if fitting >= LEAST_PAGES else 0


@dataclass(frozen=True, slots=True)
class Rare:
    """A value that few rows have.

    Attributes:
        name: of the filter, and of the field.
        value: to filter by.
        share: of all rows, as far as seen; above 0.
    """

    name: str
    value: str
    share: float


@dataclass(slots=True)
class Sample:
    """Counts values among the rows seen of a second.

    Attributes:
        names: fields there is a filter for.
        rows: how many were seen.
    """

    names: Collection[str]
    rows: int = 0
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter["tuple[str, str]"])

    def add(self, rows: Sequence[AnyRow]) -> None:
        """Take rows into account."""
        self.rows += len(rows)
        for name in self.names:
            values: list[object] = [_value(row, name) for row in rows]
            self._counts.update((name, value) for value in values if isinstance(value, str) and value)

    def rare(self) -> Rare | None:
        """Return the value to filter by; None where each is too common, or the only one."""
        candidates = [
            Rare(*pair, count / self.rows) for pair, count in self._counts.items() if count <= RARE * self.rows
        ]
        return min(candidates, key=lambda rare: (abs(log(rare.share / SHARE)), rare.name, rare.value), default=None)

    def again(self, rare: Rare) -> Rare:
        """Return the same value with its share of all that was seen since."""
        return replace(rare, share=self._counts[rare.name, rare.value] / self.rows)


def _value(row: AnyRow, name: str) -> object:
    received = object_of(row)
    return getattr(row, name, None) if received is None else received.get(name)


def chosen(ids: Sequence[str], rare: Rare, *, page_size: int, pages: int, parts: int, goes_on: bool) -> list[str]:
    """Choose at which of some rare rows a second is divided.

    Args:
        ids: of the rows, newest first.
        rare: what they have in common.
        page_size: rows of a page of the whole list.
        pages: how many of them are read ahead at most, as expected.
        parts: how many at most.
        goes_on: whether there are more such rows: the last one chosen is then where the next rows are looked for.

    Returns:
        The cursors, newest first; what lies above each is a part.
    """
    ids = ids[: max(1, int(pages * page_size * rare.share))]
    expected = len(ids) / rare.share / page_size
    count = max(1, min(parts, int(expected / PART_PAGES), len(ids)))
    if not ids or (count == 1 and not goes_on):
        return []
    step = len(ids) / count
    places = [ceil(step * number) - 1 for number in range(1, count + 1)]
    return [ids[place] for place in (places if goes_on else places[:-1])]


@dataclass(slots=True)
class Part:
    """The rows between two known ones, read from above, and from below where that row is not one of them.

    Attributes:
        above: id of the row right above it.
        until: id of its own last row; None where `below` is given.
        below: id of the row right below it, to be read upwards from; None where only `until` is known.
        ended: whether it was read down to the end of the second.
        closed: whether all of its rows came.
        broken: whether an answer does not fit: nothing of it counts.
    """

    above: str
    until: str | None = None
    below: str | None = None
    ended: bool = False
    closed: bool = False
    broken: bool = False
    _down: list[tuple[Page, list[str]]] = field(default_factory=list["tuple[Page, list[str]]"])
    _up: list[tuple[Page, list[str]]] = field(default_factory=list["tuple[Page, list[str]]"])
    _downs: list[str] = field(default_factory=list[str])
    _ups: list[str] = field(default_factory=list[str])  # oldest first: each page goes to the end

    @property
    def lowest(self) -> str:
        """The id to go on after, downwards."""
        return self._downs[-1] if self._downs else self.above

    @property
    def highest(self) -> str | None:
        """The id to go on before, upwards."""
        return self._ups[-1] if self._ups else self.below

    @property
    def is_open(self) -> bool:
        """Whether more is to be asked for."""
        return not self.closed and not self.broken

    def went_down(self, page: Page, ids: Sequence[str]) -> None:
        """Take a page after `lowest`; nothing where the other end met this one meanwhile.

        Args:
            page: as it came, all of it of the one second.
            ids: of its rows.
        """
        if not self.is_open:
            return
        end = len(ids)
        if self.until is not None:
            end = ids.index(self.until) + 1 if self.until in ids else end
            self.closed = end > 0 and self.until == ids[end - 1]
        elif self._ups and self._ups[-1] in ids:
            end = ids.index(self._ups[-1])
            self.closed = True
            self.broken = list(ids[end:]) != self._ups[: -len(ids) + end - 1 : -1]
        elif not page.has_more and not self._ups:  # what comes from below has to show the same end
            self.ended = True
        self.broken = self.broken or not (self.closed or self.ended or (page.has_more and ids))
        self._down.append((page, list(ids[:end])))
        self._downs.extend(ids[:end])

    def went_up(self, page: Page, ids: Sequence[str]) -> None:
        """Take a page before `highest`, newest row first; nothing where the other end met this one meanwhile.

        Args:
            page: as it came.
            ids: of its rows.
        """
        if not self.is_open:
            return
        start = 0
        if self.lowest in ids:
            start = ids.index(self.lowest) + 1
            reach = [self.above, *self._downs][-start:]
            self.closed = True
            self.broken = list(ids[start - len(reach) : start]) != reach
        self.broken = self.broken or not (self.closed or (page.has_more and ids))
        self._up.append((page, list(ids[start:])))
        self._ups.extend(reversed(ids[start:]))

    def taken(self) -> None:
        """Note that what came from above was passed on: the part begins below it."""
        self.above = self.lowest
        self._down.clear()
        self._downs.clear()

    def pages(self) -> list[tuple[Page, list[str]]]:
        """Return what came from above, and where it is closed what came from below, newest first, each row once.

        Of each page the ids that count are given.
        """
        return [*self._down, *(self._up[::-1] if self.closed else ())]


def joined(parts: Iterable[Part], known: Collection[str]) -> list[tuple[Page, list[str]]] | None:
    """Put parts together, as far as each goes on where the one above it ended.

    Args:
        parts: newest first.
        known: ids that came of the second before.

    Returns:
        Pages with the ids of them that count, newest first; None where anything does not fit.
    """
    pages: list[tuple[Page, list[str]]] = []
    for part in parts:
        if part.broken:
            return None
        pages += part.pages()
        if not part.closed:
            break
    ids = [row_id for _, some in pages for row_id in some]
    every = set(ids)
    return pages if len(every) == len(ids) and every.isdisjoint(known) else None
