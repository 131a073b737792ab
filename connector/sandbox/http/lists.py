"""The three lists: their filters, their cursors, and what faults do to a page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.core import movements, objects
from connector.sandbox.core.kinds import PAYOUTS, Kind, kinds_of
from connector.sandbox.core.ledger import TIES, Entry
from connector.sandbox.http import problems
from connector.sandbox.http.listing import Page, Selection, page_of
from connector.sandbox.http.query import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.sandbox.core.ledger import Ledger
    from connector.sandbox.core.view import View
    from connector.sandbox.http.faults import Fault, Faults
    from connector.sandbox.http.query import ListQuery

_NOTHING: tuple[int, ...] = ()
_LIST = b"""{
  "object": "list",
  "data": %b,
  "has_more": %b,
  "url": "/v1/balance_transactions"
}
"""


def rows_json(texts: list[str], *, has_more: bool) -> bytes:
    """A page of rows already written as text, as the API's list."""
    # Row by row: most are ASCII, which encodes at the speed of a copy; in one string, one emoji would slow down all.
    data = b"[\n%b\n  ]" % b",\n".join([text.encode() for text in texts]) if texts else b"[]"
    return _LIST % (data, b"true" if has_more else b"false")


class Lists:
    """Pages of rows, payouts and accounts.

    Args:
        faults: asked for rows that become visible late, or are gone.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def rows(self, view: View, query: ListQuery, faults: Mapping[str, Fault]) -> Page:
        """A page of balance transactions.

        Raises:
            RefusedError: 400 for a cursor or a payout that does not exist, or a manual payout.
        """
        if "mid-walk" in faults:
            _arrive(view, int(faults["mid-walk"].number("rows", 1)), view.now)
        if "moving-ties" in faults:
            view.ledger.retie(TIES[0] if view.ledger.ties == TIES[-1] else TIES[-1])
        if (crowd := faults.get("hot-second")) is not None:
            if "ties" in crowd.options:
                view.ledger.retie(crowd.options["ties"])
            _arrive(view, int(crowd.number("rows", 500)), view.now - int(crowd.number("seconds", 86_400)))
        after, before = _cursors(view, query, "txn_", "balance transaction")
        wanted = Selection(
            window=query.created,
            now=view.now,
            limit=query.limit,
            after=after,
            before=before,
            positions=_positions(view, query),
            keep=_both(_in_currency(view.ledger, query), self._visible(view)),
        )
        if after is not None and "boundary-quirk" in faults:
            inside = query.created.bounded and view.ledger.created[after] in query.created
            return Page(_NOTHING, has_more=False) if inside else page_of(view.ledger, wanted)
        if after is not None and "stuck-cursor" in faults:
            newer = page_of(view.ledger, replace(wanted, after=None, before=after, limit=query.limit))
            numbers = [*newer.numbers, after][-query.limit :]
            return Page(numbers, has_more=True)
        return page_of(view.ledger, wanted)

    def payouts(self, view: View, query: ListQuery) -> tuple[list[dict[str, Any]], bool]:
        """A page of payouts.

        Raises:
            RefusedError: 400 for a cursor that does not exist.
        """
        after, before = _cursors(view, query, "po_", "payout")
        ledger, arrival = view.ledger, query.spans.get("arrival_date", Span())
        status, destination = query.filters.get("status"), query.filters.get("destination")
        gone_share = _share(self._faults.standing("gone-payouts"), 0.01)

        def keep(number: int) -> bool:
            return (
                number * 6_007 % 1000 >= gone_share
                and ledger.available_on(number) in arrival
                and (status is None or movements.payout_status(view, number) == status)
                and (destination is None or movements.destination_of(view, number) == destination)
            )

        positions = ledger.positions(PAYOUTS)
        wanted = Selection(query.created, view.now, query.limit, after, before, positions, keep)
        page = page_of(ledger, wanted)
        return [movements.payout(view, number) for number in page.numbers], page.has_more

    def accounts(self, view: View, query: ListQuery) -> tuple[list[dict[str, Any]], bool]:
        """A page of connected accounts, newest first; none for an account that is not a platform.

        Raises:
            RefusedError: 400 for a cursor that does not exist.
        """
        world, revoked = view.world, self._faults.accounts("revoked")
        found = [
            index
            for index in (range(world.connected, 0, -1) if view.index == 0 else ())
            if (world.created_of(index) or 0) in query.created and world.accounts[index] not in revoked
        ]
        places: list[int | None] = []
        for name, value in (("starting_after", query.starting_after), ("ending_before", query.ending_before)):
            place = world.account_index.get(value) if value is not None else None
            if value is not None and not place:
                raise problems.no_such("account", value, name, 400)
            places.append(place)
        after, before = places
        if after is not None and before is not None:
            raise problems.both_cursors()
        if before is not None:
            newer = [index for index in found if index > before]
            page, more = newer[-query.limit :], len(newer) > query.limit
        else:
            older = [index for index in found if after is None or index < after]
            page, more = older[: query.limit], len(older) > query.limit
        return [objects.account(view.of(index)) for index in page], more

    def _visible(self, view: View) -> Callable[[int], bool] | None:
        """A test for rows that cannot be listed yet, if there may be any."""
        ledger, now = view.ledger, view.now
        late, gone = self._faults.standing("late-rows"), self._faults.standing("gone-rows")
        if late is None and gone is None and not ledger.hidden and not ledger.rowless:
            return None
        seconds = int(late.number("seconds", 60)) if late else 0
        late_share = _share(late, 0.5)
        gone_share = _share(gone, 0.01)

        def visible(number: int) -> bool:
            hidden = number in ledger.rowless or ledger.hidden.get(number, 0) > now
            if hidden or number * 6_007 % 1000 < gone_share:
                return False
            return not (ledger.created[number] + seconds > now and number * 7_919 % 1000 < late_share)

        return visible


def _share(fault: Fault | None, default: float) -> int:
    """The rows in a thousand that a standing fault befalls."""
    return 0 if fault is None else int((default if fault.p is None else fault.p) * 1000)


def _arrive(view: View, rows: int, second: int) -> None:
    for _ in range(rows):
        view.ledger.insert(Entry(second, Kind.CHARGE, 0, 1_000, 59))


def _cursors(view: View, query: ListQuery, prefix: str, noun: str) -> tuple[int | None, int | None]:
    """The rows the cursors name; an unknown one is complained of before there being two."""
    numbers: list[int | None] = []
    for name, value in (("starting_after", query.starting_after), ("ending_before", query.ending_before)):
        number = None if value is None else objects.number_of(view, value, prefix)
        if value is not None and number is None:
            raise problems.no_such(noun, value, name, 400)
        numbers.append(number)
    if None not in numbers:
        raise problems.both_cursors()
    return numbers[0], numbers[1]


def _positions(view: View, query: ListQuery) -> Sequence[int] | None:
    """Places of the rows that `type`, `payout` and `source` leave; None for all."""
    ledger, filters = view.ledger, query.filters
    places: Sequence[int] | None = None
    if filters.get("currency", ledger.currencies[0]) not in ledger.currencies:
        return _NOTHING
    if "type" in filters:
        places = ledger.positions(kinds_of(filters["type"]))
    if "payout" in filters:
        places = _meet(places, _paid_out(view, filters["payout"]))
    if "source" in filters:
        places = _meet(places, _caused_by(view, filters["source"]))
    return places


def _meet(places: Sequence[int] | None, other: Sequence[int]) -> Sequence[int]:
    if places is None:
        return other
    kept = set(places)
    return [place for place in other if place in kept]


def _paid_out(view: View, payout: str) -> Sequence[int]:
    """Rows of an automatic payout, its own included; every other one while it is not reconciled."""
    ledger = view.ledger
    number = objects.number_of(view, payout, "po_")
    if number is None:
        raise problems.no_such("payout", payout, "payout", 400)
    if ledger.kind[number] != Kind.PAYOUT:
        raise problems.manual_payout()
    places = ledger.members(number)
    return places if movements.is_reconciled(view, number) else places[::-2][::-1]


def _caused_by(view: View, source: str) -> Sequence[int]:
    """Rows that name an object as their source. Disputes find nothing, as observed of the live API."""
    ledger = view.ledger
    number = objects.number_of(view, source, "ch_", "py_", "re_", "pyr_", "po_", "tr_", "trr_", "fee_", "fr_", "tu_")
    if number is None:
        return _NOTHING
    rows = [number, *(row for row in ledger.children(number, view.now) if ledger.source_of(row) == source)]
    return sorted(ledger.position(row) for row in rows)


def _in_currency(ledger: Ledger, query: ListQuery) -> Callable[[int], bool] | None:
    currency = query.filters.get("currency")
    if currency not in ledger.currencies:
        return None
    place, column = ledger.currencies.index(currency), ledger.currency
    return lambda number: column[number] == place


def _both(first: Callable[[int], bool] | None, second: Callable[[int], bool] | None) -> Callable[[int], bool] | None:
    if first is None or second is None:
        return first or second
    return lambda number: first(number) and second(number)
