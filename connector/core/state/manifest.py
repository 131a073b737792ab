"""What the lake holds for one account: the record that everything else is decided by.

Frozen values and pure steps from one to the next; reading and writing the file is the lake's business. The shape on
disk is `schemas/manifest.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from connector.core.state.audited import Audits
from connector.core.state.drift import Drift, Finding
from connector.core.state.partition import Granularity, checked_account
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import PAYMENTS
from connector.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.units import AccountId

MANIFEST_VERSION = 1
"""Version of the manifest's own shape; a newer one is refused."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of rows, as it was when it was written.

    Attributes:
        path: relative to the destination, with forward slashes; the file's identity.
        rows: number of rows, at least 1.
        bytes: size of the file.
        sha256: of the file's bytes, in hexadecimal.
        first_created: the earliest `created` in it, UTC seconds.
        last_created: the latest.
        net: sum of `net` per currency, in minor units, currencies sorted.
        pending: rows whose `status` is `pending`.
        pending_from: the earliest `available_on` among them, UTC seconds, or None.
        pending_created: the earliest and the latest `created` among them, or None.
        refreshed: when those of them that were due were last read again, UTC seconds; 0 for not since it was written.
        apart: of `net`, what is of other balances than that of payments, by balance type and currency; None in entries
            of before balances were told apart.
        witnessed: when a run last asked Stripe about its partition again, UTC seconds; 0 for never.
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    first_created: int
    last_created: int
    net: Mapping[str, int]
    pending: int
    pending_from: int | None
    pending_created: tuple[int, int] | None = None
    refreshed: int = 0
    apart: Mapping[str, Mapping[str, int]] | None = None
    witnessed: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
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

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(file.rows for file in self.files.values())

    @property
    def pending(self) -> int:
        """Rows that were pending when last read."""
        return sum(file.pending for file in self.files.values())

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

    def with_files(self, files: Iterable[DataFile], covered: Intervals) -> Manifest:
        """Return the manifest after these files were durably written and these seconds are in them."""
        new = {file.path: replace(file, witnessed=self._witnessed(file)) for file in files}
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


def to_document(manifest: Manifest) -> dict[str, Any]:
    """Return the JSON document of `schemas/manifest.json`; the same manifest gives the same document."""
    return {
        "manifest_version": MANIFEST_VERSION,
        "revision": manifest.revision,
        "table": "balance_transactions",
        "account": manifest.account,
        "format": manifest.format,
        "partition": manifest.partition.value,
        "options": dict(sorted(manifest.options.items())),
        "api_versions": list(manifest.api_versions),
        "drift": [asdict(finding) for finding in manifest.drift.findings],
        "covered": [[part.start, part.stop] for part in manifest.covered],
        "livemode": manifest.livemode,
        "read_until": manifest.read_until,
        "account_created": manifest.account_created,
        "audit": manifest.audits.to_document(),
        "files": [
            {
                "path": file.path,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "first_created": file.first_created,
                "last_created": file.last_created,
                "net": dict(file.net),
                "pending": file.pending,
                "pending_from": file.pending_from,
                "pending_created": list(file.pending_created) if file.pending_created else None,
                "refreshed": file.refreshed,
                **({} if file.apart is None else {"apart": {name: dict(sums) for name, sums in file.apart.items()}}),
                "witnessed": file.witnessed,
            }
            for _, file in sorted(manifest.files.items())
        ],
    }


def from_document(document: object, *, where: str) -> Manifest:
    """Build a manifest from its JSON document.

    Args:
        document: the decoded JSON.
        where: the manifest's path, for messages.

    Raises:
        ManifestError: when the document is not one of ours, is damaged, or is of a newer version.
    """
    if not isinstance(document, dict) or "manifest_version" not in document:
        raise ManifestError(
            f"{where} is not a manifest of stripe-balance; point at another destination, or move it away"
        )
    fields = cast("dict[str, Any]", document)
    version = fields["manifest_version"]
    if type(version) is not int or not 1 <= version <= MANIFEST_VERSION:
        raise ManifestError(
            f"{where} has version {version}, and this program knows up to {MANIFEST_VERSION}:"
            " upgrade stripe-balance-connector"
        )
    try:
        entries = fields["files"]
        files = {entry["path"]: _file(entry) for entry in entries}
        return Manifest(
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
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError(
            f"{where} is damaged ({error!r}); restore it from a backup, or sync to a new destination"
        ) from error


def _second(value: object) -> int:
    """Return a time that manifests of before it was kept do not have."""
    if type(value) is not int or not 0 <= value <= END_OF_TIME:
        raise ValueError(f"an impossible time: {value!r}")
    return value


def _drift(entries: list[dict[str, Any]]) -> Drift:
    found = tuple(Finding(one["kind"], str(one["name"]), int(one["count"]), str(one["example"])) for one in entries)
    return Drift(found)


def _file(entry: dict[str, Any]) -> DataFile:
    entry.setdefault("witnessed", 0)  # a manifest written before there were audits
    names = ("rows", "bytes", "pending", "refreshed", "witnessed", "first_created", "last_created")
    figures = [entry[name] for name in names]
    if not all(type(figure) is int and figure >= 0 for figure in figures) or max(figures[-2:]) > END_OF_TIME:
        raise ValueError(f"impossible figures of {entry['path']}")
    apart = entry.get("apart")
    if apart is not None and not all(type(one) is int for sums in apart.values() for one in sums.values()):
        raise ValueError(f"impossible sums of {entry['path']}")
    created = entry["pending_created"]
    return replace(DataFile(**entry), pending_created=(int(created[0]), int(created[1])) if created else None)


def _each_once(files: dict[str, DataFile], entries: list[object], table: str) -> dict[str, DataFile]:
    if table != "balance_transactions" or len(files) < len(entries):
        raise ValueError("it is of another table, or names a file twice")
    return files
