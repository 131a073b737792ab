"""Where in a window a page begins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a window a page begins, and on which connection it is asked for.

    Attributes:
        starting_after: id to go on after, towards older rows; None for the newest.
        ending_before: id to go on before, towards newer rows: the page that ends right above it.
        fresh: whether to ask on a connection of its own, as of a second witness.
        only: a filter beside the query's own: its name and value; None for none.
    """

    starting_after: str | None = None
    ending_before: str | None = None
    fresh: bool = False
    only: tuple[str, str] | None = None
