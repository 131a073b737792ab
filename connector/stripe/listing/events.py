"""What happens to a list while it is read, told as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.events import OnEvent, PageReceived, WindowClosed, WindowOpened, unheard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.api.page import Page, Row
    from connector.core.api.protocol import Response
    from connector.core.time.intervals import Interval


@dataclass(frozen=True, slots=True)
class ListEvents:
    """Tells of one list.

    Attributes:
        on_event: is told.
        endpoint: the operation.
        account: connected account whose list it is; None for the key's own.
    """

    on_event: OnEvent = unheard
    endpoint: str = ""
    account: str | None = None

    def opened(self, window: Interval) -> None:
        """Tell that a window is being read."""
        self.on_event(WindowOpened(self.account, window.start, window.stop))

    def closed(self, window: Interval) -> None:
        """Tell that it is read no further."""
        self.on_event(WindowClosed(self.account, window.start, window.stop))

    def received(self, page: Page, created: Sequence[int], *, pages_left: float) -> None:
        """Tell of a page.

        Args:
            page: as it came.
            created: seconds of those of its rows that are new, latest first.
            pages_left: pages thought to be left of the list.
        """
        newest, oldest = (created[0], created[-1]) if created else (None, None)
        self.on_event(
            PageReceived(
                self.endpoint,
                self.account,
                len(created),
                newest,
                oldest,
                page.request_id,
                page.bytes,
                page.seconds,
                pages_left,
            )
        )

    def one_received(self, row: Row, response: Response) -> None:
        """Tell of an object that was asked for by its id."""
        created, size = row.get("created"), len(response.body)
        self.on_event(
            PageReceived(
                self.endpoint, self.account, 1, created, created, response.request_id, size, response.seconds, 0.0
            )
        )
