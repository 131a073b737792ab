"""Packages that only some environments have: without one the tests that need it are left out."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

WHOLE = bool(os.environ.get("STRIPE_BALANCE_ALL_INTEGRATIONS"))
"""Whether all are to be there: then a test that cannot be imported is an error."""


def lacking(needs: dict[str, str]) -> list[str]:
    """Return the test modules to leave out.

    Args:
        needs: package that each test module needs.
    """
    return [] if WHOLE else [module for module, package in needs.items() if find_spec(package) is None]


def present(package: str) -> pytest.MarkDecorator:
    """Leave a case out where a package is not installed, unless all are to be there."""
    there = WHOLE or find_spec(package) is not None
    return pytest.mark.skipif(
        not there, reason=f"{package} is not installed; `make integrations` sets up what runs this"
    )
