"""Workpapers as a call: `write_workpaper`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.core.documents import to_json
from connector.errors import UsageError
from connector.outside_text import document_without_keys
from connector.reporting.lake_report.page_file import write_page
from connector.reporting.workpaper.page import to_page

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from os import PathLike

ENDINGS = (".html", ".json")


def write_workpaper(document: Mapping[str, Any], output: str | PathLike[str], *, secrets: Collection[str] = ()) -> None:
    """Write what `run_verify` returned as a workpaper. Blocks.

    Args:
        document: as `schemas/verdict.json` has it.
        output: file; a page where its name ends in `.html`, JSON in `.json`. What is there is replaced as a whole.
        secrets: what must not stand in it, whatever its form; keys are taken out by theirs.

    Raises:
        UsageError: the name ends otherwise.
        StorageError: it cannot be written; what was there is then still whole.
    """
    path = Path(output)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{path} is to be a workpaper: name it .html for a page, or .json")
    plain = document_without_keys(document, secrets)
    write_page(path, to_page(plain, secrets) if ending == ".html" else to_json(plain).decode())
