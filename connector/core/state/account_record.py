"""What a lake knows of an account besides its rows. The shape on disk is `schemas/account_record.json`.

Most accounts have no such record: their folder has the id that Stripe names them by, and that is all there is to say.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from connector.core.state.newer import newer
from connector.core.state.partition import checked_account
from connector.core.units import DAY
from connector.errors import ProtocolError, StateError

if TYPE_CHECKING:
    from connector.core.units import AccountId

RECORD_VERSION = 1
"""Version of the record's own shape; a newer one is refused."""

TABLE = "accounts"
"""Kind of the records, and the folder they are in."""

REMEDY = "move it away: what it knew of the account is then asked for again"
"""What else can be done about a damaged record."""


@dataclass(frozen=True, slots=True)
class KeyPrint:
    """What tells one key from another, and does not tell the key.

    Attributes:
        salt: drawn when the print was taken, in hexadecimal.
        digest: of the key under the salt, in hexadecimal.
    """

    salt: str
    digest: str


@dataclass(frozen=True, slots=True)
class Retired:
    """An account that nobody expects anything of any more: its rows stay, and Stripe is not asked about it.

    Attributes:
        at: when it was retired, UTC seconds.
        reason: why, in the words of whoever did it.
    """

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An account that runs cannot reach any more.

    Attributes:
        since: when a run was first refused, UTC seconds.
        message: what Stripe said then.
    """

    since: int
    message: str


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What a lake knows of an account.

    Attributes:
        account: its name in the lake.
        owner: its id at Stripe, where the name in the lake is another (`default`), or was given by the user and is
            nobody else's word; None while it is not known.
        key: of the key it was read with last, where Stripe did not say whose that is.
        context: path by which the key of an organisation reached it, where its id alone is none.
        retired: that it is, and why; or None.
        refused: that runs are refused it, and since when; None once one is not.
    """

    account: AccountId
    owner: AccountId | None = None
    key: KeyPrint | None = None
    context: str | None = None
    retired: Retired | None = None
    refused: Refusal | None = None


def stale_since(record: AccountRecord, read_until: int, newest: int) -> int | None:
    """Return up to when an account was read, where runs do not get to read it any more; None where they do.

    Args:
        record: what is known of it.
        read_until: up to when it was read, UTC seconds.
        newest: up to when any account of the lake was read.
    """
    if record.retired is not None:
        return None
    return read_until if record.refused is not None or newest - read_until > DAY else None


def to_document(record: AccountRecord) -> dict[str, Any]:
    """Return the JSON document of `schemas/account_record.json`."""
    return {
        "record_version": RECORD_VERSION,
        "table": TABLE,
        "account": record.account,
        "owner": record.owner,
        "key": None if record.key is None else {"salt": record.key.salt, "digest": record.key.digest},
        "context": record.context,
        "retired": None if record.retired is None else asdict(record.retired),
        "refused": None if record.refused is None else asdict(record.refused),
    }


def from_document(document: object, *, where: str) -> AccountRecord:
    """Build a record from its JSON document.

    Args:
        document: the decoded JSON.
        where: the record's path, for messages.

    Raises:
        StateError: when the document is not one of ours, is damaged, or is of a newer version.
    """
    entries = _opened(document, table=TABLE, version=RECORD_VERSION, where=where)
    try:
        owner, key, context = entries["owner"], entries["key"], entries["context"]
        retired, refused = entries["retired"], entries["refused"]
        return AccountRecord(
            account=checked_account(entries["account"]),
            owner=None if owner is None else checked_account(owner),
            key=None if key is None else KeyPrint(str(key["salt"]), str(key["digest"])),
            context=None if context is None else "/".join(checked_account(word) for word in context.split("/")),
            retired=None if retired is None else Retired(int(retired["at"]), str(retired["reason"])),
            refused=None if refused is None else Refusal(int(refused["since"]), str(refused["message"])),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ProtocolError) as error:
        raise _damaged(where, error, REMEDY) from error


def _opened(document: object, *, table: str, version: int, where: str) -> dict[str, Any]:
    """Return a record's entries, once it is found to be one of ours and no newer than we know.

    Args:
        document: the decoded JSON.
        table: what it has to be about.
        version: the newest version known.
        where: its path, for messages.

    Raises:
        StateError: it is not; says what to do.
    """
    if not isinstance(document, dict) or "record_version" not in document:
        raise StateError(f"{where} is not a record of stripe-balance; point at another destination, or move it away")
    entries = cast("dict[str, Any]", document)
    written = entries["record_version"]
    if type(written) is not int or not 1 <= written <= version:
        raise newer(where, written, version)
    if entries.get("table") != table:
        raise StateError(
            f"{where} is about {entries.get('table')!r}, not {table}: it was renamed or copied; move it away"
        )
    return entries


def _damaged(where: str, error: Exception, remedy: str) -> StateError:
    """Return the error for a record that does not make sense."""
    return StateError(f"{where} is damaged ({error!r}); restore it from a backup, or {remedy}")
