"""What differs from the schema in the rows received, as values that add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind: TypeAlias = Literal["unknown_field", "repeated_field", "missing_field", "changed_type", "unknown_value"]

_MOST = 100
"""Findings kept; a server that invents a field for each row must not fill the memory."""


@dataclass(frozen=True, slots=True, order=True)
class DriftFinding:
    """One way in which rows differ.

    Attributes:
        kind: what differs. A null against the API's promise is a changed type; a field that came more than once in one
            object is a repeated one.
        name: the field, `fee_details.x` for a part of a fee; for a value `field=value`.
        count: rows (parts of fees) in which it was seen, at least 1.
        example: id of one such row.
    """

    kind: Kind
    name: str
    count: int
    example: str

    @property
    def described(self) -> str:
        """What differs, in words."""
        return f"{self.kind.replace('_', ' ')} {self.name}"

    @property
    def column(self) -> str:
        """The column it is about."""
        return self.name.partition("=")[0]


@dataclass(frozen=True, slots=True)
class Drift:
    """All differences seen, by kind and name; false if there are none. At most a hundred are kept, the first ones met.

    Attributes:
        findings: sorted, each kind and name once.
    """

    findings: tuple[DriftFinding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.findings)

    @classmethod
    def of(cls, findings: Iterable[DriftFinding]) -> Drift:
        """Add up findings of one kind and name, keeping the first hundred kinds and names met."""
        merged: dict[tuple[Kind, str], DriftFinding] = {}
        for finding in findings:
            key = (finding.kind, finding.name)
            if key in merged:
                merged[key] = replace(merged[key], count=merged[key].count + finding.count)
            elif len(merged) < _MOST:
                merged[key] = finding
        return cls(tuple(sorted(merged.values())))

    def merge(self, later: Drift) -> Drift:
        """Add what was seen later; counts add up, the earlier example stays."""
        if not later:
            return self
        return Drift.of([*self.findings, *later.findings]) if self else later
