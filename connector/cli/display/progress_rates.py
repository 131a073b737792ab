"""How fast a run is and how long it will take, from what it has counted so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.core.api.meter import Meter
    from connector.core.run_report import Progress

SPAN = 5.0
"""Seconds over which rates are taken."""

SETTLED = 1.5
"""Seconds of reading before a rate means something."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A run at one moment.

    Attributes:
        rows: received so far, all accounts together.
        rows_rate: rows per second of late.
        requests: sent so far.
        requests_rate: requests per second of late, of the operation asked most.
        rate_limit: requests per second aimed at; infinite for none.
        refused: 429s so far.
        windows: windows open.
        files: files sealed.
        safe: rows received that are in files.
        share: how much of the account's pages, or of the accounts, have been read, 0 to 1, or None when not known.
        left: seconds until they are, or None when not known.
        phase: what goes on.
        account: whose rows are read, or how many of several accounts have been, or nothing.
    """

    rows: int
    rows_rate: float
    requests: int
    requests_rate: float
    rate_limit: float
    refused: int
    windows: int
    files: int
    safe: int
    share: float | None
    left: float | None
    phase: str
    account: str


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    rows: int
    pages: int
    steps: int
    requests: int
    accounts: int


@dataclass(slots=True)
class Gauge:
    """Reads a `Progress` now and then.

    Attributes:
        progress: what the run fills in.
    """

    progress: Progress
    _samples: deque[_Sample] = field(init=False, default_factory=deque[_Sample])

    def read(self, now: float) -> Reading:
        """Return how things are.

        Args:
            now: seconds of a clock that does not go back.
        """
        progress = self.progress
        meter = progress.meter
        sample = _Sample(
            now, progress.rows, progress.pages, progress.steps_done, _busiest(meter), progress.accounts_done
        )
        first = self._first(sample)
        seconds = sample.at - first.at
        return Reading(
            rows=progress.rows,
            rows_rate=_rate(progress.rows - first.rows, seconds),
            requests=meter.requests if meter else 0,
            requests_rate=_rate(sample.requests - first.requests, seconds),
            rate_limit=progress.rate_limit,
            refused=sum(meter.limited.values()) if meter else 0,
            windows=progress.windows_open,
            files=progress.files_sealed,
            safe=progress.rows_safe,
            share=self._share(),
            left=self._left(sample, first),
            phase="writing" if progress.phase == "reading" and self._all_read else progress.phase,
            account=self._account(),
        )

    @property
    def _all_read(self) -> bool:
        return self.progress.pages > 0 and self.progress.pages_left <= 0 and self.progress.accounts <= 1

    def _first(self, sample: _Sample) -> _Sample:
        """Keep the sample, and return the oldest one that still counts."""
        self._samples.append(sample)
        while len(self._samples) > 2 and self._samples[1].at <= sample.at - SPAN:  # noqa: PLR2004 - two make a rate
            self._samples.popleft()
        return self._samples[0]

    def _share(self) -> float | None:
        """Return the share of the pages, or of the accounts where there are several: each is unknown until begun."""
        progress = self.progress
        if progress.accounts > 1:
            return progress.accounts_done / progress.accounts
        if progress.steps:
            return min(1.0, progress.steps_done / progress.steps)
        pages, left = progress.pages, progress.pages_left
        return pages / (pages + left) if pages > 0 and left < float("inf") else None

    def _left(self, now: _Sample, first: _Sample) -> float | None:
        progress, seconds = self.progress, now.at - first.at
        if progress.accounts > 1:
            left, rate = (
                float(progress.accounts - progress.accounts_done),
                _rate(now.accounts - first.accounts, seconds),
            )
        elif progress.steps:
            left, rate = float(progress.steps - progress.steps_done), _rate(now.steps - first.steps, seconds)
        else:
            left, rate = progress.pages_left, _rate(now.pages - first.pages, seconds)
        return left / rate if left < float("inf") and seconds >= SETTLED and rate > 0 else None

    def _account(self) -> str:
        progress = self.progress
        if progress.accounts > 1:
            return f"{progress.accounts_done:,} of {progress.accounts:,} accounts"
        return progress.account


def _busiest(meter: Meter | None) -> int:
    """Return the requests of the operation asked most: each has the rate to itself."""
    return max(meter.by_endpoint.values(), default=0) if meter else 0


def _rate(amount: int, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0
