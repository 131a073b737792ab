"""The salt of hashed columns: a secret that makes hashes of emails or ids worthless to whoever does not have it."""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "STRIPE_BALANCE_SALT"

SHORTEST = 16
"""Characters a salt must have: whoever guesses it can try out every email there is."""

_PURPOSE = b"stripe-balance: fingerprint of a salt"


class Salt:
    """A secret that does not show itself: not in `repr`, not in `str`, not in a pickle."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        """Take the salt.

        Raises:
            ConfigError: when it is too short to be a secret; the message does not quote it.
        """
        secret = secret.strip()
        if len(secret) < SHORTEST:
            raise ConfigError(
                f"the salt of `hash` must have at least {SHORTEST} characters, such as `openssl rand -hex 32` prints"
            )
        self._secret = secret.encode()

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None, *, file: str | os.PathLike[str] | None = None) -> Salt:
        """Take the salt from a file's first line, else from the environment.

        Args:
            environ: the environment; the process's own by default.
            file: a file whose first line is the salt.

        Raises:
            ConfigError: there is none, or it cannot be read.
        """
        if file is not None:
            try:
                lines = Path(file).read_text("utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"cannot read the salt from {file}: {error}"
                ) from None  # its file name may be the salt
            return cls(lines[0] if lines else "")
        if secret := (os.environ if environ is None else environ).get(VARIABLE):
            return cls(secret)
        raise ConfigError(
            f"`hash` needs a salt: set {VARIABLE}, or name a file with `hash_salt_file`; keep it, since the same data"
            " gives the same hash only under the same salt"
        )

    @property
    def fingerprint(self) -> str:
        """Sixteen characters that tell one salt from another, and do not tell the salt."""
        return self.mac(_PURPOSE)[:16]

    def mac(self, data: bytes) -> str:
        """Return the HMAC-SHA256 of data under the salt, in hexadecimal."""
        return hmac.digest(self._secret, data, "sha256").hex()

    def reveal(self) -> str:
        """Return the salt itself, for taking it out of messages."""
        return self._secret.decode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Salt) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"(salt {self.fingerprint})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a salt is not pickled: pass it to the other process through its environment")
