"""What a connection of Airflow says of whom to ask: the key from its password, the rest from its extras. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.config.config import Config
from connector.core.account_ids import given_account
from connector.core.suggestions import did_you_mean
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONNECTION = "stripe_default"
CONNECTION_TYPE = "stripe"

EXTRAS = {
    "account": "connected account to act as (acct_…); the key's own by default",
    "context": "Stripe-Context to act in; needed with the key of an organisation",
    "api_version": "Stripe-Version to read under; pinned by default",
    "api_base": "https://…, or http to the worker itself; Stripe's own by default",
    "rate": "requests per second of one endpoint, above 0; 20 by default",
}
"""Fields of a connection's extra, and what they are."""

KEY_LIKE = ("key", "secret", "token", "password")
"""Words in the name of an extra that holds a key where none belongs: Airflow masks few of them."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What a connection says.

    Attributes:
        config: whom to ask.
        account: connected account to act as where a task names none.
    """

    config: Config
    account: str | None


PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")
"""What counts of a worker's environment: whom to ask, and as whom, is the connection's to say."""


def settings_of(
    name: str,
    password: str | None,
    extra: Mapping[str, Any],
    environ: Mapping[str, str],
    **given: Any,  # noqa: ANN401 - fields of Config
) -> ConnectionSettings:
    """Return what a connection says.

    Args:
        name: of the connection, for messages.
        password: the key.
        extra: the fields of `EXTRAS`; empty ones count as not given.
        environ: the worker's environment, of which `PROXY_VARIABLES` count.
        given: fields of `Config` that a task says otherwise; None for as the connection says.

    Raises:
        ConfigError: there is no key, an extra that is none, or a value out of bounds; no message holds a value of one.
    """
    if misplaced := [field for field in extra if any(word in field.lower() for word in KEY_LIKE)]:
        raise ConfigError(
            f"the connection {name!r} has an extra {misplaced[0]!r}: a key belongs in its password, the one field that"
            " Airflow hides everywhere"
        )
    if unlike := [field for field, value in extra.items() if not _is_plain(field, value)]:
        raise ConfigError(f"the connection {name!r} has an extra {unlike[0]!r} that is no text")
    if unknown := sorted(extra.keys() - EXTRAS.keys()):
        hint = did_you_mean(unknown[0], EXTRAS)
        raise ConfigError(f"the connection {name!r} has an extra {unknown[0]!r}{hint}; there are {', '.join(EXTRAS)}")
    if not (password or "").strip():
        raise ConfigError(f"the connection {name!r} has no key: put it in its password, sk_… or rk_…")
    fields: dict[str, Any] = {field: value for field, value in extra.items() if value not in {None, ""}}
    account = given_account(fields.pop("account", None))
    if "rate" in fields:
        fields["rate"] = _rate(name, fields["rate"])
    fields.update({field: value for field, value in given.items() if value is not None})
    proxies = {name: environ[name] for name in PROXY_VARIABLES if name in environ}
    config = Config.from_env({**proxies, "STRIPE_API_KEY": password or ""}, **fields)
    return ConnectionSettings(config, account)


def check_extra(name: str, text: str | None) -> None:
    """Refuse an extra that is no object of JSON: Airflow takes it for none, and another account would be read.

    Args:
        name: of the connection, for messages.
        text: the extra as Airflow keeps it.

    Raises:
        ConfigError: does not quote it.
    """
    written = (text or "").strip()
    try:
        extra: object = json.loads(written) if written else {}
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigError(
            f"the extra of the connection {name!r} is no object of JSON, such as"
            ' {"account": "acct_…", "rate": "20"}: nothing in it would count'
        )


def _is_plain(field: str, value: object) -> bool:
    """Say whether an extra is text, or nothing; a rate may be a number."""
    return value is None or isinstance(value, str) or (field == "rate" and type(value) in {int, float})


def _rate(name: str, value: Any) -> float:  # noqa: ANN401 - what stands in an extra
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the connection {name!r}: `rate` must be a number of requests per second") from error
