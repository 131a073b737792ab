"""Who asks, for which account, through which API version."""

from __future__ import annotations

import base64
import binascii
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox import problems
from connector.sandbox.ids import ALPHABET

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.sandbox.world import World

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
    """

    secret: str
    restricted: str
    missing: frozenset[str]
    live: bool

    @classmethod
    def of(cls, seed: int, *, live: bool, missing: Collection[str] = ()) -> Keys:
        """The keys that go with a seed."""
        mode = "live" if live else "test"
        rng = random.Random(f"key/{seed}/{mode}")
        tail = "".join(ALPHABET[int(rng.random() * len(ALPHABET))] for _ in range(16))
        return cls(f"sk_{mode}_sandbox{tail}", f"rk_{mode}_sandbox{tail}", frozenset(missing), live)


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


def identify(headers: Mapping[str, str], keys: Keys, world: World) -> Caller:
    """Check the key, then the account asked for.

    Raises:
        RefusedError: 401 for the key, 403 for the account, 400 for the version.
    """
    key = _key(headers.get("Authorization", ""))
    if not key:
        raise problems.no_key()
    if key.startswith("pk_"):
        raise problems.publishable_key()
    if key not in {keys.secret, keys.restricted}:
        raise problems.bad_key(key)
    version = headers.get("Stripe-Version", NEWEST_VERSION)
    if not _VERSION.fullmatch(version):
        raise problems.bad_version(version)
    account = headers.get("Stripe-Account") or headers.get("Stripe-Context", "").rpartition("/")[2]
    index = world.account_index.get(account) if account else 0
    if index is None:
        raise problems.account_invalid(account, key)
    return Caller(index, key == keys.restricted, version)


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
