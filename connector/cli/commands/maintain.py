"""`maintain`: publish what a lake's tables lack, and clear away what nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.counting import counted, sized
from connector.lake.catalogs.maintenance import TableUpkeep, maintain, to_document

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console


def run(args: argparse.Namespace, console: Console) -> int:
    """Do what a lake needs, say what that was, and return the exit status."""
    upkeep = maintain(
        args.destination,
        publish_only=args.publish,
        repair=args.repair,
        keep_days=args.keep_days,
        dry_run=args.dry_run,
    )
    if console.json:
        console.document(to_document(upkeep))
    elif not upkeep.tables:
        console.say(f"{upkeep.destination}: a lake of files without tables needs no upkeep.")
    else:
        console.say(*(_line(table, dry_run=upkeep.dry_run) for table in upkeep.tables))
    return 0


def _line(table: TableUpkeep, *, dry_run: bool) -> str:
    """Return what was done to a table, or would be."""
    done = [
        (table.published, "in"),
        (table.withdrawn, "out"),
    ]
    files = [f"{counted(number, 'file')} {way}" for number, way in done if number]
    facts = [
        *([f"published ({', '.join(files)})"] if files else []),
        *([f"{counted(table.mended, 'alteration')} undone"] if table.mended else []),
        *([f"{counted(table.removed, 'older file')} removed ({sized(table.bytes)})"] if table.removed else []),
        *([f"{table.left:,} more are left for the next time"] if table.left else []),
        *([f"{counted(table.versions, 'version')} let go of"] if table.versions else []),
        *([f"{counted(table.folded, 'manifest')} put together"] if table.folded else []),
        *([f"{counted(table.log, 'file')} of its log removed"] if table.log else []),
    ]
    return f"{table.table}{' (dry run)' if dry_run else ''}: {', '.join(facts) or 'nothing to do'}"
