"""What the lake holds of one account's payouts: the record that the next run is decided by.

Frozen values and pure steps; reading and writing the file is the lake's business. The shape on disk is
`schemas/payouts_record.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connector.core.state.data_file import day_of
from connector.core.state.partition import Granularity, checked_account, partition_folder, partition_of
from connector.core.state.payouts import Payout
from connector.core.state.small_file import READ_AGAIN, damaged, of_entry, opened, to_entry
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.state.data_file import DataFile, Listing
    from connector.core.units import AccountId

COLUMNS = 2
"""Number of the columns that files of payouts have: 2 has the parts of `trace_id`."""

RECORD_VERSION = 1
"""Version of the record's own shape; a newer one is refused."""

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
        revision: number of writes.
        read_at: when payouts were last read, UTC seconds by Stripe's clock; None where no run has said so yet.
        columns: of the files of payouts; fewer than `COLUMNS` where they are to be written again.
    """

    account: AccountId
    format: str
    livemode: bool | None = None
    covered: Intervals = field(default_factory=Intervals)
    payouts: Mapping[str, Payout] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    transaction_files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    api_versions: tuple[str, ...] = ()
    revision: int = 0
    read_at: int | None = None
    columns: int = COLUMNS

    @property
    def listings(self) -> dict[str, Listing]:
        """What of each payout is in the lake, by its id."""
        return {name: one for file in self.transaction_files.values() for name, one in (file.listings or {}).items()}

    @property
    def all_files(self) -> dict[str, DataFile]:
        """The files of both tables by path."""
        return {**self.files, **self.transaction_files}

    def with_payouts(self, files: Iterable[DataFile], payouts: Iterable[Payout]) -> PayoutsRecord:
        """Return the record after files of payouts were durably written; `payouts` are those read this time."""
        return replace(
            self,
            files=MappingProxyType({**self.files, **{one.path: one for one in files}}),
            payouts=MappingProxyType({**self.payouts, **{one.id: one for one in payouts}}),
        )

    def with_transactions(self, path: str, file: DataFile | None) -> PayoutsRecord:
        """Return the record after a file of transactions was durably written; None when it has become empty."""
        others = {name: one for name, one in self.transaction_files.items() if name != path}
        kept = others if file is None else {**others, path: file}
        return replace(self, transaction_files=MappingProxyType(kept))

    def with_lost(self, files: Iterable[DataFile], before: PayoutsRecord) -> PayoutsRecord:
        """Return the record naming lost files again, which were not written again: the next run finds them lost.

        Args:
            files: that were forgotten.
            before: the record that named them.
        """
        lists = {one.path: one for one in files if one.listings is not None}
        others = {one.path: one for one in files if one.path not in lists}
        days = Intervals.of(day_of_file(path) for path in others)
        payouts = {name: one for name, one in before.payouts.items() if one.created in days}
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
            payouts=MappingProxyType({name: one for name, one in self.payouts.items() if one.created not in days}),
            files=MappingProxyType({path: one for path, one in self.files.items() if path not in gone}),
            transaction_files=MappingProxyType(
                {path: one for path, one in self.transaction_files.items() if path not in gone}
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


def to_document(record: PayoutsRecord) -> dict[str, Any]:
    """Return the JSON document of `schemas/payouts_record.json`; the same record gives the same document."""
    return {
        "record_version": RECORD_VERSION,
        "revision": record.revision,
        "table": PAYOUTS,
        "account": record.account,
        "format": record.format,
        "livemode": record.livemode,
        "api_versions": list(record.api_versions),
        "covered": [[part.start, part.stop] for part in record.covered],
        "read_at": record.read_at,
        "columns": record.columns,
        "payouts": [asdict(one) for one in sorted(record.payouts.values(), key=lambda one: (one.created, one.id))],
        "files": [to_entry(file) for _, file in sorted(record.files.items())],
        "transaction_files": [to_entry(file) for _, file in sorted(record.transaction_files.items())],
    }


def from_document(document: object, *, where: str) -> PayoutsRecord:
    """Build a record from its JSON document.

    Args:
        document: the decoded JSON.
        where: the record's path, for messages.

    Raises:
        ManifestError: when the document is not one of ours, is damaged, or is of a newer version.
    """
    entries = opened(document, table=PAYOUTS, version=RECORD_VERSION, where=where)
    try:
        account = checked_account(entries["account"])
        payouts = [_payout(entry) for entry in entries["payouts"]]
        files = [of_entry(entry, f"{PAYOUTS}/account={account}/") for entry in entries["files"]]
        lists = [_transactions_file(entry, account) for entry in entries["transaction_files"]]
        for file in files:
            day_of_file(file.path)
        return PayoutsRecord(
            account=account,
            format=str(entries["format"]),
            livemode=entries["livemode"],
            covered=Intervals.of(Interval(int(start), int(stop)) for start, stop in entries["covered"]),
            payouts=MappingProxyType({one.id: one for one in payouts}),
            files=MappingProxyType({one.path: one for one in files}),
            transaction_files=MappingProxyType({one.path: one for one in lists}),
            api_versions=tuple(entries["api_versions"]),
            revision=int(entries["revision"]),
            read_at=_moment(entries.get("read_at")),
            columns=int(entries.get("columns", 1)),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ProtocolError) as error:
        raise damaged(where, error, READ_AGAIN) from error


def _payout(entry: dict[str, Any]) -> Payout:
    payout = Payout(**{name: entry[name] for name in _PAYOUT_FIELDS})
    if type(payout.id) is not str or type(payout.created) is not int or type(payout.arrival_date) is not int:
        raise TypeError(f"a payout without an id or its times: {payout.id}")
    if not 0 <= payout.created < END_OF_TIME:
        raise ValueError(f"an impossible time of {payout.id}")
    return payout


def _moment(value: object) -> int | None:
    """Return when payouts were last read; records of before that was kept do not say."""
    if value is not None and (type(value) is not int or not 0 <= value <= END_OF_TIME):
        raise ValueError(f"an impossible time: {value!r}")
    return value


_PAYOUT_FIELDS = tuple(one.name for one in fields(Payout))


def _transactions_file(entry: dict[str, Any], account: AccountId) -> DataFile:
    file = of_entry(entry, f"{TRANSACTIONS}/account={account}/")
    day_of(file.path)
    if file.listings is None:
        raise ValueError(f"{file.path} does not say whose transactions it holds")
    return file
