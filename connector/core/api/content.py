"""Content codings undone: completely or not at all, and within bounds.

Source: RFC 9110, 8.4 (codings, their order, `x-gzip`; `deflate` is the format of zlib, and some servers send it raw);
RFC 1952 (a gzip body may have several members).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from connector.errors import ProtocolError, TooLargeError, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENCODINGS = "gzip, deflate"
"""What is accepted, and undone here: a body cut short must not pass for a complete one."""

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})
_KNOWN = _GZIP_NAMES | {"deflate"}

_STEP = 1 << 18
"""Bytes that are unfolded, or taken from what is to be unfolded, at a time: a page of 100 rows in one piece, which is
done in three fifths of the time that two take."""

_KEPT = 1 << 23
"""Bytes that are kept while a body is measured; a larger one is unfolded once more when it is known to be bounded."""

_MOST_CODINGS = 4
_MOST_MEMBERS = 10_000
_DEFLATED = 8
"""The method that a zlib header names."""


def undo(body: bytes, encoding: str, *, most: int) -> bytes:
    """Return a body as it was before it was encoded for the way.

    Args:
        body: as received.
        encoding: value of `Content-Encoding`, in any case; several codings in the order in which they were applied.
        most: bytes that the result may have. More of it is never in memory at once.

    Raises:
        TransportError: the body ends before its compressed data does, or is damaged.
        TooLargeError: it unfolds to more than `most` bytes.
        ProtocolError: a coding was not asked for; the next answer may have another.
    """
    codings = [name for part in encoding.split(",") if (name := part.strip().lower()) not in {"", "identity"}]
    if not set(codings) <= _KNOWN or len(codings) > _MOST_CODINGS:
        error = ProtocolError(f"the server encoded the body as {encoding[:40]!r}, which was not asked for")
        error.came_from_the_way()
        raise error
    for name in reversed(codings):
        body = _inflated(body, name, most)
    return body


def _inflated(body: bytes, name: str, most: int) -> bytes:
    kept: list[bytes] = []
    size = 0
    try:
        for piece in _pieces(body, name):
            size += len(piece)
            if size > most:
                raise TooLargeError(f"the server sent a body of more than {most} bytes")
            if size <= _KEPT:
                kept.append(piece)
        return b"".join(kept if size <= _KEPT else _pieces(body, name))
    except zlib.error as error:
        raise TransportError(f"no complete answer: its compressed body is damaged ({error})") from error


def _pieces(body: bytes, name: str) -> Iterator[bytes]:
    """Unfold a body, a bounded piece at a time; gzip members may follow each other, and zeros may fill the end."""
    start = 0
    for _ in range(_MOST_MEMBERS):
        inflate = zlib.decompressobj(_window_bits(body, name))
        while not inflate.eof:
            data, full = body[start : start + _STEP], True
            start += len(data)
            while (data or full) and not inflate.eof:
                piece = inflate.decompress(data, _STEP)
                data, full = inflate.unconsumed_tail, len(piece) == _STEP
                yield piece
            if start == len(body) and not inflate.eof:
                raise TransportError("no complete answer: its compressed body is cut short")
        start -= len(inflate.unused_data)
        if start == len(body) or (name in _GZIP_NAMES and not body[start] and not body[start:].strip(b"\0")):
            return
        if name not in _GZIP_NAMES:
            break
    raise TransportError("no complete answer: its compressed body is damaged (more follows its end)")


def _window_bits(body: bytes, name: str) -> int:
    """Say by which of its formats a coding was made: `deflate` may come with zlib's header, or without."""
    if name in _GZIP_NAMES:
        return _GZIP
    header = int.from_bytes(body[:2], "big")
    return _ZLIB if header >> 8 & 0x0F == _DEFLATED and header % 31 == 0 else _RAW
