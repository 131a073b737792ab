#!/usr/bin/env bash
# Where a web page answers in a store's place, obstore and pyarrow list an empty bucket.
#
# One would expect: an error, as botocore raises one: the body is no ListBucketResult. A page answers with 200 where an
#   endpoint names a store's console instead of its API, or a network wants a login first.
# What is true: obstore's list and list_with_delimiter give no objects, on S3 and on Google Cloud Storage (on Azure an
#   error), and pyarrow's S3FileSystem gives none either. Both say of any object that it is there; obstore has it of
#   1970, and its get gives the page as the content.
# Version: obstore 0.12.1, pyarrow 25.0.1, botocore 1.43.117.
# Source: docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html: the root of an answer is ListBucketResult.
# What is lost: "there is nothing yet" is a claim that loaders act on. A first load begins where rows were, a job that
#   waits for files waits on, a cleaning job finds nothing to clean, and all of them end well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check obstore==0.12.1 pyarrow==25.0.1 botocore==1.43.117
venv/bin/python - <<'PY'
import importlib.metadata
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
import obstore
import obstore.exceptions
from botocore.config import Config
from botocore.exceptions import ClientError
from obstore.store import AzureStore, GCSStore, S3Store
from pyarrow import fs

PAGE = b"<!doctype html>\n<html><head><title>Sign in</title></head><body><p>Welcome</p></body></html>\n"


class Shows(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(PAGE)

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Shows)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"
client = {"client_options": {"allow_http": True}, "retry_config": {"max_retries": 0}}
region = {"region": "us-east-1"}
stores = {
    "s3": S3Store("lake", endpoint=url, access_key_id="a", secret_access_key="b", **region, **client),
    "gs": GCSStore("lake", base_url=url, bearer_token="t", **client),
}
for package in ("obstore", "pyarrow", "botocore"):
    print(package, importlib.metadata.version(package))
for name, store in stores.items():
    objects, folders = list(obstore.list(store)), obstore.list_with_delimiter(store)
    print("obstore", name, objects, folders)
    assert objects == []
    assert not folders["objects"] and not folders["common_prefixes"]
try:
    list(obstore.list(AzureStore("lake", account_name="a", endpoint=url, bearer_token="t", **client)))
except obstore.exceptions.GenericError as error:
    print("obstore az", str(error).splitlines()[0])
else:
    raise SystemExit("obstore lists it on Azure, too")
assert obstore.head(stores["s3"], "rows.parquet")["last_modified"].year == 1970
assert bytes(obstore.get(stores["s3"], "rows.parquet").bytes()) == PAGE

arrow = fs.S3FileSystem(access_key="a", secret_key="b", endpoint_override=url, scheme="http", **region)
listed = arrow.get_file_info(fs.FileSelector("lake", recursive=True))
info = arrow.get_file_info("lake/rows.parquet")
print("pyarrow", listed, info)
assert (listed, info.type) == ([], fs.FileType.File)

access = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
once = Config(retries={"max_attempts": 0})
amazon = botocore.session.get_session().create_client("s3", endpoint_url=url, config=once, **access)
try:
    amazon.list_objects_v2(Bucket="lake")
except ClientError as error:
    print("botocore", error)
else:
    raise SystemExit("botocore lists it, too")
PY
