"""What deltalake's own client of a bucket is told, so that it gets in as ours does.

It is a client of the same kind as obstore's, with its own retries: what a commit came to is looked up afterwards, so
they do no harm, and a store that throttles is waited for as long as ours waits. What it has no setting for is refused,
instead of being left out: without a token it would ask elsewhere for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.storage import is_secret
from connector.errors import ConfigError
from connector.lake.stores.patience import ATTEMPT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.lake.stores.bucket import Bucket

CONNECT_SECONDS = 5
"""How long a connection may take to come about."""

_UNKNOWN = {
    "bearer_token": "a token of Google: name the file of a service account (GOOGLE_APPLICATION_CREDENTIALS)",
    "root_certificate": "a certificate to trust besides: have the system trust it",
}
"""Settings that deltalake has no name for, and what to do."""

_OURS = frozenset({"profile", "default_region"})
"""Settings that say where others come from, which have come already."""


def options_for(bucket: Bucket) -> dict[str, str]:
    """Return the storage options by which deltalake opens tables in a bucket, with the credentials of the moment.

    Raises:
        ConfigError: it could not have one that is set, or it cannot open such a bucket at all; says what to do.
    """
    scheme = bucket.url.partition(":")[0]
    if scheme == "memory":
        raise ConfigError("Delta tables are in a folder or in a bucket: nobody else could read one in memory")
    known = bucket.access()
    for name, remedy in _UNKNOWN.items():
        if name in known:
            raise ConfigError(f"a lake of Delta tables is written by deltalake, which takes no {name}, {remedy}")
    named = {_named(scheme, name): value for name, value in known.items() if name not in _OURS}
    condition = {"AWS_CONDITIONAL_PUT": "etag"} if scheme == "s3" else {}
    return {
        **named,
        **condition,
        "timeout": f"{ATTEMPT_SECONDS:.0f}s",
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "max_retries": "1000",
        "retry_timeout": f"{bucket.patience.seconds:.0f}s",
    }


def secrets_of(options: Mapping[str, str]) -> set[str]:
    """Return the values among storage options that must not be shown."""
    return {value for name, value in options.items() if is_secret(name.lower())}


def _named(scheme: str, name: str) -> str:
    """Return what deltalake calls a setting."""
    if scheme != "s3":
        return name
    return "AWS_ENDPOINT_URL" if name == "endpoint" else f"AWS_{name.upper()}"
