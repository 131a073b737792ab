"""The API key: what can be one, and where it is found."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connector.config.secret_files import exposed
from connector.core.state.account_record import KeyPrint
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = "STRIPE_API_KEY"

NOT_READ = ("STRIPE_SECRET_KEY", "STRIPE_SECRET", "STRIPE_KEY", "STRIPE_API_SECRET")
"""Names that others use for the same: whoever has set one of them should know that it does not count here."""

MOST_BYTES = 2**16
"""Bytes of a key file that are read; a key has some 110."""

_HIDE = 20
_SALT_BYTES = 16
_PURPOSE = "stripe-balance: print of a key: "
_ASSIGNED = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*([^=].*)", re.DOTALL)
PREFIXES = ("sk_", "rk_")
"""How keys begin that read balances."""

_OTHERS = {
    "pk_": "a publishable key",
    "whsec_": "the secret of a webhook endpoint",
    "acct_": "the id of an account",
    "mk_": "the id of a key",
    "ek_": "an ephemeral key",
}
"""How other things of Stripe's begin that are taken for its keys."""

_NAME = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|%[A-Za-z_][A-Za-z0-9_]*%|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_IN_PART = re.compile(r"\.\.|…|\*\*|•|xxxx|XXXX|<|>")
_QUOTES = ('""', "''", "``", "\u201c\u201d", "\u2018\u2019", "\u00ab\u00bb")
_UNSEEN = " \t\r\n\v\f\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u2060\ufeff"
"""Blanks, and what cannot be seen at all: both come along when a key is copied from a page."""


class ApiKey:
    """A secret key that does not show itself: not in `repr`, not in `str`, not in a pickle."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        """Take the key; what cannot be seen, a `NAME=`, `Bearer` and one pair of quotes around it are taken off.

        Raises:
            ConfigError: when it cannot be a key that reads balances; the message does not quote it.
        """
        secret = _mended(secret)
        if not secret:
            raise ConfigError(f"the API key is empty: set {VARIABLE}, or name a file with `api_key_file`")
        if said := _something_else(secret):
            raise ConfigError(said)
        if any(quote in secret for quote in "\"'"):
            raise ConfigError("the API key has a quote in it: write it without quotes, sk_… or rk_… and nothing else")
        odd = next(
            (at for at, character in enumerate(secret) if not "!" <= character <= "~" or character in ":,"), None
        )
        if odd is not None:
            raise ConfigError(
                f"the API key holds {_called(secret[odd])} as its character {odd + 1}, which no key does: it should be"
                " one line, sk_… or rk_…"
            )
        self._secret = secret

    def reveal(self) -> str:
        """Return the key itself, for the Authorization header and for taking it out of messages."""
        return self._secret

    @property
    def live(self) -> bool:
        """Whether the key reaches live data."""
        return "_live_" in self._secret[:12]

    @property
    def restricted(self) -> bool:
        """Whether the key may do only what its owner allowed it."""
        return self._secret.startswith("rk_")

    @property
    def of_organisation(self) -> bool:
        """Whether it is the key of an organisation, which names one of its accounts with each request."""
        return self._secret.startswith("sk_org")

    @property
    def livemode(self) -> bool | None:
        """Whether the key reaches live data; None where its form does not say."""
        return True if self.live else False if "_test_" in self._secret[:12] else None

    def print_of(self, salt: str | None = None) -> KeyPrint:
        """Return what tells this key from others, and does not tell it.

        Args:
            salt: of the print to compare with, in hexadecimal; drawn for a new one.
        """
        chosen = secrets.token_hex(_SALT_BYTES) if salt is None else salt
        return KeyPrint(chosen, hmac.digest(self._secret.encode(), f"{_PURPOSE}{chosen}".encode(), "sha256").hex())

    def is_of(self, known: KeyPrint) -> bool:
        """Say whether a print is this key's."""
        return hmac.compare_digest(self.print_of(known.salt).digest, known.digest)

    def __repr__(self) -> str:
        return f"{self._secret[:8]}…{self._secret[-4:]}" if len(self._secret) > _HIDE else "(key)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("an API key is not pickled: pass it to the other process through its environment")


def find_key(
    environ: Mapping[str, str], api_key_file: str | os.PathLike[str] | None, tell: Callable[[str], None]
) -> ApiKey:
    """Find the key: in a file, else in the environment, else where the Stripe CLI keeps its test key.

    Args:
        environ: the environment.
        api_key_file: a file whose first line is the key; blank lines and comments (`#`) before it do not count.
        tell: told what should not pass unnoticed: a key that nobody named, and one that others can read.

    Raises:
        ConfigError: there is none, or what there is cannot be one.
    """
    if api_key_file is not None:
        return _key_in(Path(api_key_file), tell)
    if VARIABLE in environ:
        if not environ[VARIABLE].strip():
            raise ConfigError(
                f"{VARIABLE} is set to nothing: set it to a key, or unset it to have the Stripe CLI's test key used"
            )
        return ApiKey(environ[VARIABLE])
    others = [name for name in NOT_READ if environ.get(name)]
    hint = f"; {others[0]} is set, and not read here: the name is {VARIABLE}" if others else ""
    profile = _cli_profile(environ)
    text = _cli_key(profile) if profile is not None else None
    if text is not None:
        key = ApiKey(text)
        tell(f"no key was given: using the test key {key!r} that the Stripe CLI keeps in {profile}{hint}")
        return key
    raise ConfigError(
        f"no API key: set {VARIABLE}, or name a file with `api_key_file`{hint}"
        " (no account yet? try `stripe-balance demo`)"
    )


def _something_else(text: str) -> str | None:
    """Return what to say of a text that is known to be something else than a key that reads balances; else None.

    What it says does not quote the text.
    """
    for begins, what in _OTHERS.items():
        if text.startswith(begins):
            return f"what should be the API key is {what} ({begins}…), which reads no balances: use sk_… or rk_…"
    if _NAME.fullmatch(text):
        return "what should be the API key is the name of a variable, not what it holds: write the key itself"
    if text.startswith(("env:", "file:")):
        return "what should be the API key says where a key is, as a settings file does: write the key itself"
    if text.startswith(PREFIXES) and _IN_PART.search(text):
        return (
            "what should be the API key is one as it is shown in part, or an example: write the whole key, sk_… or rk_…"
        )
    return None


def _called(character: str) -> str:
    """Return a character's name: `a space`, or its number, with itself where it can be seen."""
    if character == " ":
        return "a space"
    shown = f" ({character})" if character.isprintable() and not character.isspace() else ""
    return f"U+{ord(character):04X}{shown}"


def _mended(text: str) -> str:
    """Take off what keys pick up on the way: what cannot be seen, `NAME=` or `Bearer` before them, a pair of quotes.

    Raises:
        ConfigError: something else than a key is given a name.
    """
    text = _unquoted(text.strip(_UNSEEN)).removeprefix("Bearer ").strip()
    assigned = _ASSIGNED.fullmatch(text)
    if assigned is None:
        return text
    name, value = assigned[1], _unquoted(assigned[2].strip())
    if value.startswith((*PREFIXES, "pk_")):
        return value
    if name.isupper():
        raise ConfigError(f"what should be the API key sets {name}, and not to a key: write sk_… or rk_…, nothing else")
    return text


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] + text[-1] in _QUOTES
    return text[1:-1].strip(_UNSEEN) if quoted else text


def _key_in(path: Path, tell: Callable[[str], None]) -> ApiKey:
    """Read the key from a file.

    Raises:
        ConfigError: it cannot be read, or holds none; names the file.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(MOST_BYTES)
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # as PowerShell writes text
        lines = data.decode("utf-16" if utf16 else "utf-8").splitlines()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError(f"cannot read the key from {path}: {why}") from None  # its file name may be the key
    wanted = (line for line in lines if (bare := line.strip().removeprefix("\ufeff").strip()) and bare[0] != "#")
    try:
        key = ApiKey(next(wanted, ""))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if (said := exposed(path, status)) is not None:
        tell(said)
    return key


def _cli_profile(environ: Mapping[str, str]) -> Path | None:
    """Return where the Stripe CLI keeps its keys after `stripe login`."""
    home = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if "HOME" in environ else None)
    return None if home is None else Path(home) / "stripe" / "config.toml"


def _cli_key(profile: Path) -> str | None:
    """Return the test key of the default profile; None where there is none."""
    try:
        default = tomllib.loads(profile.read_text("utf-8")).get("default")
    except (OSError, ValueError):
        return None
    key = cast("dict[str, Any]", default).get("test_mode_api_key") if isinstance(default, dict) else None
    return key if isinstance(key, str) and key.strip() else None
