"""What a write may depend on: there being nothing yet, or exactly what was read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias


class Precondition(Enum):
    """What has to be at a path, where no version is named."""

    ANYTHING = "anything"
    NOTHING = "nothing"


ANY: Literal[Precondition.ANYTHING] = Precondition.ANYTHING
"""Whatever is there is replaced."""

ABSENT: Literal[Precondition.NOTHING] = Precondition.NOTHING
"""Nothing may be there: of several writers at once, one succeeds."""

Condition: TypeAlias = Precondition | str
"""`ANY`, `ABSENT`, or the version that has to be there."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file's content.

    Attributes:
        data: its bytes.
        version: opaque; another one for each write.
    """

    data: bytes
    version: str
