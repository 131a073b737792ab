"""What changed of a period since it was frozen: sums by category, and the rows that are new or different."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from connector.core.ledger.ledger import Purse, Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.ledger.statement import PurseStatement
    from connector.core.state.frozen import FrozenPeriod

MOST_ROWS = 100_000
"""Rows of a period whose prints are kept with it; of more, sums tell what changed, and no row is named."""

MOST_NAMED = 50
"""Rows that are named; all are counted."""

_ID_BYTES, _REST_BYTES = 8, 4
_PRINT_BYTES = _ID_BYTES + _REST_BYTES

RowKind = Literal["new", "changed"]


@dataclass(frozen=True, slots=True)
class MovedLine:
    """One category, or an end of the balance, that is another sum than it was.

    Attributes:
        purse: which balance.
        name: `reporting_category`, `opening` or `closing`.
        moved: what is there now, less what was frozen; of an end `net` alone.
        known: whether both sides are known; else `moved` says nothing.
    """

    purse: Purse
    name: str
    moved: Sums
    known: bool = True


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row that was not there when the period was frozen, or was another.

    Attributes:
        kind: `new` or `changed`.
        id: of the row.
        created: UTC seconds.
        purse: of which balance.
        category: `reporting_category`.
        amount: gross, as it is now.
        fee: as it is now.
        net: as it is now.
    """

    kind: RowKind
    id: str
    created: int
    purse: Purse
    category: str
    amount: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True)
class SinceFrozen:
    """A frozen period beside what the lake says of it now.

    Attributes:
        frozen: what was frozen.
        lines: sums that moved; none where nothing did.
        rows: rows that are new or changed, by time, at most `MOST_NAMED`.
        new: how many rows are new; None where rows are not told apart.
        changed: how many are others than they were.
        gone: how many are there no more.
        written_now: whether it was frozen just now.
    """

    frozen: FrozenPeriod
    lines: tuple[MovedLine, ...] = ()
    rows: tuple[RowLine, ...] = ()
    new: int | None = None
    changed: int | None = None
    gone: int | None = None
    written_now: bool = False

    @property
    def differs(self) -> bool:
        """Whether anything is not as it was frozen."""
        return bool(self.lines or self.new or self.changed or self.gone)


@dataclass(slots=True)
class Prints:
    """Prints of a period's rows: of each its id, and whatever figures are made of.

    Attributes:
        parts: by the id's print the other's.
        most: rows of which prints are kept, at most.
        full: whether there were too many rows.
    """

    parts: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    most: int = MOST_ROWS
    full: bool = False

    def add(self, row: Mapping[str, Any]) -> None:
        """Take a row in, while there are few enough."""
        if not self.full:
            self.parts[_print(row["id"], _ID_BYTES)] = _rest(row)
            self.full = len(self.parts) > self.most

    def to_text(self) -> str | None:
        """Return them as text; None where there are too many."""
        if self.full:
            return None
        return b64encode(b"".join(name + self.parts[name] for name in sorted(self.parts))).decode()

    @classmethod
    def of_text(cls, text: str) -> Prints:
        """Read them."""
        data = b64decode(text)
        starts = range(0, len(data), _PRINT_BYTES)
        return cls({data[at : at + _ID_BYTES]: data[at + _ID_BYTES : at + _PRINT_BYTES] for at in starts})


@dataclass(slots=True)
class RowComparison:
    """Holds rows as they are now to the prints of those that were frozen.

    Attributes:
        left: prints of rows that were not met yet.
        rows: those that are new or changed, the first of them.
        new: how many are new.
        changed: how many are changed.
    """

    left: dict[bytes, bytes]
    rows: list[RowLine] = field(default_factory=list[RowLine])
    new: int = 0
    changed: int = 0

    def add(self, row: Mapping[str, Any], purse: Purse, category: str) -> None:
        """Take in a row as it is now."""
        then = self.left.pop(_print(row["id"], _ID_BYTES), None)
        if then == _rest(row):
            return
        kind: RowKind = "new" if then is None else "changed"
        self.new += kind == "new"
        self.changed += kind == "changed"
        if len(self.rows) < MOST_NAMED:
            figures = (row["amount"], row["fee"], row["net"])
            self.rows.append(RowLine(kind, row["id"], row["created"], purse, category, *figures))


def since_frozen(
    frozen: FrozenPeriod,
    purses: Iterable[PurseStatement],
    found: RowComparison | None,
    *,
    currency: str | None = None,
) -> SinceFrozen:
    """Return what changed since a period was frozen.

    Args:
        frozen: what was frozen.
        purses: the balances as they are now.
        found: its rows held to their prints; None where there are none.
        currency: only this one's.
    """
    lines = tuple(_moved(frozen, purses, currency))
    if found is None:
        return SinceFrozen(frozen, lines)
    named = sorted(
        (row for row in found.rows if currency in {None, row.purse.currency}), key=lambda row: (row.created, row.id)
    )
    return SinceFrozen(frozen, lines, tuple(named), found.new, found.changed, len(found.left))


def _moved(frozen: FrozenPeriod, purses: Iterable[PurseStatement], currency: str | None) -> Iterable[MovedLine]:
    then = {Purse(balance["balance_type"], balance["currency"]): balance for balance in frozen.figures["balances"]}
    now = {purse_of.purse: purse_of for purse_of in purses}
    for purse in sorted({*then, *now}):
        if currency in {None, purse.currency}:
            yield from _moved_of(purse, then.get(purse), now.get(purse))


def _moved_of(purse: Purse, then: Mapping[str, Any] | None, now: PurseStatement | None) -> Iterable[MovedLine]:
    before = {} if then is None else {line["category"]: _sums(line) for line in (*then["activity"], *then["payouts"])}
    after = {} if now is None else {line.category: line.sums for line in now.lines}
    ends = {
        "opening": (_amount(then, "opening"), 0 if now is None else now.opening.amount),
        "closing": (_amount(then, "closing"), 0 if now is None else now.closing),
    }
    for name in ("opening", *sorted({*before, *after}), "closing"):
        if name in ends:
            amount, other = ends[name]
            if amount != other:
                known = amount is not None and other is not None
                yield MovedLine(purse, name, Sums(net=(other or 0) - (amount or 0)) if known else Sums(), known)
        elif moved := _less(after.get(name, Sums()), before.get(name, Sums())):
            yield MovedLine(purse, name, moved)


def _amount(then: Mapping[str, Any] | None, end: str) -> int | None:
    return 0 if then is None else then[end]["amount"]


def _sums(sums: Mapping[str, Any]) -> Sums:
    names = ("count", "gross", "fee", "net", "fee_returned", "fee_returned_count")
    return Sums(*(sums[name] for name in names))


def _less(after: Sums, before: Sums) -> Sums | None:
    """Return the difference, or None where there is none."""
    if after == before:
        return None
    return Sums(
        after.count - before.count,
        after.gross - before.gross,
        after.fee - before.fee,
        after.net - before.net,
        after.returned - before.returned,
        after.returned_rows - before.returned_rows,
    )


COLUMNS = (
    "id",
    "created",
    "balance_type",
    "currency",
    "type",
    "reporting_category",
    "amount",
    "fee",
    "net",
    "available_on",
)
"""Columns that a print is made of."""


def _print(text: str, size: int) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def _rest(row: Mapping[str, Any]) -> bytes:
    return _print("\0".join(str(row.get(name)) for name in COLUMNS[1:]), _REST_BYTES)
