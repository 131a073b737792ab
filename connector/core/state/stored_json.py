"""The text of what a lake stores of its state: records, intents, notes of a conversion."""

from __future__ import annotations

import msgspec


def struct_to_json(document: msgspec.Struct | tuple[msgspec.Struct, ...]) -> bytes:
    """Return a stored document's text; the same document gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
