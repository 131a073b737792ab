"""Hosts: what can be the name of one, how the proxy on the way is written, and who is reached without it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.errors import ConfigError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(r"[A-Za-z0-9_.:-]+")
_LONGEST_LABEL = 63
"""Characters between two dots of a name (RFC 1035)."""

_PORTS = {"http": 80, "https": 443}
_WRITE = (
    "write http://host:port, and where it wants them user:password@ before the host, what is special in them"
    " percent-encoded"
)


PROXY_AUTHENTICATION_REQUIRED = 407
_LATER = frozenset({408, 425, 429})
"""Refusals that do not last."""


def can_be_host(host: str) -> bool:
    """Say whether a name can be looked up: no part of it between dots is empty or too long."""
    return all(0 < len(label) <= _LONGEST_LABEL for label in host.removesuffix(".").split("."))


def checked_proxy(proxy: str) -> str:
    """Return the URL of a proxy; without a scheme it is one of HTTP, as curl has it.

    Raises:
        ConfigError: it is none, or of another kind; the message quotes nothing of it, as it may hold a password.
    """
    text = proxy.strip()
    url = text if _SCHEME.match(text) else f"http://{text}"
    scheme = url.partition(":")[0].lower()
    if scheme not in _PORTS:
        raise ConfigError(f"the proxy (HTTPS_PROXY) is not one of HTTP, and no other kind is spoken to: {_WRITE}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # which quotes what it could not read
        parts, host, port = urlsplit(""), "", None
    more = parts.path.strip("/") or parts.query or parts.fragment  # as a password makes with / ? # in it
    if not (_HOST.fullmatch(host) and can_be_host(host) and url.isprintable()) or port == 0 or more or " " in url:
        raise ConfigError(f"the proxy (HTTPS_PROXY) is not the URL of one: {_WRITE}")
    return url


def goes_without_proxy(base: str, no_proxy: str) -> bool:
    """Say whether a list of hosts (`NO_PROXY`) names that of a URL: itself, or a domain it is in, any port or this one.

    Args:
        base: a URL of http or https, with a host.
        no_proxy: names separated by commas or spaces; `*` stands for every host.
    """
    parts = urlsplit(base)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    return any(_names(entry, host, port) for entry in no_proxy.lower().replace(",", " ").split())


def unused_proxy(environ: Mapping[str, str]) -> str:
    """Say what to do where a proxy is named that does not count, as it is not of https; empty where all is well."""
    names = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    if variable := next((name for name in names if environ.get(name)), None):
        return f"{variable} is set, and only HTTPS_PROXY is used: set that to go by a proxy"
    return ""


def refused_by_proxy(
    status: int, proxy: str, host: str, *, schemes: Iterable[str], knows: bool
) -> ConfigError | TransportError:
    """Return what a proxy's answer means, when it is not the one asked for.

    Args:
        status: of its answer, 400 or above.
        proxy: which proxy, in words.
        host: where it was to lead.
        schemes: the values of `Proxy-Authenticate`.
        knows: whether it was told a user and password.

    Returns:
        A `ConfigError` for a refusal that asking again cannot change, a `TransportError` for anything else.
    """
    said = f"{proxy} refused the way to {host} (status {status})"
    if status == PROXY_AUTHENTICATION_REQUIRED:
        asked = [scheme.split(" ")[0] for allowed in schemes for scheme in allowed.split(",") if scheme[:1].isalpha()]
        if asked and "basic" not in map(str.lower, asked):
            return ConfigError(
                f"{said}: it asks for {', '.join(asked)[:60]}, and only Basic is spoken here; name a local proxy that"
                " speaks it (px and cntlm are such)"
            )
        if knows:
            return ConfigError(f"{said}: it does not accept the user and password in HTTPS_PROXY")
        return ConfigError(f"{said}: it wants a user and password; {_WRITE}")
    if 400 <= status < 500 and status not in _LATER:  # noqa: PLR2004 - HTTP's own numbers
        return ConfigError(
            f"{said}: have it allow that host, or name the host in NO_PROXY where it is reached directly"
        )
    return TransportError(f"{proxy} found no way to {host} (status {status})")


def _names(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    name, colon, digits = entry.rpartition(":")
    if colon and digits.isdigit() and (":" not in name or name.endswith("]")):  # else the colon is an IPv6 address's
        if digits != str(port):
            return False
        entry = name
    domain = entry.strip("[]").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
