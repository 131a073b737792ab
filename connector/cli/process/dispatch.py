"""Carrying out the command that was asked for; its figures are written for whoever watches, however it ends."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from connector.cli.display.console import PIPE_CLOSED
from connector.errors import UsageError, exit_code_of

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console


def carried_out(args: argparse.Namespace, console: Console) -> int:
    """Carry a command out, and return its exit status.

    Raises:
        ConfigError: its figures cannot be written, or the file is another's: nothing was done.
        BaseException: what the command raised.
    """
    return _run(args, console) if getattr(args, "metrics", None) is None else _watched(args, console)


def _run(args: argparse.Namespace, console: Console) -> int:
    if hasattr(args, "storage_options"):
        from connector.cli.options.places import place  # noqa: PLC0415 - help and most commands need it not

        place(args, console)
    return import_module(f"connector.cli.commands.{args.command}").run(args, console)


def _watched(args: argparse.Namespace, console: Console) -> int:
    from connector.options.metrics import RunMetrics  # noqa: PLC0415 - few need it

    if args.destination is None or getattr(args, "find", False):
        raise UsageError("`metrics` are those of a run into a lake: leave them out here")
    args.metrics = mine = RunMetrics(args.metrics, command=args.command, lake=args.destination)
    status = 1
    try:
        status = _run(args, console)
    except BaseException as error:
        status = PIPE_CLOSED if isinstance(error, BrokenPipeError) else exit_code_of(error)
        raise
    finally:
        if said := mine.write(status):
            console.warn(said, always=True)
    return status
