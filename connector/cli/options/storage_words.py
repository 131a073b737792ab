"""Storage options as words of the command line; secrets among them are refused. Imports nothing that takes time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.storage import has_secret, variable_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def settings_of_words(words: Iterable[str]) -> dict[str, str]:
    """Return the settings that the command line names, as `NAME=VALUE`.

    Raises:
        UsageError: it is no such word, or a secret, which other users of the machine could read; no value is quoted.
    """
    settings: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError("a --storage-option is NAME=VALUE, such as region=eu-central-1")
        if has_secret(value):
            raise UsageError(
                f"the --storage-option {name} is an address with a password or a token in it: take that out"
            )
        refuse_secrets([word])
        settings[name] = value
    return settings


def refuse_secrets(words: Iterable[str]) -> None:
    """Refuse secrets of buckets on the command line, whatever they were meant for.

    Raises:
        UsageError: a word sets one; its value is not quoted.
    """
    for word in words:
        name, equals, _ = word.lstrip("-").removeprefix("new-").removeprefix("storage-option=").partition("=")
        variable = variable_of(name) if equals else None
        if variable is not None:
            raise UsageError(
                f"{name} is a secret, which is not taken from the command line: other users of this machine and the"
                f" shell's history can read it. Set {variable}, or put it in a file and name that with"
                " --storage-options-file; if it was a real one, consider replacing it"
            )
