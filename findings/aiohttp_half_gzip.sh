#!/usr/bin/env bash
# aiohttp gives half a gzip body as if it were whole.
#
# One would expect: an error when the compressed stream ends before its end, as aiohttp raises for deflate, for a
#   wrong checksum and for a short Content-Length.
# What is true: for gzip and zstd nobody asks at the end whether the stream was complete. Lines or bytes so far come
#   out, and the loop ends in peace. The HTTP message itself is whole: a proxy that compresses on the way and loses
#   its upstream sends just that.
# Version: aiohttp 3.14.5.
# Source: none known; DeflateBuffer.feed_eof in aiohttp/http_parser.py checks the end for deflate only.
# What is lost: the rest of the rows of a JSON lines export read by `async for line in response.content`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check aiohttp==3.14.5 backports.zstd==1.8.0
venv/bin/python - <<'PY'
import asyncio
import gzip
import zlib

import aiohttp
from backports import zstd

lines = b"".join(b'{"id": %d}\n' % number for number in range(1000))
bodies = {"gzip": gzip.compress(lines), "deflate": zlib.compress(lines), "zstd": zstd.compress(lines)}
bodies = {encoding: body[: len(body) // 2] for encoding, body in bodies.items()}


async def answer(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    encoding = head.split()[1].decode().strip("/")
    body = bodies[encoding]
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    writer.write(body)
    await writer.drain()
    writer.close()


async def count(session, url):
    try:
        async with session.get(url) as response:
            return len([line async for line in response.content])
    except aiohttp.ClientError as error:
        return type(error).__name__


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session:
        seen = {encoding: await count(session, f"http://127.0.0.1:{port}/{encoding}") for encoding in bodies}
    server.close()
    return seen


seen = asyncio.run(main())
print("aiohttp", aiohttp.__version__)
print("half of the compressed bytes of 1000 lines: expected an error")
for encoding, found in seen.items():
    print(f"seen, {encoding}: {found}")
raise SystemExit(
    not (isinstance(seen["gzip"], int) and isinstance(seen["zstd"], int) and seen["deflate"] == "ClientResponseError")
)
PY
