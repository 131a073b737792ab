"""Single answers of Stripe for ordinary code: plain arguments in, a JSON-able dict out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from connector.options.calls import AskOptions, FeesOptions, GetOptions
from connector.options.given import config_of
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.stripe.api import Stripe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


@takes(AskOptions)
def run_balance(**options: Unpack[AskOptions]) -> dict[str, Any]:
    """Call `Stripe.balance` from ordinary code.

    Args:
        options: see below.

    Returns:
        The balance as received; amounts are in minor units.

    Raises:
        ConnectorError: as `Stripe.balance`.
    """
    account = options.get("account")

    async def ask(stripe: Stripe) -> dict[str, Any]:
        return dict((await stripe.balance(account=account)).received)

    return _answer(ask, options, instead="await stripe.balance(…) of connector.Stripe")


@takes(GetOptions)
def run_get(transaction_id: str, **options: Unpack[GetOptions]) -> dict[str, Any]:
    """Call `Stripe.balance_transaction` from ordinary code.

    Args:
        transaction_id: `txn_…`.
        options: see below.

    Returns:
        The balance transaction as received; amounts are in minor units.

    Raises:
        ConnectorError: as `Stripe.balance_transaction`.
    """
    expand, account = options.get("expand", ()), options.get("account")

    async def ask(stripe: Stripe) -> dict[str, Any]:
        return dict(await stripe.balance_transaction(transaction_id, expand=expand, account=account))

    return _answer(ask, options, instead="await stripe.balance_transaction(…) of connector.Stripe")


@takes(FeesOptions)
def run_fees(object_id: str, **options: Unpack[FeesOptions]) -> dict[str, Any]:
    """Call `Stripe.fees` from ordinary code.

    Args:
        object_id: `pi_…`, `ch_…`, `py_…`, `po_…`, `re_…` (`pyr_…`), `dp_…` (`du_…`) or `txn_…`.
        options: see below.

    Returns:
        The fields of `PaymentFees`, `PayoutFees` or `RowFees`: `answer` is `known`, `not_yet` or `not_available`, with
        a `reason`; amounts are in minor units.

    Raises:
        ConnectorError: as `Stripe.fees`.
    """
    wait, account = options.get("wait", 0.0), options.get("account")

    async def ask(stripe: Stripe) -> dict[str, Any]:
        return (await stripe.fees(object_id, wait=wait, account=account)).document()

    return _answer(ask, options, instead="await stripe.fees(…) of connector.Stripe")


def _answer(
    ask: Callable[[Stripe], Awaitable[dict[str, Any]]], options: Mapping[str, Any], *, instead: str
) -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        async with Stripe(config_of(options)) as stripe:
            return await ask(stripe)

    return run_blocking(main, instead=instead)
