"""`sandbox`: a loopback Stripe, until told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.__main__ import run as serve

if TYPE_CHECKING:
    import argparse

    from connector.cli.console import Console


def run(args: argparse.Namespace, _console: Console) -> int:
    """Serve, and return the exit status."""
    return serve(args)
