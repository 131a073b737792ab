"""Which personal data a lake does without: columns left out, and columns hashed. The choice alone, checked and pure.

A name is that of a column, or a path with dots: into the expanded source (`source.billing_details.email`), into the
parts of a fee (`fee_details.description`), or to a field this version does not know (`extra.new_field`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from connector.core.suggestions import did_you_mean
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = ("id", "amount", "available_on", "created", "currency", "fee", "net", "status", "type")
"""Columns a ledger cannot do without: what is added up, when, and which row it is."""

_SPARE = (
    "balance_type",
    "description",
    "exchange_rate",
    "extra",
    "fee_details",
    "object",
    "reporting_category",
    "source",
    "source_object",
)
_TEXTS = ("description", "source")
_PATHS = ("source", "fee_details", "extra")
_OF_A_FEE = ("amount", "currency", "type")


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is left out and what is hashed, before anything touches the disk; fixed with the lake.

    Attributes:
        omit: names of what is left out, each once, sorted.
        hash: names of what is replaced by its HMAC, each once, sorted.

    Raises:
        UsageError: a name is none, means what a ledger cannot do without, or stands twice.
    """

    omit: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "omit", tuple(sorted(set(self.omit))))
        object.__setattr__(self, "hash", tuple(sorted(set(self.hash))))
        for name in self.omit:
            _check(name, f"`omit` {name}", _SPARE)
        for name in self.hash:
            _check(name, f"`hash` {name}", _TEXTS)
        names = [*((name, "`omit`") for name in self.omit), *((name, "`hash`") for name in self.hash)]
        for (name, option), (other, others) in product(names, names):
            if (name, option) != (other, others) and (name == other or _within(name, other)):
                raise UsageError(f"{option} {name} and {others} {other} are about the same data: keep one of them")

    def __bool__(self) -> bool:
        return bool(self.omit or self.hash)

    @property
    def hides_source(self) -> bool:
        """Whether the source's id is not to be seen."""
        return "source" in self.omit or "source" in self.hash

    @property
    def inside_source(self) -> tuple[str, ...]:
        """The names that mean something only where the source is expanded."""
        return tuple(name for name in (*self.omit, *self.hash) if name.startswith("source.") or name == "source_object")

    def of_lake(self) -> dict[str, Any]:
        """Return the choice as states have it."""
        return {name: list(chosen) for name, chosen in (("omit", self.omit), ("hash", self.hash)) if chosen}

    @classmethod
    def from_lake(cls, options: Mapping[str, Any]) -> Privacy:
        """Build the choice from a state's options."""
        return cls(tuple(options.get("omit", ())), tuple(options.get("hash", ())))


def _check(name: str, option: str, columns: tuple[str, ...]) -> None:
    head, *rest = name.split(".")
    if not all((head, *rest)) or not name.isprintable():
        raise UsageError(f"{option!r} is neither a column nor a path such as source.billing_details")
    if rest and head in _PATHS:
        _check_path(head, rest, option)
    elif name in KEPT:
        raise UsageError(f"{option}: a ledger cannot do without {name}, nor without {_listed(KEPT)}")
    elif name not in columns:
        raise UsageError(
            f"{option}{did_you_mean(name, columns)}: name one of {', '.join(columns)}, or a path such as"
            " source.billing_details, fee_details.description, or extra.NAME for a field that has no column"
        )


def _check_path(head: str, rest: list[str], option: str) -> None:
    if head == "source" and rest in (["id"], ["object"]):
        raise UsageError(f"{option}: the source is told by it; take source and source_object as a whole")
    if head == "fee_details" and (len(rest) > 1 or rest[0] in _OF_A_FEE):
        raise UsageError(f"{option}: of the parts of a fee, take application or description, or fee_details as a whole")
    if head == "extra" and rest[0] in {*KEPT, *_SPARE}:
        raise UsageError(f"{option}: {rest[0]} has a column of its own; write {rest[0]}")


def _within(name: str, other: str) -> bool:
    """Say whether a path leads into another. The id in `source` and the object are two things, whatever their names."""
    return other != "source" and name.startswith(f"{other}.")


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
