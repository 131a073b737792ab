"""Whether the account that requests name reaches Stripe: a gateway may drop that header, at some addresses only.

An answer that repeats the account says so itself. Where one does not, as under `Stripe-Context` or through a gateway
that takes the header out, the same is asked again as an account that does not exist. Stripe refuses that; whoever is
not told of an account answers as before.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from connector.core.api.permissions import is_of_the_way
from connector.errors import (
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
)
from connector.stripe.acting import as_nobody, target_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.core.api.protocol import Response
    from connector.stripe.acting import Acting
    from connector.stripe.transport import Request


@dataclass(slots=True)
class Reach:
    """Holds answers back until they are known to be for the account that was asked for.

    Attributes:
        acting: knows which answers say so themselves.
    """

    acting: Acting
    _sure: set[str] = field(init=False, default_factory=set[str])
    _asking: defaultdict[str, anyio.Lock] = field(init=False, default_factory=lambda: defaultdict(anyio.Lock))

    async def held_to(
        self,
        operation: str,
        request: Request,
        answer: Awaitable[Response],
        ask: Callable[[Request], Awaitable[Response]],
    ) -> Response:
        """Return an answer once it is known whose it is; one more request at most for each operation.

        Args:
            operation: name of what is asked.
            request: what was sent.
            answer: that is coming.
            ask: sends another request of this operation.

        Raises:
            ProtocolError: it is not known whose it is.
            ApiError: see `Client.get`.
        """
        try:
            response = await answer
        except NotFoundError as error:
            if self.acting.is_in_doubt(request.headers):
                await self._make_sure(operation, request, ask, error.message)  # another account may well have it
            raise
        if self.acting.is_in_doubt(request.headers, response):
            await self._make_sure(operation, request, ask)
        return response

    async def _make_sure(
        self, operation: str, request: Request, ask: Callable[[Request], Awaitable[Response]], refusal: str = ""
    ) -> None:
        if operation in self._sure:
            return
        async with self._asking[operation]:
            if operation not in self._sure:
                await _ask_as_nobody(operation, request, ask, refusal)
                self._sure.add(operation)


async def _ask_as_nobody(
    operation: str, request: Request, ask: Callable[[Request], Awaitable[Response]], refusal: str
) -> None:
    """See that an account that does not exist is refused, and not in the words that an existing one was."""
    try:
        request_id = (await ask(replace(request, headers=as_nobody(request.headers)))).request_id
    except (AuthenticationError, InvalidRequestError, PermissionDeniedError) as error:
        if not is_of_the_way(error) and error.message != refusal:
            return
        request_id = error.request_id
    raise ProtocolError(
        f"{operation} does not heed the account: asked as {target_of(request.headers)} and as an account that does not"
        " exist, it answers alike, where Stripe refuses the second. Something on the way drops the header that names"
        " the account: look at what `api_base` leads through",
        request_id=request_id,
    )
