"""One account's rows, held as columns: about 45 bytes a row, found by time with a binary search.

A row is a number, given in the order rows were made. `order` and `times` put numbers in the API's order (ascending
here, the API reads from the end): by `created`, then by the world's tie order. Rows may be added at any time later.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox.core.kinds import DAY, LONGEST_DELAY, PAYOUTS, SPECS, Kind, available_on, delay_of
from connector.sandbox.core.texts import charge_texts

if TYPE_CHECKING:
    from connector.sandbox.core.ids import IdCodec

TIES = ("insertion", "id", "reversed")
"""How rows of one second are ordered: as made, by id, or last made first."""

LINKED_BASE = 1 << 34
"""Numbers from here on name the far side of a transfer: LINKED_BASE + the row's number on the platform."""

FAR_SIDES = frozenset({Kind.TRANSFER_IN, Kind.TRANSFER_IN_REFUND})
"""Rows of a connected account whose `link` is a row of the platform."""

Sums = dict[tuple[str, int], list[int]]
"""Σ net as [available, pending], by balance type and index of currency."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to be written: `amount` and `fee` in minor units of currency number `currency`, `link` another row."""

    created: int
    kind: Kind
    currency: int
    amount: int
    fee: int = 0
    link: int = -1


@dataclass(eq=False)
class Ledger:
    """The rows of one account.

    Attributes:
        account: its id.
        codec: its ids.
        currencies: lower-case codes; rows hold the index.
        ties: one of TIES.
        start_of_day: seconds after midnight UTC at which the account's days start, and money becomes available.
        created, kind, currency, amount, fee, link: of each row by its number, as in `Entry`.
        payout: per row, the number of the automatic payout that paid it out, or -1.
        order: numbers of the rows in the API's order, oldest first; of a sealed ledger.
        times: their `created`, in that order.
        hidden: row number to the second from which it can be listed, for rows that become visible late.
        rowless: numbers of payments whose balance transaction is never made; they count for nothing.
        version: changes whenever a row is added after `seal`.
    """

    account: str
    codec: IdCodec
    currencies: tuple[str, ...]
    ties: str = "insertion"
    start_of_day: int = 0
    created: array[int] = field(default_factory=lambda: array("q"))
    kind: bytearray = field(default_factory=bytearray)
    currency: bytearray = field(default_factory=bytearray)
    amount: array[int] = field(default_factory=lambda: array("q"))
    fee: array[int] = field(default_factory=lambda: array("q"))
    link: array[int] = field(default_factory=lambda: array("i"))
    payout: array[int] = field(default_factory=lambda: array("i"))
    order: array[int] = field(default_factory=lambda: array("I"))
    times: array[int] = field(default_factory=lambda: array("q"))
    hidden: dict[int, int] = field(default_factory=dict[int, int])
    rowless: set[int] = field(default_factory=set[int])
    version: int = 0

    def __post_init__(self) -> None:
        """Prepare what rendering asks for again and again."""
        self.texts: tuple[str, ...] = charge_texts()
        self._children: dict[int, list[int]] | None = None
        self._members: dict[int, array[int]] | None = None
        self._far: dict[tuple[str, int], int] | None = None
        self._by_kind: dict[tuple[Kind, ...], tuple[int, array[int]]] = {}
        self._settled: tuple[int, dict[tuple[int, int], int]] = (0, {})

    def __len__(self) -> int:
        return len(self.created)

    def append(self, entry: Entry) -> int:
        """Write a row and return its number; before `seal`, rows must come in order of `created`."""
        number = len(self.created)
        self.created.append(entry.created)
        self.kind.append(entry.kind)
        self.currency.append(entry.currency)
        self.amount.append(entry.amount)
        self.fee.append(entry.fee)
        self.link.append(entry.link)
        self.payout.append(-1)
        return number

    def seal(self) -> None:
        """Put the rows written so far in the API's order."""
        self.order = array("I", range(len(self)))
        self.times = array("q", self.created)
        if self.ties != "insertion":
            self._sort_ties()

    def retie(self, ties: str) -> None:
        """Give rows of one second another order, one of TIES, in a sealed ledger."""
        self.ties = ties
        self._sort_ties()
        self.version += 1
        self._settled = (0, {})

    def _sort_ties(self) -> None:
        stop = 0
        while (start := stop) < len(self.times):
            stop = bisect_right(self.times, self.times[start], start, min(start + 2, len(self.times)))
            if stop - start > 1:
                stop = bisect_right(self.times, self.times[start], stop)
                self.order[start:stop] = array("I", sorted(self.order[start:stop], key=self._tie))

    def insert(self, entry: Entry, *, visible_at: int | None = None) -> int:
        """Add a row to a sealed ledger, at its place in time; `visible_at` hides it from lists until then."""
        number = self.append(entry)
        low, high = bisect_left(self.times, entry.created), bisect_right(self.times, entry.created)
        tie = self._tie(number)
        while low < high and self._tie(self.order[low]) < tie:
            low += 1
        self.times.insert(low, entry.created)
        self.order.insert(low, number)
        if visible_at is not None:
            self.hidden[number] = visible_at
        self.version += 1
        if low < self._settled[0]:
            self._settled = (0, {})
        return number

    def _tie(self, number: int) -> tuple[int, str]:
        if self.ties == "id":
            return 0, self.id_of(number)
        return (-number if self.ties == "reversed" else number), ""

    def lead(self, number: int) -> str:
        """The first character of ids: payments start with 3, the rest with 1."""
        return "3" if self.kind[number] <= Kind.PAYMENT else "1"

    def object_id(self, prefix: str, number: int) -> str:
        """The id of the object that row `number` brought about."""
        return self.codec.encode(prefix, number, self.lead(number))

    def id_of(self, number: int) -> str:
        """The row's own id."""
        return self.object_id("txn_", number)

    def source_of(self, number: int) -> str | None:
        """The id in the row's `source`."""
        kind = self.kind[number]
        spec = SPECS[kind]
        if not spec.prefix:
            return None
        if kind in FAR_SIDES:
            return far_id(self.codec, spec.prefix, self.link[number])
        return self.object_id(spec.prefix, self.link[number] if spec.linked else number)

    def find(self, value: str, *prefixes: str) -> int | None:
        """The number of the row behind an id with one of `prefixes`, if it is this account's and exists."""
        decoded = self.codec.decode(value)
        if decoded is None or decoded.prefix not in prefixes:
            return None
        number = decoded.number
        if number >= LINKED_BASE:
            return self._far_rows().get((decoded.prefix, number - LINKED_BASE))
        return number if number < len(self) and self.object_id(decoded.prefix, number) == value else None

    def _far_rows(self) -> dict[tuple[str, int], int]:
        """(prefix, transfer on the platform) to the row here that is its far side."""
        if self._far is None:
            pairs = enumerate(zip(self.kind, self.link, strict=True))
            self._far = {(SPECS[kind].prefix, link): at for at, (kind, link) in pairs if kind in FAR_SIDES}
        return self._far

    def position(self, number: int) -> int:
        """Where in `order` a row is."""
        created = self.created[number]
        return self.order.index(number, bisect_left(self.times, created), bisect_right(self.times, created))

    def available_on(self, number: int) -> int:
        """The second from which the row's money is available; for a payout, when it arrives at the bank."""
        kind = self.kind[number]
        start = 0 if kind in PAYOUTS else self.start_of_day
        return available_on(self.created[number], delay_of(kind, self.currency[number]), start)

    def is_available(self, number: int, now: int) -> bool:
        """Whether the row's status is `available`; payouts are so at once, whatever their `available_on`."""
        return self.kind[number] in PAYOUTS or self.available_on(number) <= now

    def children(self, number: int, now: int) -> list[int]:
        """Rows that followed from a row and exist by `now`: its refunds, dispute, transfer, failure."""
        if self._children is None:
            self._children = {}
            for child, parent in enumerate(self.link):
                if parent >= 0 and self.kind[child] not in FAR_SIDES:
                    self._children.setdefault(parent, []).append(child)
        return [child for child in self._children.get(number, ()) if self.created[child] <= now]

    def members(self, payout: int) -> array[int]:
        """Positions in `order`, ascending, of what an automatic payout paid out, its own row included."""
        if self._members is None:
            self._members = {}
            for number, paid_by in enumerate(self.payout):
                if paid_by >= 0:
                    self._members.setdefault(paid_by, array("I")).append(number)
        return array("I", sorted(self.position(number) for number in self._members.get(payout, ())))

    def prepare(self, now: int) -> None:
        """Build at once what would otherwise be built by the first request that needs it, holding up the others."""
        self.balances(now)
        self.positions(PAYOUTS)
        for number in range(min(1, len(self))):
            self.children(number, now)
            self.members(number)

    def positions(self, kinds: tuple[Kind, ...]) -> array[int]:
        """Positions in `order`, ascending, of all rows of some kinds."""
        version, found = self._by_kind.get(kinds, (-1, array("I")))
        if version != self.version:
            wanted, kind = frozenset(map(int, kinds)), self.kind
            found = array("I", (at for at, number in enumerate(self.order) if kind[number] in wanted))
            self._by_kind[kinds] = (self.version, found)
        return found

    def balances(self, now: int) -> Sums:
        """Σ net of all rows created by `now`: what is available and what is pending."""
        settled = bisect_left(self.times, now - LONGEST_DELAY * DAY)
        total = self._settled_nets(settled)
        sums: Sums = {}
        for (kind, currency), net in total.items():
            sums.setdefault((SPECS[kind].balance_type, currency), [0, 0])[0] += net
        for at in range(settled, bisect_right(self.times, now)):
            number = self.order[at]
            if number in self.rowless:
                continue
            pair = sums.setdefault((SPECS[self.kind[number]].balance_type, self.currency[number]), [0, 0])
            pair[0 if self.is_available(number, now) else 1] += self.amount[number] - self.fee[number]
        return sums

    def _settled_nets(self, upto: int) -> dict[tuple[int, int], int]:
        """Σ net of the first `upto` rows by kind and currency, carried on from the last time it was asked."""
        done, total = self._settled
        if upto < done:
            done, total = 0, {}
        for number in self.order[done:upto]:
            if number in self.rowless:
                continue
            key = (self.kind[number], self.currency[number])
            total[key] = total.get(key, 0) + self.amount[number] - self.fee[number]
        self._settled = (upto, total)
        return total


def far_id(codec: IdCodec, prefix: str, transfer: int) -> str:
    """The id, on the connected account, of what a transfer of the platform brought about there."""
    return codec.encode(prefix, LINKED_BASE + transfer)
