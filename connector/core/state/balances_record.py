"""What the lake holds of one account's balance snapshots. The shape on disk is `schemas/balances_record.json`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.state.partition import Granularity, checked_account, partition_of
from connector.core.state.small_file import RESTORE, damaged, of_entry, opened, to_entry
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.units import AccountId

RECORD_VERSION = 1
"""Version of the record's own shape; a newer one is refused."""

TABLE = "balances"
"""Folder of the data files."""


@dataclass(frozen=True, slots=True)
class BalancesRecord:
    """State of one account's snapshots in a lake.

    Attributes:
        account: whose they are.
        format: of the files, for example `jsonl.zst`.
        livemode: whether they are of live mode; None where the key's form does not say.
        files: data files by path.
        lost: data files, as they were written, that were found gone or changed; they stay named until they are back.
        revision: number of writes.
    """

    account: AccountId
    format: str
    livemode: bool | None = None
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    lost: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    revision: int = 0

    def with_file(self, file: DataFile) -> BalancesRecord:
        """Return the record after a file was durably written."""
        files = MappingProxyType({**self.files, file.path: file})
        return replace(self, files=files, revision=self.revision + 1)

    def without_file(self, path: str) -> BalancesRecord:
        """Return the record without a file that is not there any more as it was written: it is named as lost."""
        files = MappingProxyType({name: file for name, file in self.files.items() if name != path})
        return replace(self, files=files, lost=MappingProxyType({path: self.files[path], **self.lost}))

    def with_found(self, file: DataFile) -> BalancesRecord:
        """Return the record with a lost file that is there again as it was written."""
        lost = MappingProxyType({name: one for name, one in self.lost.items() if name != file.path})
        return replace(self.with_file(file), lost=lost)


def snapshots_folder(account: AccountId, snapshot_at: int) -> str:
    """Return the folder of the snapshots of a second's UTC day."""
    label = partition_of(snapshot_at, Granularity.DAY).label.removeprefix(f"{Granularity.DAY.column}=")
    return f"{TABLE}/account={account}/snapshot_date={label}"


def to_document(record: BalancesRecord) -> dict[str, Any]:
    """Return the JSON document of `schemas/balances_record.json`."""
    return {
        "record_version": RECORD_VERSION,
        "revision": record.revision,
        "table": TABLE,
        "account": record.account,
        "format": record.format,
        "livemode": record.livemode,
        "files": [to_entry(file) for _, file in sorted(record.files.items())],
        "lost": [to_entry(file) for _, file in sorted(record.lost.items())],
    }


def from_document(document: object, *, where: str) -> BalancesRecord:
    """Build a record from its JSON document.

    Args:
        document: the decoded JSON.
        where: the record's path, for messages.

    Raises:
        ManifestError: when the document is not one of ours, is damaged, or is of a newer version.
    """
    entries = opened(document, table=TABLE, version=RECORD_VERSION, where=where)
    try:
        account = checked_account(entries["account"])
        folder = f"{TABLE}/account={account}/"
        files, lost = ([of_entry(entry, folder) for entry in entries[name]] for name in ("files", "lost"))
        return BalancesRecord(
            account=account,
            format=str(entries["format"]),
            livemode=entries["livemode"],
            files=MappingProxyType({one.path: one for one in files}),
            lost=MappingProxyType({one.path: one for one in lost}),
            revision=int(entries["revision"]),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ProtocolError) as error:
        raise damaged(where, error, RESTORE) from error
