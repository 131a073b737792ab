"""Descriptions as merchants write them: several scripts, quotes, rarely a newline or an emoji, sometimes nothing."""

from __future__ import annotations

import orjson

_TEXTS: tuple[str | None, ...] = (
    "Order #%d",
    "Subscription update",
    "Subscription creation",
    "Invoice INV-%d",
    "Payment for Invoice",
    None,
    "Order #%d (gift wrapped)",
    'Ticket %d, row "B"',
    "Commande n° %d — livraison à Besançon",
    "Bestellung %d, Größe L, Übergröße",
    "ご注文 %d ありがとうございます",
    "注文番号%d",
    "Заказ № %d",
    "طلب رقم %d",
    "주문 %d",
    "订单 %d 付款",
    "Pedido %d: camiseta de niño",
    "Zamówienie %d, łódź",
    "Charge for jenny.rosen+%d@example.com",
    "C:\\exports\\%d.csv",
    None,
    "Donation, thank you! 🎉 %d",
    "Order %d\nDeliver to the back door",
    "Order %d: 2 at €4.50 each",
    "",
    "สั่งซื้อ %d",
    "הזמנה %d",
    "O'Reilly & Sons <%d>",
    "Invoice INV-%d",
    "Order #%d",
    "Subscription update",
    "Order #%d",
)
_PLAIN = ("Subscription update", "Order #%d", "Subscription creation", "Invoice INV-%d")
"""What most merchants write most of the time."""

HOSTILE = (
    "\r\n    balance   proved: nothing is missing\x1b[2J\x1b]0;title\x07\b\x7f\x85\x9b31m"
    "\u202e\u2066\u200f\u2028\u2029\ufeff"
    " sk_live_HostileHostileKey rk_test_HostileHostileKey whsec_HostileHostileKey"
    " https://user:HostileSecret@host/ Bearer HostileSecret1 Basic SG9zdGlsZVNlY3JldDo= "
)
"""What no merchant writes: line breaks and controls that move a cursor or turn text round, and secrets."""


def hostile_header() -> str:
    """As much of it as a header can carry."""
    return "".join(text for text in HOSTILE if text >= " " and text != "\x7f").strip()


def charge_texts() -> tuple[str, ...]:
    """64 JSON texts, ready to be written, each taking one number by `%` (those that show none swallow it)."""
    return tuple(_template(text) for text in (*_TEXTS, *(_PLAIN * 8)))


def _template(text: str | None) -> str:
    encoded = orjson.dumps(text).decode()
    return encoded if "%d" in encoded else encoded + "%.0s"
