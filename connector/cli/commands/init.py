"""`init`: a settings file, from options or answers, and a check of what it says."""

from __future__ import annotations

import shlex
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli.display.fitting import is_terminal
from connector.cli.options.settings import config_of
from connector.cli.process.run_command import work
from connector.cli.settings.ask import DEFAULT_KEY, ask_all
from connector.cli.settings.check import Check, check_destination, check_key
from connector.cli.settings.file import SettingsFile, find, parse
from connector.cli.settings.kept import DESTINATION, KEY, NAME
from connector.cli.settings.take import source_of_key
from connector.cli.settings.write import chosen, create, render
from connector.errors import ConfigError, StoppedError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView


def run(args: argparse.Namespace, console: Console) -> int:
    """Write a settings file, or look at the one there is, check what it says, and return the exit status."""
    path = Path(args.settings_file or NAME)
    with _interrupted() as told:
        if args.check:
            settings = _there(args, path)
            told.message = "interrupted: not all was checked"
        else:
            text = render(_answers(args, path, console))
            settings = parse(text, path)
            create(path, text)
            told.message = f"interrupted: {path} is written, and not checked yet: `init --check{_named(settings)}` does"
        checks = _checks(args, settings, console)
    _show(settings, checks, console, written=not args.check)
    return next((check.error.exit_code for check in checks if check.error is not None and check.needed), 0)


@contextmanager
def _interrupted() -> Generator[StoppedError]:
    """Have Ctrl-C say what was written: offers what it is told with, whose message goes by what was done so far.

    Raises:
        StoppedError: after Ctrl-C.
    """
    told = StoppedError("interrupted: nothing was written")
    told.stopped_by(signal.SIGINT)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield told
    except (KeyboardInterrupt, StoppedError) as stopped:
        if isinstance(stopped, StoppedError) and stopped.signal != signal.SIGINT:
            raise
        raise told from None
    finally:
        signal.signal(signal.SIGINT, before)


def _there(args: argparse.Namespace, path: Path) -> SettingsFile:
    """Return the settings there are.

    Raises:
        UsageError: others are given beside `--check`.
        ConfigError: there is none, or it is refused.
    """
    if args.destination is not None or args.key is not None or chosen(vars(args)):
        raise UsageError("--check checks the settings that there are: give no others with it")
    settings = find(str(path))
    if settings is None or settings.destination is None:
        raise ConfigError(f"{path} names no destination")
    return settings


def _answers(args: argparse.Namespace, path: Path, console: Console) -> dict[str, Any]:
    """Return what goes into a new file.

    Raises:
        ConfigError: there is a file already.
        UsageError: nobody says where the lake is to be.
    """
    if path.exists():
        create(path, "")  # which refuses, before anything is asked
    if args.destination is not None:
        return {DESTINATION: str(args.destination), KEY: args.key or DEFAULT_KEY, **chosen(vars(args))}
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)) or console.json or console.quiet:
        raise UsageError("say where the lake is to be, as in `stripe-balance init lake`, or run it on a terminal")
    return ask_all(console) | ({KEY: args.key} if args.key else {}) | chosen(vars(args))


def _checks(args: argparse.Namespace, settings: SettingsFile, console: Console) -> list[Check]:
    """Check the lake first, which costs nothing, then the key."""
    place = check_destination(args.place(settings.destination))
    for name, value in settings.values.items():
        setattr(args, name, value)
    args.key_place, args.api_key_file = settings.key, None
    try:
        config = config_of(args, console)
    except ConfigError as error:
        return [place, Check("key", "is not to be had", error)]

    async def go(_view: RunView) -> list[Check]:
        return await check_key(config, source_of_key(args), accounts=args.accounts, all_accounts=args.all_accounts)

    return [place, *work(go, console, show=False)]


def _show(settings: SettingsFile, checks: list[Check], console: Console, *, written: bool) -> None:
    well = not any(check.fails for check in checks)
    first = _first(settings) if any(check.fresh for check in checks) else None
    if console.json:
        document = {
            "settings_file": str(settings.path),
            "written": written,
            "well": well,
            "checks": [check.to_document() for check in checks],
            "first": first,
        }
        console.document(document)
    said = [f"{settings.path}{' is written' if written else ''}", *(_line(check, console) for check in checks)]
    (console.say if well else console.log)(*said)
    for check in checks:
        if check.error is not None and check.needed:
            console.complain(check.error)
        elif check.error is not None:
            console.say(f"stripe-balance: {check.error}")
    if well:
        if first is not None:
            console.say("", "The first time, which makes the lake:")
            console.commands(first)
        console.say("", "Now:" if first is None else "From then on:")
        console.commands(*_next(settings))
    else:
        console.log("", "Then look again:")
        console.commands(f"stripe-balance init --check{_named(settings)}", always=True)


def _line(check: Check, console: Console) -> str:
    if check.error is None:
        mark = console.paint(console.symbol("✓", "*"), "green")
    else:
        mark = console.paint(console.symbol("✗", "!"), "red" if check.needed else "yellow")
    return f"  {mark} {console.paint(f'{check.name:<9}', 'dim')}{check.says}"


def _first(settings: SettingsFile) -> str:
    return f"stripe-balance sync {shlex.quote(settings.destination or '')}{_named(settings)}"


def _next(settings: SettingsFile) -> list[str]:
    """Return what works with the settings, here or with the file named."""
    named = _named(settings)
    return [f"stripe-balance sync{named}", f"stripe-balance status{named}"]


def _named(settings: SettingsFile) -> str:
    return "" if settings.path == Path(NAME) else f" --config {shlex.quote(str(settings.path))}"
