"""One pass over an account's rows: everything a statement is made of, added up batch by batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from connector.core.api.fields import id_of, object_of
from connector.core.ledger.accounting import PENDING
from connector.core.ledger.ledger import (
    DISPUTES,
    PAYOUT,
    PAYOUT_TYPES,
    RETURNS,
    UNNAMED,
    Conversion,
    DisputeSums,
    FeeKind,
    Figures,
    PayoutRow,
    Purse,
    Return,
    Segment,
    Sums,
    category_of,
    is_fee_row,
    purse_of,
)
from connector.lake.formats.row_columns import MICROSECONDS, to_rows
from connector.reporting.exact import grouped
from connector.reporting.statement.around_period import look_at_recorded, look_for_payouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.ledger.openings import Recorded
    from connector.core.time.intervals import Interval
    from connector.reporting.scan import AccountScan

MOST_WORDINGS = 64
"""Descriptions of fees that are told apart; what comes after is added up without one."""

_PURSE = ["balance_type", "currency"]
_SEGMENT = [*_PURSE, "reporting_category", "type", "converted", "method"]
_BEFORE = ["created", *_PURSE, "net", "available_on", "status", "type"]
_PERIOD = [
    "id",
    *_BEFORE,
    "reporting_category",
    "amount",
    "fee",
    "fee_details",
    "exchange_rate",
    "source",
    "charge_amount",
    "charge_currency",
    "refund_amount",
    "refund_currency",
    "charge_payment_method_type",
]


@dataclass(slots=True)
class PeriodReader:
    """Reads an account's rows into figures.

    Attributes:
        rows: of the account.
        bounds: of the period, UTC seconds.
        recorded: balances between which and the period's begin rows are to be added up.
        figures: what was found so far.
    """

    rows: AccountScan
    bounds: Interval
    recorded: Sequence[Recorded]
    figures: Figures = field(default_factory=Figures)
    _wordings: set[str] = field(init=False, default_factory=set[str])

    def go(self) -> Figures:
        """Read everything there is to read. Blocks.

        Raises:
            StorageError: a file is gone or cannot be read.
        """
        start, stop = self.bounds.start, self.bounds.stop
        for table in self.rows.between(0, start, _BEFORE):
            self._add_before(table)
        for table in self.rows.between(start, stop, _PERIOD):
            self._add(table)
        look_for_payouts(self.rows, self.bounds, self.figures)
        look_at_recorded(self.rows, self.bounds, self.recorded, self.figures)
        if "source" in self.rows.state.options.get("expand", ()):
            self._look_at_sources()
        return self.figures

    # Before the period ------------------------------------------------------------------------------------------------

    def _add_before(self, table: pa.Table) -> None:
        figures = self.figures
        for key, (_, net) in grouped(table, _PURSE, ["net"]):
            purse = purse_of(*key)
            figures.before[purse] = figures.before.get(purse, 0) + net
        self._add_waiting(table, figures.waiting_before, self.bounds.start)
        self._add_waiting(table, figures.waiting_after, self.bounds.stop)

    def _add_waiting(self, table: pa.Table, to: dict[Purse, Counter[int]], at: int) -> None:
        """Add up what was not available yet at a second, by when it became so.

        A payout leaves what is available at once, whatever its `available_on`: Stripe calls its row available from the
        start. A row without a time waits as long as it is called pending, for an unknown time.
        """
        on = pc.fill_null(table.column("available_on").cast(pa.int64()), -1)
        later = pc.greater(on, at * MICROSECONDS)
        unknown = pc.and_(pc.less(on, 0), pc.fill_null(pc.equal(table.column("status"), PENDING), fill_value=False))
        waits = pc.and_(pc.not_equal(table.column("type"), PAYOUT), pc.or_(later, unknown))
        waiting = table.filter(waits).append_column("on", pc.divide(on.filter(waits), MICROSECONDS))
        for (balance_type, currency, second), (_, net) in grouped(waiting, [*_PURSE, "on"], ["net"]):
            to.setdefault(purse_of(balance_type, currency), Counter())[max(0, second)] += net

    # In the period ----------------------------------------------------------------------------------------------------

    def _add(self, table: pa.Table) -> None:
        figures = self.figures
        figures.rows += table.num_rows
        figures.pending_rows += pc.sum(pc.equal(table.column("status"), PENDING)).as_py() or 0
        self._add_waiting(table, figures.waiting_after, self.bounds.stop)
        self._add_moves(table)
        self._add_fees(table)
        self._add_conversions(table)
        paid = table.filter(pc.is_in(table.column("type"), pa.array(PAYOUT_TYPES)))
        for row in to_rows(paid, ["id", "created", *_PURSE, "type", "amount", "fee", "source"]):
            self._add_payout(row)
        disputed = table.filter(pc.is_in(table.column("reporting_category"), pa.array(DISPUTES)))
        for row in to_rows(disputed, ["created", *_PURSE, "reporting_category", "amount", "fee", "source"]):
            self._add_dispute(row)

    def _add_moves(self, table: pa.Table) -> None:
        fee = table.column("fee")
        back = pc.less(fee, 0)
        more = {
            "converted": pc.is_valid(table.column("exchange_rate")),
            "method": _or_nulls(table, "charge_payment_method_type"),
            "returned": pc.if_else(back, pc.negate(fee), 0),
            "returned_rows": pc.cast(back, pa.int64()),
        }
        names = [*_PURSE, "reporting_category", "type", "amount", "fee", "net"]
        wide = pa.table({**{name: table.column(name) for name in names}, **more})
        for key, sums in grouped(wide, _SEGMENT, ["amount", "fee", "net", "returned", "returned_rows"]):
            purse = purse_of(*key[:2])
            category = category_of(key[2], key[3])
            added = Sums(*sums)
            moves = self.figures.moves.setdefault(purse, {})
            moves[category] = moves.get(category, Sums()) + added
            segments = self.figures.segments.setdefault(purse, {})
            segment = Segment(category, *key[3:])
            segments[segment] = segments.get(segment, Sums()) + added
            if is_fee_row(category, segment.type):
                kind = FeeKind(category if segment.type != "stripe_fx_fee" else segment.type, None, apart=True)
                self._add_fee(purse, kind, added.count, -added.gross)

    def _add_fees(self, table: pa.Table) -> None:
        """Add up the parts of fees that are in their row's currency; others are left to what is not itemized."""
        details = table.column("fee_details").combine_chunks()
        parts = details.flatten()
        if not len(parts):
            return
        parents = pc.list_parent_indices(details)
        flat = pa.table(
            {
                **{name: table.column(name).take(parents) for name in _PURSE},
                "of": parts.field("currency"),
                "type": parts.field("type"),
                "description": parts.field("description"),
                "amount": parts.field("amount"),
            }
        )
        flat = flat.filter(pc.equal(flat.column("of"), flat.column("currency")))
        for key, (count, amount) in grouped(flat, [*_PURSE, "type", "description"], ["amount"]):
            self._add_fee(purse_of(*key[:2]), FeeKind(key[2] or UNNAMED, self._wording(key[3])), count, amount)

    def _wording(self, text: str | None) -> str | None:
        if text is not None and len(self._wordings) < MOST_WORDINGS:
            self._wordings.add(text)
        return text if text in self._wordings else None

    def _add_fee(self, purse: Purse, kind: FeeKind, count: int, amount: int) -> None:
        kinds = self.figures.fees.setdefault(purse, {})
        before = kinds.get(kind, (0, 0))
        kinds[kind] = before[0] + count, before[1] + amount

    def _add_conversions(self, table: pa.Table) -> None:
        """Add up rows with a rate by what was paid; without columns of the source, that is not known here."""
        converted = table.filter(pc.is_valid(table.column("exchange_rate")))
        if not converted.num_rows:
            return
        paid_in = pc.coalesce(_or_nulls(converted, "charge_currency"), _or_nulls(converted, "refund_currency"))
        refunded = pc.negate(_or_nulls(converted, "refund_amount", pa.int64()))
        paid = pc.coalesce(_or_nulls(converted, "charge_amount", pa.int64()), refunded)
        wide = pa.table(
            {
                **{name: converted.column(name) for name in [*_PURSE, "amount"]},
                "paid_in": paid_in,
                "paid": paid,
                "known": pc.cast(pc.is_valid(paid), pa.int64()),
            }
        )
        for key, (count, gross, paid_sum, known) in grouped(wide, [*_PURSE, "paid_in"], ["amount", "paid", "known"]):
            self._add_conversion(
                purse_of(*key[:2]), key[2], Conversion(count, gross, paid_sum if known == count else None)
            )

    def _add_conversion(self, purse: Purse, paid_in: str | None, added: Conversion) -> None:
        by_currency = self.figures.conversions.setdefault(purse, {})
        conversion = by_currency.setdefault(paid_in, Conversion())
        conversion.count, conversion.gross = conversion.count + added.count, conversion.gross + added.gross
        conversion.paid = None if conversion.paid is None or added.paid is None else conversion.paid + added.paid
        if not conversion.count:
            del by_currency[paid_in]

    def _add_payout(self, row: dict[str, Any]) -> None:
        purse = purse_of(row["balance_type"], row["currency"])
        created = row["created"]
        named = row["source"] if self.rows.names_sources else None
        payout = PayoutRow(row["id"], named, row["type"], created, purse, row["amount"], row["fee"])
        self.figures.payouts.append(payout)
        if payout.type in RETURNS:
            for name in filter(None, (payout.id, payout.payout)):
                self.figures.returns[name] = Return(created, payout.type)

    def _add_dispute(self, row: dict[str, Any]) -> None:
        disputes = self.figures.disputes.setdefault(purse_of(row["balance_type"], row["currency"]), {})
        created = row["created"]
        dispute = disputes.setdefault(row["source"] or "", DisputeSums(created))
        dispute.created = min(dispute.created, created)
        dispute.fee += row["fee"]
        if row["reporting_category"] == DISPUTES[0]:
            dispute.withdrawn -= row["amount"]
        else:
            dispute.reinstated += row["amount"]

    def _look_at_sources(self) -> None:
        """Read what only the expanded source tells: of disputes, and of conversions where there are no columns."""
        disputed = ds.field("reporting_category").isin(list(DISPUTES))
        columns = self.rows.has("charge_currency")
        where = disputed if columns else disputed | ds.field("exchange_rate").is_valid()
        names = [*_PURSE, "reporting_category", "exchange_rate", "amount", "source", "source_object"]
        for table in self.rows.between(self.bounds.start, self.bounds.stop, names, where):
            for row in table.to_pylist():
                source = object_of(orjson.loads(row["source_object"])) if row["source_object"] else None
                if source is not None:
                    self._explain(row, source, columns=columns)

    def _explain(self, row: dict[str, Any], source: dict[str, Any], *, columns: bool) -> None:
        purse = purse_of(row["balance_type"], row["currency"])
        if row["reporting_category"] in DISPUTES:
            dispute = self.figures.disputes.get(purse, {}).get(row["source"] or "")
            if dispute is not None and source.get("object") == "dispute":
                dispute.reason, dispute.status, dispute.charge = (
                    id_of(source.get(name)) for name in ("reason", "status", "charge")
                )
                due = (object_of(source.get("evidence_details")) or {}).get("due_by")
                dispute.evidence_due = due if type(due) is int else None
        if columns or row["exchange_rate"] is None:
            return
        paid, paid_in = source.get("amount"), source.get("currency")
        if type(paid) is int and isinstance(paid_in, str) and source.get("object") in {"charge", "refund"}:
            signed = abs(paid) if row["amount"] >= 0 else -abs(paid)
            self._add_conversion(purse, None, Conversion(-1, -row["amount"], 0))
            self._add_conversion(purse, paid_in, Conversion(1, row["amount"], signed))


def _or_nulls(table: pa.Table, name: str, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    """Return a column, or nulls where rows do not have it."""
    if name in table.column_names:
        column = table.column(name)
        return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    return pa.chunked_array([pa.nulls(table.num_rows, kind or pa.string())])
