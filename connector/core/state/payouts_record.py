"""What the lake holds of one account's payouts: the record that the next run is decided by.

Frozen values and pure steps; how it is kept is told in `connector.core.state.record`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.state.data_file import day_of
from connector.core.state.partition import Granularity, partition_folder, partition_of
from connector.core.state.record import NOTHING, Parts
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.data_file import DataFile, Listing
    from connector.core.state.payouts import Payout
    from connector.core.units import AccountId

COLUMNS = 2
"""Number of the columns that files of payouts have: 2 has the parts of `trace_id`."""

PAYOUTS, TRANSACTIONS = "payouts", "payout_transactions"
"""Folders of the two tables."""


@dataclass(frozen=True, slots=True)
class PayoutsRecord:
    """State of one account's payouts in a lake.

    Attributes:
        account: whose they are.
        format: of the files, for example `jsonl.zst`.
        livemode: whether they are of live mode; None where the key's form does not say.
        covered: seconds of `created` whose payouts are durably in the files.
        payouts: every payout in the files, by id, as it was when last read.
        files: files of `payouts` by path.
        transaction_files: files of `payout_transactions` by path; a payout's transactions are in the lake when one of
            them names it.
        api_versions: every `Stripe-Version` that payouts were read under, in order of first use.
        read_at: when payouts were last read, UTC seconds by Stripe's clock; None where no run has said so yet.
        columns: of the files of payouts; fewer than `COLUMNS` where they are to be written again.
        number: of the record that the state goes up to; 0 before the first.
        written: when that record was written, UTC seconds by its writer's clock.
        seen: when it was loaded or committed, UTC seconds by our own clock.
        recorded: the state as it is recorded up to there, taken apart: what a commit says the difference to.
    """

    account: AccountId
    format: str
    livemode: bool | None = None
    covered: Intervals = field(default_factory=Intervals)
    payouts: Mapping[str, Payout] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    transaction_files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    api_versions: tuple[str, ...] = ()
    read_at: int | None = None
    columns: int = COLUMNS
    number: int = 0
    written: int = field(default=0, compare=False)
    seen: float = field(default=0.0, compare=False)
    recorded: Parts = field(default=NOTHING, compare=False, repr=False)

    @property
    def listings(self) -> dict[str, Listing]:
        """What of each payout is in the lake, by its id."""
        return {
            name: listing for file in self.transaction_files.values() for name, listing in (file.listings or {}).items()
        }

    @property
    def all_files(self) -> dict[str, DataFile]:
        """The files of both tables by path."""
        return {**self.files, **self.transaction_files}

    def with_lost(self, files: Iterable[DataFile], before: PayoutsRecord) -> PayoutsRecord:
        """Return the record naming lost files again, which were not written again: the next run finds them lost.

        Args:
            files: that were forgotten.
            before: the record that named them.
        """
        lists = {file.path: file for file in files if file.listings is not None}
        others = {file.path: file for file in files if file.path not in lists}
        days = Intervals.of(day_of_file(path) for path in others)
        payouts = {name: payout for name, payout in before.payouts.items() if payout.created in days}
        return replace(
            self,
            covered=self.covered.union(before.covered.both(days)),
            payouts=MappingProxyType({**payouts, **self.payouts}),
            files=MappingProxyType({**self.files, **others}),
            transaction_files=MappingProxyType({**self.transaction_files, **lists}),
        )

    def without(self, paths: Iterable[str]) -> PayoutsRecord:
        """Forget files that cannot be trusted: what they held has to be read again."""
        gone = set(paths)
        days = Intervals.of(day_of_file(path) for path in gone & self.files.keys())
        return replace(
            self,
            covered=self.covered.minus(days),
            payouts=MappingProxyType(
                {name: payout for name, payout in self.payouts.items() if payout.created not in days}
            ),
            files=MappingProxyType({path: file for path, file in self.files.items() if path not in gone}),
            transaction_files=MappingProxyType(
                {path: file for path, file in self.transaction_files.items() if path not in gone}
            ),
        )


def payouts_folder(account: AccountId, created: int) -> str:
    """Return the folder of the payouts made on the day of a second."""
    return partition_folder(PAYOUTS, account, partition_of(created, Granularity.DAY))


def transactions_folder(account: AccountId, day: int) -> str:
    """Return the folder of the transactions of payouts that arrive on a day."""
    label = partition_of(day, Granularity.DAY).label.removeprefix(f"{Granularity.DAY.column}=")
    return f"{TRANSACTIONS}/account={account}/arrival_date={label}"


def day_of_file(path: str) -> Interval:
    """Return the seconds of `created` that a file of payouts answers for, from its path.

    Raises:
        ValueError: it is not the path of such a file.
    """
    start = day_of(path)
    return Interval(start, start + DAY)
