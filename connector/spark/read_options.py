"""What a reader of Spark is asked for: options as text, checked before anything is asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.core.account_ids import given_accounts
from connector.core.suggestions import refuse_unknown
from connector.core.time.times import interval_of
from connector.errors import UsageError
from connector.options.connection import Connection
from connector.options.lake import DEFAULT_SETTLE
from connector.options.option import table_of
from connector.outside_text import without_keys
from connector.spark.driver import NO_KEY
from connector.stripe.listing.query import FILTERS, chosen_filters, in_each_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from connector.core.api.protocol import Parameters
    from connector.core.time.intervals import Interval

DEFAULT_PARTITIONS = 4
"""Partitions of a reading: few and large, since each begins with requests of its own."""

PATIENCE = 15
"""Attempts after the first: Spark tries a task that failed again at once, so that waiting is done inside."""

_NUMBERS = {"partitions": 1, "slots": 1, "settle": 0, "limit": 1, "lateness": 0, "pages_per_batch": 1, "retries": 0}
"""Options that are whole numbers, and the least of each."""

_FLAGS = ("all_accounts", "pushdown")
_TEXTS = ("since", "until", "accounts", "expand", *sorted(FILTERS))
_OF_CONNECTION = tuple(table_of(Connection))
_OF_CATALOG = frozenset({"provider", "owner", "path", "comment", "location", "external", "serialization.format"})
"""What Spark adds to the options of a table that SQL made."""

_SECRETS = ("key", "secret", "token", "password", "salt")
"""What names of options have in them whose values Spark should not see."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What is to be read, and how.

    Attributes:
        within: seconds of `created`.
        accounts: connected accounts, None standing for the key's own; empty for the key's own alone.
        all_accounts: the key's own and every connected one.
        filters: of the list, as Stripe takes them.
        expand: paths to expand in each row, for example `source`.
        partitions: at most.
        slots: of those that are at work at once; None for all.
        settle: seconds before now from which on rows may still come, and are not read.
        limit: newest rows of each account to read; None for all.
        pushdown: whether filters of the query narrow what is read.
        lateness: seconds by which each batch of a stream begins before the end of the last one.
        pages_per_batch: pages that a batch of a stream has at most, about; None for no bound.
        connection: options of the connection.
    """

    within: Interval
    accounts: tuple[str | None, ...] = ()
    all_accounts: bool = False
    filters: Parameters = field(default_factory=dict[str, Any])
    expand: tuple[str, ...] = ()
    partitions: int = DEFAULT_PARTITIONS
    slots: int | None = None
    settle: int = DEFAULT_SETTLE
    limit: int | None = None
    pushdown: bool = False
    lateness: int = 0
    pages_per_batch: int | None = None
    connection: Mapping[str, Any] = field(default_factory=dict[str, Any])


def asked_of(options: Mapping[str, str], *, today: date) -> ReadOptions:
    """Return what options ask for.

    Args:
        options: as Spark has them, names in any case.
        today: UTC date, for times such as `yesterday`.

    Raises:
        UsageError: a key is among them, which is not quoted; there is no such option; or a value makes no sense.
    """
    given = {name.lower(): value for name, value in options.items()}
    _refuse_secrets(given)
    known = {name: value for name, value in given.items() if not _is_of_catalog(name)}
    refuse_unknown(known, {*_NUMBERS, *_FLAGS, *_TEXTS, *_OF_CONNECTION})
    numbers = {name: _whole(name, known[name]) for name in _NUMBERS if name in known}
    flags = {name: _flag(name, known[name]) for name in _FLAGS if name in known}
    retries = numbers.pop("retries", PATIENCE)
    in_each_row(expand := _listed(known.get("expand", "")))
    accounts = tuple(None if account == "own" else account for account in _listed(known.get("accounts", "")))
    if given_accounts(accounts) and flags.get("all_accounts"):
        raise UsageError("`all_accounts` are all there are: it does not go with `accounts`")
    return ReadOptions(
        within=interval_of(known.get("since"), known.get("until"), today=today),
        accounts=accounts,
        filters=chosen_filters({name: known[name] for name in sorted(FILTERS) if name in known}),
        expand=expand,
        connection={**_connection(known), "retries": retries},
        all_accounts=flags.get("all_accounts", False),
        pushdown=flags.get("pushdown", False),
        **numbers,
    )


def _refuse_secrets(given: Mapping[str, str]) -> None:
    """Refuse what is a key by its name or by its form.

    Raises:
        UsageError: does not repeat it.
    """
    for name, value in given.items():
        by_name = name not in _OF_CONNECTION and any(part in name for part in _SECRETS)
        if by_name or without_keys(str(value)) != str(value):
            raise UsageError(NO_KEY)


def _is_of_catalog(name: str) -> bool:
    return name in _OF_CATALOG or name.startswith(("option.", "view.", "delta.", "transient_"))


def _connection(known: Mapping[str, str]) -> dict[str, Any]:
    """Return options of the connection, numbers as numbers."""
    reads: dict[str, Callable[[str], Any]] = {"rate": float, "max_in_flight": int}
    given: dict[str, Any] = {}
    for name in _OF_CONNECTION:
        if name in known and name != "retries":
            try:
                given[name] = reads.get(name, str)(known[name])
            except ValueError as error:
                raise UsageError(f"`{name}` {known[name]!r} must be a number") from error
    return given


def _whole(name: str, value: str) -> int:
    least = _NUMBERS[name]
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise UsageError(f"`{name}` {value!r} must be a whole number, at least {least}")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise UsageError(f"`{name}` {value!r} is none of true, false")
    return value.lower() == "true"


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part for word in value.split(",") if (part := word.strip()))
