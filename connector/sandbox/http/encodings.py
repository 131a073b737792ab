"""Bodies in the forms a gateway may give them: every legal coding, and one that unfolds without end."""

from __future__ import annotations

import gzip
import zlib

_MEMBER = 1_000
"""Bytes of the body in each member of a gzip body with several."""

_MEGABYTE = 1 << 20

HOW = ("members", "x-gzip", "zlib", "raw", "twice", "bomb")


def encoded(body: bytes, how: str) -> tuple[bytes, str]:
    """Return a body in one of the forms HOW, and its `Content-Encoding`."""
    match how:
        case "members":
            pieces = (body[start : start + _MEMBER] for start in range(0, len(body), _MEMBER))
            return b"".join(map(gzip.compress, pieces)), "gzip"
        case "x-gzip":
            return gzip.compress(body), "X-GZip"
        case "zlib":
            return zlib.compress(body), "deflate"
        case "raw":
            packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            return packer.compress(body) + packer.flush(), "Deflate, identity"
        case "twice":
            return gzip.compress(zlib.compress(body)), "deflate, gzip"
        case _:  # half a gigabyte of blanks before the body
            return gzip.compress(b" " * _MEGABYTE) * 512 + gzip.compress(body), "gzip"
