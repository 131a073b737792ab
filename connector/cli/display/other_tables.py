"""What a lake holds beside its balance transactions: payouts, what each paid out, and snapshots of the balance."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from connector.core.counting import counted, sized
from connector.core.state import balances_record, payouts_record
from connector.lake.state.file_check import beside_unnamed, differences
from connector.lake.state.lake_identity import BALANCES, PAYOUTS, load_balances, load_payouts
from connector.lake.state.standing_differences import standing
from connector.lake.state.state_log import recorded_accounts
from connector.lake.state.table_states import without_older

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import State, TableSpec
    from connector.lake.reading.unnamed_files import UnnamedFiles
    from connector.lake.state.file_check import FileDifference
    from connector.lake.stores.base import Store

_THINGS = {
    payouts_record.PAYOUTS: ("payouts", "payout"),
    payouts_record.TRANSACTIONS: ("paid out", "transaction"),
    balances_record.TABLE: ("balances", "row"),
}
"""By table: its heading, and what its rows are."""


@dataclass(frozen=True, slots=True)
class OtherTable:
    """One account's files of a table, as its record has them.

    Attributes:
        table: its name, and its folder.
        account: whose they are.
        format: of the files.
        rows: in all of them.
        files: how many there are.
        bytes: their size.
        last_day: UTC day of the latest file, by the column that the table is divided by; None without files.
        differences: files that are not as the record says, by existence and size.
        lost: files that an earlier run found lost, and that are not back.
    """

    table: str
    account: str
    format: str
    rows: int
    files: int
    bytes: int
    last_day: str | None
    differences: tuple[FileDifference, ...]
    lost: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return asdict(self)

    def to_fact(self) -> tuple[str, str]:
        """Return a name and what there is, for people."""
        name, thing = _THINGS[self.table]
        lost = f"; {counted(len(self.lost), 'file')} lost, look in a backup" if self.lost else ""
        if not self.files:
            return name, f"none{lost}"
        held = f"{counted(self.rows, thing)} in {counted(self.files, 'file')}, {sized(self.bytes)}"
        if self.table == balances_record.TABLE and self.last_day:
            held += f", the last snapshot on {self.last_day}"
        return name, f"{held}; {checked(len(self.differences))}{lost}"


def other_tables_of(store: Store, unnamed: UnnamedFiles) -> Iterator[OtherTable]:
    """Yield what there is, account by account, the tables in the order above. Blocks.

    Args:
        store: the lake.
        unnamed: what no record of it names.

    Raises:
        StateError: a record cannot be understood.
        StorageError: the destination cannot be read.
    """
    with_payouts, with_balances = recorded_accounts(store, PAYOUTS), recorded_accounts(store, BALANCES)
    for account in sorted({*with_payouts, *with_balances}):
        if (payouts := load_payouts(store, account)) is not None:
            for table, files in (
                (payouts_record.PAYOUTS, payouts.files),
                (payouts_record.TRANSACTIONS, payouts.transaction_files),
            ):
                yield _with(_other_table(store, PAYOUTS, table, payouts, files), unnamed)
        if (balances := load_balances(store, account)) is not None:
            other = _other_table(store, BALANCES, balances_record.TABLE, balances, balances.files)
            yield _with(replace(other, lost=tuple(sorted(balances.lost))), unnamed)


def remedies(destination: str, tables: Sequence[OtherTable]) -> list[str]:
    """Say what to do about files that are not as they were written; nothing where all are."""
    lines: list[str] = []
    for names, remedy in (
        (
            {payouts_record.PAYOUTS, payouts_record.TRANSACTIONS},
            (
                f"`stripe-balance payouts {destination}` makes missing and changed ones again, "
                "and takes up what a killed run left; remove what is extra after that"
            ),
        ),
        (
            {balances_record.TABLE},
            (
                f"`stripe-balance balance {destination}` takes up what a killed run left; only a backup has what is "
                "missing or changed after that: Stripe does not tell again what the balance was; remove what is extra"
            ),
        ),
    ):
        differing = [difference for table in tables if table.table in names for difference in table.differences]
        if differing:
            lines.append(f"{named(differing)}; {remedy}")
    return lines


def checked(differing: int) -> str:
    """Say how many files are not as they were written."""
    return f"{differing:,} not as they were written" if differing else "as they were written"


def named(differing: Sequence[FileDifference], *, most: int = 5) -> str:
    """Name the first of some files, and what is wrong with each."""
    shown = ", ".join(f"{difference.path} ({difference.kind})" for difference in differing[:most])
    more = len(differing) - most
    return f"not as they were written: {shown}" + (f" and {more:,} more" if more > 0 else "")


def _with(table: OtherTable, unnamed: UnnamedFiles) -> OtherTable:
    return replace(table, differences=beside_unnamed(table.differences, unnamed.of(table.table, table.account)))


def _other_table(
    store: Store, spec: TableSpec[Any], table: str, record: State, files: Mapping[str, DataFile]
) -> OtherTable:
    folder = f"{table}/account={record.account}"
    differing = standing(store, spec, record.account, files, differences(store, folder, files))
    return OtherTable(
        table=table,
        account=record.account,
        format=record.format,
        rows=sum(file.rows for file in files.values()),
        files=len(files),
        bytes=sum(file.bytes for file in files.values()),
        last_day=max((path.split("/")[-2].partition("=")[2] for path in files), default=None),
        differences=tuple(without_older(differing, record.format)),
    )
