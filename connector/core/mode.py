"""Live mode or test mode, in words."""

from __future__ import annotations


def mode_of(livemode: bool | None, *, unknown: str = "") -> str:  # noqa: FBT001 - Stripe's own flag
    """Return of which mode a key or data is.

    Args:
        livemode: Stripe's flag; None where nothing says.
        unknown: what to return then.
    """
    return {True: "live mode", False: "test mode", None: unknown}[livemode]
