"""Records of a version that this program does not know, since a newer one wrote them."""

from __future__ import annotations

from connector.errors import StateError

_REMEDY = "upgrade stripe-balance-connector"


def newer(where: str, version: object, known: int) -> StateError:
    """Return the refusal of a record.

    Args:
        where: the record.
        version: what it says of itself.
        known: the newest version that this program knows.
    """
    return StateError(f"{where} has version {version}, and this program knows up to {known}: {_REMEDY}")


def is_newer(message: str) -> bool:
    """Say whether a message is that of a record that only a newer program understands: no command helps."""
    return message.endswith(_REMEDY)
