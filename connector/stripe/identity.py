"""Whose key it is, and what time Stripe has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from connector.core.account_ids import UNNAMED
from connector.core.api.page import decode_object
from connector.core.api.permissions import account_named, is_of_account, is_of_address
from connector.core.state.partition import checked_account
from connector.errors import ConfigError, InvalidRequestError, PermissionDeniedError, ProtocolError
from connector.stripe.client import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from connector.core.api.protocol import Response
    from connector.core.units import AccountId
    from connector.errors import ApiError
    from connector.stripe.client import Client

T = TypeVar("T")

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Identity:
    """An account, as it describes itself.

    Attributes:
        account: its id; where Stripe does not say it, the name we were told, or `default`.
        created: when it was made, UTC seconds; 0 when it does not say. No row is expected before.
        now: UTC seconds by Stripe's clock; by the machine's where no answer has a `Date`, which every one of Stripe's
            has.
        sure: the same, where both clocks agree that it has come: what lies ahead of one of them is covered by neither's
            word, or time that is still to come would never be read; 0 where only the machine's is known.
        known: whether Stripe, or the header the account is reached by, says so; else it is what we were told.
        owner: its id in Stripe's own words, whatever `account` is; None where Stripe does not say.
        refused: whether these words were a refusal: the key may not read its account, and was told of which it may not.
    """

    account: AccountId
    created: int
    now: int
    sure: int
    known: bool = True
    owner: AccountId | None = None
    refused: bool = False

    def present(self, newest: int) -> int:
        """Return the second up to which time has come: by both clocks, or because a row was `created` then.

        Args:
            newest: the latest `created` known.
        """
        return min(self.now, max(self.sure, newest))


async def identify(client: Client, *, account: str | None = None, account_id: str | None = None) -> Identity:
    """Ask `GET /v1/account`; a refusal of it names the account, too.

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the key's own.
        account_id: its id where the key may not ask for it.

    Raises:
        ApiError: as `Client.get`; a key that may not read its own account is no error, the account is then the one that
            the refusal names, else `account_id`, else `default`.
        ConfigError: the account is another than `account_id`; only `default` stands for any. Or nobody is there to say
            whose the key is, and `account_id` does not.
        ProtocolError: when the id cannot become the name of a folder, or is not the one that was asked as.
    """
    acting, named = client.acting.as_whom(account), checked_account(account_id) if account_id else None
    try:
        response = await _ask(client, account)
    except PermissionDeniedError as error:
        if is_of_account(error) or is_of_address(error):  # not a matter of what the key may read
            raise
        return _as_refused(client, error, acting, named)
    except InvalidRequestError as error:
        if error.status != NOT_FOUND:
            raise
        if named is None and acting is None:
            raise ConfigError(
                f"GET /v1/account is not to be found here ({error}), so that nobody says whose key this is:"
                " say it with `account_id=acct_…`"
            ) from error
        return _as_refused(client, error, acting, named)
    with client.judging(response):
        described = decode_object(response.body, request_id=response.request_id)
        own_id = described.get("id")
        if not isinstance(own_id, str) or described.get("object") not in {None, ACCOUNT.kind}:
            raise ProtocolError("the answer is no account with an id", request_id=response.request_id)
        owner = _fitting(own_id, acting, named, response.request_id)
    if acting is not None:
        client.acting.sure.add(acting)
    return Identity(named or owner, created_of(client, described), *clocks(client), owner=owner)


async def as_account(client: Client, account: str | None, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask something as an account that says who it is.

    It is asked that once: first, where the way to it has to be found; else after the answer, unless that says it.

    Args:
        client: whom to ask.
        account: connected account to ask as; None for the configured one.
        ask: what is asked.

    Raises:
        ProtocolError: another account answers.
        ApiError: as `identify`, and what asking raises.
    """
    if client.acting.by_context:
        await _make_sure(client, account)
    answer = await ask()
    if not _is_sure(client, client.acting.as_whom(account)):
        await _make_sure(client, account)
    return answer


def _is_sure(client: Client, whom: str | None) -> bool:
    return whom is None or whom in client.acting.sure


async def _make_sure(client: Client, account: str | None) -> None:
    whom = client.acting.as_whom(account)
    if whom is None or _is_sure(client, whom):
        return
    async with client.acting.asking[whom]:
        if whom not in client.acting.sure:
            await identify(client, account=account)


async def _ask(client: Client, account: str | None) -> Response:
    """Ask an account who it is, by the path that leads to it where it is reached by one."""
    whom = client.acting.as_whom(account)
    if whom is None or not client.acting.by_context:
        return await client.get(ACCOUNT, account=account)
    *others, last = client.acting.paths(whom)
    for path in others:
        client.acting.leads(whom, path)
        try:
            return await client.get(ACCOUNT, account=account)
        except PermissionDeniedError as error:
            if not is_of_account(error):
                raise
    client.acting.leads(whom, last)
    return await client.get(ACCOUNT, account=account)


def _as_refused(client: Client, error: ApiError, acting: str | None, named: AccountId | None) -> Identity:
    """Return the account as a refusal names it; as it is asked for, or as we were told, where it names none."""
    named_id = account_named(error)
    owner = None if named_id is None else _fitting(named_id, acting, named, error.request_id)
    if acting is not None:
        client.acting.sure.add(acting)
    account = named or owner or checked_account(acting or UNNAMED)
    known = owner is not None or acting is not None
    return Identity(account, 0, *clocks(client), known=known, owner=owner, refused=owner is not None)


def _fitting(answered: str, acting: str | None, named: str | None, request_id: str | None) -> AccountId:
    """Return the account that answered, if it is the one that was asked, and the one we were told it is.

    Raises:
        ConfigError: we were told of another.
        ProtocolError: another was asked, or the id cannot become the name of a folder.
    """
    if named not in {None, UNNAMED, answered}:
        raise ConfigError(
            f"this key is of {answered[:60]}, not of {named}: leave `account_id` out, or use the right key"
        )
    if acting not in {None, answered}:
        raise ProtocolError(
            f"asked as {acting}, the server answered for {answered[:60]}: its rows would be taken for another's."
            " Something on the way drops the header that names the account: look at what `api_base` leads through",
            request_id=request_id,
        )
    return checked_account(answered)


def created_of(client: Client, described: Mapping[str, object]) -> int:
    """Return when an account was made, UTC seconds; 0 where it does not say, or says what is still to come."""
    created = described.get("created")
    return created if type(created) is int and 0 < created <= max(clocks(client)[0], client.clock.utc()) else 0


def clocks(client: Client) -> tuple[int, int]:
    """Return `Identity.now` and `Identity.sure`, by the latest answer."""
    machine, server = client.clock.utc(), client.server_now
    return (machine, 0) if server is None else (server, min(server, machine))
