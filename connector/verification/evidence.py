"""What a verdict is of: the record that was checked, how much there is, and what was compared with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.core.time.times import to_text
from connector.errors import StateError
from connector.lake.state.frozen_periods import record_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.core.ledger.accounting import BalanceKey, Total
    from connector.core.state.table_state import TableState
    from connector.lake.stores.base import Store


class BalanceFigures(NamedTuple):
    """One balance beside its rows, in minor units.

    Attributes:
        balance_type: which balance.
        currency: lower-case ISO code.
        status: `available`, `pending`, or both where only the whole can be compared.
        stripe: what Stripe says it is; of a lake that begins late, what it changed by.
        rows: what the rows add up to.
        since: when the balance was recorded that changes are counted from, UTC seconds; None where all rows are there.
    """

    balance_type: str
    currency: str
    status: str
    stripe: int
    rows: int
    since: int | None = None


class LayerSum(NamedTuple):
    """What a layer looked at, added up.

    Attributes:
        of: `rows` in the files, `rows_at_stripe` that were asked for again, or `payouts`.
        balance_type: which balance; None of payouts.
        currency: lower-case ISO code.
        status: of the rows; None of payouts.
        number: how many.
        amount: sum of `net` of rows, of `amount` of payouts, in minor units.
    """

    of: str
    balance_type: str | None
    currency: str
    status: str | None
    number: int
    amount: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was checked of one account.

    Attributes:
        lake_record: number of its record.
        lake_record_sha256: of that record's bytes, in hexadecimal; None where it is not there any more.
        livemode: whether it is real money; None where the lake does not say.
        api_versions: under which rows were read.
        covered: stretches of `created` that the lake says it has whole, UTC seconds.
        rows: by the record.
        pending: of them, those that were pending when last read.
        files: how many.
        bytes: their size.
        first_created: of the earliest row, UTC seconds; None without rows.
        last_created: of the latest.
    """

    lake_record: int
    lake_record_sha256: str | None
    livemode: bool | None
    api_versions: tuple[str, ...]
    covered: tuple[tuple[int, int], ...]
    rows: int
    pending: int
    files: int
    bytes: int
    first_created: int | None
    last_created: int | None

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it; times in ISO 8601, UTC."""
        ends = (None if bound is None else to_text(bound) for bound in (self.first_created, self.last_created))
        first, last = ends
        return {
            "lake_record": self.lake_record,
            "lake_record_sha256": self.lake_record_sha256,
            "livemode": self.livemode,
            "api_versions": list(self.api_versions),
            "covered": [list(part) for part in self.covered],
            "rows": self.rows,
            "pending": self.pending,
            "files": self.files,
            "bytes": self.bytes,
            "first_created": first,
            "last_created": last,
        }


def evidence_of(store: Store, state: TableState) -> Evidence:
    """Return what there is to say of a state that was checked. Blocks.

    Raises:
        StorageError: the lake cannot be read.
    """
    files = state.files.values()
    try:
        digest = record_digest(store, state)
    except StateError:  # cleared away: later records hold all that it says
        digest = None
    return Evidence(
        lake_record=state.number,
        lake_record_sha256=digest,
        livemode=state.livemode,
        api_versions=state.api_versions,
        covered=state.covered.pairs,
        rows=state.rows,
        pending=state.pending,
        files=len(files),
        bytes=sum(file.bytes for file in files),
        first_created=min((file.first_created for file in files), default=None),
        last_created=max((file.last_created for file in files), default=None),
    )


def layer_sums(of: str, totals: Mapping[BalanceKey, Total]) -> tuple[LayerSum, ...]:
    """Return what rows come to, by balance, currency and status, sorted."""
    return tuple(LayerSum(of, *bucket, total.rows, total.net) for bucket, total in sorted(totals.items()) if total.rows)


def payout_sums(payouts: Iterable[tuple[str, int]]) -> tuple[LayerSum, ...]:
    """Return what payouts come to, by currency, sorted; of each its currency and amount are given."""
    by_currency: dict[str, tuple[int, int]] = {}
    for currency, amount in payouts:
        count, total = by_currency.get(currency, (0, 0))
        by_currency[currency] = count + 1, total + amount
    return tuple(LayerSum("payouts", None, currency, None, *sums) for currency, sums in sorted(by_currency.items()))
