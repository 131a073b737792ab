"""A world: one platform, its connected accounts, a clock, and all that ever happened, from one seed."""

from __future__ import annotations

import random
import time
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connector.sandbox.core.build import Builder
from connector.sandbox.core.ids import IdCodec, account_id, tag_of
from connector.sandbox.core.kinds import DAY, Kind
from connector.sandbox.core.ledger import TIES, Entry, Ledger
from connector.sandbox.core.rows import Renderer
from connector.sandbox.core.shapes import SHAPES, moments

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CONNECTED = 10_000
_LARGEST_CONNECTED = 2_000


@dataclass(eq=False)
class World:
    """Everything a sandbox serves. Accounts are built when first asked for; the same arguments give the same world.

    A world has a clock and can be added to, so give each sandbox its own.

    Attributes:
        seed: of all chance.
        transactions: rows of the platform's ledger, exactly.
        start: first second of history, UTC.
        end: the second after the last; where the clock stands at first unless `now` is given.
        shape: how rows lie in time, one of `shapes.SHAPES`.
        currencies: settlement currencies, lower-case, most used first.
        connected: connected accounts of the platform, 0 to 10,000, of uneven sizes up to 2,000 rows.
        ties: order of rows within a second, one of `ledger.TIES`.
        hot: rows sharing one second, for the shape `second`.
        reserves: whether Stripe holds a part back as a risk reserve now and then: rows of a balance it does not show.
        account_created: `created` of the platform's account; None leaves it out of `/v1/account`, -1 means `start`.
        start_of_day: seconds after midnight UTC at which the accounts' days start, and money becomes available.
        now: where the clock stands at first; -1 means `end`.
        ticking: whether the clock runs with the machine's, or stands until moved.
        ledger_name: told apart by it are accounts of one seed; see `named_by_ledger`.
    """

    seed: int = 7
    transactions: int = 50_000
    start: int = 1_735_689_600
    end: int = 1_767_225_600
    shape: str = "steady"
    currencies: tuple[str, ...] = ("usd", "eur", "jpy")
    connected: int = 3
    ties: str = "insertion"
    hot: int = 3_000
    reserves: bool = False
    account_created: int | None = -1
    start_of_day: int = 0
    now: int = -1
    ticking: bool = False
    ledger_name: str = ""
    _ledgers: dict[int, Ledger] = field(default_factory=dict[int, Ledger], init=False, repr=False)
    _renderers: dict[tuple[int, bool], Renderer] = field(
        default_factory=dict[tuple[int, bool], Renderer], init=False, repr=False
    )

    def named_by_ledger(self) -> World:
        """Return the world with accounts whose ids follow from what is in their ledgers.

        So two worlds of one seed that differ, as they do when they end at different moments, share no account.
        """
        made = (self.transactions, self.start, self.end, self.shape, self.currencies, self.connected, self.ties)
        return replace(self, ledger_name=repr((*made, self.hot, self.reserves, self.start_of_day)))

    def __post_init__(self) -> None:
        """Refuse a world that cannot be built.

        Raises:
            ValueError: an argument is out of bounds; the text says which.
        """
        if self.shape not in SHAPES or self.ties not in TIES:
            raise ValueError(f"shape must be one of {SHAPES} and ties one of {TIES}")
        if not 0 <= self.connected <= MOST_CONNECTED or self.transactions < 0:
            raise ValueError(f"connected must be 0 to {MOST_CONNECTED} and transactions at least 0")
        if not self.currencies or self.end <= self.start:
            raise ValueError("a world needs a currency, and an end after its start")
        if not 0 <= self.start_of_day < DAY:
            raise ValueError("start_of_day is in seconds, from 0 to less than a day")
        if self.now < 0:
            self.now = self.end
        self._set_at = time.monotonic()

    # The clock.

    def clock(self) -> int:
        """The sandbox's time, whole UTC seconds."""
        return self.now + (int(time.monotonic() - self._set_at) if self.ticking else 0)

    def set_clock(self, now: int) -> None:
        """Put the clock at a second, forwards or backwards."""
        self.now, self._set_at = now, time.monotonic()

    # Accounts.

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """All account ids; the platform's first, connected ones from oldest to newest."""
        return tuple(account_id(self.seed, index, self.ledger_name) for index in range(self.connected + 1))

    @cached_property
    def account_index(self) -> dict[str, int]:
        """Account id to index."""
        return {account: index for index, account in enumerate(self.accounts)}

    @cached_property
    def _index_of_tag(self) -> dict[str, int]:
        return {self.codec(index).tag: index for index in range(self.connected + 1)}

    @property
    def platform(self) -> str:
        """The platform's account id."""
        return self.accounts[0]

    def created_of(self, index: int) -> int | None:
        """When an account was made; at or before its first row."""
        if index == 0:
            return self.start if self.account_created == -1 else self.account_created
        return self.start + (self.end - self.start) * (index - 1) // (2 * self.connected)

    def codec(self, index: int) -> IdCodec:
        """The ids of one account."""
        return self._ledgers[index].codec if index in self._ledgers else IdCodec(self.seed, self.accounts[index])

    def ledger(self, index: int = 0) -> Ledger:
        """The rows of one account, built at the first call."""
        if index not in self._ledgers:
            self._ledgers[index] = self._build_platform() if index == 0 else self._build_connected(index)
        return self._ledgers[index]

    def renderer(self, index: int = 0, *, legacy: bool = False) -> Renderer:
        """What writes the rows of one account; `legacy` without `balance_type`."""
        key = (index, legacy)
        if key not in self._renderers:
            self._renderers[key] = Renderer(self.ledger(index), legacy=legacy)
        return self._renderers[key]

    def owner_of(self, value: str) -> int | None:
        """The index of the account an id belongs to, by the tag inside it."""
        return self._index_of_tag.get(tag_of(value))

    # Truth, for tests.

    def rows(self, account: str | None = None) -> Iterator[dict[str, Any]]:
        """All rows of an account as the API would give them now, newest first; the platform's by default."""
        index = 0 if account is None else self.account_index[account]
        ledger, renderer, now = self.ledger(index), self.renderer(index), self.clock()
        for at in range(bisect_right(ledger.times, now) - 1, -1, -1):
            if ledger.order[at] not in ledger.rowless:
                yield renderer.row(ledger.order[at], now)

    def net_by_currency(
        self, account: str | None = None, *, balance_type: str = "payments", status: str | None = None
    ) -> dict[str, int]:
        """Σ net by currency of one balance, of all rows up to now or only those `available` or `pending`."""
        ledger = self.ledger(0 if account is None else self.account_index[account])
        part = {None: slice(None), "available": slice(0, 1), "pending": slice(1, 2)}[status]
        return {
            ledger.currencies[currency]: sum(pair[part])
            for (type_, currency), pair in sorted(ledger.balances(self.clock()).items())
            if type_ == balance_type
        }

    # Building.

    def destination_of(self, transfer: int) -> int:
        """The connected account a transfer of the platform goes to; a few receive most."""
        spread = (transfer * 2_654_435_761 >> 8) % 65_536 / 65_536
        age = self.ledger(0).created[transfer] - self.start
        born = min(self.connected, 1 + age * 2 * self.connected // (self.end - self.start))
        return 1 + int(spread * spread * spread * born)

    @cached_property
    def _transfers_to(self) -> dict[int, list[int]]:
        platform, found = self.ledger(0), dict[int, list[int]]()
        for number, kind in enumerate(platform.kind):
            if kind == Kind.TRANSFER:
                found.setdefault(self.destination_of(number), []).append(number)
        return found

    def _empty(self, index: int) -> Ledger:
        codec = IdCodec(self.seed, self.accounts[index])
        return Ledger(self.accounts[index], codec, self.currencies, self.ties, self.start_of_day)

    def _build_platform(self) -> Ledger:
        rng = random.Random(f"ledger/{self.seed}/0")
        times = moments(self.shape, self.transactions, (self.start, self.end), rng, hot=self.hot)
        return Builder(self._empty(0), rng, connected=self.connected > 0, reserves=self.reserves).run(times)

    def _build_connected(self, index: int) -> Ledger:
        """An account with what the platform sent it and some trade of its own."""
        rng = random.Random(f"ledger/{self.seed}/{index}")
        size = min(_LARGEST_CONNECTED, int(40 * ((rng.random() + 1e-4) ** -0.7 - 1)))
        born = self.created_of(index) or self.start
        times = moments("steady", size, (born, self.end), rng)
        builder = Builder(self._empty(index), rng, connected=False, reserves=self.reserves)
        return builder.run(times, self._received(index))

    def _received(self, index: int) -> list[Entry]:
        """The far sides of the platform's transfers to an account, and of those taken back."""
        platform, out = self.ledger(0), list[Entry]()
        for transfer in self._transfers_to.get(index, ()):
            currency, amount, fee = platform.currency[transfer], -platform.amount[transfer], 0
            for child in platform.children(transfer, self.end):
                if platform.kind[child] == Kind.APPLICATION_FEE:
                    fee = platform.amount[child]
                elif platform.kind[child] == Kind.TRANSFER_REVERSAL:
                    back = platform.created[child]
                    out.append(Entry(back, Kind.TRANSFER_IN_REFUND, currency, -amount, link=transfer))
            out.append(Entry(platform.created[transfer], Kind.TRANSFER_IN, currency, amount, fee, transfer))
        return out
