#!/usr/bin/env bash
# httpx gives the first member of a gzip body and drops the rest.
#
# One would expect: a gzip file may be several members one after another, whose content is their sum (RFC 1952, 2.2); a body
#   that is sent so, with Content-Encoding: gzip, is whole, as in requests; and httpx itself reads all frames of zstd.
# What is true: what comes after the first member is left out, streamed or not. The message is whole, Content-Length and
#   all: nothing is raised.
# Version: httpx 0.28.1, requests 2.34.2.
# Source: encode/httpx#3270, a mend of 2024, closed without it; RFC 9110, 8.4.1.3: gzip is the format of RFC 1952.
# What is lost: files that were appended to (`cat a.gz b.gz`, a log that was closed and opened again, bgzip) are stored
#   compressed and served as they are: the rows of the first part come, and look like all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check httpx==0.28.1 requests==2.34.2
venv/bin/python - <<'PY'
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import requests

lines = [b'{"id": "txn_1"}\n', b'{"id": "txn_2"}\n']
body = b"".join(gzip.compress(line) for line in lines)


class Export(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Export)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
with requests.Session() as session, httpx.Client(trust_env=False) as client:
    session.trust_env = False
    other = session.get(url).content
    whole = client.get(url).content
    with client.stream("GET", url) as response:
        streamed = list(response.iter_lines())
server.shutdown()

print("httpx", httpx.__version__, "requests", requests.__version__)
print("requests:", other.decode().split("\n"))
print("httpx: expected 2 lines; seen", streamed)
raise SystemExit(
    not (gzip.decompress(body) == other == b"".join(lines) and whole == lines[0] and streamed == ['{"id": "txn_1"}'])
)
PY
