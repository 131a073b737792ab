"""What a lake knows of an account besides its rows. The shape on disk is `schemas/account_record.json`.

Most accounts have no such record: their folder has the id that Stripe names them by, and that is all there is to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.core.partition import checked_account
from connector.core.stored import damaged, opened
from connector.errors import ProtocolError

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
class AccountRecord:
    """What a lake knows of an account.

    Attributes:
        account: its name in the lake.
        owner: its id at Stripe, where the name in the lake is another (`default`), or was given by the user and is
            nobody else's word; None while it is not known.
        key: of the key it was read with last, where Stripe did not say whose that is.
        context: path by which the key of an organisation reached it, where its id alone is none.
    """

    account: AccountId
    owner: AccountId | None = None
    key: KeyPrint | None = None
    context: str | None = None


def to_document(record: AccountRecord) -> dict[str, Any]:
    """Return the JSON document of `schemas/account_record.json`."""
    return {
        "record_version": RECORD_VERSION,
        "table": TABLE,
        "account": record.account,
        "owner": record.owner,
        "key": None if record.key is None else {"salt": record.key.salt, "digest": record.key.digest},
        "context": record.context,
    }


def from_document(document: object, *, where: str) -> AccountRecord:
    """Build a record from its JSON document.

    Args:
        document: the decoded JSON.
        where: the record's path, for messages.

    Raises:
        ManifestError: when the document is not one of ours, is damaged, or is of a newer version.
    """
    entries = opened(document, table=TABLE, version=RECORD_VERSION, where=where)
    try:
        owner, key, context = entries["owner"], entries["key"], entries["context"]
        return AccountRecord(
            account=checked_account(entries["account"]),
            owner=None if owner is None else checked_account(owner),
            key=None if key is None else KeyPrint(str(key["salt"]), str(key["digest"])),
            context=None if context is None else "/".join(checked_account(one) for one in context.split("/")),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ProtocolError) as error:
        raise damaged(where, error, REMEDY) from error
