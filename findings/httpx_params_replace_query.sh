#!/usr/bin/env bash
# httpx drops the query of a URL as soon as params are given, be it one or none.
#
# One would expect: get("…?account=a&limit=100", params={"starting_after": "x"}) asks for all three, as in requests and
#   aiohttp; params that a client was made with are added to each request.
# What is true: since 0.28 params take the place of the query: account and limit are not sent. An empty dict removes the query
#   as well, and a client's own params remove the query of every URL that it is given. No error, no warning.
# Version: httpx 0.28.1, requests 2.34.2, aiohttp 3.14.5.
# Source: encode/httpx#3433, closed: it is meant so.
# What is lost: a link to the next page, as an answer gives it, asked for with one more parameter, comes without its filter
#   and its place: rows of other accounts, or the first page again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check httpx==0.28.1 aiohttp==3.14.5 requests==2.34.2
venv/bin/python - <<'PY'
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httpx
import requests


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/rows?account=a&limit=100"
after = {"starting_after": "x"}


async def by_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(url, params=after) as response:
        return await response.text()


with requests.Session() as session, httpx.Client(trust_env=False) as client:
    session.trust_env = False
    others = [session.get(url, params=after).text, asyncio.run(by_aiohttp())]
    seen = [client.get(url, params=params).text for params in (None, after, {})]
with httpx.Client(trust_env=False, params={"expand": "source"}) as client:
    seen.append(client.get(url).text)
server.shutdown()

print("httpx", httpx.__version__, "requests", requests.__version__, "aiohttp", aiohttp.__version__)
print("requests and aiohttp:", *others)
print("httpx: expected the same; seen", seen[1], "with an empty dict", seen[2], "with params of the client", seen[3])
raise SystemExit(
    not (
        others == ["/rows?account=a&limit=100&starting_after=x"] * 2
        and seen == ["/rows?account=a&limit=100", "/rows?starting_after=x", "/rows", "/rows?expand=source"]
    )
)
PY
