"""How fast a run is and how long it will take, from what it has counted so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.cli.display.run_view import RunView

SPAN = 5.0
"""Seconds over which rates are taken."""

SETTLED = 1.5
"""Seconds of reading before a rate means something."""

_ALMOST = 1e-6
"""Accounts that shares of accounts, added up, may lack to a whole number."""


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
        files: files staged.
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
    accounts: float


@dataclass(slots=True)
class Gauge:
    """Looks at a run now and then.

    Attributes:
        view: the run, as its events told.
    """

    view: RunView
    _samples: deque[_Sample] = field(init=False, default_factory=deque[_Sample])
    _accounts_read: float = field(init=False, default=0.0)

    def read(self, now: float) -> Reading:
        """Return how things are.

        Args:
            now: seconds of a clock that does not go back.
        """
        view = self.view
        sample = _Sample(now, view.rows, view.pages, view.steps_done, _busiest(view), self._accounts())
        first = self._first(sample)
        seconds = sample.at - first.at
        return Reading(
            rows=view.rows,
            rows_rate=_rate(view.rows - first.rows, seconds),
            requests=view.requests.total(),
            requests_rate=_rate(sample.requests - first.requests, seconds),
            rate_limit=view.rate_limit,
            refused=view.refused,
            windows=view.windows,
            files=view.files,
            safe=view.rows_safe,
            share=self._share(),
            left=self._left(sample, first),
            phase=view.stopping or ("writing" if view.phase == "reading" and self._all_read else view.phase),
            account=self._account(),
        )

    @property
    def _all_read(self) -> bool:
        view = self.view
        if view.accounts > 1:
            return self._accounts_read > view.accounts - _ALMOST and view.rows_safe < view.rows
        return view.pages > 0 and view.pages_left <= 0

    def _first(self, sample: _Sample) -> _Sample:
        """Keep the sample, and return the oldest one that still counts."""
        self._samples.append(sample)
        while len(self._samples) > 2 and self._samples[1].at <= sample.at - SPAN:  # noqa: PLR2004 - two make a rate
            self._samples.popleft()
        return self._samples[0]

    def _accounts(self) -> float:
        """Return how many accounts have been read, in part or whole; never fewer than were before."""
        self._accounts_read = max(self._accounts_read, self.view.accounts_read)
        return self._accounts_read

    def _share(self) -> float | None:
        """Return the share of the pages, or of the accounts where there are several: each is unknown until begun."""
        view = self.view
        if view.accounts > 1:
            return min(1.0, self._accounts_read / view.accounts)
        if view.steps:
            return min(1.0, view.steps_done / view.steps)
        pages, left = view.pages, view.pages_left
        return pages / (pages + left) if pages > 0 and left < float("inf") else None

    def _left(self, now: _Sample, first: _Sample) -> float | None:
        view, seconds = self.view, now.at - first.at
        if view.accounts > 1:
            left, rate = max(0.0, view.accounts - now.accounts), _rate(now.accounts - first.accounts, seconds)
        elif view.steps:
            left, rate = float(view.steps - view.steps_done), _rate(now.steps - first.steps, seconds)
        else:
            left, rate = view.pages_left, _rate(now.pages - first.pages, seconds)
        return left / rate if left < float("inf") and seconds >= SETTLED and rate > 0 else None

    def _account(self) -> str:
        view = self.view
        if view.accounts > 1:
            return f"{view.accounts_done:,} of {view.accounts:,} accounts"
        return view.account


def _busiest(view: RunView) -> int:
    """Return the requests of the operation asked most: each has the rate to itself."""
    return max(view.requests.values(), default=0)


def _rate(amount: float, seconds: float) -> float:
    return amount / seconds if seconds > 0 else 0.0
