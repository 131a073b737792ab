"""How often and how much at once: what a run does without being asked, in one value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunTuning:
    """The figures of a run that no option sets; a test hands in others.

    Attributes:
        commit_seconds: staged files become visible, and the record is written, about this often: what a kill loses is
            read again.
        commit_share: share of the time that may be spent on writing it: that of a large lake is written less often.
        park_seconds: rows of a partition too large to be complete soon are parked this often.
        park_rows: rows waiting for an incomplete partition before they are parked.
        memory_bytes: bytes of rows waiting to be written that are kept in memory.
        reread_requests: requests that may be spent unasked on reading again what is lost, all accounts together.
        backfill_requests: requests that a run spends on reading rows again for what the lake expands now, all accounts
            together.
        look_again_seconds: between two looks at whether other runs are still at work, where those are waited for.
        book_seconds: the record of payouts is written at most this long after a file it should name.
        newer_rows: rows since the lake's end that a check reads to compare a balance, at most.
    """

    commit_seconds: float = 2.0
    commit_share: float = 0.05
    park_seconds: float = 30.0
    park_rows: int = 20_000
    memory_bytes: int = 4 * 2**20
    reread_requests: float = 1_000
    backfill_requests: float = 5_000
    look_again_seconds: float = 1.0
    book_seconds: float = 5.0
    newer_rows: int = 20_000
