#!/usr/bin/env bash
# One get() of aiohttp can be two requests, and nothing tells.
#
# One would expect: a call is a request; retries are the caller's, who counts them and paces them.
# What is true: when a kept connection is closed under a GET (or another idempotent method), the session sends it
#   again by itself, once, at once. Neither the status nor the history of the response shows it; a POST raises
#   ServerDisconnectedError.
# Version: aiohttp 3.14.5.
# Source: aiohttp/client.py, IDEMPOTENT_METHODS; there is no public switch.
# What is lost: nothing of the rows; but a counter of requests, a rate limit's budget and "asked once" are wrong by
#   these, and a GET with a side effect happens twice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check aiohttp==3.14.5
venv/bin/python - <<'PY'
import asyncio

import aiohttp

received = []


async def answer(reader, writer):
    """Answers the first request of a connection, and drops the connection after reading the second."""
    for turn in range(2):
        head = await reader.readuntil(b"\r\n\r\n")
        received.append(head.split()[0].decode())
        if turn == 0:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(url) as response:
                await response.read()
                last = response.status, response.history
        gets = received.count("GET")
        try:
            async with session.post(url) as response:
                post = str(response.status)
        except aiohttp.ServerDisconnectedError as error:
            post = type(error).__name__
    server.close()
    return gets, last, post


gets, last, post = asyncio.run(main())
print("aiohttp", aiohttp.__version__)
print("two calls of get(): expected 2 requests; seen", gets, "; the second answered", *last)
print("post() on a connection that is dropped:", post)
raise SystemExit(not (gets == 3 and last == (200, ()) and post == "ServerDisconnectedError"))
PY
