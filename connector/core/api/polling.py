"""How often to ask again for something that comes by itself."""

from __future__ import annotations

from connector.core.units import Seconds

FIRST = 1.0
"""Upper bound of the first wait, in seconds; each next one is twice as long."""

LONGEST = 30.0
"""Upper bound of any wait, in seconds, unless one is ready to wait very long."""

MOST_ASKED = 100
"""About how often to ask at most. Stripe allows 500 reads for each transaction (docs.stripe.com/rate-limits)."""


def poll_after(attempt: int, *, waited: float, most: float, jitter: float) -> Seconds | None:
    """Say how long to wait before asking again, or None to give up.

    Args:
        attempt: times asked so far, from 1.
        waited: seconds since it was first asked.
        most: seconds to wait in all.
        jitter: fraction in [0, 1), drawn by the caller; spreads each wait over its upper half.

    Returns:
        Seconds > 0, so that the last question is asked when the time is up.
    """
    left = most - waited
    if left <= 0:
        return None
    bound = min(FIRST * 2.0 ** min(attempt - 1, 30), max(LONGEST, most / MOST_ASKED))
    return Seconds(min(left, bound * (0.5 + jitter / 2)))
