"""What the lake holds for one account: the record that everything else is decided by.

Frozen values and pure steps from one to the next; reading and writing the file is the lake's business. The shape on
disk is `schemas/table_state.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import msgspec

from connector.core.state.audited import Audits
from connector.core.state.data_file import DataFile, ParkedFile, checked_parked, with_changes
from connector.core.state.drift import Drift, Finding
from connector.core.state.partition import Granularity, checked_account
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import PAYMENTS
from connector.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.units import AccountId

STATE_VERSION = 1
"""Version of the state's own shape; a newer one is refused."""


@dataclass(frozen=True, slots=True)
class TableState:
    """State of one account in a lake.

    Attributes:
        account: whose rows these are.
        format: parquet, jsonl or arrow, with its compression, for example `jsonl.zst`; one for the whole lake.
        partition: how much time one file holds.
        covered: seconds of `created` whose rows are durably in the files.
        livemode: whether the rows are of live mode; None where the key's form does not say.
        read_until: newest second any run has read up to (exclusive); a row found later below it was late.
        files: data files by path.
        api_versions: every `Stripe-Version` that rows were read under, in order of first use.
        drift: how rows have differed from the schema, all runs together; a row read again counts again.
        options: other choices that rows depend on (expansions, columns left out), fixed with the lake.
        audits: how far the past was asked about again.
        revision: number of writes, for people.
        account_created: when Stripe says the account was made, UTC seconds: it has no row before; 0 where no run was
            told.
        asked: seconds of `created` that the lake was ever asked for.
        parked: files of rows whose partitions are not whole yet, by path.
    """

    account: AccountId
    format: str
    partition: Granularity
    covered: Intervals = field(default_factory=Intervals)
    livemode: bool | None = None
    read_until: int = 0
    files: Mapping[str, DataFile] = field(default_factory=lambda: MappingProxyType({}))
    api_versions: tuple[str, ...] = ()
    drift: Drift = field(default_factory=Drift)
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    audits: Audits = field(default_factory=Audits)
    revision: int = 0
    account_created: int = 0
    asked: Intervals = field(default_factory=Intervals)
    parked: Mapping[str, ParkedFile] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(file.rows for file in self.files.values())

    @property
    def pending(self) -> int:
        """Rows that were pending when last read."""
        return sum(file.pending for file in self.files.values())

    @property
    def parked_rows(self) -> int:
        """Rows that were read and are not visible yet; one that was read twice counts twice."""
        return sum(one.file.rows for one in self.parked.values())

    def net(self) -> dict[str, int]:
        """Sum of `net` per currency over all files, in minor units, currencies sorted."""
        return add_net(file.net for file in self.files.values())

    def net_by_balance(self) -> dict[str, dict[str, int]] | None:
        """Sum of `net` per balance type and currency, that of payments first; None where files do not tell them apart.

        Balances are never to be added together: rows that move money from one to the other would count twice.
        """
        apart: dict[str, dict[str, int]] = {}
        for file in self.files.values():
            if file.apart is None:
                return None
            for name, sums in file.apart.items():
                apart[name] = add_net([apart.get(name, {}), sums])
        others = add_net(apart.values())
        payments = {currency: net - others.get(currency, 0) for currency, net in self.net().items()}
        told = {currency: net for currency, net in payments.items() if net or currency not in others}
        return {PAYMENTS: told, **dict(sorted(apart.items()))}

    def with_files(self, files: Iterable[DataFile], covered: Intervals) -> TableState:
        """Return the state after these files were durably written and these seconds are in them."""
        new = {file.path: with_changes(file, witnessed=self._witnessed(file)) for file in files}
        return replace(
            self,
            files=MappingProxyType({**self.files, **new}),
            covered=self.covered.union(covered),
        )

    def _witnessed(self, file: DataFile) -> int:
        """Return when a file's partition was last witnessed: a file that takes the place of another keeps its time."""
        old = self.files.get(file.path)
        return max(file.witnessed, old.witnessed if old else 0)


def add_net(sums: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up sums per currency; currencies come out sorted."""
    total: dict[str, int] = {}
    for one in sums:
        for currency, amount in one.items():
            total[currency] = total.get(currency, 0) + amount
    return dict(sorted(total.items()))


def to_document(state: TableState) -> dict[str, Any]:
    """Return the JSON document of `schemas/table_state.json`; the same state gives the same document."""
    return {
        "state_version": STATE_VERSION,
        "revision": state.revision,
        "table": "balance_transactions",
        "account": state.account,
        "format": state.format,
        "partition": state.partition.value,
        "options": dict(sorted(state.options.items())),
        "api_versions": list(state.api_versions),
        "drift": [asdict(finding) for finding in state.drift.findings],
        "covered": [[part.start, part.stop] for part in state.covered],
        "livemode": state.livemode,
        "read_until": state.read_until,
        "account_created": state.account_created,
        "audit": state.audits.to_document(),
        "asked": [[part.start, part.stop] for part in state.asked],
        "parked": [msgspec.to_builtins(one) for _, one in sorted(state.parked.items())],
        "files": [msgspec.to_builtins(file) for _, file in sorted(state.files.items())],
    }


def from_document(document: object, *, where: str) -> TableState:
    """Build a state from its JSON document.

    Args:
        document: the decoded JSON.
        where: the state's path, for messages.

    Raises:
        ManifestError: when the document is not one of ours, is damaged, or is of a newer version.
    """
    if not isinstance(document, dict) or "state_version" not in document:
        raise ManifestError(f"{where} is not a state of stripe-balance; point at another destination, or move it away")
    fields = cast("dict[str, Any]", document)
    version = fields["state_version"]
    if type(version) is not int or not 1 <= version <= STATE_VERSION:
        raise ManifestError(
            f"{where} has version {version}, and this program knows up to {STATE_VERSION}:"
            " upgrade stripe-balance-connector"
        )
    try:
        entries = fields["files"]
        files = {entry["path"]: _file(entry) for entry in entries}
        return TableState(
            account=checked_account(fields["account"]),
            format=str(fields["format"]),
            partition=Granularity(fields["partition"]),
            covered=Intervals.of(Interval(int(start), int(stop)) for start, stop in fields["covered"]),
            livemode=fields["livemode"],
            read_until=int(fields["read_until"]),
            files=MappingProxyType(_each_once(files, entries, fields["table"])),
            api_versions=tuple(fields["api_versions"]),
            drift=_drift(fields["drift"]),
            options=MappingProxyType(dict(fields["options"])),
            audits=Audits.of(fields.get("audit")),
            revision=int(fields["revision"]),
            account_created=_second(fields.get("account_created", 0)),
            asked=Intervals.of(Interval(int(start), int(stop)) for start, stop in fields["asked"]),
            parked=MappingProxyType(_parked(fields["parked"], fields["account"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError(
            f"{where} is damaged ({error!r}); restore it from a backup, or sync to a new destination"
        ) from error


def _second(value: object) -> int:
    """Return a time that states of before it was kept do not have."""
    if type(value) is not int or not 0 <= value <= END_OF_TIME:
        raise ValueError(f"an impossible time: {value!r}")
    return value


def _drift(entries: list[dict[str, Any]]) -> Drift:
    found = tuple(Finding(one["kind"], str(one["name"]), int(one["count"]), str(one["example"])) for one in entries)
    return Drift(found)


def _file(entry: object) -> DataFile:
    file = msgspec.convert(entry, DataFile)
    times = (file.first_created, file.last_created, file.refreshed, file.witnessed)
    if min(file.rows, file.bytes, file.pending, *times) < 0 or max(times) > END_OF_TIME:
        raise ValueError(f"impossible figures of {file.path}")
    return file


def _parked(entries: object, account: str) -> dict[str, ParkedFile]:
    return {one.path: checked_parked(one, account) for one in msgspec.convert(entries, list[ParkedFile])}


def _each_once(files: dict[str, DataFile], entries: list[object], table: str) -> dict[str, DataFile]:
    if table != "balance_transactions" or len(files) < len(entries):
        raise ValueError("it is of another table, or names a file twice")
    return files
