"""Fill a ledger with a plausible history, one row for each given moment.

Every moment becomes exactly one row. Most are payments; the rest follow from earlier rows (refunds, disputes,
transfers) or from the calendar (payouts). An automatic payout takes every row of its currency that is available and not
yet paid out, so its listing sums to zero together with its own row.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.core.economy import (
    PRICES,
    conversion_fee,
    fx_of,
    minor_units,
    mix,
    prices,
    round_down,
    smallest_step,
)
from connector.sandbox.core.kinds import DAY, PAID_OUT, Kind, delay_of, is_instant
from connector.sandbox.core.ledger import Entry, Ledger

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

_SMALLEST_BATCH = ((1, 20), (7, 4), (30, 1))
"""A payout is made on a weekday once so many days passed since the last and so many rows wait."""
_WEEKEND = 5
_FAILS_EVERY, _FAILS_AT = 29, 2
_BACK_AFTER = (3, 1)
"""Days until a payout that fails is back, in turn: sent back by the bank after its arrival, or refused before."""
_FEE_BACK_EVERY = 5
"""One refund in so many gives its share of the payment's fee back, as public samples of refunds have it."""


@dataclass(slots=True)
class Till:
    """What waits to be paid out in one currency."""

    waiting: dict[int, list[int]]
    rows: int = 0
    last: int = 0
    made: int = 0
    topped_up: int = 0


class Builder:
    """Writes rows into one ledger.

    Args:
        ledger: empty, not yet sealed.
        rng: the account's own source of chance.
        connected: whether the platform has connected accounts to transfer to.
        reserves: whether Stripe holds a part back as a risk reserve now and then.
    """

    def __init__(self, ledger: Ledger, rng: random.Random, *, connected: bool, reserves: bool = False) -> None:
        self.ledger = ledger
        self.random: Callable[[], float] = rng.random
        self.tills: list[Till] = [Till({}) for _ in ledger.currencies]
        self.mix: tuple[Kind, ...] = mix(connected=connected, reserves=reserves)
        shares = [1.0 / (1 + 2 * place) for place in range(len(ledger.currencies))]
        self.purse: tuple[int, ...] = tuple(
            place for place, share in enumerate(shares) for _ in range(math.ceil(100 * share / math.fsum(shares)))
        )
        self.prices: list[tuple[int, ...]] = [prices(currency) for currency in ledger.currencies]
        self.fixed: list[int] = [3 * minor_units(currency) // 10 or 30 for currency in ledger.currencies]
        self.decimals: list[int] = [minor_units(currency) for currency in ledger.currencies]
        self.open: dict[Kind, list[int]] = {}
        self.used: set[int] = set()
        self.agenda: deque[Callable[[int], int | None]] = deque()
        self.later: list[tuple[int, Callable[[int], int | None]]] = []
        self.makers: dict[Kind, Callable[[int], int | None]] = {
            Kind.REFUND: lambda at: self._refund(at, Kind.REFUND, Kind.CHARGE),
            Kind.PAYMENT_REFUND: lambda at: self._refund(at, Kind.PAYMENT_REFUND, Kind.PAYMENT),
            Kind.REFUND_FAILURE: lambda at: self._undo(at, Kind.REFUND, Kind.REFUND_FAILURE),
            Kind.DISPUTE: self._dispute,
            Kind.DISPUTE_REVERSAL: lambda at: self._undo(at, Kind.DISPUTE, Kind.DISPUTE_REVERSAL, with_fee=True),
            Kind.STRIPE_FEE: lambda at: self._plain(at, Kind.STRIPE_FEE, -1, 20),
            Kind.TAX_FEE: lambda at: self._plain(at, Kind.TAX_FEE, -1, 40),
            Kind.APPLICATION_FEE: self._application_fee,
            Kind.APPLICATION_FEE_REFUND: lambda at: self._undo(at, Kind.APPLICATION_FEE, Kind.APPLICATION_FEE_REFUND),
            Kind.TRANSFER: self._transfer,
            Kind.TRANSFER_REVERSAL: lambda at: self._undo(at, Kind.TRANSFER, Kind.TRANSFER_REVERSAL),
            Kind.TOPUP: self._topup,
            Kind.PAYOUT_MANUAL: self._withdraw,
            Kind.RESERVE_TRANSACTION: self._reserve,
            Kind.RESERVE_HOLD: self._hold,
            Kind.ISSUING_TOPUP: lambda at: self._plain(at, Kind.ISSUING_TOPUP, 20, 1),
            Kind.ISSUING_TRANSACTION: lambda at: self._plain(at, Kind.ISSUING_TRANSACTION, -1, 2),
            Kind.PREFUNDING_TOPUP: lambda at: self._plain(at, Kind.PREFUNDING_TOPUP, 20, 1),
        }

    def run(self, times: Iterable[int], given: Sequence[Entry] = ()) -> Ledger:
        """Write one row per moment of `times`, ascending, with the `given` rows in between, and seal the ledger."""
        chance, mix, share = self.random, self.mix, len(self.mix)
        given = sorted(given, key=lambda entry: entry.created, reverse=True)
        queue = list(given)
        due = queue[-1].created if queue else math.inf
        today = -1
        for at in times:
            while due <= at:
                self._write(queue.pop())
                due = queue[-1].created if queue else math.inf
            if at // DAY != today:
                today = at // DAY
                self._open_day(today)
            if self.agenda and self.agenda.popleft()(at) is not None:
                continue
            kind = mix[int(chance() * share)]
            if kind <= Kind.PAYMENT:
                self._pay(at, kind)
            elif self.makers[kind](at) is None:
                self._pay(at, Kind.CHARGE)
        while queue:
            self._write(queue.pop())
        self.ledger.seal()
        return self.ledger

    def _pay(self, at: int, kind: Kind) -> None:
        """A payment: written out here rather than through `_write`, because most rows are payments."""
        ledger, chance = self.ledger, self.random
        number = len(ledger.created)
        currency = self.purse[int(chance() * len(self.purse))]
        if kind == Kind.CHARGE_FX and self.decimals[currency] == 100:  # noqa: PLR2004 - hundredths, like the foreign ones
            presented, rate = fx_of(number)
            amount = round(presented * rate)
        else:
            kind = Kind.CHARGE if kind == Kind.CHARGE_FX else kind
            amount = self.prices[currency][int(chance() * PRICES)]
        ledger.created.append(at)
        ledger.kind.append(kind)
        ledger.currency.append(currency)
        ledger.amount.append(amount)
        converting = conversion_fee(amount) if kind == Kind.CHARGE_FX else 0
        ledger.fee.append(amount * 29 // 1000 + self.fixed[currency] + converting)
        ledger.link.append(-1)
        ledger.payout.append(-1)
        till = self.tills[currency]
        day = self._day(at) + (2 if kind != Kind.PAYMENT else 5) + currency % 3
        waiting = till.waiting.get(day)
        if waiting is None:
            till.waiting[day] = [number]
        else:
            waiting.append(number)
        till.rows += 1

    def _write(self, entry: Entry) -> int:
        """Any other row; it joins the next payout if automatic payouts pay its kind out."""
        number = self.ledger.append(entry)
        if entry.kind in PAID_OUT:
            till = self.tills[entry.currency]
            day = self._day(entry.created) + delay_of(entry.kind, entry.currency)
            till.waiting.setdefault(day, []).append(number)
            till.rows += 1
        self.open.setdefault(entry.kind, []).append(number)
        return number

    def _day(self, at: int) -> int:
        return (at - self.ledger.start_of_day) // DAY  # the account's own

    def _open_day(self, day: int) -> None:
        """Put on the agenda what the calendar asks for: payouts on weekdays, and what was put off until now."""
        self.agenda.extend(action for due, action in self.later if due <= day)
        self.later = [(due, action) for due, action in self.later if due > day]
        if (day + 3) % 7 >= _WEEKEND:
            return
        for currency, till in enumerate(self.tills):
            till.last = till.last or day
            since = day - till.last
            if any(since >= days and till.rows >= rows for days, rows in _SMALLEST_BATCH):
                self.agenda.append(lambda at, currency=currency: self._pay_out(at, currency))

    def _pay_out(self, at: int, currency: int) -> int | None:
        """An automatic payout of all that is available; none when that is nothing, or negative but for a few."""
        till, ledger = self.tills[currency], self.ledger
        days = [day for day in till.waiting if day <= self._day(at)]
        rows = [number for day in days for number in till.waiting[day]]
        total = sum(ledger.amount[number] - ledger.fee[number] for number in rows)
        if total == 0 or (total < 0 and self.random() < 0.5):  # noqa: PLR2004 - half of the debts wait for more income
            return None
        for day in days:
            del till.waiting[day]
        till.rows -= len(rows)
        till.last = at // DAY
        till.made += 1
        payout = self._write(Entry(at, Kind.PAYOUT, currency, -total))
        for number in (*rows, payout):
            ledger.payout[number] = payout
        if till.made % _FAILS_EVERY == _FAILS_AT and total > 0:
            back = Entry(0, Kind.PAYOUT_FAILURE, currency, total, link=payout)
            days = _BACK_AFTER[till.made // _FAILS_EVERY % len(_BACK_AFTER)]
            self.later.append((at // DAY + days, lambda at: self._write_at(at, back)))
        return payout

    def _write_at(self, at: int, entry: Entry) -> int:
        return self._write(Entry(at, entry.kind, entry.currency, entry.amount, entry.fee, entry.link))

    def _earlier(self, kind: Kind) -> int | None:
        """A payment of the recent past that nothing followed from yet."""
        ledger = self.ledger
        count = len(ledger)
        for _ in range(12):
            number = count - 1 - int(self.random() ** 2 * min(count, 20_000))
            if number >= 0 and ledger.kind[number] == kind and number not in self.used:
                self.used.add(number)
                return number
        return None

    def _refund(self, at: int, kind: Kind, of: Kind) -> int | None:
        charge = self._earlier(of)
        if charge is None:
            return None
        whole = self.ledger.amount[charge]
        amount = whole if self.random() < 0.6 else round_down(whole // 3 or whole, self._unit(charge))  # noqa: PLR2004 - most refunds are full
        back = self.ledger.fee[charge] * amount // whole if charge % _FEE_BACK_EVERY == 0 else 0
        return self._write(Entry(at, kind, self.ledger.currency[charge], -amount, -back, charge))

    def _dispute(self, at: int) -> int | None:
        charge = self._earlier(Kind.CHARGE)
        if charge is None:
            return None
        currency = self.ledger.currency[charge]
        return self._write(
            Entry(at, Kind.DISPUTE, currency, -self.ledger.amount[charge], 15 * self.decimals[currency], charge)
        )

    def _undo(self, at: int, of: Kind, kind: Kind, *, with_fee: bool = False) -> int | None:
        """Reverse the whole amount of one earlier row of kind `of`; `with_fee` of every other one its fee as well."""
        earlier = self.open.get(of)
        if not earlier:
            return None
        number = earlier.pop(int(self.random() * len(earlier)))
        fee = -self.ledger.fee[number] if with_fee and number % 2 else 0
        return self._write(Entry(at, kind, self.ledger.currency[number], -self.ledger.amount[number], fee, number))

    def _transfer(self, at: int) -> int | None:
        charge = self._earlier(Kind.CHARGE)
        if charge is None:
            return None
        amount = round_down(self.ledger.amount[charge] * 8 // 10, self._unit(charge))
        number = self._write(Entry(at, Kind.TRANSFER, self.ledger.currency[charge], -amount, link=charge))
        self.open.setdefault(Kind.TRANSFER_IN, []).append(number)
        return number

    def _application_fee(self, at: int) -> int | None:
        """The platform's tenth of a transfer made before."""
        transfers = self.open.get(Kind.TRANSFER_IN)
        if not transfers:
            return None
        number = transfers.pop()
        amount = -self.ledger.amount[number] // 10
        return self._write(Entry(at, Kind.APPLICATION_FEE, self.ledger.currency[number], amount, link=number))

    def _plain(self, at: int, kind: Kind, sign: int, scale: int) -> int:
        """A row of the first currency that stands alone."""
        price = self.prices[0][int(self.random() * PRICES)]
        amount = max(1, price * sign // scale) if sign > 0 else -max(1, price // scale)
        return self._write(Entry(at, kind, 0, amount))

    def _topup(self, at: int) -> int:
        """Money put in by hand, which automatic payouts leave alone."""
        amount = 50 * self.prices[0][int(self.random() * PRICES)]
        self.tills[0].topped_up += amount
        return self._write(Entry(at, Kind.TOPUP, 0, amount))

    def _withdraw(self, at: int) -> int:
        """A manual payout of what was topped up; now and then one is cancelled."""
        till = self.tills[0]
        amount = till.topped_up // 3
        if amount == 0:
            return self._topup(at)
        till.topped_up -= amount
        fee = amount // 100 if is_instant(len(self.ledger)) else 0
        payout = self._write(Entry(at, Kind.PAYOUT_MANUAL, 0, -amount, fee))
        if self.random() < 0.2:  # noqa: PLR2004 - one in five
            till.topped_up += amount
            back = Entry(0, Kind.PAYOUT_CANCEL, 0, amount, link=payout)
            self.later.append((at // DAY + 1, lambda at: self._write_at(at, back)))
        return payout

    def _reserve(self, at: int) -> int:
        """Money moved into the reserve for connected accounts, or the last such back out of it."""
        held = self.open.setdefault(Kind.RESERVE_RELEASE, [])
        if held:
            number = held.pop()
            return self._write(Entry(at, Kind.RESERVE_TRANSACTION, 0, -self.ledger.amount[number], link=number))
        number = self._plain(at, Kind.RESERVE_TRANSACTION, -1, 1)
        held.append(number)
        return number

    def _hold(self, at: int) -> int:
        """A risk reserve: taken from payments and put into `risk_reserved` by the next row; given back months later."""
        amount = self.prices[0][int(self.random() * PRICES)] * 3
        self.agenda.append(lambda at: self._write(Entry(at, Kind.RISK_HOLD, 0, amount)))
        self.later.append((at // DAY + 60, lambda at: self._write(Entry(at, Kind.RISK_RELEASE, 0, -amount))))
        self.later.append((at // DAY + 60, lambda at: self._write(Entry(at, Kind.RESERVE_RELEASE, 0, amount))))
        return self._write(Entry(at, Kind.RESERVE_HOLD, 0, -amount))

    def _unit(self, number: int) -> int:
        return smallest_step(self.ledger.currencies[self.ledger.currency[number]])
