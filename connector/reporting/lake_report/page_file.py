"""The page as a file: there as a whole or not at all."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from connector.errors import ConfigError
from connector.lake.stores.disk import at_disk
from connector.lake.stores.nested_lakes import lake_around

if TYPE_CHECKING:
    from pathlib import Path


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
    with at_disk(f"writing {path}"):
        if (lake := lake_around(path.resolve())) is not None:
            raise ConfigError(f"{path} would be among the files of the lake in {lake}: name a file outside of them")
        if path.exists() and not path.is_file():
            path.write_bytes(text)
            return
        place = path.resolve()
        staged = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        try:
            staged.write_bytes(text)
            staged.replace(place)
        finally:
            with suppress(FileNotFoundError):
                staged.unlink()
