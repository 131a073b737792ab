"""From a bucket's address and settings to the bucket: its clients, over http to this machine alone."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import MemoryStore, from_url

from connector.config.destination import bucket_address
from connector.config.storage import checked_settings, secrets_among, settings_around
from connector.errors import ConfigError
from connector.lake.stores.bucket import LARGEST, Bucket
from connector.lake.stores.credentials import Profile, Surroundings, connects, provider_of
from connector.lake.stores.nested_lakes import folders_around
from connector.lake.stores.patience import LARGE, Patience, attempt_seconds
from connector.outside_text import sentence, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.config.destination import BucketAddress


_USUAL = {"s3": {"disable_bulk_delete": "true"}, "gs": {}, "az": {}}
"""Settings where none are given: not every store that speaks S3 deletes several objects at once, and one suffices."""

CONNECT_SECONDS = 5
"""How long a connection may take to come about."""

_LOOPBACK = re.compile(r"^(localhost|127(?:\.\d{1,3}){3}|::1)$")

_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "AZURITE_BLOB_STORAGE_URL"),
}

_IN_MEMORY: dict[str, MemoryStore] = {}
"""What `memory://` destinations hold, by name: it is there as long as the process."""


def open_bucket(
    url: str,
    options: Mapping[str, str] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    patience: Patience | None = None,
    answers: Callable[[tuple[str, int], float], bool] = connects,
) -> Bucket:
    """Return the bucket an address names. Nothing is asked of it yet.

    Args:
        url: `s3://bucket/folder`, `gs://…`, `az://container/…` or `memory://name/folder`.
        options: settings by obstore's names (`storage_options`), over those of the environment.
        environ: where obstore finds the others.
        patience: how long to try.
        answers: says whether an address takes connections; asked where no credentials are named.

    Raises:
        ConfigError: the address or a setting makes no sense, or there are no credentials; says which. No setting's
            value is quoted.
    """
    address = bucket_address(url)
    if address is None:
        raise ConfigError(f"{shown(url)!r} names no bucket: write s3://bucket/folder, gs://… or az://container/…")
    if address.scheme == "memory":
        kept = _IN_MEMORY.setdefault(address.url, MemoryStore())
        return Bucket(address.url, patience or Patience(), lambda _size: kept)
    settings = {**address.settings, **checked_settings(address.scheme, options or {})}
    loopback = goes_to_loopback(address.scheme, settings, environ)
    provider = provider_of(address.scheme, settings, Surroundings(environ, answers))
    client = partial(_client, address, settings, provider, loopback=loopback)
    clients = _Clients(client, secrets_among(settings, environ))
    known = {**settings_around(address.scheme, environ), **settings, "allow_http": "true" if loopback else "false"}

    def around() -> list[Bucket]:
        places = (replace(address, folder=folder).url for folder in folders_around(address.folder))
        return [open_bucket(place, settings, environ=environ, patience=patience, answers=answers) for place in places]

    return Bucket(address.url, patience or Patience(), clients, partial(_access, known, provider), around)


def _access(known: Mapping[str, str], provider: Profile | None) -> dict[str, str]:
    """Return settings with the credentials that a profile has at the moment; see `Bucket.access`."""
    if provider is None:
        return dict(known)
    now = provider()
    keys = {"access_key_id": now["access_key_id"], "secret_access_key": now["secret_access_key"]}
    token = {"session_token": now["token"]} if now["token"] else {}
    return {**provider.config, **known, **keys, **token}


class _Clients:
    """The clients of a bucket: one for objects of ordinary size, and one with more time, made where it is needed."""

    def __init__(self, client: Callable[[float], Any], secrets: set[str]) -> None:
        self._client, self._secrets, self._lock = client, secrets, Lock()
        self._made: dict[float, Any] = {}
        self(0)  # settings that make no sense are found now

    def __call__(self, size: int) -> Any:  # noqa: ANN401 - one of obstore's stores
        seconds = attempt_seconds(0 if size <= LARGE else LARGEST)
        with self._lock:
            if seconds not in self._made:
                self._made[seconds] = self._make(seconds)
            return self._made[seconds]

    def _make(self, seconds: float) -> Any:  # noqa: ANN401 - as above
        try:
            return self._client(seconds)
        except (BaseError, ValueError, TypeError, OSError) as error:
            told = sentence(str(error).partition("Debug source:")[0], self._secrets)
            raise ConfigError(f"the storage options make no sense: {told}") from None


def _client(
    address: BucketAddress,
    settings: Mapping[str, str],
    provider: Profile | None,
    seconds: float,
    *,
    loopback: bool,
) -> Any:  # noqa: ANN401 - one of obstore's stores
    """Return obstore's own store, told not to retry; see `connector.lake.stores.bucket`."""
    own = {"profile", "root_certificate"}
    config = {name: value for name, value in {**_USUAL[address.scheme], **settings}.items() if name not in own}
    client: dict[str, Any] = {
        "timeout": timedelta(seconds=seconds),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "allow_http": loopback,
    }
    if "root_certificate" in settings:
        client["root_certificate"] = Path(settings["root_certificate"]).read_bytes()
    more = {} if provider is None else {"credential_provider": provider}
    return from_url(
        address.url,
        config=cast("Any", config),
        client_options=cast("Any", client),
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=seconds)},
        **cast("Any", more),
    )


def goes_to_loopback(scheme: str, settings: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Say whether the endpoint is plain http on this machine.

    Raises:
        ConfigError: it is plain http elsewhere: whoever listens would have the credentials' signatures and the rows.
    """
    named = [settings[name] for name in ("endpoint", "base_url", "sts_endpoint") if name in settings]
    plain = False
    for endpoint in (*named, *(environ[name] for name in _ENDPOINTS[scheme] if environ.get(name))):
        address = urlsplit(endpoint)
        if "@" in address.netloc or address.query:
            raise ConfigError("an endpoint has no user, password or query: what lets you in has settings of its own")
        if address.scheme == "http":
            if not _LOOPBACK.match(address.hostname or ""):
                raise ConfigError(f"{shown(endpoint)}: plain http is for this machine alone; use https")
            plain = True
    return plain or settings.get("use_emulator") == "true"
