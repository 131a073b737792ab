"""A platform's connected accounts, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.asked_for import refuse_others
from connector.core.api.page import decode_page
from connector.core.api.page_size import PAGE_SIZE
from connector.core.state.partition import checked_account
from connector.errors import InvalidRequestError, NotFoundError, ProtocolError
from connector.stripe.client import LIST_ACCOUNTS
from connector.stripe.identity import created_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from connector.core.api.page import Page
    from connector.core.units import AccountId
    from connector.stripe.client import Client

MOST_PAGES = 10_000
"""A list of accounts longer than this does not end by itself."""

BEGINNINGS = 5
"""Times that the list is begun."""


async def connected_accounts(client: Client) -> AsyncGenerator[dict[AccountId, int], None]:
    """List the connected accounts, newest first, each once.

    Where the account that a page ended with has left when the next one is asked for, the list is begun anew; so it is
    where nothing comes after it, as when those behind it have left.

    Yields:
        A page of ids, which may be empty, each with when it was made, UTC seconds; 0 where that is not said. Close the
        generator if you leave it early (`aclosing`).

    Raises:
        ApiError: see `connector.errors`.
        ProtocolError: it is no list of accounts, has one twice or a row without an id, or ends before or after its end.

    Source: docs.stripe.com/api/accounts/list.
    """
    after: str | None = None
    told: set[str] = set()
    seen: set[str] = set()
    begun = 1
    for _ in range(MOST_PAGES):
        try:
            response = await client.get(LIST_ACCOUNTS, parameters={"limit": PAGE_SIZE, "starting_after": after})
        except InvalidRequestError as error:
            if after is None or begun == BEGINNINGS or not _is_of_cursor(error):
                raise
            after, begun = None, begun + 1
            seen.clear()
            continue
        with client.judging(response):
            page = decode_page(response.body, request_id=response.request_id)
            refuse_others(page, kind=LIST_ACCOUNTS.kind)
            ids = _ids(page)
            if after is not None and not ids and not page.has_more and begun < BEGINNINGS:
                after, begun = None, begun + 1
                seen.clear()
                continue
            _check(page, ids, seen, first=after is None)
        yield {
            account_id: created_of(client, row)
            for account_id, row in zip(ids, page.rows, strict=True)
            if account_id not in told
        }
        if not page.has_more:
            return
        seen.update(ids)
        told.update(ids)
        after = ids[-1]
    raise ProtocolError(f"the list of connected accounts does not end after {MOST_PAGES:,} pages")


def _is_of_cursor(error: InvalidRequestError) -> bool:
    """Say whether there is no such account any more as the list was to go on after."""
    return isinstance(error, NotFoundError) or error.param == "starting_after"


def _check(page: Page, ids: list[AccountId], seen: set[str], *, first: bool) -> None:
    """Hold a page to the contract of the list."""
    if not ids and (page.has_more or not first):
        raise ProtocolError(
            "an empty page where more connected accounts were promised; try again later", request_id=page.request_id
        )
    if len(set(ids)) < len(ids) or not seen.isdisjoint(ids):
        raise ProtocolError("a connected account came twice, or the cursor did not advance", request_id=page.request_id)


def _ids(page: Page) -> list[AccountId]:
    """Return the ids of a page's accounts, each fit to become a folder."""
    ids = [row.get("id") for row in page.rows]
    if not all(isinstance(account_id, str) and account_id for account_id in ids):
        raise ProtocolError("the list of accounts has a row without an id", request_id=page.request_id)
    return [checked_account(account_id) for account_id in ids]
