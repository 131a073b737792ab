"""A destination: its name, and the settings of its store, as one value that is passed on."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from connector.config.storage import CLOUDS, checked_settings, settings_in
from connector.core.suggestions import did_you_mean
from connector.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

D = TypeVar("D")
S = TypeVar("S")

_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")
_SLASH_LOST = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?=[^/])")
_AZURE_HOST = re.compile(r"([a-z0-9-]+)\.(?:dfs|blob)\.core\.windows\.net")
_VARIABLE = re.compile(r"(?:^|/)(\$(?:[A-Za-z_]\w*|\{\w+\}|\(\w+\)))(?=/|$)")
_SAID_OTHERWISE = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "azure": "az", "adl": "az", "wasb": "az", "wasbs": "az"}
_LAKE_FS = ("abfs", "abfss")


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """What an address names.

    Attributes:
        scheme: `s3`, `gs`, `az` or `memory`.
        bucket: its bucket, or container.
        folder: the lake's folder in it, without slashes at its ends; empty for the whole bucket.
        settings: what the address says besides.
    """

    scheme: str
    bucket: str
    folder: str
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def url(self) -> str:
        """The address in its plainest form, without a slash at the end."""
        return f"{self.scheme}://{self.bucket}{self.folder and f'/{self.folder}'}"


@dataclass(frozen=True, slots=True, eq=False)
class Destination(os.PathLike[str]):
    """A lake's name with the settings of its store; shows the name alone.

    Attributes:
        name: a local folder, or a bucket's address.
        settings: `storage_options`.
        single_writer: whether the caller sees to it that nobody else writes.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    single_writer: bool = False
    _opened: list[object] = field(init=False, repr=False, default_factory=list[object])

    def __fspath__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a destination with its storage options is not pickled: name it anew in the other process")

    @property
    def address(self) -> BucketAddress | None:
        """The bucket that is named; None for a local folder.

        Raises:
            ConfigError: it is an address of something else; says what to write.
        """
        return bucket_address(self.name)

    def once(self, make: Callable[[], S]) -> S:
        """Return what is made of it at the first call: a call that opens it often has one connection pool."""
        if not self._opened:
            self._opened.append(make())
        return self._opened[0]  # pyright: ignore[reportReturnType] - made by the only caller's function


def placed(
    destination: D,
    storage_options: Mapping[str, str] | None = None,
    *,
    storage_options_file: str | os.PathLike[str] | None = None,
    single_writer: bool = False,
) -> D | Destination:
    """Return a destination with the settings of its store, to be passed on in its place; a local folder as it is.

    Args:
        destination: a folder, a bucket's address, or what this function has returned before.
        storage_options: settings by name.
        storage_options_file: a file of more of them; those of `storage_options` go before.
        single_writer: whether the caller sees to it that nobody else writes.

    Raises:
        ConfigError: settings for a local folder, or none of that name.
        UsageError: they are no settings at all.
    """
    if storage_options is not None and not hasattr(storage_options, "items"):
        raise UsageError("`storage_options` are names and values, as in {'region': 'eu-central-1'}")
    if isinstance(destination, Destination) or not isinstance(destination, str | os.PathLike):
        return destination
    name = str(destination)  # pyright: ignore[reportUnknownArgumentType] - a path of text or of bytes
    address = bucket_address(name)
    read = settings_in(storage_options_file) if storage_options_file is not None else {}
    if address is None:
        if storage_options or read or single_writer:
            raise ConfigError("storage options are for buckets, and the destination is a local folder: leave them out")
        return destination  # pyright: ignore[reportUnknownVariableType] - as above
    settings = {**checked_settings(address.scheme, read), **checked_settings(address.scheme, storage_options or {})}
    return Destination(name, MappingProxyType(settings), single_writer)


def bucket_address(text: str) -> BucketAddress | None:
    """Return the bucket that a destination names, or None where it is no address.

    Raises:
        ConfigError: it is an address of something else, or holds what should not be in one; that is not quoted.
    """
    match = _URL.match(text)
    if match is None:
        _refuse_lost_slash(text)
        return None
    scheme = match[1].lower()
    if not text.isprintable():
        raise ConfigError(f"{text!r} has characters that not every store takes: name another folder")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ConfigError(f"the destination is no address: {_EXAMPLES}") from None
    if scheme in _LAKE_FS:
        return _of_lake_fs(parts.netloc, parts.path)
    if scheme not in CLOUDS:
        raise ConfigError(
            f"destinations of the kind {scheme}:// are not known"
            f"{_meant(scheme)}: {_EXAMPLES}, and a local folder is a plain path"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            f"the address of a bucket has no user, password, query or fragment: {_EXAMPLES}; what lets you in comes"
            " from the environment or from storage options"
        )
    refuse_variable(text)
    if not parts.netloc or ":" in parts.netloc:
        raise ConfigError(f"{text!r} names no bucket: {_EXAMPLES}")
    return BucketAddress(scheme, parts.netloc, _folder(text, parts.path))


def refuse_variable(text: str) -> None:
    """Refuse `$LAKE/x`, which no shell has put a value into: it would name a folder in whatever one works in.

    Raises:
        ConfigError: names the variable.
    """
    match = _VARIABLE.search(text)
    if match is not None:
        raise ConfigError(
            f"{text!r} has {match[1]} in it, which only a shell puts a value in the place of: name the place itself"
        )


def _refuse_lost_slash(text: str) -> None:
    """Refuse `s3:/bucket`, which would be a folder here, on a machine that may be gone tomorrow with all its rows.

    That is what `pathlib.Path` makes of an address, and how Spark may write what is none of a bucket.

    Raises:
        ConfigError: says what to write.
    """
    match = _SLASH_LOST.match(text)
    if match is None:
        return
    scheme = match[1].lower()
    if scheme in {*CLOUDS, *_SAID_OTHERWISE, *_LAKE_FS}:
        raise ConfigError(
            f"{scheme}:/… is no address of a bucket: write {scheme}://… with both slashes, and as text, for Python's"
            " Path takes one away"
        )
    raise ConfigError(
        f"destinations of the kind {scheme}:/ are not known: {_EXAMPLES}, and a local folder is a plain path; one that"
        " is really called that begins with ./"
    )


_EXAMPLES = "write s3://bucket/folder, gs://bucket/folder or az://container/folder"


def _meant(scheme: str) -> str:
    if scheme in _SAID_OTHERWISE:
        return f" (did you mean {_SAID_OTHERWISE[scheme]}://?)"
    return did_you_mean(scheme, CLOUDS)


def _of_lake_fs(netloc: str, path: str) -> BucketAddress:
    """Return what Spark's address of an Azure container names.

    Raises:
        ConfigError: it is none.
    """
    container, _, host = netloc.partition("@")
    account = _AZURE_HOST.fullmatch(host)
    if not container or ":" in container or account is None:
        raise ConfigError(
            "an abfss:// address has the container, an @ and ACCOUNT.dfs.core.windows.net before the folder;"
            " az://container/folder with the storage option account_name says the same"
        )
    settings = MappingProxyType({"account_name": account[1]})
    return BucketAddress("az", container, _folder("the address", path), settings)


def _folder(text: str, path: str) -> str:
    """Return the folder of an address.

    Raises:
        ConfigError: no object could be named below it by every store and reader.
    """
    folder = path.strip("/")
    if folder and any(part in {"", ".", ".."} for part in folder.split("/")):
        raise ConfigError(f"{text!r} has an empty part, . or .. in it: name the folder plainly")
    if "\\" in folder:
        raise ConfigError(f"{text!r} has characters that not every store takes: name another folder")
    if "%" in folder:  # obstore takes `%41` for A, S3's own clients for itself
        raise ConfigError(
            f"{text!r} has a % in it, which some clients take for the beginning of a coded character, and others as it"
            " is: write the character that is meant, or name another folder"
        )
    return folder
