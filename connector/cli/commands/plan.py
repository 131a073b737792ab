"""`plan`: what a lake lacks, as windows for tasks of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connector.cli.options.from_table import given
from connector.cli.options.settings import config_of, salt_of
from connector.cli.process.run_command import work
from connector.ingest.windows import plan
from connector.options.calls import PlanOptions

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the windows, and return the exit status."""
    config, salt = config_of(args, console), salt_of(args, console)

    async def go(_view: RunView) -> list[dict[str, Any]]:
        return await plan(args.destination, config=config, salt=salt, **given(args, PlanOptions))

    windows = work(go, console, show=False)
    if console.json:
        console.document({"windows": windows})
    elif windows:
        lines = [json.dumps(window) for window in windows]
        console.text("[", *[f"  {line}," for line in lines[:-1]], f"  {lines[-1]}", "]")
    else:
        console.text("[]")
    return 0
