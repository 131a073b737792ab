"""Objects in a bucket: the only file that knows obstore, and what it says of puts is not believed without reading back.

What was seen of obstore 0.12.1 on SeaweedFS, moto, Azurite and a stand-in for GCS, and decided for it:

* With its retries on, a conditional put that was carried out and whose answer was lost is sent again, and then its own
  success is reported as somebody else's. It also gives up on 503 after eleven tries in two to four seconds. So it is
  told not to retry; the retries are here, bounded by time.
* A put that timed out may still be carried out later. So each put that replaces something says what it replaces.
* A put may be refused with "conflict" (409) though there is nothing: then it is sent again.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from random import random
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, StorageError
from connector.outside_text import sentence, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from obstore import PutMode, PutResult
    from obstore.store import AzureStore, GCSStore, S3Store

try:
    import obstore
    from obstore import exceptions
    from obstore.store import from_url
except ImportError as _error:
    raise ConfigError("lakes in buckets need obstore: pip install 'stripe-balance-connector[cloud]'") from _error

SCHEMES = ("s3", "gs", "az")
"""What a bucket's address begins with."""

LARGEST = 256 * 2**20
"""Bytes that are put in one request; a conditional put cannot be sent in parts."""

PATIENCE_SECONDS = 180.0
"""How long one operation is tried: a store that throttles for a minute and a half does no harm."""

ATTEMPT_SECONDS = 30.0
"""How long one attempt may take."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 8.0
"""Seconds between attempts: doubled from the one to the other, half of it at random."""

_LOOPBACK = re.compile(r"^(localhost|127(?:\.\d{1,3}){3}|::1)$")
_NO_BUCKET = re.compile(r"<Code>(NoSuchBucket|ContainerNotFound)</Code>|The specified bucket does not exist")
_DETAILS = re.compile(r"\s*Debug source:.*", re.DOTALL)
_QUERY = re.compile(r"\?[^\s\"')]*")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """An object, as a listing shows it.

    Attributes:
        path: below the bucket's prefix.
        bytes: its size.
        modified: when it was put, UTC nanoseconds.
        version: its version token.
    """

    path: str
    bytes: int
    modified: int
    version: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try, and by which clock.

    Attributes:
        seconds: for one operation, all attempts together.
        now: seconds of a clock that does not go back.
        sleep: waits.
        jitter: a fraction in [0, 1), drawn anew at each call.
    """

    seconds: float = PATIENCE_SECONDS
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, or a folder of one. Every method blocks, and raises a `StorageError` that says what to do.

    A version token is opaque; it changes with the content, or with each put.

    Attributes:
        url: as given, without a slash at the end.
        patience: how long to try.
    """

    url: str
    patience: Patience
    _store: S3Store | GCSStore | AzureStore = field(repr=False)

    def get(self, path: str) -> tuple[bytes, str] | None:
        """Return an object's content and its version token, or None when there is none."""

        def attempt() -> tuple[bytes, str]:
            got = obstore.get(self._store, path)
            return bytes(got.bytes()), self._token(got.meta["e_tag"], got.meta["version"])

        return self._read(attempt, f"reading {path}")

    def version(self, path: str) -> str | None:
        """Return an object's version token, or None when there is none."""

        def attempt() -> str:
            meta = obstore.head(self._store, path)
            return self._token(meta["e_tag"], meta["version"])

        return self._read(attempt, f"looking at {path}")

    def download(self, path: str, target: Path) -> bool:
        """Write an object's content to a local file, in bounded memory; False when there is none."""

        def attempt() -> bool:
            with target.open("wb") as file:
                for part in obstore.get(self._store, path):
                    file.write(part)
            return True

        return self._read(attempt, f"reading {path}") or False

    def put(self, path: str, data: bytes | Path, *, replaces: str | None) -> str:
        """Create an object, or replace exactly the version named.

        Args:
            path: where.
            data: the content; at most `LARGEST` bytes.
            replaces: the version token of what is there; None where nothing is to be there.

        Returns:
            The new version token.

        Raises:
            CommitConflictError: something else is there; nothing of ours is, or has been replaced already.
            CommitUnknownError: it was sent, and whether it was carried out could not be learnt in time.
            StorageError: it is too large, or the store refuses.
        """
        self._refuse_large(path, data)
        mode: PutMode = "create" if replaces is None else self._mode(replaces)
        return self._put(path, data, mode)

    def overwrite(self, path: str, data: bytes | Path) -> str:
        """Put an object whatever is there, and return its version token: for names that are one writer's own.

        Of two such puts the first may arrive last, where its answer was lost.
        """
        self._refuse_large(path, data)
        return self._put(path, data, "overwrite")

    def delete(self, path: str) -> None:
        """Remove an object; nothing happens when there is none."""

        def attempt() -> None:
            obstore.delete(self._store, path)

        self._read(attempt, f"deleting {path}")

    def list(self, prefix: str) -> Iterator[Found]:
        """Yield the objects below a folder, in order of path."""

        def attempt() -> list[Found]:
            return [
                Found(
                    one["path"],
                    one["size"],
                    int(one["last_modified"].timestamp() * 1e9),
                    self._token(one["e_tag"], one["version"]),
                )
                for chunk in obstore.list(self._store, prefix)
                for one in chunk
            ]

        found = self._read(attempt, f"listing {prefix}")
        if found is None:
            raise StorageError(f"{self.url}: there is no such bucket; make it first, or look at the name")
        yield from sorted(found, key=lambda one: one.path)

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the paths of the folders right below a folder, in order."""

        def attempt() -> Sequence[str]:
            return sorted(obstore.list_with_delimiter(self._store, prefix)["common_prefixes"])

        return self._read(attempt, f"listing {prefix}") or ()

    # Puts -------------------------------------------------------------------------------------------------------------

    def _put(self, path: str, data: bytes | Path, mode: PutMode) -> str:
        """Put until it is known to be in, or to be refused.

        The same bytes go under the same condition again: whichever arrives second is refused, and reading back tells
        ours from another's.
        """
        unsure = False
        for last in self._attempts():
            try:
                return self._told(obstore.put(self._store, path, data, mode=mode, use_multipart=False))
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError) as error:
                there = self.get(path)
                if there is not None and unsure and there[0] == _content(data):
                    return there[1]
                if there is not None or mode != "create":
                    raise CommitConflictError(f"{path} was changed by another writer meanwhile") from error
            except (exceptions.NotSupportedError, NotImplementedError) as error:
                raise self._without_conditions(error) from error
            except FileNotFoundError as error:
                raise StorageError(
                    f"{self.url}: there is no such bucket; make it first, or look at the name"
                ) from error
            except _REFUSED as error:
                raise self._refusal(error, f"writing {path}") from error
            except (exceptions.GenericError, OSError) as error:
                unsure = True
                if last:
                    raise CommitUnknownError(
                        f"writing {path}: {self.url} did not answer for {self.patience.seconds:.0f} s, and whether it"
                        f" was written is not known ({_told(error)}); run again, which finds out"
                    ) from error
        raise CommitConflictError(f"{path}: {self.url} refused it again and again, though nothing is there")

    def _told(self, result: PutResult) -> str:
        return self._token(result["e_tag"], result["version"])

    def _mode(self, token: str) -> PutMode:
        kind, value = token.split(":", 1)
        return {"version": value} if kind == "version" else {"e_tag": f'"{value}"'}

    def _token(self, e_tag: str | None, version: str | None) -> str:
        """Return what a later put is conditioned on: GCS goes by its generation, S3 and Azure by the ETag."""
        if self.url.startswith("gs://"):
            if version is None:
                raise StorageError(f"{self.url} names no generation of an object: no put could be conditioned on it")
            return f"version:{version}"
        if e_tag is None:
            raise StorageError(f"{self.url} gives its objects no ETag: no put could be conditioned on one")
        bare = e_tag.strip('"')  # Azure's listings have it without quotes, its objects with them
        return f"e_tag:{bare}"

    def _refuse_large(self, path: str, data: bytes | Path) -> None:
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        if size > LARGEST:
            raise StorageError(
                f"{path} has {size / 2**20:,.0f} MiB, and at most {LARGEST // 2**20} MiB can be put in one request:"
                " make the lake anew with `partition=day`"
            )

    # Attempts ---------------------------------------------------------------------------------------------------------

    def _read(self, act: Callable[[], T], what: str) -> T | None:
        """Do what may be done again without harm, until it succeeds; None when there is no such object."""
        for last in self._attempts():
            try:
                return act()
            except FileNotFoundError:
                return None
            except _REFUSED as error:
                raise self._refusal(error, what) from error
            except (exceptions.GenericError, OSError) as error:
                if _NO_BUCKET.search(str(error)):
                    return None
                if last:
                    raise StorageError(
                        f"{what}: {self.url} did not answer as it should for {self.patience.seconds:.0f} s"
                        f" ({_told(error)}); look at the network and at the endpoint, then run again"
                    ) from error
        return None

    def _attempts(self) -> Generator[bool]:
        """Yield once for each attempt, waiting between; True for the last."""
        patience = self.patience
        end, pause = patience.now() + patience.seconds, FIRST_PAUSE
        while (now := patience.now()) < end:
            yield now + pause >= end
            patience.sleep(pause * (0.5 + patience.jitter() / 2))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _refusal(self, error: Exception, what: str) -> StorageError:
        kind = self.url.partition(":")[0]
        return StorageError(f"{what}: {self.url} refuses these credentials ({_told(error)}); {_SET[kind]}")

    def _without_conditions(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"{self.url} does not know conditional puts ({_told(error)}), without which two runs at once would"
            " overwrite each other's rows without a word: use a store that has them"
        )


_REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)

_SET = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile (AWS_PROFILE; needs boto3)",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a SAS token or a client's id and secret",
}


def open_bucket(
    url: str,
    options: Mapping[str, str] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    patience: Patience | None = None,
) -> Bucket:
    """Return the bucket an address names. Nothing is asked of it yet.

    Args:
        url: `s3://bucket/folder`, `gs://…` or `az://container/…`.
        options: settings by obstore's names (`storage_options`), over those of the environment.
        environ: where obstore finds the others.
        patience: how long to try.

    Raises:
        ConfigError: the address or a setting makes no sense; says which. No setting's value is quoted.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"{shown(url)!r} names no bucket: write s3://bucket/folder, gs://… or az://container/…")
    settings = {name.lower(): value for name, value in (options or {}).items()}
    loopback = _goes_to_loopback(parts.scheme, settings, environ)
    attempt = timedelta(seconds=ATTEMPT_SECONDS)
    try:
        store = from_url(
            url.rstrip("/"),
            config=cast("Any", settings),
            client_options={"timeout": attempt, "connect_timeout": timedelta(seconds=5), "allow_http": loopback},
            retry_config={"max_retries": 0, "retry_timeout": attempt},
        )
    except (exceptions.BaseError, ValueError, TypeError) as error:
        raise ConfigError(f"{shown(url)}: {_told(error, settings.values())}") from None
    return Bucket(url.rstrip("/"), patience or Patience(), cast("S3Store | GCSStore | AzureStore", store))


_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}


def _goes_to_loopback(scheme: str, settings: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Say whether the endpoint is plain http on this machine.

    Raises:
        ConfigError: it is plain http elsewhere: whoever listens would have the credentials' signatures and the rows.
    """
    known = {name: environ[name] for name in _ENDPOINTS[scheme] if environ.get(name)}
    chosen = [value for name, value in settings.items() if "endpoint" in name or "base_url" in name]
    for endpoint in (*chosen, *known.values()):
        address = urlsplit(endpoint)
        if address.scheme != "http":
            continue
        if not _LOOPBACK.match(address.hostname or ""):
            raise ConfigError(f"{shown(endpoint)}: plain http is for this machine alone; use https")
        return True
    return False


def _content(data: bytes | Path) -> bytes:
    return data if isinstance(data, bytes) else data.read_bytes()


def _told(error: Exception, secrets: Iterable[str] = ()) -> str:
    """Return what obstore says of an error, in one line, without what addresses carry behind a question mark."""
    return sentence(_QUERY.sub("", _DETAILS.sub("", str(error))), tuple(secrets))[:500]
