"""A loopback Stripe: a seeded ledger behind the API's own routes, limits, and faults.

It shares no code with the client, so that agreeing with it proves something. Names are loaded when first used; the
command line can ask for the options without paying for a server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.sandbox.core.world import World
    from connector.sandbox.http.limits import Limits
    from connector.sandbox.sandbox import Sandbox

__all__ = ["Limits", "Sandbox", "World"]

_HOMES = {"Limits": "http.limits", "Sandbox": "sandbox", "World": "core.world"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: the attribute asked for may be any of __all__
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
