"""What one pass over an account's files finds, and how a file's rows are read, whatever its format."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from connector.core.planning.audit.sampling import RowProfile
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.tables.balance_transactions import to_batch
from connector.verification.evidence import layer_sums
from connector.verification.verdict import Findings, Layer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from connector.core.state.claims import Claims
    from connector.core.state.table_state import TableState
    from connector.core.state.unnamed import Unnamed
    from connector.lake.formats.formats import Format
    from connector.verification.ids import IdIndex
    from connector.verification.recorded_balances import RecordedBalance
    from connector.verification.sums import Ledger


_DETAILS, _OF_A_FEE = "fee_details", ("amount", "currency")
_LOOKED_AT = (
    "id",
    "amount",
    "available_on",
    "balance_type",
    "created",
    "currency",
    "fee",
    _DETAILS,
    "net",
    "status",
    "type",
)


@dataclass(slots=True)
class Inventory:
    """What a pass over an account's files found, empty before it.

    Attributes:
        state: the account's state.
        ids: of all its rows; a block that is open.
        ledger: sums of those whose time is covered.
        profile: where its rows lie in time, where that is asked for.
        recorded: balances recorded in the lake, for one that does not begin at the beginning.
        findings: what does not agree.
        rows: rows read.
        compared: rows whose fee could be compared with its details.
        unsettled: rows newer than what is covered, which the next sync reads again.
        unreadable: files that cannot be read.
        claims: whose each id of the lake is; None where there is one account only.
        unnamed: what lies in its folder and no record names.
        profiled: whether anybody asks where rows lie in time.
        payout_rows: `created` of the payouts' own rows in covered time, by id; None where nobody asks for them.
        known: the time that rows may lie in: what is covered, and what is not settled yet.
    """

    state: TableState
    ids: IdIndex
    ledger: Ledger
    profile: RowProfile = field(default_factory=RowProfile)
    recorded: tuple[RecordedBalance, ...] = ()
    findings: Findings = field(default_factory=Findings)
    rows: int = 0
    compared: int = 0
    unsettled: int = 0
    unreadable: set[str] = field(default_factory=set[str])
    claims: Claims | None = None
    unnamed: tuple[Unnamed, ...] = ()
    profiled: bool = True
    payout_rows: dict[str, int] | None = None
    known: Intervals = field(init=False)

    def __post_init__(self) -> None:
        self.known = self.state.covered.union(Intervals.span(self.settled, END_OF_TIME))

    @property
    def settled(self) -> int:
        """The second after the last that is covered; 0 when nothing is."""
        return max((part.stop for part in self.state.covered), default=0)

    def layer(self) -> Layer:
        """Return the verdict of the layer `rows`."""
        files, parts = len(self.state.files), self._without_parts()
        layer = self.findings.layer(
            "rows",
            f"{self.rows:,} rows in {files:,} files: amounts add up, each id once, every file as it was written"
            f"{parts}{self._besides()}",
            checked={
                "rows": self.rows,
                "files": files,
                "fees_compared": self.compared,
                "unsettled_rows": self.unsettled,
                "parked_rows": self.state.parked_rows,
            },
        )
        return replace(layer, sums=layer_sums("rows", self.ledger.sums))

    def _besides(self) -> str:
        """Say how many rows are parked; empty where none are."""
        parked = self.state.parked_rows
        verb = "is" if parked == 1 else "are"
        return f"; {parked:,} more {verb} parked until the rest of their files is read" if parked else ""

    def _without_parts(self) -> str:
        """Say of how many rows the fee could not be compared with its parts; empty where of none."""
        apart = self.rows - self.compared
        if not apart:
            return ""
        verb = "is" if apart == 1 else "are"
        return f"; {apart:,} of the rows' fees {verb} compared with no parts: these are missing, or in another currency"


@contextmanager
def batches(form: Format, local: Path, *, trusted: bool = False) -> Generator[Iterator[pa.RecordBatch]]:
    """Offer a file's rows as batches of the table's columns, whatever the format.

    Args:
        form: format of the file.
        local: its path.
        trusted: whether it is known to be as it was written: then only what laws, sums and order need is decoded, where
            the format has columns. Of another file all is, since it may be damaged anywhere.

    Raises:
        StorageError: when the file cannot be read.
        SchemaError: when a line is not a row.
    """
    if form.read_objects is not None:
        yield (to_batch(objects) for objects in form.read_objects(local))
        return
    if trusted and form.open_part is not None:
        with form.open_part(local, _needed(form.schema)) as read:
            yield read
        return
    with form.open_reader(local) as read:
        yield read


@lru_cache(maxsize=4)
def _needed(schema: pa.Schema) -> pa.Schema:
    """Return the columns that are looked at, and of the parts of a fee the members."""
    kind = schema.field(_DETAILS).type
    item = kind.value_field
    members = pa.struct([member for member in kind.value_type if member.name in _OF_A_FEE])
    details = schema.field(_DETAILS).with_type(pa.list_(item.with_type(members)))
    return pa.schema([details if name == _DETAILS else schema.field(name) for name in _LOOKED_AT])
