"""Where the lake of a command is: its destination, with the settings of its store."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from connector.cli.options.storage_words import settings_of_words
from connector.config.destination import bucket_address, placed
from connector.config.storage import secrets_among, settings_in
from connector.errors import ConfigError
from connector.options.option import table_of
from connector.options.storage import Storage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from connector.cli.display.console import Console


def place(args: argparse.Namespace, console: Console) -> None:
    """Give the destination the storage options of the command line, and take those off.

    Args:
        args: the parsed options; `place` does the same for a destination that is found among other words.
        console: told which values to keep to itself.

    Raises:
        UsageError: a storage option is no setting, or a secret.
        ConfigError: there is no such setting, or the destination is in this process's memory.
    """
    args.place = _placing(args, console, "")
    if args.destination is not None:
        args.destination = args.place(args.destination)
    if hasattr(args, "new"):
        args.new = _placing(args, console, "new_")(args.new)


def _placing(args: argparse.Namespace, console: Console, before: str) -> Callable[[str], str | os.PathLike[str]]:
    """Return what gives a destination its storage options, and take those off the command line.

    Args:
        args: the parsed options.
        console: told which values to keep to itself.
        before: what the options' names begin with.
    """
    given = {name: vars(args).pop(f"{before}{name}") for name in table_of(Storage)}
    settings = settings_of_words(given["storage_options"])
    if (file := given["storage_options_file"]) is not None:
        settings = {**settings_in(file, lambda line: console.warn(line, always=True)), **settings}
    console.secrets |= secrets_among(settings, os.environ)
    return partial(_placed, settings, given["single_writer"])


def _placed(settings: dict[str, str], single_writer: bool, destination: str) -> str | os.PathLike[str]:  # noqa: FBT001 - bound, not passed
    address = bucket_address(destination)
    if address is not None and address.scheme == "memory":
        raise ConfigError(
            "memory:// is gone with the process: it is for Python code, and tests; name a folder or bucket"
        )
    return placed(destination, settings, single_writer=single_writer)
