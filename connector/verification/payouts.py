"""The third layer: what each automatic payout paid out is in the lake, and adds up to nothing with its own row.

Source: docs.stripe.com/payouts/reconciliation. Stripe assigns transactions to automatic payouts only, and has assigned
all of them when `reconciliation_status` is `completed`; manual ones are named, never guessed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector.core.counting import counted
from connector.core.ledger import money
from connector.core.state.payouts_record import TRANSACTIONS
from connector.lake.state.file_check import changed_files
from connector.lake.state.lake_identity import load_payouts
from connector.lake.writing.small_tables import read_rows, small_table
from connector.verification.evidence import payout_sums
from connector.verification.payout_rows import PAYOUT, without_payout
from connector.verification.verdict import Finding, Findings, Layer, not_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.core.state.payouts import Payout
    from connector.core.state.payouts_record import DataFile, PayoutsRecord
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store
    from connector.lake.writing.small_tables import SmallTable
    from connector.verification.inventory import Inventory

MANUAL_NAMED = 5


@dataclass(slots=True)
class _PayoutCheck:
    """One account's payouts, a file of their transactions at a time."""

    inventory: Inventory
    record: PayoutsRecord
    findings: Findings = field(default_factory=Findings)
    checked: Counter[str] = field(default_factory=Counter[str])
    seen: set[str] = field(default_factory=set[str])
    own: set[str] = field(default_factory=set[str])
    amounts: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def read(self, store: Store) -> None:
        table = small_table(TRANSACTIONS, self.record.format)
        damaged = {file.path for file in changed_files(store, self.record.all_files.values())}
        for path in sorted(damaged):
            message = f"{path} is gone, or not as it was written: `stripe-balance payouts DEST --full-refresh` mends it"
            self.findings.add(Finding("changed_file", message, path=path))
        for path, file in sorted(self.record.transaction_files.items()):
            self.seen.update(file.listings or ())
            try:
                self._check_file(store, table, file, damaged=path in damaged)
            except Exception:
                if path not in damaged:
                    raise  # else that was found above: bytes that are not ours may be anything, and end in any error
        for row_id, payout in sorted(without_payout(store, self.inventory, self.record, self.own, damaged).items()):
            message = (
                f"{row_id} paid out {payout}, which is not among the payouts of the lake:"
                " `stripe-balance payouts DEST --full-refresh` reads it"
            )
            self.findings.add(Finding("missing_payout", message, id=row_id, ids=(payout,)))

    def _check_file(self, store: Store, table: SmallTable, file: DataFile, *, damaged: bool) -> None:
        rows = read_rows(store, table.form, file.path)
        objects = [] if rows is None else table.objects(rows)
        by_payout: dict[str, list[dict[str, Any]]] = {name: [] for name in file.listings or ()}
        for received in objects:
            by_payout.setdefault(received["payout_id"], []).append(received)
            if received["type"] == PAYOUT and received["payout_id"] in self.record.payouts:
                self.own.add(str(received["balance_transaction_id"]))
        for name, members in sorted(by_payout.items()):
            payout = self.record.payouts.get(name)
            if payout is not None and payout.listable and (members or not damaged):
                self._check(payout, members)

    def _check(self, payout: Payout, members: Sequence[Mapping[str, Any]]) -> None:
        """Check one payout whose transactions are complete."""
        covered = self.inventory.state.covered
        if any(int(member["created"]) not in covered for member in members):
            self.checked["payouts_outside_covered_time"] += 1
            return
        self.checked["payouts"] += 1
        self.amounts.append((payout.currency, payout.amount))
        self.checked["transactions"] += len(members)
        name = f"payout {payout.id} of {money.to_text(payout.amount, payout.currency)}"
        own = [member for member in members if member["type"] == "payout" and member["source"] == payout.id]
        if not own:
            message = f"{name} has {len(members):,} transactions, and its own is not among them"
            self.findings.add(Finding("payout_without_its_own_row", message, id=payout.id))
        for row in own:
            if row["currency"] == payout.currency and row["amount"] != -payout.amount:
                message = f"{name}: its own transaction is of {money.to_text(row['amount'], payout.currency)}"
                finding = Finding(
                    "payout_of_another_amount",
                    message,
                    id=payout.id,
                    currency=payout.currency,
                    expected=payout.amount,
                    found=-row["amount"],
                )
                self.findings.add(finding)
        nets: Counter[str] = Counter()
        for member in members:
            nets[member["currency"]] += member["net"]
        for currency, net in nets.items():
            if net:
                message = f"{name}: its transactions add up to {money.to_text(net, currency)}, and should to nothing"
                finding = Finding("payout_not_zero", message, id=payout.id, currency=currency, expected=0, found=net)
                self.findings.add(finding)
        for row_id in self.inventory.ids.missing(str(each["balance_transaction_id"]) for each in members):
            message = f"{row_id} was paid out by {name}, and is not in the lake"
            self.findings.add(Finding("missing_transaction", message, id=row_id, ids=(payout.id,)))


def check_payouts(store: Store, account: AccountId, inventory: Inventory) -> Layer:
    """Return the verdict of the layer `payouts`, from the payouts the lake has. Blocks; belongs in a worker thread.

    Args:
        store: the lake.
        account: whose payouts.
        inventory: of the account's files, its index of ids still open.

    Raises:
        StateError: the record of payouts cannot be understood.
        StorageError: the destination cannot be read.
    """
    record = load_payouts(store, account)
    if record is None:
        return not_checkable("payouts", "the lake has no payouts yet: `stripe-balance payouts DEST` reads them")
    check = _PayoutCheck(inventory, record)
    check.read(store)
    listable = [payout for payout in record.payouts.values() if payout.listable]
    for payout in listable:
        if payout.id not in check.seen:
            message = f"the transactions of payout {payout.id} are not in the lake: `stripe-balance payouts DEST`"
            check.findings.add(Finding("payout_not_listed", message, id=payout.id))
    manual = sorted(payout.id for payout in record.payouts.values() if not payout.automatic)
    waiting = sum(payout.waiting for payout in record.payouts.values())
    checked = {"payouts": 0, "transactions": 0, **check.checked, "manual_payouts": len(manual), "waiting": waiting}
    if listable and not check.checked["payouts"] and not check.findings:
        reason = "no payout lies in covered time with all its transactions: sync a longer time"
        return Layer("payouts", "not_checkable", f"{reason}{_manual(manual)}", checked)
    payouts = counted(checked["payouts"], "automatic payout")
    transactions = counted(checked["transactions"], "transaction")
    beyond = check.checked["payouts_outside_covered_time"]
    apart = f"; {beyond:,} more have transactions outside the time the lake covers" if beyond else ""
    proved = f"{payouts} with {transactions}, all in the lake, each adding up to nothing"
    reason = f"{proved}{apart}{_manual(manual)}"
    layer = check.findings.layer("payouts", reason, checked=checked)
    return replace(layer, sums=payout_sums(check.amounts))


def _manual(manual: Sequence[str]) -> str:
    """Name the payouts that Stripe assigns no transactions to."""
    if not manual:
        return ""
    more = len(manual) - MANUAL_NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return f"; manual, so that Stripe assigns no transactions to them: {', '.join(manual[:MANUAL_NAMED])}{rest}"
