"""The balance in an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.asked_for import refuse_another_mode
from connector.core.api.page import decode_object
from connector.core.ledger.balance import Balance, to_balance

if TYPE_CHECKING:
    from connector.core.api.protocol import Response
    from connector.stripe.client import Client


def balance_in(client: Client, response: Response) -> Balance:
    """Read the answer to a request for the balance.

    Raises:
        ProtocolError: it is none, or of another mode than the key.
    """
    with client.judging(response):
        received = decode_object(response.body, request_id=response.request_id)
        balance = to_balance(received)
        refuse_another_mode(received, client.config.api_key.livemode, request_id=response.request_id)
    return balance
