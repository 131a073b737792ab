"""Payouts of a lake's record: which are there, and whether the rows of each add up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from connector.reporting.lake_report.facts import PayoutAnswer, PayoutFacts, PayoutLine

if TYPE_CHECKING:
    from connector.core.state.data_file import Listing
    from connector.core.state.payouts import Payout
    from connector.core.state.payouts_record import PayoutsRecord

LATEST = 100
"""Payouts that are told of whatever they come to."""

ANSWERS: tuple[PayoutAnswer, ...] = ("adds_up", "differs", "not_read", "waiting", "manual")


def payouts_of(record: PayoutsRecord) -> PayoutFacts:
    """Return the latest payouts of a record, and all that do not add up."""
    listings = record.listings
    newest = sorted(record.payouts.values(), key=lambda payout: (payout.created, payout.id), reverse=True)
    lines = [_line(payout, listings.get(payout.id)) for payout in newest]
    counts = Counter(line.answer for line in lines)
    told = [line for place, line in enumerate(lines) if place < LATEST or line.answer == "differs"]
    return PayoutFacts(record.read_at, tuple((answer, counts[answer]) for answer in ANSWERS), tuple(told))


def _line(payout: Payout, listing: Listing | None) -> PayoutLine:
    return PayoutLine(
        id=payout.id,
        created=payout.created,
        arrival=payout.arrival_day,
        amount=payout.amount,
        currency=payout.currency,
        status=payout.status,
        automatic=payout.automatic,
        answer=_answer(payout, listing),
        rows=None if listing is None else listing.rows,
        left=() if listing is None else tuple((code, net) for code, net in sorted(listing.net.items()) if net),
    )


def _answer(payout: Payout, listing: Listing | None) -> PayoutAnswer:
    if listing is not None:
        return "adds_up" if listing.reconciles else "differs"
    if payout.listable:
        return "not_read"
    return "waiting" if payout.waiting else "manual"
