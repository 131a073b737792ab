#!/usr/bin/env bash
# obstore tells a forbidden listing as GenericError, where a forbidden get, head or put is a PermissionDeniedError.
#
# One would expect: one class of error for "you may not", whatever is asked; obstore has PermissionDeniedError (403) and
#   UnauthenticatedError (401) for it, and raises them for objects.
# What is true: list and list_with_delimiter raise GenericError for the same answers, on S3 and on Google Cloud Storage;
#   that it was a refusal stands in the text alone.
# Version: obstore 0.12.1.
# Source: obstore's docs of `obstore.exceptions`: PermissionDeniedError is "permission denied, returned when the
#   operation is not permitted".
# What is lost: whoever tries again after a GenericError, as after a cut connection, tries for minutes what can never
#   work, and then speaks of the network; whoever asks for credentials after a PermissionDeniedError never does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check obstore==0.12.1
venv/bin/python - <<'PY'
import importlib.metadata
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import obstore
from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError
from obstore.store import GCSStore, S3Store


class Refuses(BaseHTTPRequestHandler):
    status = 403

    def do_GET(self):
        self.send_response_only(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET


server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"
client = {"client_options": {"allow_http": True}, "retry_config": {"max_retries": 0}}
stores = {
    "s3": S3Store("lake", endpoint=url, access_key_id="a", secret_access_key="b", **client),
    "gs": GCSStore("lake", base_url=url, bearer_token="t", **client),
}
asked = {
    "get": lambda store: obstore.get(store, "a"),
    "head": lambda store: obstore.head(store, "a"),
    "list": lambda store: list(obstore.list(store, "a")),
    "list_with_delimiter": lambda store: obstore.list_with_delimiter(store, "a"),
}
print("obstore", importlib.metadata.version("obstore"))
found = {}
for Refuses.status, right in ((403, PermissionDeniedError), (401, UnauthenticatedError)):
    for name, store in stores.items():
        for what, act in asked.items():
            try:
                act(store)
            except Exception as error:
                found[name, Refuses.status, what] = type(error)
                print(name, Refuses.status, what, type(error).__name__)
                assert isinstance(error, GenericError if what.startswith("list") else right)
raise SystemExit(len(found) != 16)
PY
