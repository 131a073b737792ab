"""When to give up on an attempt, when to try again, and after how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.units import Seconds
from connector.errors import ProtocolError, RateLimitError

if TYPE_CHECKING:
    from connector.errors import ApiError


UNHEARD_ATTEMPTS = 3
"""Attempts where the API has not answered yet: `api_base` may lead somewhere else, which is to be said soon."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of one attempt in seconds, all > 0.

    Attributes:
        total: from its start to the last byte of the body.
        connect: until there is a connection.
        read: between two pieces of the response.
    """

    total: float = 80.0
    connect: float = 10.0
    read: float = 40.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A schedule of retries; all waits in seconds.

    Attributes:
        attempts: attempts in all, at least 1.
        first: upper bound of the first wait.
        longest: upper bound of any wait, whatever a server asks for.
        least: lower bound of any wait.
    """

    attempts: int = 8
    first: float = 0.5
    longest: float = 20.0
    least: float = 0.05


def wait_before(  # noqa: PLR0913 - one keyword for each thing that is known of the failure
    attempt: int,
    error: ApiError,
    policy: RetryPolicy,
    *,
    jitter: float,
    should_retry: bool | None = None,
    retry_after: float | None = None,
    heard: bool = True,
) -> Seconds | None:
    """Say how long to wait before the next attempt, or None to give up.

    Stripe's hint decides where it is given; else what the error's class says. 429s are retried by us although Stripe's
    SDKs leave them to the caller, with twice the wait: a limiter wants time, a failure only another try.

    Args:
        attempt: attempts made so far, from 1.
        error: what the last one ended with.
        policy: the schedule.
        jitter: fraction in [0, 1), drawn by the caller; the wait is spread over its whole length.
        should_retry: `Stripe-Should-Retry`, where sent.
        retry_after: `Retry-After` in seconds, where sent; held under `policy.longest`.
        heard: whether the API has answered before; see `UNHEARD_ATTEMPTS`.

    Returns:
        Seconds >= 0, or None when attempts are spent or retrying cannot help.

    Source: docs.stripe.com/rate-limits; stripe-python `_http_client.py`.
    """
    may_pass = isinstance(error, ProtocolError) and error.may_pass
    again = error.retryable if should_retry is None else should_retry
    attempts = min(policy.attempts, UNHEARD_ATTEMPTS) if may_pass and not heard else policy.attempts
    if attempt >= attempts or not again:
        return None
    first = policy.first * (2 if isinstance(error, RateLimitError) else 1)
    bound = min(policy.longest, first * 2.0 ** min(attempt - 1, 30))
    wait = max(policy.least, bound * jitter)
    return Seconds(min(policy.longest, max(wait, retry_after or 0.0)))
