"""What a settings file may say: options of the one table that are marked for it, and two names of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.options.calls import RunSyncOptions
from connector.options.option import table_of
from connector.options.selection import Accounts, AllAccounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.options.option import Option

NAME = "stripe-balance.toml"
"""The file that is looked for in the folder a command is run in, and in no other."""

DESTINATION, KEY = "destination", "key"

SETTINGS: Mapping[str, Option] = {name: option for name, option in table_of(RunSyncOptions).items() if option.in_file}
"""Options by name; `sync` has every one of them."""

WHOSE = frozenset(table_of(Accounts)) | frozenset(table_of(AllAccounts))
"""Names that say whose rows are read, one of which may be given."""

BRINGING = frozenset({"sync", "plan", "payouts", "balance"})
"""Commands that bring data into a lake: what a file says of it counts for them, what it says of asking for all."""

ELSEWHERE = {
    "api_base": "whom the key is sent to is said by --api-base or STRIPE_API_BASE",
    "context": "it is said by --context",
    "proxy": "it is said by HTTPS_PROXY",
    "api_key": 'a file says where the key is, key = "env:NAME" or "file:PATH", and never the key itself',
    "api_key_file": 'write key = "file:PATH"',
    "storage_options": "how a bucket is got at is said by --storage-option or the cloud's own variables",
    "storage_options_file": "it is said by --storage-options-file",
    "hash_salt_file": "it is said by --hash-salt-file or STRIPE_BALANCE_SALT",
    "catalog": "what a catalog of that name is, files of pyiceberg's say; it is said once, by --catalog, with the lake",
    "existing": "a lake that only the file names is not made anew in any case",
}
"""Names that a file does not hold, and why, or where it is said instead: others may have written the file."""


def applies(name: str, command: str) -> bool:
    """Say whether a command takes a setting from the file."""
    return SETTINGS[name].in_file == "any" or command in BRINGING
