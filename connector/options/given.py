"""From the options of a call from ordinary code to the arguments of the call it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.config.config import Config
from connector.config.salt import Salt
from connector.core.api.retry import RetryPolicy
from connector.errors import ConfigError
from connector.options.connection import Connection, RatePerAccount
from connector.options.lake import SaltFile
from connector.options.option import table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SETTINGS = (*table_of(Connection), *table_of(RatePerAccount))


def arguments_of(options: Mapping[str, Any], *, asks: bool = True) -> dict[str, Any]:
    """Return the arguments of an asynchronous call: its own options, and whom to ask, and the salt.

    Args:
        options: of the call from ordinary code.
        asks: whether it asks Stripe, and so has a `config`.

    Raises:
        ConfigError: no key, no salt where one is named, or a value out of bounds.
    """
    own = {name: value for name, value in options.items() if name not in {*_SETTINGS, *table_of(SaltFile)}}
    if asks:
        own["config"] = config_of(options)
    if (file := options.get("hash_salt_file")) is not None:
        own["salt"] = Salt.find(file=file)
    return own


def config_of(
    options: Mapping[str, Any],
    *,
    tell: Callable[[str], None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Return the settings among options, those of `Connection` and `RatePerAccount`; others do not matter.

    Args:
        options: None, and what is not there, stand for the default.
        tell: as for `Config.from_env`.
        environ: the environment; the process's own by default.

    Raises:
        ConfigError: no key, or a value out of bounds.
    """
    given = {name: options.get(name) for name in _SETTINGS}
    retries = given.pop("retries")
    if retries is not None and (type(retries) is not int or retries < 0):
        raise ConfigError(f"`retries` {retries!r} must be a whole number, at least 0")
    policy = None if retries is None else RetryPolicy(attempts=retries + 1)
    return Config.from_env(environ, tell=tell, retry=policy, **given)
