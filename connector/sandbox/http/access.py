"""Who asks, for which account, through which API version."""

from __future__ import annotations

import base64
import binascii
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.core.ids import ALPHABET
from connector.sandbox.http import problems

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.sandbox.core.world import World

NEWEST_VERSION = "2026-10-28.endive"
_BALANCE_TYPE_SINCE = "2025-05-28"
_INTENTS_WITH_CHARGES_UNTIL = "2022-08-01"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z_]+)?")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a sandbox.

    Attributes:
        secret: may do everything.
        restricted: lacks the scopes in `missing`.
        missing: what it may not do: `payout_read` is refused in Stripe's words of 2026, `rak_payout_read` in the
            older ones.
        live: whether they are live keys.
        organisation: may do everything in the accounts of an organisation, and names one with each request.
        members: indices of these accounts.
    """

    secret: str
    restricted: str
    missing: frozenset[str]
    live: bool
    organisation: str = ""
    members: frozenset[int] = frozenset({0})

    @classmethod
    def of(cls, seed: int, *, live: bool, missing: Collection[str] = (), members: Collection[int] = (0,)) -> Keys:
        """The keys that go with a seed."""
        mode = "live" if live else "test"
        rng = random.Random(f"key/{seed}/{mode}")
        tail = "".join(ALPHABET[int(rng.random() * len(ALPHABET))] for _ in range(16))
        secret, restricted, organisation = (f"{kind}_{mode}_sandbox{tail}" for kind in ("sk", "rk", "sk_org"))
        return cls(secret, restricted, frozenset(missing), live, organisation, frozenset(members))


@dataclass(frozen=True, slots=True)
class Caller:
    """An accepted request's standing.

    Attributes:
        account: index of the account the request is for.
        restricted: whether the key is a restricted one.
        version: the API version in use.
    """

    account: int
    restricted: bool
    version: str

    @property
    def legacy(self) -> bool:
        """Whether rows have no `balance_type` yet."""
        return self.version < _BALANCE_TYPE_SINCE

    @property
    def old_intents(self) -> bool:
        """Whether payment intents list their charges."""
        return self.version <= _INTENTS_WITH_CHARGES_UNTIL


def identify(
    headers: Mapping[str, str], keys: Keys, world: World, *, revoked: Collection[str] = (), deaf: bool = False
) -> Caller:
    """Check the key, then the account asked for.

    Args:
        headers: of the request.
        keys: those that are accepted.
        world: where the accounts are.
        revoked: accounts that took back their access.
        deaf: whether the account asked for is not heard, as behind a gateway that drops the header.

    Raises:
        RefusedError: 401 for the key, 403 for the account, 400 for the version.
    """
    key = _key(headers.get("Authorization", ""))
    if not key:
        raise problems.no_key()
    if key.startswith("pk_"):
        raise problems.publishable_key()
    if key not in {keys.secret, keys.restricted, keys.organisation}:
        raise problems.bad_key(key)
    of_organisation = key == keys.organisation
    if of_organisation and not (headers.get("Stripe-Context") and "Stripe-Version" in headers):
        raise problems.no_context()
    version = headers.get("Stripe-Version", NEWEST_VERSION)
    if not _VERSION.fullmatch(version):
        raise problems.bad_version(version)
    path = headers.get("Stripe-Account") or headers.get("Stripe-Context", "")
    if deaf or not path:
        return Caller(0, key == keys.restricted, version)
    index = _reached(path.split("/"), keys if of_organisation else None, world)
    if index is None or world.accounts[index] in revoked:
        raise problems.account_invalid(path.rpartition("/")[2], key)
    return Caller(index, key == keys.restricted, version)


def _reached(path: list[str], keys: Keys | None, world: World) -> int | None:
    """The account at the end of a path, which begins at the platform, or at an organisation where there are its keys.

    Every account but the platform is connected to it.
    """
    *above, last = [world.account_index.get(segment) for segment in path]
    if keys is not None and not above:
        return last if last in keys.members else None
    below_platform = above == [0] and (keys is None or 0 in keys.members)
    return last if below_platform or not above else None


def _key(authorization: str) -> str:
    """The key in an `Authorization` header: Bearer, Basic with an empty password, or the bare key after Basic."""
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return value
