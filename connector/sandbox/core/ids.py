"""Object ids that look like Stripe's and lead back to their row by arithmetic alone.

An id is `<prefix><lead><six characters><account tag><0><six characters>`, 24 characters after the prefix. Objects of
one payment (`txn_`, `ch_`, `pi_`) share the first 17, as they do at Stripe. The first six encode the row's number under
a seeded permutation, so ids carry no order of time and need no table to resolve; the last six depend on the prefix, so
an id cannot be turned into another by changing its prefix.
"""

from __future__ import annotations

import functools
import random
import zlib
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TRIPLE = 62**3
SPAN = TRIPLE * TRIPLE
"""Numbers an id can carry: 56.8 billion."""
TAG_LENGTH = 10
BODY_LENGTH = 24
_TAG_AT = 7
_TAIL_AT = _TAG_AT + TAG_LENGTH
_FACTORS = (2, 31)


@functools.cache
def triples() -> tuple[str, ...]:
    """Every string of three alphabet characters, in order; index and value are each other's inverse."""
    return tuple(a + b + c for a in ALPHABET for b in ALPHABET for c in ALPHABET)


@functools.cache
def _digits() -> dict[str, int]:
    return {character: value for value, character in enumerate(ALPHABET)}


class Decoded(NamedTuple):
    """What an id says about itself."""

    prefix: str
    tag: str
    number: int


class IdCodec:
    """The ids of one account."""

    def __init__(self, seed: int, account: str) -> None:
        rng = random.Random(f"ids/{seed}/{account}")
        self.tag = "".join(ALPHABET[int(rng.random() * 62)] for _ in range(TAG_LENGTH))
        self.scale: int = _coprime(rng)
        self.shift: int = int(rng.random() * SPAN)
        self.tail_scale: int = _coprime(rng)
        self._inverse = pow(self.scale, -1, SPAN)
        self._salts: dict[str, int] = {}

    def salt(self, prefix: str) -> int:
        """The prefix's share in the last six characters."""
        if prefix not in self._salts:
            self._salts[prefix] = zlib.crc32(f"{self.tag}{prefix}".encode()) * 13
        return self._salts[prefix]

    def encode(self, prefix: str, number: int, lead: str = "1") -> str:
        """The id of object `number` in [0, SPAN) under `prefix`, which includes its underscore."""
        table = triples()
        high, low = divmod((number * self.scale + self.shift) % SPAN, TRIPLE)
        tail_high, tail_low = divmod((number * self.tail_scale + self.salt(prefix)) % SPAN, TRIPLE)
        return f"{prefix}{lead}{table[high]}{table[low]}{self.tag}0{table[tail_high]}{table[tail_low]}"

    def decode(self, value: str) -> Decoded | None:
        """Take an id of this account apart; None for anything this codec did not make."""
        prefix, mark, body = value.rpartition("_")
        digits = _digits()
        if len(body) != BODY_LENGTH or body[_TAG_AT:_TAIL_AT] != self.tag or not set(body) <= digits.keys():
            return None
        permuted = 0
        for character in body[1:_TAG_AT]:
            permuted = permuted * len(ALPHABET) + digits[character]
        number = (permuted - self.shift) * self._inverse % SPAN
        decoded = Decoded(prefix + mark, self.tag, number)
        return decoded if self.encode(decoded.prefix, number, body[0]) == value else None


def tag_of(value: str) -> str:
    """The account tag inside an id, or the empty string where there cannot be one."""
    body = value.rpartition("_")[2]
    return body[_TAG_AT:_TAIL_AT] if len(body) == BODY_LENGTH else ""


def account_id(seed: int, index: int, ledger: str = "") -> str:
    """The id of account `index`; 0 is the platform. Another `ledger` gives another account."""
    rng = random.Random(f"account/{seed}/{index}" + (f"/{ledger}" if ledger else ""))
    return "acct_1" + "".join(ALPHABET[int(rng.random() * 62)] for _ in range(15))


def _coprime(rng: random.Random) -> int:
    """A multiplier that permutes [0, SPAN): large, and sharing no factor with it."""
    value = SPAN // 3 + int(rng.random() * (SPAN // 3))
    while any(value % factor == 0 for factor in _FACTORS):
        value += 1
    return value
