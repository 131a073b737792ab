"""What the records of the small tables have in common."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from connector.core.state.data_file import DataFile, checked_file
from connector.errors import ManifestError

READ_AGAIN = "move it away to have the payouts read again"
"""What else can be done about a damaged record of payouts."""

RESTORE = "record the balance in a new destination: what was, Stripe does not tell again"
"""What else can be done about a damaged record of balances."""


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


def to_entry(file: DataFile) -> dict[str, Any]:
    """Return a data file's entry in a record."""
    return cast("dict[str, Any]", msgspec.to_builtins(file))


def of_entry(entry: object, folder: str) -> DataFile:
    """Read the entry of a record.

    Args:
        entry: the decoded JSON.
        folder: where the file has to be, with a slash at the end.

    Raises:
        ValueError: it is no such entry, the figures are impossible, or the file is elsewhere.
    """
    return checked_file(msgspec.convert(entry, DataFile), folder)
