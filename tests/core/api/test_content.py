"""Content codings: every legal form is undone, anything else is no answer, and no body grows beyond its bound."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.content import undo
from connector.errors import ProtocolError, TooLargeError, TransportError

BODY = b'{"object": "list", "data": [], "has_more": false}\n' * 40
MOST = 1 << 27


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def members(body: bytes, *, size: int = 100) -> bytes:
    return b"".join(gzip.compress(body[start : start + size], mtime=0) for start in range(0, len(body), size))


PACK = {"gzip": gzip.compress, "x-gzip": members, "deflate": zlib.compress, "Deflate": raw_deflate, "identity": bytes}


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", BODY),
        ("identity", BODY),
        ("GZIP", gzip.compress(BODY, mtime=0)),
        ("x-gzip", gzip.compress(BODY, mtime=0)),
        ("X-GZip ", gzip.compress(BODY, mtime=0)),
        ("gzip", members(BODY)),
        ("gzip", members(BODY) + b"\0" * 17),
        ("gzip", gzip.compress(b"") + gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("Deflate", zlib.compress(BODY, 0)),
        ("gzip, identity", gzip.compress(BODY, mtime=0)),
        ("identity,gzip,", gzip.compress(BODY, mtime=0)),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY), mtime=0)),
        ("gzip, gzip", gzip.compress(gzip.compress(BODY, mtime=0))),
    ],
)
def test_every_legal_form_of_a_coding_is_undone(encoding, packed):
    assert undo(packed, encoding, most=MOST) == BODY


@given(st.binary(max_size=5_000), st.lists(st.sampled_from(sorted(PACK)), max_size=4))
def test_codings_are_undone_in_reverse_order(body, names):
    packed = body
    for name in names:
        packed = PACK[name](packed) if name != "x-gzip" or packed else gzip.compress(packed)
    assert undo(packed, ", ".join(names), most=MOST) == body


@pytest.mark.parametrize("kept", [0, 1, 5, 18, -9, -8, -1])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, raw_deflate, members])
def test_what_is_cut_short_is_no_answer(pack, kept):
    name = "gzip" if pack in {gzip.compress, members} else "deflate"
    with pytest.raises(TransportError, match=r"cut short|damaged"):
        undo(pack(BODY)[:kept], name, most=MOST)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY, mtime=0) + b"more"),
        ("gzip", gzip.compress(BODY, mtime=0) + b"\0\0more"),
        ("gzip", gzip.compress(BODY, mtime=0)[:-6] + b"\0" * 6),
        ("deflate", zlib.compress(BODY) + zlib.compress(BODY)),
        ("deflate", b"\xff" * 50),
        ("gzip", gzip.compress(b"") * 10_001),
    ],
)
def test_what_is_damaged_is_no_answer(encoding, packed):
    with pytest.raises(TransportError):
        undo(packed, encoding, most=MOST)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip;q=1", "gzip gzip", "gzip, br", ", ".join(["gzip"] * 5)])
def test_a_coding_that_was_not_asked_for_is_refused(encoding):
    with pytest.raises(ProtocolError, match="not asked for"):
        undo(gzip.compress(BODY, mtime=0), encoding, most=MOST)


NOTHING = b"\0" * (1 << 25)
BOMBS = {
    "gzip": gzip.compress,
    "members": lambda nothing: gzip.compress(nothing[: 1 << 20]) * 32,
    "zlib": zlib.compress,
    "raw": raw_deflate,
    "twice": lambda nothing: gzip.compress(gzip.compress(nothing)),
}


@cache
def bomb(kind: str) -> bytes:
    return BOMBS[kind](NOTHING)


@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_body_that_unfolds_without_end_is_refused_before_it_is_in_memory(kind):
    name = {"zlib": "deflate", "raw": "deflate", "twice": "gzip, gzip"}.get(kind, "gzip")
    assert len(bomb(kind)) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="more than"):
            undo(bomb(kind), name, most=len(NOTHING) - 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


@pytest.mark.parametrize("kind", ["gzip", "members", "raw"])
def test_a_body_of_just_the_bound_is_whole(kind):
    name = "deflate" if kind == "raw" else "gzip"
    assert undo(bomb(kind), name, most=len(NOTHING)) == NOTHING
