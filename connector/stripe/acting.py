"""How a request is made for one of several accounts, and which of them have said that they are who was asked for.

`Stripe-Account` names a connected account. `Stripe-Context` has taken its place: a path from the key's owner to the
account, such as `acct_platform/acct_connected` for the key of an organisation (docs.stripe.com/context). Stripe repeats
the first in its answers; it says nothing of the second.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from connector.core.account_ids import given_account, is_account_id
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.config.config import Config
    from connector.core.api.protocol import Response

ACCOUNT_HEADER, CONTEXT_HEADER = "Stripe-Account", "Stripe-Context"


def target_of(headers: Mapping[str, str]) -> str:
    """Return the account that a request's headers name, empty where it is the key's own."""
    return headers.get(ACCOUNT_HEADER) or headers.get(CONTEXT_HEADER, "").rpartition("/")[2]


NOBODY = "acct_1NoSuchAccount00"
"""An id in the form of an account's that no account has; and if one had it, no key of another reaches it."""


def as_nobody(headers: Mapping[str, str]) -> dict[str, str]:
    """Return a request's headers with `NOBODY` in place of the account that they name."""
    if ACCOUNT_HEADER in headers:
        return {**headers, ACCOUNT_HEADER: NOBODY}
    above, slash, _ = headers[CONTEXT_HEADER].rpartition("/")
    return {**headers, CONTEXT_HEADER: f"{above}{slash}{NOBODY}"}


@dataclass(slots=True)
class Acting:
    """The accounts a client asks as.

    Attributes:
        config: whose context they are in, if there is one.
        sure: accounts that have said who they are.
        asking: held, by account, by whoever asks one for the first time: nobody else needs to.
    """

    config: Config
    sure: set[str] = field(default_factory=set[str])
    asking: defaultdict[str, anyio.Lock] = field(init=False, default_factory=lambda: defaultdict(anyio.Lock))
    _paths: dict[str, str] = field(init=False, default_factory=dict[str, str])
    _depth: int = field(init=False, default=0)

    @property
    def by_context(self) -> bool:
        """Whether accounts are reached by a path: with the key of an organisation, they are by nothing else."""
        return self.config.api_key.of_organisation

    def as_whom(self, account: str | None = None) -> str | None:
        """Return the account that a request is for; None where it is the key's own, whichever that is.

        Args:
            account: connected account to ask as; None for the configured one.

        Raises:
            UsageError: the account cannot be one.
        """
        if account is not None:
            return given_account(account)
        here = self._here()[-1]
        return self.config.account or (here if is_account_id(here) else None)

    def headers(self, account: str | None = None) -> dict[str, str]:
        """Return the headers that make a request one for an account; raises what `as_whom` raises."""
        if self.by_context:
            return {CONTEXT_HEADER: self.path(self.as_whom(account))}
        whom, context = given_account(account) or self.config.account, self.config.context
        return {**({ACCOUNT_HEADER: whom} if whom else {}), **({CONTEXT_HEADER: context} if context else {})}

    def path(self, account: str | None) -> str:
        """Return the path to an account: the one that was found to lead there, else the likeliest."""
        return self.paths(account)[0]

    def paths(self, account: str | None) -> list[str]:
        """Return the paths that may lead to an account, the likeliest first.

        It may be in the context's own organisation, or be connected to the account of the context, or be connected to
        the same account as that: which it is, only asking tells.
        """
        here = self._here()
        if account is None or account == here[-1]:
            return [self.config.context or ""]
        candidates = ["/".join([*here[:depth], account]) for depth in (0, *range(len(here), 0, -1))]
        candidates.sort(key=lambda path: path.count("/") != self._depth)
        known = self._paths.get(account)
        return candidates if known is None else [known, *(path for path in candidates if path != known)]

    def leads(self, account: str, path: str) -> None:
        """Remember the path to an account; others are looked for at the same depth first."""
        self._paths[account], self._depth = path, path.count("/")

    def led(self, paths: Iterable[tuple[str, str | None]]) -> None:
        """Remember the paths that led to accounts in an earlier run; None for those that have none."""
        self._paths.update((account, path) for account, path in paths if path is not None)

    def is_in_doubt(self, headers: Mapping[str, str], response: Response | None = None) -> bool:
        """Say whether nobody vouches that an answer is for the account that a request named.

        Without the header, Stripe refuses the key of an organisation by itself.

        Args:
            headers: of the request.
            response: the answer; None where it was a refusal.
        """
        asked = target_of(headers)
        if not asked or self.by_context:
            return False
        return response is None or response.headers.get(ACCOUNT_HEADER.lower()) != asked

    def heard(self, headers: Mapping[str, str], response: Response) -> None:
        """Look whom an answer says it is for.

        Raises:
            ProtocolError: for another account than the request.
        """
        asked, said = target_of(headers), response.headers.get(ACCOUNT_HEADER.lower(), "")
        if not asked or not is_account_id(said):
            return
        if said != asked:
            raise ProtocolError(
                f"asked as {asked}, the server answered for {said}: its rows would be taken for another's",
                request_id=response.request_id,
            )
        self.sure.add(asked)

    def _here(self) -> list[str]:
        return (self.config.context or "").split("/")
