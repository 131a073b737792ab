"""What each partition of a reading reads: fixed when it is planned, as Spark plans once and reads many times."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector.core.planning.coverage.plan import pieces
from connector.core.planning.shares import LEAST_ROWS, groups_of
from connector.core.planning.survey.profile import DensityProfile
from connector.core.state.partition import Granularity
from connector.core.time.intervals import Interval, Intervals
from connector.stripe.accounts import connected_accounts
from connector.stripe.identity import identify
from connector.stripe.listing.probing import survey
from connector.stripe.listing.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.spark.read_options import ReadOptions
    from connector.stripe.client import Client
    from connector.stripe.identity import Identity


@dataclass(frozen=True, slots=True)
class Part:
    """What one partition reads.

    Attributes:
        asked: of which accounts and which time, under which filters.
        own: the name of the key's own account.
        sharers: partitions that are at work at once, which share the rate.
    """

    asked: ReadOptions
    own: str
    sharers: int


async def parts_of(client: Client, asked: ReadOptions) -> list[Part]:
    """Cut what is asked for into partitions; time ends where rows may still come.

    One account is cut by time, into parts of about equal numbers of rows by a few pages of its list; several are put
    into groups.

    Args:
        client: whom to ask.
        asked: what is to be read.

    Raises:
        ApiError: see `connector.errors`.
    """
    accounts = await _accounts(client, asked)
    own = await identify(client, account=None if None in accounts else accounts[0])
    within = settled(asked.within, own, asked.settle)
    if within is None:
        return []
    if len(accounts) > 1:
        groups = groups_of(accounts, asked.partitions)
        options_of_parts = [_of(asked, within, tuple(group)) for group in groups]
    else:
        cut = [within] if asked.limit else await _cut(client, asked, within, own)
        options_of_parts = [_of(asked, interval, accounts) for interval in cut]
    sharers = min(len(options_of_parts), asked.slots or len(options_of_parts))
    return [Part(options, own.account, sharers) for options in options_of_parts]


def settled(within: Interval, own: Identity, settle: int) -> Interval | None:
    """Return the seconds of an interval in which no row may come any more; None for none.

    Args:
        within: seconds of `created`.
        own: what time it is, by both clocks where both are known.
        settle: seconds before now from which on rows may still come.
    """
    stop = min(within.stop, max(0, (own.present(0) or own.now) - settle))
    return Interval(within.start, stop) if within.start < stop else None


async def _accounts(client: Client, asked: ReadOptions) -> tuple[str | None, ...]:
    """Return the accounts that are asked for, None standing for the key's own."""
    if not asked.all_accounts:
        return asked.accounts or (None,)
    async with aclosing(connected_accounts(client)) as pages:
        return (None, *[account async for page in pages for account in page])


async def _cut(client: Client, asked: ReadOptions, within: Interval, own: Identity) -> list[Interval]:
    """Cut the time of one account."""
    if asked.partitions == 1:
        return [within]
    likely = likely_in(within, own)
    profile = await profile_of(client, asked, likely)
    count = max(1, min(asked.partitions, int(profile.rows(likely)) // LEAST_ROWS))
    weigh = profile.rows if profile.known else None
    cut = pieces(Intervals((likely,)), count, Granularity.DAY, weigh=weigh)
    return [Interval(within.start, cut[0].stop), *cut[1:]]


def likely_in(within: Interval, own: Identity) -> Interval:
    """Return the seconds of an interval in which there may be rows: not before the account was made."""
    return Interval(max(within.start, min(own.created, within.stop - 1)), within.stop)


async def profile_of(client: Client, asked: ReadOptions, within: Interval) -> DensityProfile:
    """Ask for a few pages of the first account, and say where its rows lie."""
    density_survey = await survey(client, Query(asked.filters, account=next(iter(asked.accounts), None)), within)
    return DensityProfile.of(density_survey.points())


def _of(asked: ReadOptions, within: Interval, accounts: Sequence[str | None]) -> ReadOptions:
    return replace(asked, within=within, accounts=tuple(accounts), all_accounts=False)
