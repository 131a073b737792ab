"""What must hold between an account's rows and its balance: sums, and where they do not agree.

Per currency and kind of balance, the `net` of all rows adds up to the balance, split by `status` (docs.stripe.com/api/
balance_transactions: `net` is `amount` less `fee`; docs.stripe.com/api/balance). `connect_reserved` and
`instant_available` are views of the same money, never to be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connector.core.units import PAYMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AVAILABLE, PENDING = "available", "pending"

PUBLIC: Mapping[str, tuple[str, ...]] = {
    PAYMENTS: (AVAILABLE, PENDING),
    "issuing": (AVAILABLE,),
    "refund_and_dispute_prefunding": (AVAILABLE, PENDING),
}
"""Balances that the balance object shows, each with the statuses it shows. `risk_reserved` is not among them."""


WHOLE = frozenset(name for name, statuses in PUBLIC.items() if PENDING in statuses)
"""Balances that are shown as a whole, whatever the status."""


class BalanceKey(NamedTuple):
    """What is added up together.

    Attributes:
        balance_type: which balance.
        currency: lower-case ISO code.
        status: `available`, `pending`, or what else a row may say.
    """

    balance_type: str
    currency: str
    status: str


class Total(NamedTuple):
    """What rows come to.

    Attributes:
        net: sum of their `net`, in minor units.
        rows: how many they are.
    """

    net: int
    rows: int


NOTHING = Total(0, 0)


class Unshown(NamedTuple):
    """Rows that can be compared with no amount, since the balance object shows none of theirs.

    Attributes:
        balance_type: which balance.
        currency: lower-case ISO code.
        rows: how many.
        net: sum of their `net`, in minor units.
    """

    balance_type: str
    currency: str
    rows: int
    net: int


class Disagreement(NamedTuple):
    """A bucket whose rows do not add up to what it holds, in minor units.

    Attributes:
        bucket: which; its status is `available + pending` where rows of an unknown status allow no split.
        held: by the balance.
        rows: sum of `net` of the rows.
    """

    bucket: BalanceKey
    held: int
    rows: int


def add_up(parts: Iterable[Mapping[BalanceKey, int]]) -> dict[BalanceKey, int]:
    """Add up sums by bucket."""
    total: dict[BalanceKey, int] = {}
    for part in parts:
        for bucket, net in part.items():
            total[bucket] = total.get(bucket, 0) + net
    return total


def add_totals(parts: Iterable[Mapping[BalanceKey, Total]]) -> dict[BalanceKey, Total]:
    """Add up totals by bucket."""
    total: dict[BalanceKey, Total] = {}
    for part in parts:
        for bucket, (net, rows) in part.items():
            before = total.get(bucket, NOTHING)
            total[bucket] = Total(before.net + net, before.rows + rows)
    return total


def nets_of(totals: Mapping[BalanceKey, Total]) -> dict[BalanceKey, int]:
    """Return the sums of `net` alone."""
    return {bucket: total.net for bucket, total in totals.items()}


def unshown(totals: Mapping[BalanceKey, Total], *, since: bool = False) -> list[Unshown]:
    """Return which rows are compared with nothing, by balance and currency, sorted.

    They are those of balances that the balance object does not show (`risk_reserved`, and what Stripe adds), and the
    pending ones of balances shown as available only.

    Args:
        totals: of the rows, by bucket.
        since: the rows are those since a recorded balance, so that only balances shown as a whole are compared.
    """
    hidden: dict[tuple[str, str], Total] = {}
    for bucket, (net, rows) in totals.items():
        if rows and not (bucket.balance_type in WHOLE if since else _is_compared(bucket)):
            before = hidden.get(bucket[:2], NOTHING)
            hidden[bucket[:2]] = Total(before.net + net, before.rows + rows)
    return [Unshown(*key, rows, net) for key, (net, rows) in sorted(hidden.items())]


def _is_compared(bucket: BalanceKey) -> bool:
    """Say whether `disagreements` counts a bucket: what is shown, and statuses nobody knows, which are in the whole."""
    shown = PUBLIC.get(bucket.balance_type, ())
    return bool(shown) and (bucket.status in shown or bucket.status not in {AVAILABLE, PENDING})


def cancelling(disagreements: Iterable[Disagreement]) -> tuple[list[Disagreement], list[Disagreement]]:
    """Divide disagreements: those of which available and pending cancel, and all others.

    Returns:
        Of each balance whose total agrees, what is available; and the rest. Both in the order given.
    """
    given = list(disagreements)
    gaps = {disagreement.bucket: disagreement.rows - disagreement.held for disagreement in given}
    agree = {
        bucket[:2]
        for bucket, gap in gaps.items()
        if bucket.status == AVAILABLE and gaps.get(bucket._replace(status=PENDING)) == -gap
    }
    splits = [
        disagreement
        for disagreement in given
        if disagreement.bucket[:2] in agree and disagreement.bucket.status == AVAILABLE
    ]
    return splits, [disagreement for disagreement in given if disagreement.bucket[:2] not in agree]


def disagreements(rows: Mapping[BalanceKey, int], held: Mapping[BalanceKey, int]) -> list[Disagreement]:
    """Compare sums of rows with what the balance holds; a bucket that either lacks is zero.

    Args:
        rows: sum of `net` by bucket, of every row there is.
        held: amounts of the balance object, by bucket.

    Returns:
        Where they differ, sorted; rows of balances that the balance object does not show are left out.
    """
    return [disagreement for disagreement in side_by_side(rows, held) if disagreement.held != disagreement.rows]


def unexplained(
    rows: Mapping[BalanceKey, int], before: Mapping[BalanceKey, int], held: Mapping[BalanceKey, int]
) -> list[Disagreement]:
    """Return where the sums of rows since a moment differ from the change of the balance since; see `changes_since`."""
    return [
        disagreement for disagreement in changes_since(rows, before, held) if disagreement.held != disagreement.rows
    ]


def changes_since(
    rows: Mapping[BalanceKey, int], before: Mapping[BalanceKey, int], held: Mapping[BalanceKey, int]
) -> list[Disagreement]:
    """Lay the sums of rows since a moment beside the change of the balance since.

    Statuses change meanwhile, so each balance is compared as a whole; those that show one status only are left out.

    Args:
        rows: sum of `net` by bucket, of the rows since then.
        before: what the balance held then.
        held: what it holds now.

    Returns:
        One for each balance, sorted, whether it agrees or not.
    """
    since = [(key, net) for key, net in rows.items() if key.balance_type in WHOLE]
    disagreements: list[Disagreement] = []
    for balance_type, currency in sorted({key[:2] for key in (*rows, *before, *held) if key.balance_type in WHOLE}):
        change = sum(
            side * net
            for amounts, side in ((held, 1), (before, -1))
            for key, net in amounts.items()
            if key[:2] == (balance_type, currency)
        )
        total = sum(net for key, net in since if key[:2] == (balance_type, currency))
        disagreements.append(
            Disagreement(BalanceKey(balance_type, currency, f"{AVAILABLE} + {PENDING}"), change, total)
        )
    return disagreements


def side_by_side(rows: Mapping[BalanceKey, int], held: Mapping[BalanceKey, int]) -> list[Disagreement]:
    """Return what `disagreements` compares, bucket by bucket, whether it agrees or not, sorted."""
    disagreements: list[Disagreement] = []
    for balance_type, currency in _compared(rows, held):
        statuses = PUBLIC[balance_type]
        known = [BalanceKey(balance_type, currency, status) for status in statuses]
        strange = [
            key for key in rows if key[:2] == (balance_type, currency) and key.status not in (AVAILABLE, PENDING)
        ]
        if strange:  # a status nobody knows yet: its rows are somewhere in the balance, only the whole can be compared
            whole = BalanceKey(balance_type, currency, " + ".join(statuses))
            has = sum(held.get(bucket, 0) for bucket in known)
            disagreements.append(Disagreement(whole, has, sum(rows.get(bucket, 0) for bucket in [*known, *strange])))
        else:
            disagreements += [Disagreement(bucket, held.get(bucket, 0), rows.get(bucket, 0)) for bucket in known]
    return disagreements


def compared(rows: Mapping[BalanceKey, int], held: Mapping[BalanceKey, int]) -> int:
    """Return how many buckets `disagreements` compares, those that are zero on both sides included."""
    return sum(len(PUBLIC[balance_type]) for balance_type, _ in _compared(rows, held))


def _compared(rows: Mapping[BalanceKey, int], held: Mapping[BalanceKey, int]) -> list[tuple[str, str]]:
    return sorted({bucket[:2] for bucket in (*rows, *held) if bucket.balance_type in PUBLIC})
