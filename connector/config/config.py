"""Settings: built once at the edge, checked, and passed down in parts.

The environment is read here and nowhere below.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from math import ceil
from typing import TYPE_CHECKING, Any, TypedDict, Unpack
from urllib.parse import urlsplit

import connector
from connector.config.api_key import ApiKey, find_key
from connector.core.account_ids import given_account
from connector.core.api.hosts import can_be_host, checked_proxy, goes_without_proxy, unused_proxy
from connector.core.api.protocol import API_VERSION
from connector.core.api.retry import RetryPolicy, Timeouts
from connector.core.suggestions import refuse_unknown
from connector.core.units import is_number
from connector.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_API_BASE = "https://api.stripe.com"
DEFAULT_RATE = 20.0
"""Requests per second of one endpoint: a fifth under Stripe's 25, so that others of the account have room."""

ACCOUNT_RATE_LIVE, ACCOUNT_RATE_TEST = 100.0, 25.0
"""Requests per second Stripe allows one account, all endpoints together (docs.stripe.com/rate-limits)."""

DEFAULT_IN_FLIGHT = 40

_TYPES: tuple[tuple[tuple[str, ...], Any, str], ...] = (
    (("api_key",), ApiKey, "a connector.ApiKey: connector.ApiKey(key) makes one of a text"),
    (("api_base", "api_version", "hint"), str, "a text"),
    (("account", "context", "proxy"), str | None, "a text or None"),
    (("rate_per_account", "followed"), bool, "True or False"),
    (("shares_rate",), bool | None, "True, False or None"),
    (("timeouts",), Timeouts, "a connector.Timeouts"),
    (("retry",), RetryPolicy, "a connector.RetryPolicy"),
)
"""Fields whose bounds are not checked by themselves: of which type each is, and how messages call it."""

_LOG = logging.getLogger("connector")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z0-9_]+)?")

__all__ = ["ApiKey", "Config", "checked_api_base"]


class Settings(TypedDict, total=False):
    """Fields of `Config` but the key, by name; None stands for the default."""

    api_base: str | None
    api_version: str | None
    account: str | None
    context: str | None
    rate: float | None
    rate_per_account: bool | None
    shares_rate: bool | None
    sharers: int | None
    max_in_flight: int | None
    timeouts: Timeouts | None
    retry: RetryPolicy | None
    proxy: str | None
    hint: str | None


class FromEnvironment(Settings, total=False):
    """Arguments of `Config.from_env`."""

    environ: Mapping[str, str] | None
    api_key_file: str | os.PathLike[str] | None
    tell: Callable[[str], None] | None


@dataclass(frozen=True, slots=True)
class Config:
    """Whom to ask, as whom, how fast. Build it with `from_env` or directly.

    Attributes:
        api_key: the secret or restricted key.
        api_base: `https://…`, or `http://` to this machine, without a trailing slash.
        api_version: `Stripe-Version` of every request.
        account: connected account to act as (`Stripe-Account`), or None for the key's own.
        context: `Stripe-Context`, or None; needed with the key of an organisation, whose accounts go out in it.
        rate: requests per second of one endpoint, > 0; infinite for none.
        rate_per_account: whether each connected account has the rate to itself; else all share it.
        shares_rate: whether the rate is shared with other runs that read the same account into the same lake; None for
            yes where it is the default rate: one that was chosen is what its user has divided already.
        sharers: processes that read at once within what Stripe allows the account, at least 1, each of which goes at
            its part of it; their `rate` is divided already.
        followed: whether more processes wait to begin than the `sharers`: one that has ended is soon replaced.
        max_in_flight: requests in flight of all accounts together, at least 1.
        timeouts: bounds of one request.
        retry: schedule of retries.
        proxy: URL of an HTTP proxy, or None; `host:port` is one, too. It may hold a password, and does not show.
        hint: what to say where no connection can be made, such as which setting is not used.

    Raises:
        ConfigError: when a value is out of bounds; says which and what to do.
    """

    api_key: ApiKey
    api_base: str = DEFAULT_API_BASE
    api_version: str = API_VERSION
    account: str | None = None
    context: str | None = None
    rate: float = DEFAULT_RATE
    rate_per_account: bool = False
    shares_rate: bool | None = None
    sharers: int = 1
    followed: bool = True
    max_in_flight: int = DEFAULT_IN_FLIGHT
    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    proxy: str | None = field(default=None, repr=False)
    hint: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self._refuse_other_types()
        object.__setattr__(self, "api_base", checked_api_base(self.api_base))
        object.__setattr__(self, "proxy", checked_proxy(self.proxy) if self.proxy else None)
        if not _VERSION.fullmatch(self.api_version):
            raise ConfigError(f"`api_version` {self.api_version!r} is not of the form 2026-10-28.endive or 2022-11-15")
        given_account(self.account)
        if self.api_key.of_organisation and not self.context:
            raise ConfigError(
                "this is the key of an organisation (sk_org…), which names an account with each request: say with"
                " `context` which one, acct_… or, for one connected to it, acct_…/acct_…"
            )
        if self.context is not None and not (self.context.isascii() and self.context.isprintable()):
            raise ConfigError("`context` holds characters no context has")
        if not (is_number(self.rate) and self.rate > 0):
            raise ConfigError(f"`rate` {self.rate!r} must be a number above 0, of requests per second")
        for name in ("sharers", "max_in_flight"):
            if type(value := getattr(self, name)) is not int or value < 1:
                raise ConfigError(f"`{name}` {value!r} must be a whole number, at least 1")

    def _refuse_other_types(self) -> None:
        """Refuse a value of another type than its field's, without quoting it: it may be a key."""
        for names, kind, called in _TYPES:
            for name in names:
                value = getattr(self, name)
                if not isinstance(value, kind):
                    raise ConfigError(f"`{name}` of {type(value).__name__} must be {called}")

    @property
    def goes_shares(self) -> bool:
        """Whether the rate is shared with other runs."""
        return self.rate == DEFAULT_RATE if self.shares_rate is None else self.shares_rate

    @property
    def account_rate(self) -> float:
        """Requests per second of all endpoints: our part of what Stripe allows, or `rate` where that is more."""
        return max(self.rate, (ACCOUNT_RATE_LIVE if self.api_key.live else ACCOUNT_RATE_TEST) / self.sharers)

    def divided(self, sharers: int, *, followed: bool = True) -> Config:
        """Return the settings of one of so many that ask at once, whose `rate` is divided already.

        Args:
            sharers: how many ask at once within what Stripe allows the account, at least 1.
            followed: whether more wait to begin.
        """
        in_flight = max(1, ceil(self.max_in_flight / sharers))
        return replace(self, shares_rate=False, sharers=sharers, followed=followed, max_in_flight=in_flight)

    @property
    def user_agent(self) -> str:
        """How this client names itself."""
        return f"stripe-balance-connector/{connector.__version__}"

    @classmethod
    def given(cls, config: Config | None) -> Config:
        """Return the settings given, or those of the environment where none are.

        Raises:
            UsageError: what is given is something else, such as the key alone; it is not quoted.
            ConfigError: as `from_env` does.
        """
        if config is None:
            return cls.from_env()
        if not isinstance(config, cls):
            raise UsageError(
                f"`config` of {type(config).__name__} must be a connector.Config, such as"
                " connector.Config(connector.ApiKey(key)), or left out: then the environment says what it is"
            )
        return config

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        api_key_file: str | os.PathLike[str] | None = None,
        tell: Callable[[str], None] | None = None,
        **settings: Unpack[Settings],
    ) -> Config:
        """Build the settings from the environment and what is given.

        The key comes from `api_key_file`, else `STRIPE_API_KEY`, else the Stripe CLI's default profile (test mode).
        `STRIPE_API_BASE` and the usual proxy variables count where `settings` does not say otherwise.

        Args:
            environ: the environment; the process's own by default.
            api_key_file: a file whose first line is the key.
            tell: told what should not pass unnoticed, such as that the key is the Stripe CLI's; a warning in the log
                (`connector`) by default.
            settings: fields of `Config`; None stands for the default.

        Raises:
            UsageError: there is no such setting.
            ConfigError: no key, or a value out of bounds.
        """
        refuse_unknown(settings, Settings.__annotations__)
        environ = os.environ if environ is None else environ
        given: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}
        given.setdefault("shares_rate", "rate" not in given)
        given.setdefault("api_base", environ.get("STRIPE_API_BASE") or DEFAULT_API_BASE)
        given["api_base"] = checked_api_base(given["api_base"])
        direct = _is_direct(given["api_base"], environ)
        given.setdefault("proxy", None if direct else environ.get("HTTPS_PROXY") or environ.get("https_proxy") or None)
        given.setdefault("hint", "" if direct or given["proxy"] else unused_proxy(environ))
        return cls(api_key=find_key(environ, api_key_file, tell or _LOG.warning), **given)


def checked_api_base(base: str) -> str:
    """Return the base without a trailing slash.

    Raises:
        ConfigError: when it is none; when it is neither https nor http to this machine: the key would travel in the
            clear; or when it ends with the version of the API, which is part of every path.
    """
    plain = base.isascii() and base.isprintable() and " " not in base
    try:
        parts = urlsplit(base)
        host, port = parts.hostname, parts.port
    except ValueError:
        plain, parts, host, port = False, urlsplit(""), None, None
    shown = "(not shown: it may hold a password)" if any(character in base for character in "@?#") else repr(base)
    if not plain or not host or port == 0 or parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"`api_base` {shown} is not the base of an API: write https://host, nothing more")
    if not can_be_host(host):
        raise ConfigError(f"`api_base` {shown} names no host: what stands between dots has 1 to 63 characters")
    if parts.path.rstrip("/").endswith("/v1"):
        raise ConfigError(f"`api_base` {shown}: leave /v1 out, which every request adds")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return base.rstrip("/")
    raise ConfigError(f"`api_base` {shown} would send the key in the clear: use https, or http to this machine only")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_direct(base: str, environ: Mapping[str, str]) -> bool:
    """Say whether a host is reached without a proxy, whichever is named."""
    without = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return _is_loopback(urlsplit(base).hostname or "") or goes_without_proxy(base, without)
