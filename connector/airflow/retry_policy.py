"""Retries of Airflow 3.3 by what an error says: whether another try makes sense, and how long Stripe asked to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector.airflow.endings import ending_of

try:
    from airflow.sdk import RetryDecision, RetryPolicy
except ImportError as missing:
    raise ImportError("StripeRetryPolicy needs Airflow 3.3: before it, tasks have no retry policies") from missing

if TYPE_CHECKING:
    from collections.abc import Mapping


class StripeRetryPolicy(RetryPolicy):
    """Fails a task at once where another try cannot help, and waits as long as Stripe asked for.

    The operators of this package end such tasks by themselves; the policy adds the wait, and serves tasks of one's own
    (`@task(retry_policy=StripeRetryPolicy())`) that call `connector`. Airflow 2 has no such policies.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Mapping[str, Any] | None = None
    ) -> RetryDecision:
        """Decide by the error, or the one it was raised from; what is none of ours is left to the task's settings."""
        del try_number, max_tries, context
        ending = ending_of(exception)
        if ending.again is None:
            return RetryDecision.default()
        if not ending.again:
            return RetryDecision.fail(f"{type(exception).__name__}: another try cannot help")
        if ending.after is None:
            return RetryDecision.default()
        return RetryDecision.retry(timedelta(seconds=ending.after), f"Stripe asked to wait {ending.after:g} s")

    def serialize(self) -> dict[str, Any]:
        """Return nothing: there is nothing to keep."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> StripeRetryPolicy:
        """Return a policy."""
        del data
        return cls()
