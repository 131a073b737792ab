"""What `verify` last found of an account, layer by layer, as a lake keeps it: `schemas/kept_verdict.json`."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import Any, Literal

import msgspec
from msgspec import Struct

from connector.core.state.partition import checked_account
from connector.core.units import AccountId  # noqa: TC001 - msgspec reads the annotations
from connector.errors import ProtocolError, StateError

KIND = "verdicts"
"""Folder of these records."""

RECORD_VERSION = 1
"""Version of the record's own shape."""

REMEDY = "remove it: the next `verify` writes another"
"""What else can be done about a damaged record."""

MOST_FINDINGS = 10
"""Sentences kept of one layer; the counts have all."""

LayerName = Literal["rows", "windows", "payouts", "balance"]
Answer = Literal["proved", "residual", "not_checkable"]


class KeptLayer(Struct, frozen=True, forbid_unknown_fields=True):
    """What one layer came to when it was last checked.

    Attributes:
        layer: its name.
        verdict: `proved`, `residual` or `not_checkable`.
        reason: what was proved, what disagrees, or why it could not be checked.
        checked_at: when that check began, UTC seconds.
        lake_record: number of the account's record that was checked; a greater one is a lake that has changed since.
        counts: how many disagreements of each kind.
        findings: sentences about some of them, at most `MOST_FINDINGS`.
    """

    layer: LayerName
    verdict: Answer
    reason: str
    checked_at: int
    lake_record: int
    counts: Mapping[str, int] = {}
    findings: tuple[str, ...] = ()


class KeptVerdict(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one account.

    Attributes:
        account: whose.
        layers: those that were ever checked, each as it was last.
        record_version: of the shape.
        table: what the record is about.
    """

    account: AccountId
    layers: tuple[KeptLayer, ...]
    record_version: Literal[1] = RECORD_VERSION
    table: Literal["verdicts"] = KIND

    def after(self, newer: KeptVerdict) -> KeptVerdict:
        """Return it after a later check: a layer that was left out then stays as it was last found."""
        names = {layer.layer for layer in newer.layers}
        return KeptVerdict(self.account, (*(layer for layer in self.layers if layer.layer not in names), *newer.layers))


def to_document(kept: KeptVerdict) -> dict[str, Any]:
    """Return the JSON document of `schemas/kept_verdict.json`."""
    return msgspec.to_builtins(kept)


def from_document(document: object, *, where: str) -> KeptVerdict:
    """Read a record strictly.

    Args:
        document: the decoded JSON.
        where: the record's path, for messages.

    Raises:
        StateError: it is none of ours, damaged, or of a newer version.
    """
    try:
        verdict = msgspec.convert(document, KeptVerdict)
        checked_account(verdict.account)
    except (msgspec.ValidationError, ProtocolError) as error:
        raise StateError(f"{where} is damaged ({error}); restore it from a backup, or {REMEDY}") from error
    return verdict
