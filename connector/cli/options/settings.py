"""From parsed options to the library's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.config.config import Config
from connector.core.api.retry import RetryPolicy

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console


def config_of(args: argparse.Namespace, console: Console) -> Config:
    """Build the configuration from the options of `arguments.add_asking`.

    Args:
        args: the parsed options.
        console: told which key to keep to itself.

    Raises:
        ConfigError: no key, or a value out of bounds.
    """
    config = Config.from_env(
        api_key_file=args.api_key_file,
        tell=lambda line: console.warn(line, always=True),
        api_base=args.api_base,
        api_version=args.api_version,
        context=args.context,
        rate=args.rate,
        rate_per_account=getattr(args, "rate_per_account", None),
        max_in_flight=args.max_in_flight,
        retry=None if args.retries is None else RetryPolicy(attempts=args.retries + 1),
    )
    console.secrets.add(config.api_key.reveal())
    limit = f"at most {config.rate:g} requests/s" if config.rate < float("inf") else "without limit"
    console.note(f"asking {config.api_base} as {config.api_key!r}, Stripe-Version {config.api_version}, {limit}")
    return config


def announce(destination: str, console: Console) -> None:
    """Say first where a new lake is about to be made: a mistyped name, or a mount that is not there, looks like one.

    Raises:
        StorageError: the destination cannot be read.
    """
    from connector.lake.state.lake_identity import is_new  # noqa: PLC0415 - lakes need file locks, and asking does not
    from connector.lake.stores.base import open_store  # noqa: PLC0415 - as above

    if is_new(open_store(destination)):
        console.say(f"stripe-balance: new lake in {destination}: there is none yet (--existing refuses that)")


def lake_options(args: argparse.Namespace, *more: str) -> dict[str, Any]:
    """Return the options of a lake that were given: those `connector.sync` and `connector.plan` share, and `more`."""
    names = ("since", "until", "partition", "account_id", "full_refresh", "audit", *more)
    return {name: value for name in names if (value := getattr(args, name)) is not None}
