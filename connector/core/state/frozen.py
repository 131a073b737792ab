"""What a lake keeps of a period that was frozen: its figures, and what they were of. `schemas/frozen_period.json`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct

from connector.core.documents import to_json
from connector.core.state.partition import checked_account
from connector.core.units import AccountId  # noqa: TC001 - msgspec reads the annotations
from connector.errors import ProtocolError, StateError

KIND = "frozen"
"""Folder of these records: in it one for each account."""

RECORD_VERSION = 1
"""Version of the record's own shape."""

_NAME = re.compile(r"(?P<period>[0-9Q-]{4,7})\.(?P<zone>[A-Za-z0-9_+.-]+)\.(?P<revision>[0-9]{4})\.json")


class FrozenPeriod(Struct, frozen=True, forbid_unknown_fields=True):
    """One account's figures of a period, as they were when it was frozen.

    Attributes:
        account: whose.
        name: of the period: `2026-10`, `2026-Q4`, `2026`.
        timezone: IANA name of the zone whose calendar it is.
        start: first second, UTC.
        stop: the second after the last.
        revision: 1 for the first time that it was frozen, then one more each time.
        frozen_at: when, UTC seconds.
        connector_version: of the program.
        api_versions: under which rows were read.
        livemode: whether it is real money; None where the lake does not say.
        lake: id of the lake; None where it has none.
        lake_record: number of the account's record that the figures are of.
        lake_record_sha256: of that record's bytes, in hexadecimal.
        files_sha256: of the paths and SHA-256 of the data files that hold rows of the period, see `digest_of`.
        rows: of the period.
        figures: the account's part of the document of `schemas/statement.json`.
        figures_sha256: of the figures, see `digest_of`.
        prints: prints of the rows, in base64, by which those that are new or changed are told; None where there are
            too many rows.
        record_version: of the shape.
        table: what the record is about.
    """

    account: AccountId
    name: str
    timezone: str
    start: int
    stop: int
    revision: int
    frozen_at: int
    connector_version: str
    api_versions: tuple[str, ...]
    livemode: bool | None
    lake: str | None
    lake_record: int
    lake_record_sha256: str
    files_sha256: str
    rows: int
    figures: dict[str, Any]
    figures_sha256: str
    prints: str | None = None
    record_version: Literal[1] = RECORD_VERSION
    table: Literal["frozen"] = KIND

    @property
    def intact(self) -> bool:
        """Whether the figures are those that were frozen."""
        return digest_of(self.figures) == self.figures_sha256


class FrozenName(Struct, frozen=True, order=True):
    """A frozen period by its file's name.

    Attributes:
        period: `2026-10`, `2026-Q4`, `2026`.
        zone: of its calendar, as file names have it.
        revision: which.
    """

    period: str
    zone: str
    revision: int

    @property
    def text(self) -> str:
        """Name of the file."""
        return f"{self.period}.{self.zone}.{self.revision:04d}.json"

    @property
    def words(self) -> str:
        """The period and its zone, for people."""
        return f"{self.period} ({self.calendar})"

    @property
    def calendar(self) -> str:
        """IANA name of the zone."""
        return self.zone.replace(".", "/")


def folder(account: AccountId) -> str:
    """Return the folder of an account's frozen periods, below that of the state."""
    return f"{KIND}/{account}"


def name_of(period: str, timezone: str, revision: int) -> FrozenName:
    """Return the name of a period's revision; zones have no dots, so their slashes are dots in file names."""
    return FrozenName(period, timezone.replace("/", "."), revision)


def to_name(text: str) -> FrozenName | None:
    """Read a file's name; None for one that is none of ours."""
    match = _NAME.fullmatch(text)
    return None if match is None else FrozenName(match["period"], match["zone"], int(match["revision"]))


def digest_of(document: object) -> str:
    """Return the SHA-256 of a document, in hexadecimal: of its JSON with sorted keys and an indent of two."""
    return sha256(to_json(document, sort_keys=True)).hexdigest()


def to_bytes(frozen: FrozenPeriod) -> bytes:
    """Return the JSON document of `schemas/frozen_period.json`."""
    return to_json(msgspec.to_builtins(frozen), sort_keys=True)


def from_document(document: object, *, where: str) -> FrozenPeriod:
    """Read a record strictly.

    Args:
        document: the decoded JSON.
        where: the record's path, for messages.

    Raises:
        StateError: it is none of ours, damaged, changed by hand, or of a newer version.
    """
    try:
        frozen = msgspec.convert(document, FrozenPeriod)
        checked_account(frozen.account)
    except (msgspec.ValidationError, ProtocolError) as error:
        raise StateError(f"{where} is damaged ({error}); restore it from a backup") from error
    if not frozen.intact:
        raise StateError(f"{where} was changed since it was written: its figures have another hash; restore it")
    return frozen
