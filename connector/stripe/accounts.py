"""A platform's connected accounts, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.page import decode_page
from connector.core.partition import checked_account
from connector.errors import ProtocolError
from connector.stripe.client import LIST_ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from connector.stripe.client import Client

MOST_PAGES = 10_000
"""A list of accounts longer than this does not end by itself."""


async def connected_accounts(client: Client) -> AsyncGenerator[list[str], None]:
    """List the connected accounts, newest first, each once.

    Yields:
        A page of ids, which may be empty. Close the generator if you leave it early (`aclosing`).

    Raises:
        ApiError: see `connector.errors`.
        ProtocolError: it is no list of accounts, or does not end.

    Source: docs.stripe.com/api/accounts/list.
    """
    after: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        response = await client.get(LIST_ACCOUNTS, parameters={"limit": 100, "starting_after": after})
        page = decode_page(response.body, request_id=response.request_id)
        ids = [checked_account(str(row.get("id"))) for row in page.rows]
        yield [one for one in dict.fromkeys(ids) if one not in seen]
        seen.update(ids)
        if not page.has_more or not ids:
            return
        after = ids[-1]
    raise ProtocolError(f"the list of connected accounts does not end after {MOST_PAGES:,} pages")
