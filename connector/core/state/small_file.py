"""Data files of the small tables, as their records name them, and what every record has in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from connector.errors import ManifestError

_FILE = re.compile(r"[a-z_]+/account=[A-Za-z0-9_]+/[a-z_]+=\d{4}-\d{2}-\d{2}/part-0\.[a-z.]+")

READ_AGAIN = "move it away to have the payouts read again"
"""What else can be done about a damaged record of payouts."""

RESTORE = "record the balance in a new destination: what was, Stripe does not tell again"
"""What else can be done about a damaged record of balances."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One data file, as it was when it was written.

    Attributes:
        path: relative to the destination, with forward slashes.
        rows: number of rows, at least 1.
        bytes: its size.
        sha256: of its bytes, in hexadecimal.
        hidden: columns of it that hold nothing, since the lake does without them.
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    hidden: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return the entry of a record."""
        document = {"path": self.path, "rows": self.rows, "bytes": self.bytes, "sha256": self.sha256}
        return {**document, "hidden": list(self.hidden)} if self.hidden else document

    @staticmethod
    def of(entry: dict[str, Any], folder: str) -> StoredFile:
        """Read the entry of a record.

        Args:
            entry: the decoded JSON.
            folder: where the file has to be, with a slash at the end.

        Raises:
            ValueError: the figures are impossible, or the file is elsewhere.
            KeyError, TypeError: it is no such entry.
        """
        hidden = tuple(str(name) for name in entry.get("hidden", ()))
        file = StoredFile(entry["path"], entry["rows"], entry["bytes"], entry["sha256"], hidden)
        if not (file.path.startswith(folder) and _FILE.fullmatch(file.path)):
            raise ValueError(f"{file.path!r} is not a data file of this account")
        if not all(type(figure) is int and figure > 0 for figure in (file.rows, file.bytes)):
            raise ValueError(f"impossible figures of {file.path}")
        return file


def opened(document: object, *, table: str, version: int, where: str) -> dict[str, Any]:
    """Return a record's entries, once it is found to be one of ours and no newer than we know.

    Args:
        document: the decoded JSON.
        table: what it has to be about.
        version: the newest version known.
        where: its path, for messages.

    Raises:
        ManifestError: it is not; says what to do.
    """
    if not isinstance(document, dict) or "record_version" not in document:
        raise ManifestError(f"{where} is not a record of stripe-balance; point at another destination, or move it away")
    entries = cast("dict[str, Any]", document)
    found = entries["record_version"]
    if type(found) is not int or not 1 <= found <= version:
        raise ManifestError(
            f"{where} has version {found}, and this program knows up to {version}: upgrade stripe-balance-connector"
        )
    if entries.get("table") != table:
        raise ManifestError(
            f"{where} is about {entries.get('table')!r}, not {table}: it was renamed or copied; move it away"
        )
    return entries


def damaged(where: str, error: Exception, remedy: str) -> ManifestError:
    """Return the error for a record that does not make sense."""
    return ManifestError(f"{where} is damaged ({error!r}); restore it from a backup, or {remedy}")
