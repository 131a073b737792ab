"""The balance as a typed, frozen value that keeps what it does not know."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.fields import object_of
from connector.core.pickling import carried
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.api.page import Row


@dataclass(frozen=True, slots=True)
class BalanceAmount:
    """An amount of one currency in one bucket.

    Attributes:
        amount: in minor units of the currency; may be negative.
        currency: lower-case ISO code.
        source_types: the same amount by where it came from (`card`, `bank_account`, `fpx`, …); may be empty.
        net_available: for instant payouts, what each destination could get, as received.
        extra: fields this version does not know.
    """

    amount: int
    currency: str
    source_types: Mapping[str, int] = field(default_factory=dict[str, int])
    net_available: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __reduce__(self) -> tuple[Any, ...]:
        return carried(self)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has, bucket by bucket. Absent buckets are empty.

    Attributes:
        livemode: whether it is real money.
        available: can be paid out.
        pending: not yet.
        connect_reserved: held against connected accounts with a negative balance; not to be added to the others.
        instant_available: what Instant Payouts could take; a view, never to be added.
        issuing: for Issuing, by bucket (`available`).
        refund_and_dispute_prefunding: by bucket (`available`, `pending`).
        received: the whole object as received, with fields this version does not know.

    Source: docs.stripe.com/api/balance/balance_object.
    """

    livemode: bool
    available: tuple[BalanceAmount, ...]
    pending: tuple[BalanceAmount, ...]
    connect_reserved: tuple[BalanceAmount, ...] = ()
    instant_available: tuple[BalanceAmount, ...] = ()
    issuing: Mapping[str, tuple[BalanceAmount, ...]] = field(default_factory=dict[str, "tuple[BalanceAmount, ...]"])
    refund_and_dispute_prefunding: Mapping[str, tuple[BalanceAmount, ...]] = field(
        default_factory=dict[str, "tuple[BalanceAmount, ...]"]
    )
    received: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return carried(self)

    def buckets(self) -> list[tuple[str, tuple[BalanceAmount, ...]]]:
        """Return every bucket that has entries, by its dotted name, in the order of the documentation."""
        flat = [(name, getattr(self, name)) for name in _FLAT]
        nested = [(f"{name}.{part}", amounts) for name in _NESTED for part, amounts in getattr(self, name).items()]
        return [(name, amounts) for name, amounts in [*flat, *nested] if amounts]

    def others(self) -> list[tuple[str, tuple[BalanceAmount, ...]]]:
        """Return the buckets this version does not know, by their dotted names, as received; only those of money."""
        unknown = {name: value for name, value in self.received.items() if name not in {*_FLAT, *_NESTED}}
        parts = [
            (f"{name}.{part}", entries)
            for name, value in unknown.items()
            for part, entries in (object_of(value) or {}).items()
        ]
        named = [
            (name, cast("list[Any]", value)) for name, value in [*unknown.items(), *parts] if isinstance(value, list)
        ]
        return [(name, amounts) for name, entries in named if (amounts := _amounts_if_money(entries))]


_FLAT = ("available", "pending", "connect_reserved", "instant_available")
_NESTED = ("issuing", "refund_and_dispute_prefunding")
_PARTS = frozenset({"available", "pending"})
_KNOWN = frozenset({"amount", "currency", "source_types", "net_available"})


def to_balance(received: Row) -> Balance:
    """Read the balance object.

    Raises:
        ProtocolError: when it is not a balance, or an amount is not an integer with its currency.
    """
    if received.get("object") != "balance":
        raise ProtocolError(f"the answer is not a balance but {received.get('object')!r}")
    try:
        return Balance(
            livemode=_flag(received["livemode"]),
            available=_amounts(received["available"]),
            pending=_amounts(received["pending"]),
            connect_reserved=_amounts_or_none(received.get("connect_reserved")),
            instant_available=_amounts_or_none(received.get("instant_available")),
            issuing=_parts(received.get("issuing") or {}),
            refund_and_dispute_prefunding=_parts(received.get("refund_and_dispute_prefunding") or {}),
            received=MappingProxyType(received),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"the balance is not of the documented form ({error!r})") from error


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"livemode is {str(value)[:40]!r}")
    return value


def _parts(bucket: dict[str, Any]) -> Mapping[str, tuple[BalanceAmount, ...]]:
    names = [name for name, value in bucket.items() if isinstance(value, list) or name in _PARTS]
    return MappingProxyType({name: _amounts_or_none(bucket[name]) for name in names})


def _amounts_or_none(entries: Any) -> tuple[BalanceAmount, ...]:  # noqa: ANN401 - as received
    return () if entries is None else _amounts(entries)


def _amounts(entries: Any) -> tuple[BalanceAmount, ...]:  # noqa: ANN401 - as received
    if not isinstance(entries, list):
        raise TypeError(f"amounts are a list, not {str(entries)[:40]!r}")
    return tuple(_amount(entry) for entry in cast("list[dict[str, Any]]", entries))


def _amounts_if_money(entries: list[Any]) -> tuple[BalanceAmount, ...] | None:
    try:
        return _amounts(entries)
    except (KeyError, TypeError, AttributeError):
        return None


def _amount(entry: dict[str, Any]) -> BalanceAmount:
    if type(entry["amount"]) is not int or not isinstance(entry["currency"], str):
        raise TypeError(f"amount {entry['amount']!r}, currency {entry['currency']!r}")
    return BalanceAmount(
        amount=entry["amount"],
        currency=entry["currency"],
        source_types=MappingProxyType(cast("dict[str, int]", entry.get("source_types") or {})),
        net_available=tuple(entry.get("net_available") or ()),
        extra=MappingProxyType({name: value for name, value in entry.items() if name not in _KNOWN}),
    )
