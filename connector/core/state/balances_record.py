"""What the lake holds of one account's balance snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.state.data_file import replaced_in
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.record import NOTHING, Parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.units import AccountId

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
        number: of the record that the state goes up to; 0 before the first.
        written: when that record was written, UTC seconds by its writer's clock.
        seen: when it was loaded or committed, UTC seconds by our own clock.
        recorded: the state as it is recorded up to there, taken apart: what a commit says the difference to.
    """

    account: AccountId
    format: str
    livemode: bool | None = None
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    lost: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    number: int = 0
    written: int = field(default=0, compare=False)
    seen: float = field(default=0.0, compare=False)
    recorded: Parts = field(default=NOTHING, compare=False, repr=False)

    def with_file(self, file: DataFile) -> BalancesRecord:
        """Return the record after a file was durably written."""
        return replace(self, files=replaced_in(self.files, [file]))

    def without_file(self, path: str) -> BalancesRecord:
        """Return the record without a file that is not there any more as it was written: it is named as lost."""
        files = MappingProxyType({name: file for name, file in self.files.items() if name != path})
        return replace(self, files=files, lost=MappingProxyType({path: self.files[path], **self.lost}))

    def with_found(self, file: DataFile) -> BalancesRecord:
        """Return the record with a lost file that is there again as it was written."""
        lost = MappingProxyType({name: lost_file for name, lost_file in self.lost.items() if name != file.path})
        return replace(self.with_file(file), lost=lost)


def snapshots_folder(account: AccountId, snapshot_at: int) -> str:
    """Return the folder of the snapshots of a second's UTC day."""
    label = partition_of(snapshot_at, Granularity.DAY).label.removeprefix(f"{Granularity.DAY.column}=")
    return f"{TABLE}/account={account}/snapshot_date={label}"
