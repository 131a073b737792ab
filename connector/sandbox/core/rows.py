"""Balance transactions as the API writes them: pretty JSON, straight from the columns.

A page is the hottest thing the sandbox does, so rows are written as text, already indented for a list; whoever wants an
object decodes that text, so there is one truth about a row. (`tests/sandbox` holds it against orjson's own output.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from connector.sandbox.core.economy import conversion_fee, fx_of
from connector.sandbox.core.ids import SPAN, TRIPLE, triples
from connector.sandbox.core.kinds import CHARGES, DAY, PAYOUTS, REFUNDS, SPECS, Kind, delay_of
from connector.sandbox.core.ledger import FAR_SIDES, far_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.core.ledger import Ledger

APPLICATION = "ca_SandboxPlatformApplication0001"
CONVERSION = "Stripe currency conversion fee"
"""How Stripe describes the fee for conversion, where it shows it apart from the rate."""

TAXED = frozenset({"eur", "gbp"})
"""Currencies of accounts whose Stripe fees carry value added tax, a sixth of the whole."""

WITHHELD = frozenset({"mxn"})
"""Currencies of accounts from whose payments Stripe withholds tax, shown among the fees: a sixth of the whole."""

_FEES = {
    Kind.DISPUTE: "Dispute fee",
    Kind.DISPUTE_REVERSAL: "Dispute fee",
    Kind.PAYOUT_MANUAL: "Instant Payout fee",
    Kind.REFUND: "Stripe processing fee refund",
}
"""How the Stripe fee is described, of rows that are not payments."""

_LINE = ",\n      "
_RATE, _FEE, _DETAILS, _NET = (f'{_LINE}"{name}": ' for name in ("exchange_rate", "fee", "fee_details", "net"))
_ON = f'{_LINE}"available_on": '


class _Plan(NamedTuple):
    """What is fixed for rows of a kind and currency: pieces of text between values; `text` is None for special rows."""

    head: str
    amount: str
    delay: int
    start: int
    created: str
    description: str
    text: str | None
    source: str
    salt: int
    fee: tuple[str, str, str]
    category: str
    status: tuple[str, str]


class Renderer:
    """Writes the rows of one ledger.

    Args:
        ledger: the columns.
        legacy: leave out `balance_type`, as API versions before 2025-05-28 do.
    """

    def __init__(self, ledger: Ledger, *, legacy: bool = False) -> None:
        self.ledger = ledger
        self._plans = [
            self._plan(kind, place, legacy=legacy) for kind in Kind for place in range(len(ledger.currencies))
        ]

    def row(self, number: int, now: int) -> dict[str, Any]:
        """One row as an object, its status as of `now`."""
        return orjson.loads(self.texts((number,), now)[0])

    def texts(self, numbers: Iterable[int], now: int) -> list[str]:
        """Rows as JSON text at the indent of a list's `data`, without separators, statuses as of `now`."""
        ledger, codec, plans, table = self.ledger, self.ledger.codec, self._plans, triples()
        created, kinds, currencies, amounts, fees = (
            ledger.created,
            ledger.kind,
            ledger.currency,
            ledger.amount,
            ledger.fee,
        )
        scale, shift, tail_scale, tag, own_salt = (
            codec.scale,
            codec.shift,
            codec.tail_scale,
            codec.tag,
            codec.salt("txn_"),
        )
        width, descriptions, span, triple = len(ledger.currencies), ledger.texts, SPAN, TRIPLE
        payment, foreign = int(Kind.PAYMENT), int(Kind.CHARGE_FX)
        out: list[str] = []
        for number in numbers:
            kind, at, amount, fee = kinds[number], created[number], amounts[number], fees[number]
            plan = plans[kind * width + currencies[number]]
            (
                head,
                amount_name,
                delay,
                start,
                created_name,
                description_name,
                text,
                source,
                salt,
                fee_text,
                category,
                status,
            ) = plan
            high, low = divmod((number * scale + shift) % span, triple)
            stem = f"{table[high]}{table[low]}{tag}0"
            tail = number * tail_scale
            high, low = divmod((tail + own_salt) % span, triple)
            on = ((at - start) // DAY + delay) * DAY + start if delay else at
            if text is None:
                text, source = self._special(number)
            else:
                source_high, source_low = divmod((tail + salt) % span, triple)
                source = f'{source}{stem}{table[source_high]}{table[source_low]}"' if source else "null"
            rate = "null"
            if kind <= payment:
                text = descriptions[(number * 40_503 >> 4) & 63] % number
                rate = rate if kind != foreign else repr(fx_of(number)[1])
            if not fee:
                details = "[]"
            elif fee_text[1] or fee_text[2]:
                details = _several_fees(fee, conversion_fee(amount) if fee_text[2] else 0, fee_text)
            else:
                details = f'[\n        {{\n          "amount": {fee}{fee_text[0]}\n      ]'
            out.append(
                f"{head}{stem}{table[high]}{table[low]}{amount_name}{amount}{_ON}{on}{created_name}{at}"
                f"{description_name}{text}{_RATE}{rate}{_FEE}{fee}{_DETAILS}{details}{_NET}{amount - fee}"
                f"{category}{source}{status[on <= now]}"
            )
        return out

    def _special(self, number: int) -> tuple[str, str]:
        """`description` and `source`, as JSON, of a row that cannot be written without looking at another one."""
        ledger = self.ledger
        kind = ledger.kind[number]
        text, source = SPECS[kind].text, ledger.source_of(number)
        if text is not None and kind in REFUNDS:
            link = ledger.link[number]
            paid = far_id(ledger.codec, "py_", link) if kind in FAR_SIDES else ledger.source_of(link)
            text = f"{text} {paid}"
        elif text is not None and SPECS[kind].linked:
            text = f"{text} for {source}"
        return _json(text), _json(source)

    def _plan(self, kind: Kind, place: int, *, legacy: bool) -> _Plan:
        spec, currency, codec = SPECS[kind], self.ledger.currencies[place], self.ledger.codec
        lead = "3" if kind <= Kind.PAYMENT else "1"
        balance_type = "" if legacy else f'{_LINE}"balance_type": "{spec.balance_type}"'
        end = f'"{_LINE}"type": "{spec.type}"\n    }}'
        available = f'{_LINE}"status": "available{end}'
        return _Plan(
            head=f'    {{\n      "id": "txn_{lead}',
            amount=f'"{_LINE}"object": "balance_transaction"{_LINE}"amount": ',
            delay=delay_of(kind, place),
            start=0 if kind in PAYOUTS else self.ledger.start_of_day,
            created=f'{balance_type}{_LINE}"created": ',
            description=f'{_LINE}"currency": "{currency}"{_LINE}"description": ',
            text=None if _is_special(kind) else _json(spec.text),
            source=f'"{spec.prefix}{lead}' if spec.prefix else "",
            salt=codec.salt(spec.prefix),
            fee=_fee_texts(kind, currency),
            category=f'{_LINE}"reporting_category": "{spec.category}"{_LINE}"source": ',
            status=(available if kind in PAYOUTS else f'{_LINE}"status": "pending{end}', available),
        )


def _json(value: str | None) -> str:
    return orjson.dumps(value).decode()


def _fee_texts(kind: Kind, currency: str) -> tuple[str, str, str]:
    """What stands after amounts in `fee_details`: entries of the Stripe fee, of tax, and of conversion."""
    if kind == Kind.TRANSFER_IN:
        return _fee_entry(currency, APPLICATION, "Sandbox application fee", "application_fee"), "", ""
    text = _FEES.get(kind, "Stripe processing fees")
    tax = ""
    if kind in CHARGES and currency in TAXED:
        tax = _fee_entry(currency, None, "VAT", "tax")
    elif kind in CHARGES and currency in WITHHELD:
        tax = _fee_entry(currency, None, "Withheld tax", "withheld_tax")
    converting = _fee_entry(currency, None, CONVERSION, "stripe_fee") if kind == Kind.CHARGE_FX else ""
    return _fee_entry(currency, None, text, "stripe_fee"), tax, converting


def _fee_entry(currency: str, application: str | None, text: str, type_: str) -> str:
    pad = ",\n          "
    return (
        f'{pad}"application": {_json(application)}{pad}"currency": "{currency}"'
        f'{pad}"description": {_json(text)}{pad}"type": "{type_}"\n        }}'
    )


def _several_fees(fee: int, converting: int, texts: tuple[str, str, str]) -> str:
    """`fee_details` of a fee with tax in it, or with a part for conversion; its amounts sum to `fee`."""
    tax = fee // 6 if texts[1] else 0
    parts = ((fee - tax - converting, texts[0]), (converting, texts[2]), (tax, texts[1]))
    entries = (
        f'\n        {{\n          "amount": {amount}{text}' for amount, text in parts if amount or text == texts[0]
    )
    return f"[{','.join(entries)}\n      ]"


def _is_special(kind: Kind) -> bool:
    """Whether rows of a kind cannot be written without looking at another row."""
    return SPECS[kind].linked or kind in REFUNDS or kind in FAR_SIDES
