"""A sensor that waits until Stripe has reconciled a payout: which rows it paid out is then known, and final."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector.airflow.connection import DEFAULT_CONNECTION
from connector.airflow.endings import ending_of
from connector.airflow.hook import StripeHook
from connector.airflow.payouts import is_reconciled
from connector.airflow.versions import AirflowFailException, BaseSensorOperator
from connector.errors import ConnectorError, UsageError
from connector.running.blocking import run_anywhere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_SECONDS = 60.0
"""Between two looks, at least: each is a request of the account's read allocation, 10,000 in 30 days."""

LOOK_SECONDS, LONGEST_SECONDS = 300.0, 3600.0
WAIT_SECONDS = 7 * 86_400.0


class StripePayoutSensor(BaseSensorOperator):
    """Waits until a payout is reconciled, one request a look, ever more seldom: about 170 in a week.

    It holds no worker while it waits (`mode="reschedule"`). A payout that never will be (a manual one, or one that
    failed) fails the task at once.

    Args:
        payout: `po_…`.
        stripe_conn_id: connection of type `stripe`.
        account: connected account it belongs to.
        options: those of every sensor.
    """

    template_fields: Sequence[str] = ("payout", "account", "stripe_conn_id")
    ui_color = "#e3e8ff"

    def __init__(
        self,
        *,
        payout: str,
        stripe_conn_id: str = DEFAULT_CONNECTION,
        account: str | None = None,
        **options: Any,  # noqa: ANN401 - Airflow's own
    ) -> None:
        usual: dict[str, Any] = {
            "mode": "reschedule",
            "poke_interval": LOOK_SECONDS,
            "exponential_backoff": True,
            "max_wait": timedelta(seconds=LONGEST_SECONDS),
            "timeout": WAIT_SECONDS,
        }
        super().__init__(**{**usual, **options})
        if self.poke_interval < LEAST_SECONDS:
            raise UsageError(f"`poke_interval` must be at least {LEAST_SECONDS:g} seconds: each look is a request")
        self.payout = payout
        self.stripe_conn_id = stripe_conn_id
        self.account = account

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look once.

        Raises:
            AirflowFailException: it never will be, or cannot be asked about.
            ConnectorError: another look may succeed.
        """
        del context
        try:
            return is_reconciled(run_anywhere(self._fetched))
        except ConnectorError as error:
            if ending_of(error).again:
                raise
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    async def _fetched(self) -> Mapping[str, Any]:
        hook = StripeHook(self.stripe_conn_id)
        async with hook.get_conn() as stripe:
            return await stripe.payout(self.payout, account=self.account or hook.settings().account)
