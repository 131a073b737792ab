"""What a run found lost or missing, and mended, in counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.planning.audit.audit import Difference


@dataclass(frozen=True, slots=True)
class Healed:
    """What the lake had lost, and has again.

    Attributes:
        files: data files that were gone, or not as they were written, and were written again.
        rows: rows that were lost and were read again.
    """

    files: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Audit:
    """What asking about the past again came to.

    Attributes:
        requests: pages asked for.
        rows: rows compared.
        differing: pages that did not agree with the lake.
        missing: rows on them that the lake did not have.
        gone: rows of the lake that were not on them.
    """

    requests: int = 0
    rows: int = 0
    differing: int = 0
    missing: int = 0
    gone: int = 0

    @staticmethod
    def of(requests: int, rows: int, differences: Sequence[Difference]) -> Audit:
        """Count what some pages came to."""
        missing, gone = (
            sum(len(difference.missing) for difference in differences),
            sum(len(difference.gone) for difference in differences),
        )
        return Audit(requests, rows, len(differences), missing, gone)

    def __add__(self, other: Audit) -> Audit:
        return Audit(
            self.requests + other.requests,
            self.rows + other.rows,
            self.differing + other.differing,
            self.missing + other.missing,
            self.gone + other.gone,
        )
