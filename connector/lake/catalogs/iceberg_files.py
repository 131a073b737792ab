"""How pyiceberg reads and writes a table's metadata in a lake's bucket: through the lake's own client of it.

Its own ways of writing are pyarrow's and fsspec's: they would need settings and packages of their own for each store,
and pyarrow makes a half-written object visible when a writer fails. Data files are not written here. All names that
pyiceberg writes under hold a UUID, so that a put needs no condition to be the only one.

A catalog makes its files by the name of a class and properties, which are text: a bucket is found by a token among
them.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUntypedBaseClass=false, reportUnknownArgumentType=false, reportUnknownParameterType=false
# (pyiceberg is an extra, and this is checked without it, too)

from __future__ import annotations

import io
import secrets
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from pyiceberg.io import FileIO, InputFile, OutputFile, load_file_io

from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from connector.lake.stores.bucket import Bucket

IMPLEMENTATION = "py-io-impl"
"""Property of a catalog that names the class of its files."""

TOKEN = "stripe-balance.bucket"  # noqa: S105 - the name of a property
"""Property of a catalog that says which bucket they are in."""

_BUCKETS: dict[str, Bucket] = {}


def address_in_tables(bucket: Bucket) -> str:
    """Return the address of a bucket's folder as Iceberg tables have it: Azure's is `abfss://`, which readers know.

    Raises:
        ConfigError: no storage account is named.
    """
    if not bucket.url.startswith("az://"):
        return bucket.url
    account = bucket.access().get("account_name")
    if account is None:
        raise ConfigError("Iceberg tables in Azure name their files by the storage account: set account_name")
    container, _, folder = bucket.url.removeprefix("az://").partition("/")
    return f"abfss://{container}@{account}.dfs.core.windows.net{folder and f'/{folder}'}"


@contextmanager
def files_in(bucket: Bucket) -> Generator[dict[str, str]]:
    """Offer the properties by which a catalog has its files in a bucket, for the length of the block."""
    token = secrets.token_hex(8)
    _BUCKETS[token] = bucket
    try:
        yield {IMPLEMENTATION: f"{__name__}.{BucketFiles.__name__}", TOKEN: token}
    finally:
        del _BUCKETS[token]


class BucketFiles(FileIO):
    """Files in a lake's bucket; those elsewhere are left to pyiceberg's own ways."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        super().__init__({**properties})
        self._bucket = _BUCKETS[properties[TOKEN]]
        self._root = f"{address_in_tables(self._bucket)}/"

    def new_input(self, location: str) -> InputFile:
        """Return a file to be read."""
        path = self._path(location)
        return self._elsewhere(location).new_input(location) if path is None else _File(location, self._bucket, path)

    def new_output(self, location: str) -> OutputFile:
        """Return a file to be written."""
        path = self._path(location)
        return self._elsewhere(location).new_output(location) if path is None else _File(location, self._bucket, path)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Remove a file."""
        name = location if isinstance(location, str) else location.location
        path = self._path(name)
        if path is None:
            self._elsewhere(name).delete(location)
        else:
            self._bucket.delete(path)

    def _path(self, location: str) -> str | None:
        return location.removeprefix(self._root) if location.startswith(self._root) else None

    def _elsewhere(self, location: str) -> FileIO:
        return load_file_io(
            {name: value for name, value in self.properties.items() if name != IMPLEMENTATION}, location
        )


class _File(InputFile, OutputFile):
    """An object, read or written as a whole: metadata is small."""

    def __init__(self, location: str, bucket: Bucket, path: str) -> None:
        super().__init__(location)
        self._bucket, self._path = bucket, path
        self._put: int | None = None

    def __len__(self) -> int:
        """Return its bytes; of what was put through this object, how many were."""
        return len(self._content()) if self._put is None else self._put

    def exists(self) -> bool:
        """Say whether it is there."""
        return self._bucket.version(self._path) is not None

    def open(self, seekable: bool = True) -> io.BytesIO:  # noqa: ARG002, FBT001, FBT002 - as pyiceberg calls it
        """Return its content."""
        return io.BytesIO(self._content())

    def create(self, overwrite: bool = False) -> _Put:  # noqa: FBT001, FBT002 - as above
        """Return what takes its content, and puts it when it is closed."""
        return _Put(partial(self._take, overwrite=overwrite))

    def to_input_file(self) -> _File:
        """Return it to be read."""
        return self

    def _take(self, content: bytes, *, overwrite: bool) -> None:
        if overwrite:
            self._bucket.overwrite(self._path, content)
        else:
            self._bucket.put(self._path, content, replaces=None)
        self._put = len(content)

    def _content(self) -> bytes:
        there = self._bucket.get(self._path)
        if there is None:
            raise FileNotFoundError(f"{self.location} is not there")
        return there[0]


class _Put(io.BytesIO):
    """What is written to an object, all of it put at the end, or nothing where the writer failed."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        super().__init__()
        self._put = put

    def __exit__(self, kind: object, *more: object) -> None:
        if kind is not None:
            super().close()
        super().__exit__(kind, *more)  # pyright: ignore[reportArgumentType] - as it came

    def close(self) -> None:
        """Put what was written."""
        if self.closed:
            return
        content = self.getvalue()
        super().close()
        self._put(content)
