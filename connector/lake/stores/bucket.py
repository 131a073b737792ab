"""Objects in a bucket: this and `bucket_opening` alone know obstore; what it says of puts is not believed unread.

What was seen of obstore 0.12.1 on SeaweedFS, moto, Azurite and a stand-in for GCS, and decided for it:

* With its retries on, a conditional put that was carried out and whose answer was lost is sent again, and then its own
  success is reported as somebody else's. It also gives up on 503 after eleven tries in two to four seconds. So it is
  told not to retry; the retries are here, bounded by time. Its errors do not carry `Retry-After`: pauses grow instead.
* A put that timed out may still be carried out later. So each put that replaces something says what it replaces.
* A put may be refused with "conflict" (409) though nothing stands against it: then it is sent again.
* A file given by its path is read into memory as a whole; one that is mapped into memory is sent from where it is.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=false
# (what obstore's listings are is known only where arro3 is installed, which deltalake brings)

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field
from math import inf
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar, cast

import obstore
from obstore import exceptions

from connector.errors import CommitConflictError, CommitUnknownError, ConfigError, StorageError
from connector.lake.stores.bucket_errors import (
    UNKNOWN_OPERATION,
    Act,
    client_message,
    is_for_good,
    is_no_bucket,
    is_no_store,
    is_refused,
    status_of,
    what_to_do,
)
from connector.lake.stores.patience import LARGE, Patience
from connector.lake.stores.tokens import condition_of, listed_token, nobodys_token, token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from obstore import ObjectMeta, PutMode, PutResult, UpdateVersion

    Body = bytes | mmap.mmap

LARGEST = 256 * 2**20
"""Bytes that are put in one request; a conditional put cannot be sent in parts."""

NO_STORE_SECONDS = 5.0
"""How long what never answered as a store does is asked before it is taken for none."""

NOTHING = "_stripe_balance/nothing-of-this-name"
"""What no lake has: a store says so, and other servers have a page for every name."""

_PARTITION = re.compile(r"[a-z_]+=[^.]*")
"""The name of a partition's folder."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object, as a listing shows it.

    Attributes:
        path: below the bucket's prefix.
        bytes: its size.
        modified: when it was put, UTC nanoseconds.
        version: what the listing tells of its version; see `connector.lake.stores.tokens`.
    """

    path: str
    bytes: int
    modified: int
    version: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, or a folder of one. Every method blocks, and raises a `StorageError` that says what to do.

    A version token is opaque; it changes with the content, or with each put.

    Attributes:
        url: in its plainest form, without a slash at the end.
        patience: how long to try.
        access: returns what another library's client of the same store needs: settings by obstore's names, with the
            credentials of the moment, and `allow_http`; it may be told to nobody else.
        around: returns the folders of the same bucket that would have this one among a lake's own, the innermost first.
    """

    url: str
    patience: Patience
    _store_for: Callable[[int], Any] = field(repr=False)
    access: Callable[[], dict[str, str]] = field(repr=False, default=dict["str", "str"])
    around: Callable[[], Sequence[Bucket]] = field(repr=False, default=tuple["Bucket", ...])
    _answered: set[str] = field(init=False, repr=False, default_factory=set[str])
    """Holds the address once a store has answered there: an object was seen, or that one is not there."""

    def named(self, path: str) -> str:
        """Return an object's whole address, for messages and readers."""
        return f"{self.url}/{path}"

    def get(self, path: str) -> tuple[bytes, str] | None:
        """Return an object's content and its version token, or None when there is none."""

        def attempt() -> tuple[bytes, str]:
            parts, token = self._parts(path)
            return b"".join(parts), token

        return self._read(attempt, Act.READ, path)

    def version(self, path: str) -> str | None:
        """Return an object's version token, or None when there is none."""

        def attempt() -> str:
            return self._token(obstore.head(self._store_for(0), path))

        return self._read(attempt, Act.LOOK, path)

    def download(self, path: str, target: Path) -> str | None:
        """Write an object's content to a local file, in bounded memory; return its token, or None without one."""

        def attempt() -> str:
            with target.open("wb") as file:
                parts, token = self._parts(path)
                for part in parts:
                    file.write(part)
            return token

        return self._read(attempt, Act.READ, path)

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
        return self._put(path, self._body(path, data), replaces, _mode(replaces))

    def overwrite(self, path: str, data: bytes | Path) -> str:
        """Put an object whatever is there, and return its version token: for names that are one writer's own.

        Of two such puts the first may arrive last, where its answer was lost.
        """
        return self._put(path, self._body(path, data), None, "overwrite")

    def is_refused(self, path: str, data: bytes, *, replaces: str | None) -> bool:
        """Say whether the store refuses a put for its condition; else it may be carried out: for bytes that do no harm.

        Args:
            path: where.
            data: what is there already, if anything is.
            replaces: a version token; None for a put where nothing is to be there.

        Raises:
            StorageError: it refuses for another reason.
        """
        mode = _mode(replaces)

        def attempt() -> bool:
            try:
                obstore.put(self._store_for(0), path, data, mode=mode, use_multipart=False)
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                return True
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            except (exceptions.NotSupportedError, NotImplementedError):
                return False
            except exceptions.GenericError as error:
                if status_of(error) != UNKNOWN_OPERATION:
                    raise
            return False

        return bool(self._read(attempt, Act.WRITE, path))

    @property
    def nobodys(self) -> str:
        """A version token that no object has."""
        return nobodys_token(self.url)

    def delete(self, path: str) -> None:
        """Remove an object; nothing happens when there is none."""

        def attempt() -> None:
            obstore.delete(self._store_for(0), path)

        self._read(attempt, Act.DELETE, path)

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """Yield the objects below a folder, in order of path, but for markers of folders."""
        yield from self.list_all(prefix) or ()

    def list_all(self, prefix: str, most: float = inf) -> Sequence[ListedObject] | None:
        """Return what `list` yields; None where there are more than some number."""

        def attempt() -> list[ListedObject]:
            objects: list[ListedObject] = []
            for chunk in obstore.list(self._store_for(0), prefix):  # pyright: ignore[reportUnknownMemberType] - of another way to call it
                objects += map(self._found, chunk)
                if len(objects) > most:
                    break
            return objects

        listing = self._read(attempt, Act.LIST, prefix)
        if listing is None:
            raise self._no_bucket()
        if not listing:
            self._refuse_no_store()
        return None if len(listing) > most else _without_markers(sorted(listing, key=lambda listed: listed.path))

    def shows(self, prefix: str) -> bool:
        """Say whether there is any object below a folder; not where these credentials may not look there."""

        def attempt() -> bool:
            try:
                return any(chunk for chunk in obstore.list(self._store_for(0), prefix))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - as above
            except exceptions.BaseError as error:
                if isinstance(error, _REFUSED) or is_refused(error):
                    return False
                raise

        return bool(self._read(attempt, Act.LIST, prefix))

    def _refuse_no_store(self) -> None:
        """Refuse what has shown nothing so far: to obstore any page of XML or HTML is a listing without objects.

        Raises:
            StorageError: it is no store, or a store that does not answer.
        """
        if not self._answered and self._read(lambda: obstore.head(self._store_for(0), NOTHING), Act.LOOK, NOTHING):
            raise self._no_store("it has something of whatever name it is asked for")

    def _found(self, meta: ObjectMeta) -> ListedObject:
        self._answered.add(self.url)
        modified = int(meta["last_modified"].timestamp() * 1e9)
        return ListedObject(meta["path"], meta["size"], modified, listed_token(self.url, meta["e_tag"]))

    def folders(self, prefix: str) -> Sequence[str]:
        """Return the paths of the folders right below a folder, in order."""

        def attempt() -> Sequence[str]:
            return sorted(obstore.list_with_delimiter(self._store_for(0), prefix)["common_prefixes"])  # pyright: ignore[reportUnknownMemberType] - as above

        prefixes = self._read(attempt, Act.LIST, prefix)
        if prefixes is None:
            raise self._no_bucket()
        return prefixes

    # Gets -------------------------------------------------------------------------------------------------------------

    def _parts(self, path: str) -> tuple[Iterable[bytes], str]:
        """Return an object's content part by part, and its version token: a large one in requests of bounded time."""
        got = obstore.get(self._store_for(0), path)
        token = self._token(got.meta)
        if got.meta["size"] <= LARGE:
            return (bytes(part) for part in got), token
        return self._pieces(path, got.meta["size"], token), token

    def _pieces(self, path: str, size: int, token: str) -> Iterator[bytes]:
        for start in range(0, size, LARGE):
            got = obstore.get(self._store_for(0), path, options={"range": (start, min(start + LARGE, size))})
            if self._token(got.meta) != token:
                raise OSError("the object was replaced while it was being read")
            yield bytes(got.bytes())

    # Puts -------------------------------------------------------------------------------------------------------------

    def _put(self, path: str, body: Body, replaces: str | None, mode: PutMode) -> str:
        """Put until it is known to be in, or to be refused.

        The same bytes go under the same condition again: whichever arrives second is refused, and reading back tells
        ours from another's.
        """
        store, unsure = self._store_for(len(body)), False
        for last in self.patience.attempts(len(body)):
            try:
                return self._token(obstore.put(store, path, body, mode=mode, use_multipart=False))
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError) as error:
                self._refuse_for_good(error, Act.WRITE, path)
                if unsure and (ours := self._ours(path, body)) is not None:
                    return ours
                if last or (mode != "overwrite" and self.version(path) != replaces):
                    raise CommitConflictError(f"{self.named(path)} was changed by another writer meanwhile") from error
            except (exceptions.NotSupportedError, NotImplementedError) as error:
                raise self._without_conditions(error) from error
            except FileNotFoundError as error:
                raise self._no_bucket() from error
            except (exceptions.BaseError, OSError) as error:
                unsure = True
                self._refuse_for_good(error, Act.WRITE, path)
                if last:
                    raise CommitUnknownError(
                        f"writing {self.named(path)}: the store did not answer for {self.patience.seconds:.0f} s, and"
                        f" whether it was written is not known ({client_message(error)}); run again, which finds out"
                    ) from error
        raise CommitUnknownError(f"writing {self.named(path)} was not tried")

    def _ours(self, path: str, body: Body) -> str | None:
        """Return an object's version token if it is, byte for byte, what was put."""

        def attempt() -> str | None:
            (parts, token), at = self._parts(path), 0
            for part in parts:
                if body[at : at + len(part)] != part:
                    return None
                at += len(part)
            return token if at == len(body) else None

        return self._read(attempt, Act.READ, path)

    def _body(self, path: str, data: bytes | Path) -> Body:
        """Return what is to be put: a large file as it lies on the disk, so that memory does not grow with it.

        A mapping is gone when nobody has it any more; obstore lets go of it later than its call ends.
        """
        size = len(data) if isinstance(data, bytes) else data.stat().st_size
        if size > LARGEST:
            raise StorageError(
                f"{self.named(path)} has {size / 2**20:,.0f} MiB, and at most {LARGEST // 2**20} MiB can be put in one"
                " request: make the lake anew with `partition=day`; a day of that size, as a file or in a table, has to"
                " be kept in a folder on a disk"
            )
        if isinstance(data, bytes):
            return data
        with data.open("rb") as file:
            return file.read() if size <= LARGE else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def _token(self, known: PutResult | ObjectMeta) -> str:
        self._answered.add(self.url)
        return token_of(self.url, known["e_tag"], known["version"])

    # Attempts ---------------------------------------------------------------------------------------------------------

    def _read(self, attempt: Callable[[], T], act: Act, path: str) -> T | None:
        """Do what may be done again without harm, until it succeeds; None when there is no such object."""
        began = self.patience.now()
        for last in self.patience.attempts():
            try:
                return attempt()
            except FileNotFoundError as error:
                if is_no_bucket(error) and act is not Act.LIST:
                    raise self._no_bucket() from error
                self._answered.add(self.url)
                return None
            except (exceptions.BaseError, OSError) as error:
                if is_no_bucket(error):
                    return None
                self._refuse_for_good(error, act, path)
                waited = self.patience.now() - began
                if is_no_store(error) and not self._answered and waited >= NO_STORE_SECONDS:
                    raise self._no_store(client_message(error)) from error
                if last:
                    raise StorageError(
                        f"{act.value} {self.named(path)}: the store did not answer as it should for"
                        f" {self.patience.seconds:.0f} s ({client_message(error)}); look at the network and at the"
                        " endpoint, then run again"
                    ) from error
        return None

    def _refuse_for_good(self, error: Exception, act: Act, path: str) -> None:
        """Raise what no other attempt would mend: no entrance, another region, a request that is none.

        Raises:
            StorageError: it is such an answer.
        """
        if isinstance(error, _FOR_GOOD) or is_for_good(error):
            told = what_to_do(error, act, self.url.partition(":")[0])
            raise StorageError(f"{act.value} {self.named(path)}: {told}") from error

    def _no_store(self, told: str) -> StorageError:
        return StorageError(
            f"{self.url}: what answers is not a bucket's store ({told}); look at the endpoint: a store's console has an"
            " address of its own, and a network that asks for a login shows a page first"
        )

    def _no_bucket(self) -> StorageError:
        return StorageError(f"{self.url}: there is no such bucket; make it first, or look at the name")

    def _without_conditions(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"{self.url} does not know conditional puts ({client_message(error)}), without which two runs at once would"
            " overwrite each other's rows without a word: use a store that has them"
        )


_REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
_FOR_GOOD = (*_REFUSED, exceptions.InvalidPathError, exceptions.NotSupportedError)


def _mode(replaces: str | None) -> PutMode:
    return "create" if replaces is None else cast("UpdateVersion", condition_of(replaces))


def _without_markers(objects: list[ListedObject]) -> list[ListedObject]:
    """Leave out the empty objects by which consoles, and programs that make a disk of a bucket, keep folders.

    Their keys end in a slash, which obstore neither shows nor lets anybody write. So an empty object is one where
    others lie below it, or where it is named as the folder of a partition is. Readers pass over them.
    """
    empty = {listed.path for listed in objects if not listed.bytes}
    if not empty:
        return objects
    above = {str(folder) for listed in objects for folder in PurePosixPath(listed.path).parents}
    markers = {path for path in empty if path in above or _PARTITION.fullmatch(path.rpartition("/")[2])}
    return [listed for listed in objects if listed.path not in markers]
