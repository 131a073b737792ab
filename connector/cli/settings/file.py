"""Reading a settings file: whose it is, what it says, and that nothing else is in it."""

from __future__ import annotations

import argparse
import os
import re
import stat
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connector.cli.options.from_table import READERS
from connector.cli.settings.kept import DESTINATION, ELSEWHERE, KEY, NAME, SETTINGS, WHOSE
from connector.config.destination import bucket_address
from connector.core.suggestions import did_you_mean
from connector.errors import ConfigError
from connector.outside_text import holds_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.options.option import Option

MOST_BYTES = 2**16
"""Bytes that a settings file may have."""

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a settings file says the key is.

    Attributes:
        said_by: the settings file.
        variable: of the environment; None where it is a file.
        file: whose first line it is; None where it is a variable.
    """

    said_by: Path
    variable: str | None = None
    file: Path | None = None

    def __str__(self) -> str:
        return f"the variable {self.variable}" if self.variable is not None else f"the file {self.file}"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a settings file says.

    Attributes:
        path: the file.
        values: of options, by name, as the command line would have read them.
        destination: the lake; a folder counts from where the file is.
        key: where the key is.
    """

    path: Path
    values: Mapping[str, Any]
    destination: str | None
    key: KeyPlace | None


def find(named: str | None) -> SettingsFile | None:
    """Read the file that is named, else the one in this folder; None where there is none.

    Raises:
        ConfigError: it cannot be read, others can write it, or it holds something else than settings.
    """
    path = Path(NAME) if named is None else Path(named)
    try:
        text = _text_of(path)
    except FileNotFoundError as error:
        if named is None:
            return None
        raise ConfigError(f"there is no settings file {path}: `stripe-balance init` writes one") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the settings in {path}: {error}") from None
    return parse(text, path)


def _text_of(path: Path) -> str:
    """Return the text of a file that nobody else can write."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path} is no ordinary file: settings are read from one")
        if status.st_mode & _OTHERS_WRITE:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            raise ConfigError(f"{path} can be written by others than its owner (mode {mode}): chmod go-w {path}")
        if status.st_uid not in {0, os.geteuid()}:
            raise ConfigError(f"{path} belongs to another user (uid {status.st_uid}), whose settings are not taken")
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return data.decode("utf-8-sig")


def parse(text: str, path: Path) -> SettingsFile:
    """Read the text of a settings file.

    Raises:
        ConfigError: it is no TOML, or says something else than settings; no value that may be a key is quoted.
    """
    if holds_key(text):
        raise ConfigError(
            f'{path} holds a key, which it must not: write key = "env:NAME" or "file:PATH";'
            " if it was a live key, consider rolling it"
        )
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from None
    _refuse_others(said, path)
    values = {name: _value(name, SETTINGS[name], said[name], path) for name in SETTINGS if name in said}
    whose = sorted(WHOSE & {name for name, value in values.items() if value})
    if len(whose) > 1:
        raise ConfigError(f"{path} has {' and '.join(whose)}, of which one is possible")
    destination = said.get(DESTINATION)
    return SettingsFile(
        path,
        values,
        None if destination is None else _destination(destination, path),
        None if KEY not in said else _key_place(said[KEY], path),
    )


def _refuse_others(said: Mapping[str, object], path: Path) -> None:
    """Refuse names that are no settings.

    Raises:
        ConfigError: there is one; says what may have been meant, or where it is said instead.
    """
    known = [DESTINATION, KEY, *SETTINGS]
    for name in said:
        if name in ELSEWHERE:
            raise ConfigError(f"{path} has {name}, which is not taken from a file: {ELSEWHERE[name]}")
        if name not in known:
            guess = did_you_mean(name.replace("-", "_"), known)
            raise ConfigError(f"{path} has {name}, which is no setting{guess}; there are {', '.join(known)}")


def _value(name: str, option: Option, said: object, path: Path) -> object:
    """Return a setting as the command line would have read it.

    Raises:
        ConfigError: it is of another kind, or out of bounds.
    """
    try:
        if option.reads == "flag":
            if not isinstance(said, bool):
                raise ConfigError("write true or false")  # noqa: TRY301 - told with the name, as what readers complain of
            return said
        if option.reads == "path":
            return str(path.parent / Path(str(_read(option, said))).expanduser())
        if option.many:
            return [
                _read(option, value) for value in (cast("list[object]", said) if isinstance(said, list) else [said])
            ]
        return _read(option, said)
    except (argparse.ArgumentTypeError, ConfigError) as error:
        raise ConfigError(f"{path}: {name}: {error}") from None


def _read(option: Option, said: object) -> object:
    if isinstance(said, bool) or not isinstance(said, str | int | float | date):
        raise ConfigError("this is not the value of an option")
    value = READERS[option.reads](_words(said))
    if option.choices and value not in option.choices:
        raise ConfigError(
            f"there is no {value!r}{did_you_mean(str(value), option.choices)}; there are {', '.join(option.choices)}"
        )
    return value


def _words(said: str | float | date) -> str:
    """Return a value as the command line's words have it: a time without a zone is UTC."""
    if isinstance(said, datetime):
        return said.isoformat() if said.tzinfo else f"{said.isoformat()}Z"
    return said.isoformat() if isinstance(said, date) else str(said)


def _destination(said: object, path: Path) -> str:
    """Return the lake; a folder counts from where the file is.

    Raises:
        ConfigError: it is no name.
    """
    if not isinstance(said, str) or not said.strip():
        raise ConfigError(f"{path}: {DESTINATION}: write a folder, or s3://…, gs://…, az://…, in quotes")
    return said if said.startswith("~") or bucket_address(said) is not None else str(path.parent / said)


def _key_place(said: object, path: Path) -> KeyPlace:
    """Return where the key is.

    Raises:
        ConfigError: it is something else, perhaps the key itself, and not quoted.
    """
    kind, _, rest = said.partition(":") if isinstance(said, str) else ("", "", "")
    if kind == "env" and _VARIABLE.fullmatch(rest):
        return KeyPlace(path, variable=rest)
    if kind == "file" and rest.strip():
        return KeyPlace(path, file=path.parent / Path(rest).expanduser())
    raise ConfigError(f'{path}: {KEY}: write "env:NAME", a variable, or "file:PATH", whose first line is the key')
