"""`sandbox`: a loopback Stripe, until told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.console import at_stdout
from connector.sandbox.__main__ import run as serve

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console


def run(args: argparse.Namespace, _console: Console) -> int:
    """Serve, and return the exit status."""
    with at_stdout():  # an address in use is told of by the sandbox itself
        return serve(args)
