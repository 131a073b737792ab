"""The state of the balance transactions: what is durably in the lake, recorded last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.core.planning.coverage.parking import setting_aside
from connector.core.planning.rereading.backfill import can_take_up
from connector.core.state.tables import TRANSACTIONS
from connector.errors import ConfigError
from connector.lake.formats.names import TABLE_FORMATS
from connector.lake.state import state_log
from connector.lake.state.file_check import FileDifference, differences
from connector.lake.state.record_files import record_path
from connector.lake.state.state_log import recorded_accounts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from connector.core.state.partition import Granularity
    from connector.core.state.table_state import TableState
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store

TABLE = "balance_transactions"
"""Folder of the data files that states name."""


def load(store: Store, account: AccountId) -> TableState | None:
    """Return an account's state, or None when the lake has none of it; raises what `state_log.load` raises."""
    return state_log.load(store, TRANSACTIONS, account)


def commit(store: Store, new: TableState, *, run: str = "") -> TableState:
    """Record an account's state, and return it as it is recorded; see `state_log.commit`, also for what it raises.

    Rows that others have parked meanwhile are set aside, as are those that were before.

    Args:
        store: the destination.
        new: what is to be; every file it names must be visible already.
        run: id of the run.
    """
    done = state_log.commit(store, TRANSACTIONS, new, run=run)
    return setting_aside(done, lambda parked_file: parked_file.path not in new.parked)


def accounts(store: Store) -> list[AccountId]:
    """Return the accounts that have a state, sorted; raises what `recorded_accounts` raises."""
    return recorded_accounts(store, TRANSACTIONS)


def check_destination(
    store: Store,
    format_name: str,
    partition: Granularity,
    options: Mapping[str, Any] | None = None,
    *,
    takes_up: bool = False,
) -> None:
    """Refuse what would make a lake of two kinds of files.

    Args:
        store: the destination; a new one accepts everything.
        format_name: as in states, for example `jsonl.zst`.
        partition: time one file is to hold.
        options: other choices that rows depend on; None to accept those of the lake.
        takes_up: whether a lake that can take up what it lacks of them is accepted; see `can_take_up`.

    Raises:
        ConfigError: when the destination was made otherwise; says how.
        StateError: when a state there cannot be read.
    """
    for state in states(store):
        refuse_another("format", state.format, format_name)
        refuse_another("partition", state.partition.value, partition.value)
        if options is not None and not (takes_up and can_take_up(state.options, options)):
            refuse_other_options(state.options, options)


def options_of(store: Store, account: AccountId) -> Mapping[str, Any]:
    """Return the choices that an account's rows depend on; where it has no rows yet, those of the lake's others.

    Raises:
        StateError: a state cannot be read.
        StorageError: the destination cannot be read.
    """
    state = load(store, account) or next(states(store), None)
    return {} if state is None else state.options


def refuse_another(what: str, there: object, asked: object) -> None:
    """Refuse what a destination was not made with.

    Raises:
        ConfigError: says how it was made.
    """
    if there != asked:
        raise ConfigError(
            f"this destination was made with {what} {there}, and {asked} was asked for; "
            f"ask for {there}, or choose another destination"
        )


def saved(store: Store, state: TableState) -> int:
    """Return when the latest record of a state was written, as `FileInfo.changed`; 0 where it is not there any more.

    It is by the store's own clock, as are those of the files that it is compared with.

    Raises:
        StorageError: when the destination cannot be read.
    """
    where = record_path(TABLE, state.account, state.number)
    info = store.info(where)
    return 0 if info is None else info.changed


def compare(
    store: Store,
    state: TableState,
    *,
    full: bool = False,
    since: int | None = None,
    trusted: Collection[str] = (),
) -> list[FileDifference]:
    """Compare an account's data files with its state, by existence and size.

    Args:
        store: the destination.
        state: what should be there.
        full: compare all files by their bytes, too.
        since: compare files changed since then by their bytes; see `differences`.
        trusted: but for these.

    Returns:
        The differences in order of path; empty when all is as it was written.

    Raises:
        StorageError: when the destination cannot be read.
    """
    folder = account_folder(state.account)
    differing = differences(store, folder, state.files, full=full, since=since, trusted=trusted)
    return without_older(differing, state.format)


def without_older(differences: list[FileDifference], format_name: str) -> list[FileDifference]:
    """Return differences without files that no record names, where a table lists those that count.

    They are older ones, which readers of older versions need, or what a killed run left; `maintain` removes them.
    """
    return (
        differences
        if format_name not in TABLE_FORMATS
        else [difference for difference in differences if difference.kind != "extra"]
    )


def account_folder(account: AccountId) -> str:
    """Return the folder of an account's data files."""
    return f"{TABLE}/account={account}"


def states(store: Store) -> Iterator[TableState]:
    """Yield the state of every account, in order of account; raises what `load` raises."""
    for account in accounts(store):
        state = load(store, account)
        if state is not None:
            yield state


def refuse_other_options(there: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuse other choices than the lake was made with, by the option's own name."""
    for name in sorted({*there, *asked} - {"salt"}):
        if there.get(name) != asked.get(name):
            was, wanted = (_as_options(name, chosen.get(name)) for chosen in (there, asked))
            later = ", add `backfill` to have it take that up" if can_take_up(there, asked) else ""
            raise ConfigError(
                f"this destination was made {was}, and is now asked for {wanted}: such choices are fixed with the lake;"
                f" sync {was}{later}, or to another destination"
            )
    if there.get("salt") != asked.get("salt"):
        raise ConfigError(
            f"this destination was made with another salt (its fingerprint is {there.get('salt')}, of this one"
            f" {asked.get('salt')}): the same data would get other hashes; use the salt it was made with, or another"
            " destination"
        )


def _as_options(name: str, chosen: Any) -> str:  # noqa: ANN401 - a value of JSON
    if not chosen:
        return f"without `{name}`"
    return f"with `{name}`" if chosen is True else "with " + " ".join(f"`{name}={value}`" for value in chosen)
