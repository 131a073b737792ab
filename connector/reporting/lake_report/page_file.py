"""The page as a file: there as a whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from connector.errors import ConfigError, UsageError
from connector.lake.stores.disk import at_disk
from connector.lake.stores.nested_lakes import lake_around


def refuse_no_file(path: Path) -> None:
    """Refuse what a page cannot be written to, before the work for it is done.

    Raises:
        UsageError: it is a folder, or in none that is there.
    """
    with at_disk(f"looking for {path}"):
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name the page in it, such as {path / 'stripe-balance-report.html'}")
        if not path.parent.is_dir():
            raise UsageError(f"there is no folder {str(path.parent)!r} to write {path.name!r} to")


def write_page(path: Path, page: str) -> None:
    """Write a page in place of what is there; a link goes on leading to it. Blocks.

    What is no file, such as `/dev/stdout` or a pipe, is written to, and stays what it is.

    Args:
        path: where; its folder must be there.
        page: HTML.

    Raises:
        ConfigError: it would be among a lake's own files.
        StorageError: it cannot be written; what was there is then still whole.
    """
    text = page.encode("utf-8", "backslashreplace")
    place = Path(os.path.realpath(path))
    with at_disk(f"writing {path}"):
        if (lake := lake_around(place)) is not None:
            raise ConfigError(f"{path} would be among the files of the lake in {lake}: name a file outside of them")
        if path.exists() and not path.is_file():
            path.write_bytes(text)
            return
        staged = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        try:
            staged.write_bytes(text)
            staged.replace(place)
        finally:
            with suppress(FileNotFoundError):
                staged.unlink()
