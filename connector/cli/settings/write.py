"""Writing a settings file: what was chosen, each with what it means, and what else could be."""

from __future__ import annotations

import json
import os
import textwrap
from typing import TYPE_CHECKING, Any

from connector.cli.settings.kept import DESTINATION, KEY, SETTINGS
from connector.core.time.times import to_text
from connector.errors import ConfigError
from connector.lake.stores.disk import at_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MODE = 0o644
"""Of a new file: others may read it, as there is no secret in it, and not write it."""

EXAMPLES: dict[str, Any] = {
    "since": "2026-01-01",
    "accounts": ["acct_…"],
    "format": "parquet",
    "partition": "month",
    "rate": 20,
}
"""What a file shows, commented out, where it was not chosen."""

_WIDTH = 100
_DAY = 86_400

_HEAD = """\
# Settings of stripe-balance: for commands in this folder, and elsewhere with --config FILE.
# What the command line says, or the environment, counts before what is here.
# The key itself must not be in this file, and nobody but its owner may write it.
"""

_PLACES = {
    DESTINATION: "the lake: a folder, from where this file is, or s3://…, gs://…, az://…",
    KEY: "where the key is: env:NAME, a variable, or file:PATH, whose first line it is",
}


def chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of parsed options that were chosen, as a file says them."""
    given = {name: values[name] for name in SETTINGS if name in values}
    defaults = {name: list(setting.default) if setting.many else setting.default for name, setting in SETTINGS.items()}
    return {name: _in_file(name, value) for name, value in given.items() if value != defaults[name]}


def _in_file(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever an option has
    if name == "since":
        return to_text(value)[:10] if value % _DAY == 0 else to_text(value)
    if isinstance(value, float):
        return 0 if value == float("inf") else int(value) if value.is_integer() else value
    return value


def render(values: Mapping[str, Any]) -> str:
    """Return the text of a file that says these values, by name, `destination` and `key` among them."""
    return _HEAD + "".join(f"\n{block}\n" for block in _blocks(values))


def _blocks(values: Mapping[str, Any]) -> Iterator[str]:
    for name, says in _PLACES.items():
        if name in values:
            yield f"{_comment(says)}\n{name} = {_toml(values[name])}"
    for name, option in SETTINGS.items():
        if name in values:
            yield f"{_comment(option.help)}\n{name} = {_toml(values[name])}"
        elif name in EXAMPLES:
            yield f"{_comment(option.help)}\n# {name} = {_toml(EXAMPLES[name])}"
    others = [name for name in SETTINGS if name not in values and name not in EXAMPLES]
    yield _comment(f"Besides: {', '.join(others)}. `stripe-balance sync --help` says what they mean.")


def _comment(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _toml(value: Any) -> str:  # noqa: ANN401 - as above
    return json.dumps(value, ensure_ascii=False)


def create(path: Path, text: str) -> None:
    """Write a new file.

    Raises:
        ConfigError: there is one.
        StorageError: it cannot be written.
    """
    with at_disk(f"writing {path}"):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        except FileExistsError:
            raise ConfigError(
                f"{path} is there already: `stripe-balance init --check` checks it; remove it to have it written anew"
            ) from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, MODE)  # whatever the umask
            file.write(text)
