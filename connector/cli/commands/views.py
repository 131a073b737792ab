"""`views`: views for finance over a lake, as statements for an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.errors import UsageError
from connector.readers.engines import ENGINES
from connector.readers.views import ENGINE_NAMES, views_for
from connector.tables.local_date import zone_named

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the statements, and return the exit status."""
    if args.engine not in ENGINE_NAMES:
        raise UsageError(f"there are no views for {args.engine!r}; there are for {', '.join(ENGINE_NAMES)}")
    if args.timezone != "UTC":
        zone_named(args.timezone)
    statement = views_for(args.engine, args.destination, zone=args.timezone, place=args.at)
    if console.json:
        console.document(
            {
                "engine": args.engine,
                "language": statement.language,
                "is_run": ENGINES[args.engine].is_run,
                "timezone": args.timezone,
                "views": list(statement.columns),
                "notes": list(statement.notes),
                "statement": statement.text,
            }
        )
    else:
        console.data(f"{statement.commented}\n".encode("utf-8", "backslashreplace"))  # as it is: to be run elsewhere
    return 0
