"""Windows whose answers came on a connection that later proved not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.api.page import Page
    from connector.core.planning.windows.frontier import Frontier
    from connector.core.planning.windows.walk import Walk
    from connector.core.time.intervals import Interval


@dataclass(slots=True)
class Trust:
    """Remembers on which connections each window's pages came.

    Where an answer was another request's, the answers before it may have been as well: nothing that came on that
    connection counts, and its windows are read again.

    Attributes:
        frontier: what is read.
        rereads: whether windows can be read again; otherwise it is an error.
    """

    frontier: Frontier
    rereads: bool
    _open: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    _finished: list[tuple[Interval, frozenset[int]]] = field(default_factory=list["tuple[Interval, frozenset[int]]"])
    _known: int = 0

    def came(self, walk: Walk, page: Page) -> None:
        """Note the connection of a page."""
        if page.connection is not None:
            self._open.setdefault(id(walk), set()).add(page.connection)

    def finished(self, walk: Walk, distrusted: Collection[int]) -> None:
        """Note that a walk is at its end.

        Raises:
            ProtocolError: it came on a connection that is not to be trusted, and cannot be read again.
        """
        used = frozenset(self._open.pop(id(walk), ()))
        if used and walk.floor < walk.window.stop:
            self._finished.append((walk.answers_for, used))
            if not used.isdisjoint(distrusted):
                self._known = -1
        self.look(distrusted)

    def look(self, distrusted: Collection[int], *, failing: bool = False) -> None:
        """Have windows read again whose connections are not trusted any more.

        Args:
            distrusted: all such connections.
            failing: whether an error is on its way already.

        Raises:
            ProtocolError: a window cannot be read again.
        """
        if len(distrusted) == self._known:
            return
        self._known = len(distrusted)
        bad = [seconds for seconds, used in self._finished if not used.isdisjoint(distrusted)]
        if not bad:
            return
        if not self.rereads and not failing:
            raise ProtocolError(
                "an answer that nobody asked for came on a connection: what else came on it is not to be believed; run"
                " again, and look for a faulty proxy if it stays so",
                window=(bad[0].start, bad[0].stop),
            )
        self._finished = [finished for finished in self._finished if finished[1].isdisjoint(distrusted)]
        for seconds in bad:
            self.frontier.reopen(seconds)
