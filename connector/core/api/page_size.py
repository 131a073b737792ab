"""How many rows to ask for at once: a full page; of heavy ones fewer after a page failed, and more again after a while.

A page of a hundred rows with whole expanded objects in them can be more than the server manages: it fails, or does not
answer in time, every time it is asked for. Half of it may well pass (docs.stripe.com/expand calls such lists slow).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.errors import ApiError, InvalidRequestError, ServerError, TooLargeError, TransportError

PAGE_SIZE = 100
"""Rows of a full page: the largest `limit` Stripe accepts (docs.stripe.com/api/pagination)."""

TRIES = 2
"""Attempts at a page before a smaller one is asked for: where its size is the reason, more of them only wait."""

PATIENCE = 8
"""Pages that have to come before a larger one is tried."""

LONGEST_PATIENCE = 512
"""The same, after larger ones have failed again and again."""

_TOO_LARGE = 413
_SERVER_FAILED = 500


@dataclass(slots=True)
class PageSize:
    """The size of the pages of one list. One owner, touched between awaits.

    Attributes:
        most: rows of the largest page, at least 1.
        rows: rows to ask for now.
    """

    most: int
    rows: int = field(init=False)
    _came: int = field(init=False, default=0)
    _grown: bool = field(init=False, default=False)
    _patience: int = field(init=False, default=PATIENCE)

    def __post_init__(self) -> None:
        self.rows = self.most

    def failed(self, asked: int) -> None:
        """Take note that a page of so many rows did not come; those asked for at the same time count once."""
        if asked < self.rows or asked <= 1:
            return
        if self._grown:
            self._patience = min(LONGEST_PATIENCE, 2 * self._patience)  # it was tried too soon
        self.rows = max(1, asked // 2)
        self._came, self._grown = 0, False

    def came(self, asked: int) -> None:
        """Take note that a page asked for with so many rows came; after enough of them the next ones are larger."""
        if asked != self.rows:
            return
        self._came += 1
        if self._came >= self._patience:
            self._came, self._grown = 0, self.rows < self.most
            self.rows = min(self.most, 2 * self.rows)


def is_heavy(error: ApiError) -> bool:
    """Say whether a smaller page may come where this one failed: the server failed, timed out, or sent too much."""
    if isinstance(error, ServerError | InvalidRequestError):
        return (error.status or 0) >= _SERVER_FAILED or error.status == _TOO_LARGE
    return isinstance(error, TransportError | TooLargeError)
