"""Which account each id came for: an id that comes for two accounts means that one of them got the other's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 2**16
"""Ids that are remembered, some 7 MB."""

_SPAN = 2**63


@dataclass(slots=True)
class Claims:
    """Remembers ids by their hashes: all of them while they are few, then those whose hash is low.

    Whether an id is remembered depends on nothing but the id, so an account that gets another's rows is found by any of
    them that are. Of 10^7 ids one in 310 is, at least: a history that came twice does not pass, a day's rows may.

    Attributes:
        most: ids to remember, at least 1.
    """

    most: int = MOST
    _holder: dict[int, str] = field(init=False, default_factory=dict[int, str])
    _bound: int = field(init=False, default=_SPAN)

    def clashes(self, account: str, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Take note of ids that came for an account, and yield those that came for another, with its name.

        Threads may do so at once: at worst, what one of them notes while another makes room is forgotten.
        """
        holder, bound = self._holder, self._bound
        for row_id in ids:
            hashed = hash(row_id)
            if hashed < bound and (other := holder.setdefault(hashed, account)) != account:
                yield row_id, other
        while len(holder) > self.most:
            bound = (bound - _SPAN) // 2  # halves what lies between it and the lowest hash
            holder = {hashed: name for hashed, name in list(holder.items()) if hashed < bound}
            self._holder, self._bound = holder, bound

    def take(self, account: str, ids: Iterable[str]) -> None:
        """Take note of ids that came for an account.

        Raises:
            ProtocolError: one of them came for another before.
        """
        for row_id, other in self.clashes(account, ids):
            raise ProtocolError(
                f"{row_id} came for {account} as well as for {other}: one of them got the rows of the other."
                " Something on the way answers for the wrong account: look at what `api_base` leads through. Rows of"
                " the first may have been kept: `stripe-balance verify` tells"
            )
