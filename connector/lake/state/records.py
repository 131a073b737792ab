"""Records on disk, states among them: what is durably in the lake, one for each account, written last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from connector.core.documents import to_json
from connector.core.state.partition import checked_account
from connector.errors import ProtocolError, StateError
from connector.lake.paths import STATE

if TYPE_CHECKING:
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store


def record_path(kind: str, account: AccountId) -> str:
    """Return where a record is.

    Args:
        kind: `state`, `payouts` or `balances`.
        account: whose it is.
    """
    return f"{STATE}/{kind}/{account}.json"


def record_names(store: Store, kind: str) -> list[AccountId]:
    """Return the accounts that have a record of a kind, sorted; what a file manager leaves there is none.

    Raises:
        StateError: something else is in the folder of the records.
        StorageError: the destination cannot be read.
    """
    folder = f"{STATE}/{kind}"
    accounts: list[AccountId] = []
    for info in store.list(folder):
        name = info.path.removeprefix(f"{folder}/")
        if not name.endswith(".json"):
            continue
        try:
            accounts.append(checked_account(name.removesuffix(".json")))
        except ProtocolError as error:
            raise StateError(f"{info.path} is not a record's name; move it away") from error
    return sorted(accounts)


class Record(Protocol):
    """What a record's document becomes."""

    @property
    def account(self) -> AccountId:
        """Whose it is."""
        ...


R_co = TypeVar("R_co", bound=Record, covariant=True)


class FromDocument(Protocol[R_co]):
    """Makes a record of its document; raises a StateError where that is not possible."""

    def __call__(self, document: object, *, where: str) -> R_co:
        """Make it; `where` is the record's path, for messages."""
        ...


def load_record(
    from_document: FromDocument[R_co], store: Store, kind: str, account: AccountId, *, remedy: str
) -> R_co | None:
    """Return an account's record, or None when there is none.

    Args:
        from_document: makes it of its document.
        store: the destination.
        kind: `state`, `payouts` or `balances`.
        account: whose it is.
        remedy: what to do when it is damaged, besides restoring it.

    Raises:
        StateError: it is damaged, foreign, newer than this version knows, or another account's.
        StorageError: it cannot be read.
    """
    where = record_path(kind, account)
    there = store.read(where)
    if there is None:
        return None
    try:
        document = json.loads(there.data)
    except (ValueError, RecursionError) as error:
        raise StateError(f"{where} is damaged ({error}); restore it from a backup, or {remedy}") from error
    record = from_document(document, where=where)
    if record.account != account:
        raise StateError(f"{where} is about {record.account}: it was renamed or copied; give it back its own name")
    return record


def save_record(store: Store, kind: str, account: AccountId, document: dict[str, Any]) -> None:
    """Write a record, durably and as a whole. Every file it names must already be visible and durable.

    Raises:
        StorageError: the destination refuses; the old record is then still whole.
    """
    store.write(record_path(kind, account), to_json(document, sort_keys=True))
