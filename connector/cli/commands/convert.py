"""`convert`: a lake made of another one, and proved to hold the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.options.from_table import given
from connector.cli.process.run_command import work
from connector.conversion.calls import convert
from connector.conversion.report import to_document
from connector.core.counting import counted
from connector.options.calls import ConvertOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.conversion.report import ConversionReport


def run(args: argparse.Namespace, console: Console) -> int:
    """Make the lake, say what it holds, and return the exit status."""

    async def go(view: RunView) -> ConversionReport:
        return await convert(args.destination, args.new, on_event=view.hear, **given(args, ConvertOptions))

    report = work(go, console, keeps=True)
    if console.json:
        console.document(to_document(report))
    console.say(*_lines(report))
    return 0


def _lines(report: ConversionReport) -> Iterator[str]:
    """Yield what there is to say to people."""
    places = f"{report.source} → {report.destination}"
    holds = f"{counted(report.rows, 'row')} in {counted(report.files, 'file')}"
    yield f"{places}: {holds} ({report.format}), read back and the same"
    for table in report.tables:
        yield (
            f"  {table.table} of {table.account}: {counted(table.rows, 'row')}, as of record {table.record:,};"
            f" content {table.content[:12]}"
        )
    if report.parts_kept:
        yield f"{counted(report.parts_kept, 'part')} had been made before, and were read back."
    yield f"Next: stripe-balance sync {report.destination}, in the place of {report.source}."
