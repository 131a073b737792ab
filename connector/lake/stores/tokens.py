"""Version tokens of objects, for puts that replace them: GCS has generations, S3 and Azure go by the ETag.

A listing of GCS names no generation (through obstore), so its tokens hold the ETag besides: a listing tells whether an
object is another than before, and a put whether it is still the same.
"""

from __future__ import annotations

from connector.errors import StorageError

_NOBODYS_TAG, _NOBODYS_GENERATION = "0123456789abcdef0123456789abcdef", "1"


def token_of(url: str, e_tag: str | None, version: str | None) -> str:
    """Return an object's token.

    Args:
        url: of the bucket.
        e_tag: as the store's client gives it.
        version: as well.

    Raises:
        StorageError: the store names none.
    """
    tag = listed_token(url, e_tag)
    if not _by_generation(url):
        return tag
    if version is None:
        raise StorageError(f"{url} names no generation of an object: no put could be conditioned on it")
    return f"version:{version} {tag}"


def listed_token(url: str, e_tag: str | None) -> str:
    """Return what a listing tells of an object's version: the end of its token.

    Raises:
        StorageError: it tells nothing.
    """
    if e_tag is None:
        raise StorageError(f"{url} gives its objects no ETag: no put could be conditioned on one")
    bare = e_tag.strip('"')  # Azure's listings have it without quotes, its objects with them
    return f"e_tag:{bare}"


def nobodys_token(url: str) -> str:
    """Return a token that no object has."""
    return token_of(url, _NOBODYS_TAG, _NOBODYS_GENERATION)


def condition_of(token: str) -> dict[str, str]:
    """Return a token as the store's client takes it."""
    kind, value = token.partition(" ")[0].split(":", 1)
    return {"version": value} if kind == "version" else {"e_tag": f'"{value}"'}


def _by_generation(url: str) -> bool:
    return url.startswith("gs://")
