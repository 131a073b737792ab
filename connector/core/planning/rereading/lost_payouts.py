"""Files of payouts and of their transactions that are lost: what they held, and what of it is there again."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.rereading.mended import Healed
from connector.core.state.data_file import folder_of
from connector.core.state.intent import contents
from connector.core.state.payouts_record import day_of_file
from connector.core.time.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.payouts_record import PayoutsRecord


@dataclass(frozen=True, slots=True)
class MendedPayouts:
    """What became of lost files.

    Attributes:
        healed: what is there again.
        gone: rows that were lost and that Stripe lists no more.
    """

    healed: Healed
    gone: int


@dataclass(frozen=True, slots=True)
class LostPayouts:
    """Lost files of one account.

    Attributes:
        files: as the record named them, by path.
        held: rows that each of them held, by the id of the payout they are of: 1 for the payout itself.
    """

    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    held: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    _before: PayoutsRecord | None = None

    def with_files(self, lost: Iterable[DataFile], record: PayoutsRecord) -> LostPayouts:
        """Return it with more files, which the record still names."""
        files = {file.path: file for file in lost}
        held = {path: _held(file, record) for path, file in files.items()}
        before = self._before or record
        return LostPayouts(MappingProxyType({**self.files, **files}), MappingProxyType({**self.held, **held}), before)

    @property
    def seconds(self) -> Intervals:
        """Seconds of `created` whose payouts are lost."""
        return Intervals.of(day_of_file(path) for path, file in self.files.items() if file.listings is None)

    @property
    def payouts(self) -> frozenset[str]:
        """Ids of the payouts whose transactions are lost."""
        lists = (file for file in self.files.values())
        return frozenset(name for file in lists for name in file.listings or ())

    def recalled(self, record: PayoutsRecord) -> tuple[LostPayouts, PayoutsRecord]:
        """Return what is left of the lost files without those that were not written again, and the record with them."""
        there = contents(record.all_files)  # by partition: a file of a table has another name each time
        missing = {path: file for path, file in self.files.items() if folder_of(path) not in there}
        if not missing or self._before is None:
            return self, record
        files = {path: file for path, file in self.files.items() if path not in missing}
        left = LostPayouts(MappingProxyType(files), self.held, self._before)
        return left, record.with_lost(missing.values(), self._before)

    def mended(self, record: PayoutsRecord) -> MendedPayouts:
        """Count what is there again by a record that names what was written since."""
        files, rows, gone, there = 0, 0, 0, contents(record.all_files)
        for path, file in self.files.items():
            files += folder_of(path) in there
            for payout, had in self.held[path].items():
                has = _has(file, payout, record)
                rows += min(had, has)
                gone += max(0, had - has)
        return MendedPayouts(Healed(files, rows), gone)


def _held(file: DataFile, record: PayoutsRecord) -> dict[str, int]:
    if file.listings is not None:
        return {name: listing.rows for name, listing in file.listings.items()}
    day = day_of_file(file.path)
    return {name: 1 for name, payout in record.payouts.items() if payout.created in day}


def _has(file: DataFile, payout: str, record: PayoutsRecord) -> int:
    if file.listings is not None:
        listing = record.listings.get(payout)
        return 0 if listing is None else listing.rows
    return int(payout in record.payouts)
