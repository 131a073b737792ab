"""From the settings file to the parsed options: what the command line does not say, the file does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from connector.cli.settings.file import find
from connector.cli.settings.kept import DESTINATION, WHOSE, applies
from connector.config.api_key import PREFIXES, VARIABLE
from connector.errors import ConfigError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from connector.cli.display.console import Console
    from connector.cli.options.arguments import Parser
    from connector.cli.settings.file import KeyPlace, SettingsFile
    from connector.config.config import Config


def take_settings(args: argparse.Namespace, defaults: Mapping[str, Any], parser: Parser, console: Console) -> None:
    """Give options that were not given the values of the settings file, else their defaults, and say so first.

    Args:
        args: the parsed options.
        defaults: of settings, which were taken off the parser before it parsed.
        parser: of the command.
        console: told which settings count.

    Raises:
        ConfigError: the settings cannot be read, or are refused.
        UsageError: nobody says where the lake is.
    """
    given = {name for name in defaults if hasattr(args, name)}
    file = find(args.config) if hasattr(args, "config") and not args.no_config else None
    used = _values_for(args.command, given, file)
    for name, value in defaults.items():
        if name not in given:
            setattr(args, name, used.get(name, value))
    args.key_place, args.lake_said_by = None if file is None else file.key, None
    if getattr(args, "needs_lake", False) and args.destination is None:
        _take_lake(args, file, parser)
    _tell(args, {name: used[name] for name in used if name in defaults}, file, console)


def _values_for(command: str, given: set[str], file: SettingsFile | None) -> dict[str, Any]:
    """Return what a file says for a command, and nobody else said; who names an account names all there are to read."""
    if file is None:
        return {}
    passed = given | WHOSE if given & WHOSE else given
    return {name: value for name, value in file.values.items() if name not in passed and applies(name, command)}


def _take_lake(args: argparse.Namespace, file: SettingsFile | None, parser: Parser) -> None:
    """Take the lake from the file. It is not made anew: then the file, or a mount, is not what it was.

    Raises:
        UsageError: the file names none, or there is none.
    """
    if file is None or file.destination is None:
        where = f"{file.path} names no destination" if file else "`stripe-balance init` writes a file that names one"
        raise UsageError(f"say which lake: DEST, a folder or a bucket; {where}; see `{parser.prog} --help`")
    args.destination, args.lake_said_by = file.destination, file.path
    if hasattr(args, "existing"):
        args.existing = True


def _tell(args: argparse.Namespace, used: Mapping[str, Any], file: SettingsFile | None, console: Console) -> None:
    if file is None:
        return
    names = [*([f"{DESTINATION} {args.destination}"] if args.lake_said_by else []), *used]
    names += ["where the key is"] if _asks(args) and args.key_place and VARIABLE not in os.environ else []
    if names:
        console.say(f"stripe-balance: settings from {file.path}: {', '.join(names)}")


def _asks(args: argparse.Namespace) -> bool:
    return hasattr(args, "api_key_file") and args.api_key_file is None


def key_options(args: argparse.Namespace) -> tuple[dict[str, Any], Mapping[str, str] | None]:
    """Return the options and the environment by which the key is found: the file counts where neither says where.

    Raises:
        ConfigError: the variable that the file names is not set.
    """
    place: KeyPlace | None = getattr(args, "key_place", None)
    if place is None or not _asks(args) or VARIABLE in os.environ:
        return vars(args), None
    if place.file is not None:
        return vars(args) | {"api_key_file": place.file}, None
    key = os.environ.get(place.variable or "", "")
    if not key.strip():
        raise ConfigError(f"{place.said_by} says that the key is in {place}, which is not set, or to nothing")
    return vars(args), {**os.environ, VARIABLE: key}


def refuse_no_key(args: argparse.Namespace, config: Config) -> None:
    """See that what a settings file took for a key is one, before it is sent anywhere.

    Raises:
        ConfigError: it is something else, such as another secret of this machine; it is not quoted.
    """
    place: KeyPlace | None = getattr(args, "key_place", None)
    if place is None or not _asks(args) or VARIABLE in os.environ:
        return
    if not config.api_key.reveal().startswith(PREFIXES):
        raise ConfigError(f"what {place.said_by} takes the key from, {place}, is no key of Stripe's: sk_… or rk_…")


def source_of_key(args: argparse.Namespace) -> str:
    """Say where the key is found, in words."""
    place: KeyPlace | None = args.key_place
    if VARIABLE in os.environ:
        passed = place is not None and place.variable != VARIABLE
        return f"the variable {VARIABLE}{', which counts before the settings file' if passed else ''}"
    return "the Stripe CLI's profile" if place is None else str(place)
