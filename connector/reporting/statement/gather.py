"""From a lake to the facts of one account."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector.core.api.fields import object_of
from connector.core.ledger.balance import to_balance
from connector.core.ledger.bridge import Known, bank_lines, payout_states
from connector.core.ledger.ledger import Purse
from connector.core.ledger.openings import Recorded, covers, worth_asking
from connector.core.ledger.purse_statements import bridges_of, complete_to, purse_statements, reasons_of
from connector.core.ledger.statement import AccountStatement
from connector.core.units import PAYMENTS
from connector.errors import ProtocolError
from connector.lake.formats.row_columns import to_rows
from connector.lake.reading.dataset import read
from connector.lake.state.lake_identity import load_balances, load_payouts
from connector.reporting.scan import AccountScan
from connector.reporting.statement.freezing import since_kept
from connector.reporting.statement.period_figures import PeriodReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from connector.core.ledger.balance import BalanceAmount
    from connector.core.state.table_state import TableState
    from connector.core.time.periods import Period
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

_PAYOUT = (
    "id",
    "created",
    "arrival_date",
    "amount",
    "currency",
    "status",
    "automatic",
    "method",
    "destination",
    "failure_code",
    "trace_id",
    "balance_transaction",
    "failure_balance_transaction",
)


def account_statement(
    store: Store, destination: str | PathLike[str], state: TableState, period: Period, *, currency: str | None = None
) -> AccountStatement:
    """Read one account's rows, payouts and recorded balances, and state the period. Blocks.

    Raises:
        StateError: a record cannot be understood.
        StorageError: a file is gone or cannot be read.
    """
    start, covered = period.bounds.start, state.covered
    recorded: list[Recorded] = []
    if not covers(covered, first_second(state), start):
        recorded = worth_asking(_recorded(store, destination, state), start, covered)
    rows = AccountScan.of(destination, state)
    figures = PeriodReader(rows, period.bounds, recorded).go()
    payouts = payout_states(period, figures, _payouts(store, destination, state), currency=currency)
    purses = purse_statements(period, covered, figures, recorded, first=first_second(state), currency=currency)
    bank = bank_lines(payouts)
    stated = AccountStatement(
        account=state.account,
        livemode=state.livemode,
        complete_to=complete_to(covered, start),
        rows=figures.rows,
        pending_rows=figures.pending_rows,
        reasons=reasons_of(covered, period, figures.pending_rows),
        purses=purses,
        payouts=tuple(payouts),
        payouts_as_of=_payouts_read_at(store, state),
        bank=bank,
        bridges=bridges_of(purses, bank),
        options=state.options,
        bare_rows=state.bare_rows,
    )
    return replace(stated, since_frozen=since_kept(store, rows, stated, period, currency=currency))


def first_second(state: TableState) -> int:
    """Return a second before which the account has no rows, as far as the lake knows: 0 is the beginning of time."""
    covered = state.covered.parts
    return state.account_created if covered and 0 < covered[0].start <= state.account_created else 0


def _payouts(store: Store, destination: str | PathLike[str], state: TableState) -> Iterator[Known]:
    """Yield the payouts of the lake's table; none where there is none."""
    if load_payouts(store, state.account) is not None:
        yield from known_payouts(destination, state.account)


def known_payouts(destination: str | PathLike[str], account: AccountId) -> Iterator[Known]:
    """Yield an account's payouts, by time; raises what `connector.read` raises."""
    rows = read(destination, account, table="payouts")
    for batch in replace(rows, columns=_PAYOUT).reader():
        for row in to_rows(pa.Table.from_batches([batch])):
            yield _known(row)


def _known(row: dict[str, Any]) -> Known:
    return Known(
        id=row["id"],
        created=row["created"],
        arrival_date=row["arrival_date"],
        amount=row["amount"],
        currency=row["currency"],
        status=row["status"],
        automatic=row["automatic"],
        method=row["method"],
        destination=row["destination"],
        failure_code=row["failure_code"],
        trace_id=_trace(row["trace_id"]),
        row=row["balance_transaction"],
        failure_row=row["failure_balance_transaction"],
    )


def _payouts_read_at(store: Store, state: TableState) -> int | None:
    record = load_payouts(store, state.account)
    return None if record is None else record.read_at


def _trace(text: str | None) -> str | None:
    trace = object_of(json.loads(text)) if text else None
    value = trace.get("value") if trace else None
    return value if isinstance(value, str) else None


def _recorded(store: Store, destination: str | PathLike[str], state: TableState) -> Iterator[Recorded]:
    """Yield the balances recorded in the lake, each once."""
    if load_balances(store, state.account) is None:
        return
    rows = read(destination, state.account, table="balances")
    seen: set[int] = set()
    for batch in replace(rows, columns=("snapshot_at", "snapshot")).reader():
        for row in to_rows(pa.Table.from_batches([batch])):
            at = row["snapshot_at"]
            if at not in seen:
                seen.add(at)
                yield from _held(at, row["snapshot"])


def _held(at: int, text: str) -> Iterator[Recorded]:
    try:
        balance = to_balance(json.loads(text))
    except (ProtocolError, ValueError):
        return
    held: dict[Purse, int] = {}
    parts: list[tuple[str, Mapping[str, tuple[BalanceAmount, ...]]]] = [
        (PAYMENTS, {"available": balance.available, "pending": balance.pending}),
        ("issuing", balance.issuing),
        ("refund_and_dispute_prefunding", balance.refund_and_dispute_prefunding),
    ]
    for balance_type, amounts in parts:
        for amount in (amount for status in amounts.values() for amount in status):
            purse = Purse(balance_type, amount.currency)
            held[purse] = held.get(purse, 0) + amount.amount
    yield Recorded(at, held)
