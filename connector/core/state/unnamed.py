"""Files that lie where readers look, and that no record names: which are worth a word, and what to do about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.outside_text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDINGS = (
    ".parquet",
    ".jsonl",
    ".jsonl.zst",
    ".jsonl.gz",
    ".arrow",
    ".feather",
    ".ipc",
    ".json",
    ".csv",
    ".avro",
    ".orc",
)
"""Ends of the names of files that readers take by their names, in small letters."""

_CHECKSUM = ".crc"

MOST_UNNAMED = 5
"""Files without a record that are told of by name."""


@dataclass(frozen=True, slots=True, order=True)
class Unnamed:
    """A file, or a link, that no record names.

    Attributes:
        path: relative to the destination, as it is there; it may hold what no text should.
        bytes: its size; 0 of a link to a folder.
        link: whether it is a link.
    """

    path: str
    bytes: int
    link: bool = False

    @property
    def shown(self) -> str:
        """Its path, with escapes for what is not printable or no text."""
        return printable(self.path)

    @property
    def matters(self) -> bool:
        """Whether a reader may take it or stumble over it: a hidden file only if it ends as data or a checksum does."""
        if self.link or not any(part.startswith(".") for part in self.path.split("/")):
            return True
        name = self.path.rpartition("/")[2].casefold()
        return name.endswith((*ENDINGS, _CHECKSUM))

    @property
    def is_swept(self) -> bool:
        """Whether `sync` with `repair` removes it where it lies in the folder of an account: an ordinary file."""
        ordinary = self.shown == self.path and "\\" not in self.path and not self.link
        return ordinary and not self.path.rpartition("/")[2].startswith(".")

    @property
    def remedy(self) -> str:
        """What it does, and what to do about it."""
        name = self.path.rpartition("/")[2]
        if self.link:
            return "it is a link, which readers follow: put what it leads to in its place, or remove it"
        if name.casefold().endswith(_CHECKSUM):
            return "a checksum that Hadoop keeps, by which Spark refuses its file once that is replaced: remove it"
        if name.startswith("._"):
            return "macOS left it beside a file that it copied, and readers fail at it: remove it"
        if not self.bytes:
            return "it is empty, and readers fail at it: remove it"
        return "readers that take all files count its rows, too: move it out of the lake"


def said_of(unnamed: Sequence[Unnamed]) -> list[str]:
    """Say of files that no record names, and that no run removes, what each does and what to do; nothing of none."""
    if not unnamed:
        return []
    told = [f"no record names {file.shown}: {file.remedy}" for file in unnamed[:MOST_UNNAMED]]
    more = len(unnamed) - MOST_UNNAMED
    return [*told, *([f"and no record names {more:,} more files"] if more > 0 else [])]
