"""From parsed options to the library's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.settings.take import key_options, refuse_no_key
from connector.config.salt import Salt
from connector.core.privacy import Privacy
from connector.errors import ConfigError
from connector.options import given

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.config.config import Config


def config_of(args: argparse.Namespace, console: Console) -> Config:
    """Build the configuration from the options of `arguments.add_asking`.

    Args:
        args: the parsed options.
        console: told which key to keep to itself.

    Raises:
        ConfigError: no key, or a value out of bounds.
    """
    options, environ = key_options(args)
    config = given.config_of(options, tell=lambda line: console.warn(line, always=True), environ=environ)
    console.secrets.add(config.api_key.reveal())
    refuse_no_key(args, config)
    limit = f"at most {config.rate:g} requests/s" if config.rate < float("inf") else "without limit"
    console.note(f"asking {config.api_base} as {config.api_key!r}, Stripe-Version {config.api_version}, {limit}")
    return config


def announce(args: argparse.Namespace, console: Console) -> None:
    """Say first where a new lake is about to be made: a mistyped name, or a mount that is not there, looks like one.

    Raises:
        ConfigError: only the settings file names the lake, and it is not there.
        StorageError: the destination cannot be read.
    """
    from connector.lake.state.lake_identity import is_new  # noqa: PLC0415 - lakes need file locks, and asking does not
    from connector.lake.stores.base import open_store  # noqa: PLC0415 - as above

    if (args.existing and args.lake_said_by is None) or not is_new(open_store(args.destination)):
        return
    if args.lake_said_by is not None:
        raise ConfigError(
            f"there is no lake in {args.destination}, where {args.lake_said_by} says that it is: check that what it is"
            f" on is mounted; the first time, name it, which makes it:"
            f" `stripe-balance {args.command} {args.destination}`"
        )
    console.say(f"stripe-balance: new lake in {args.destination}: there is none yet (--existing refuses that)")


def salt_of(args: argparse.Namespace, console: Console) -> Salt | None:
    """Return the salt of the hashes, None where nothing is hashed.

    Args:
        args: the parsed options.
        console: told to keep it to itself.

    Raises:
        UsageError: what is to be hashed cannot be; told before a salt is missed.
        ConfigError: there is no salt.
    """
    Privacy(tuple(args.omit), tuple(args.hash))
    salt = Salt.find(file=args.hash_salt_file) if args.hash else None
    if salt is not None:
        console.secrets.add(salt.reveal())
    return salt
