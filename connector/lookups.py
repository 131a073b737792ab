"""Single answers of Stripe for ordinary code: plain arguments in, a JSON-able dict out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.blocking import run_plainly
from connector.stripe.api import Stripe

if TYPE_CHECKING:
    from collections.abc import Sequence


def run_balance(
    *,
    account: str | None = None,
    api_key_file: str | None = None,
    **settings: Any,  # noqa: ANN401 - the fields of `Config`, checked there
) -> dict[str, Any]:
    """Call `Stripe.balance` from ordinary code.

    Args:
        account: connected account whose balance it is; the key's own by default.
        api_key_file: a file whose first line is the key; else it comes from the environment.
        settings: fields of `connector.Config`, such as `api_version`.

    Returns:
        The balance as received; amounts are in minor units.

    Raises:
        ConnectorError: as `Stripe.balance`.
    """

    async def ask() -> dict[str, Any]:
        async with Stripe.from_env(api_key_file=api_key_file, **settings) as stripe:
            return dict((await stripe.balance(account=account)).received)

    return run_plainly(ask, instead="await stripe.balance(…) of connector.Stripe")


def run_get(
    transaction_id: str,
    *,
    expand: Sequence[str] = (),
    account: str | None = None,
    api_key_file: str | None = None,
    **settings: Any,  # noqa: ANN401 - the fields of `Config`, checked there
) -> dict[str, Any]:
    """Call `Stripe.balance_transaction` from ordinary code.

    Args:
        transaction_id: `txn_…`.
        expand: paths to expand, such as `source`.
        account: connected account it belongs to.
        api_key_file: a file whose first line is the key; else it comes from the environment.
        settings: fields of `connector.Config`, such as `api_version`.

    Returns:
        The balance transaction as received; amounts are in minor units.

    Raises:
        ConnectorError: as `Stripe.balance_transaction`.
    """

    async def ask() -> dict[str, Any]:
        async with Stripe.from_env(api_key_file=api_key_file, **settings) as stripe:
            return dict(await stripe.balance_transaction(transaction_id, expand=expand, account=account))

    return run_plainly(ask, instead="await stripe.balance_transaction(…) of connector.Stripe")


def run_fees(
    object_id: str,
    *,
    wait: float = 0.0,
    account: str | None = None,
    api_key_file: str | None = None,
    **settings: Any,  # noqa: ANN401 - the fields of `Config`, checked there
) -> dict[str, Any]:
    """Call `Stripe.fees` from ordinary code.

    Args:
        object_id: `pi_…`, `ch_…`, `py_…`, `po_…`, `re_…` (`pyr_…`), `dp_…` (`du_…`) or `txn_…`.
        wait: seconds to ask again for, ever more seldom, while the answer is *not yet*.
        account: connected account it belongs to.
        api_key_file: a file whose first line is the key; else it comes from the environment.
        settings: fields of `connector.Config`, such as `api_version`.

    Returns:
        The fields of `PaymentFees`, `PayoutFees` or `RowFees`: `answer` is `known`, `not_yet` or `not_available`, with
        a `reason`; amounts are in minor units.

    Raises:
        ConnectorError: as `Stripe.fees`.
    """

    async def ask() -> dict[str, Any]:
        async with Stripe.from_env(api_key_file=api_key_file, **settings) as stripe:
            return (await stripe.fees(object_id, wait=wait, account=account)).document()

    return run_plainly(ask, instead="await stripe.fees(…) of connector.Stripe")
