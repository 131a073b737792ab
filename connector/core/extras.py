"""What to install where a package of an extra is not there."""

from __future__ import annotations

DISTRIBUTION = "stripe-balance-connector"


def how_to_install(extra: str) -> str:
    """Return the commands that bring the packages of an extra: in a checkout, and of a release.

    Args:
        extra: its name in `pyproject.toml`, for example `delta`.
    """
    return f"pip install '.[{extra}]' in a checkout, else pip install '{DISTRIBUTION}[{extra}]'"
