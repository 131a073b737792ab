#!/usr/bin/env bash
# python-zstandard's streaming calls end after the first frame.
#
# One would expect: read_to_iter and decompressobj give all of a stream, as zstandard.open and copy_stream do, since
#   frames may follow one another (RFC 8878, 3.1).
# What is true: they stop at the end of the first frame without an error, and so does decompress(). An empty first
#   frame (a writer that was opened and flushed) gives nothing at all.
# Version: zstandard 0.25.0; backports.zstd 1.8.0 reads all frames.
# Source: indygreg/python-zstandard#59, open since 2018.
# What is lost: all rows after the first frame, in scripts that read a .zst with little memory.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check zstandard==0.25.0 backports.zstd==1.8.0
venv/bin/python - <<'PY'
import io

import zstandard
from backports import zstd

lines = b"".join(b'{"id": %d}\n' % number for number in range(1000))
compressor = zstandard.ZstdCompressor()
half = lines.index(b'{"id": 500}')
body = compressor.compress(lines[:half]) + compressor.compress(lines[half:])
after_empty = compressor.compress(b"") + compressor.compress(lines)


def count(data):
    return data.count(b"\n")


def counts(data):
    decompressor = zstandard.ZstdDecompressor()
    copied = io.BytesIO()
    decompressor.copy_stream(io.BytesIO(data), copied)
    return {
        "copy_stream": count(copied.getvalue()),
        "open": count(zstandard.open(io.BytesIO(data), "rb").read()),
        "read_to_iter": count(b"".join(decompressor.read_to_iter(io.BytesIO(data)))),
        "decompressobj": count(decompressor.decompressobj().decompress(data)),
    }


seen, empty = counts(body), counts(after_empty)
other = count(zstd.decompress(body))
print("zstandard", zstandard.__version__)
print("1000 lines in two frames: expected 1000 from each; seen", seen)
print("an empty frame before 1000 lines: expected 1000 from each; seen", empty)
print("backports.zstd:", other)
raise SystemExit(
    not (list(seen.values()) == [1000, 1000, 500, 500] and list(empty.values()) == [1000, 1000, 0, 0] and other == 1000)
)
PY
