"""Faults in the text of an answer: JSON that is legal and that a reader may refuse, change, or not survive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import orjson

from connector.sandbox.core.texts import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.http.faults import Fault

_ROW = b'"object": "balance_transaction",'
_CHARGE = b'"object": "charge",'
_LONG = b' "weight": -123456789012345678901234567890, "share": 0.12345678901234567890123, "odds": 1e400,'
_DESCRIPTION = re.compile(rb'^ {6}"description": .*?(,?)$', re.MULTILINE)
_INTEGER = re.compile(rb'^( *"(?:amount|available_on|created|fee|net)": -?)(\d+)', re.MULTILINE)
_COUNTS = frozenset({"amount", "fee", "net", "created", "available_on"})


def rewritten(body: bytes, faults: Mapping[str, Fault]) -> bytes:
    """Return the body of a list as the faults among REWRITES make it."""
    for kind in REWRITES.keys() & faults.keys():
        body = REWRITES[kind](body, faults[kind])
    return body


def _half_pair(body: bytes, _fault: Fault) -> bytes:
    return _DESCRIPTION.sub(rb'      "description": "half a pair: \\ud83d."\1', body)


def _long_number(body: bytes, _fault: Fault) -> bytes:
    return body.replace(_ROW, _ROW + _LONG).replace(_CHARGE, _CHARGE + _LONG)


def _repeated_field(body: bytes, fault: Fault) -> bytes:
    name = fault.options.get("field", "description")
    first = b"1" if name in _COUNTS else b'"the first"'
    return body.replace(_ROW, b'"%s": %s, %s' % (name.encode(), first, _ROW))


def _byte_order_mark(body: bytes, _fault: Fault) -> bytes:
    return b"\xef\xbb\xbf" + body


def _decimal_integers(body: bytes, _fault: Fault) -> bytes:
    return _INTEGER.sub(rb"\1\2.0", body)


def _deep(body: bytes, fault: Fault) -> bytes:
    levels = int(fault.number("levels", 5_000))
    return body.replace(_ROW, b'%s "deep": %s%s,' % (_ROW, b"[" * levels, b"]" * levels))


def _hostile_text(body: bytes, fault: Fault) -> bytes:
    """Put a hostile text at the end of some fields, in every object that has them as texts."""
    fields = set(fault.options.get("fields", "description").split("|"))
    document = orjson.loads(body)
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        for name in members.keys() & fields:
            if isinstance(members[name], str | None):
                members[name] = f"{members[name] or ''}{HOSTILE}"
        waiting += members.values() if members else value if isinstance(value, list) else ()
    return orjson.dumps(document)


REWRITES: dict[str, Callable[[bytes, Fault], bytes]] = {
    "half-pair": _half_pair,
    "long-number": _long_number,
    "repeated-field": _repeated_field,
    "byte-order-mark": _byte_order_mark,
    "decimal-integers": _decimal_integers,
    "deep": _deep,
    "hostile-text": _hostile_text,
}
