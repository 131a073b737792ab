#!/usr/bin/env bash
# s3fs publishes half an object when the with block raises.
#
# One would expect: the exception ends the upload; nothing is at the key, as with obstore, and as s3fs itself does
#   inside fs.transaction.
# What is true: leaving the block closes the file, and closing completes the upload, multipart or not. The half object
#   is there under its final name. So for pandas, pyarrow and every other writer that is given an fsspec path.
# Version: s3fs 2026.9.0, fsspec 2026.9.0, tried against moto 5.2.5; obstore 0.12.1.
# Source: fsspec's AbstractBufferedFile.__exit__ calls close(); apache/arrow#40502 is the same in pyarrow's own S3.
# What is lost: a killed or failed export of JSON lines leaves a file that every reader takes for the whole day.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check s3fs==2026.9.0 fsspec==2026.9.0 obstore==0.12.1 'moto[server,s3]==5.2.5'
venv/bin/python - <<'PY'
import logging
import os

import obstore
import s3fs
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

logging.getLogger("werkzeug").setLevel(logging.ERROR)
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_DEFAULT_REGION="us-east-1")
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
bucket = s3fs.S3FileSystem(endpoint_url=address, skip_instance_cache=True)
bucket.mkdir("lake")
mebibyte = b"x" * (1 << 20)


class Failed(Exception):
    pass


def size(name):
    bucket.invalidate_cache()
    return bucket.info(f"lake/{name}")["size"] if bucket.exists(f"lake/{name}") else None


def fail(open_file, parts):
    try:
        with open_file as file:
            for _ in range(parts):
                file.write(mebibyte)
            raise Failed
    except Failed:
        pass


fail(bucket.open("lake/small", "wb"), 1)
fail(bucket.open("lake/large", "wb"), 60)
store = S3Store("lake", endpoint=address, client_options={"allow_http": True})
fail(obstore.open_writer(store, "other"), 1)
seen = {name: size(name) for name in ("small", "large", "other")}
server.stop()

print("s3fs", s3fs.__version__, "obstore", obstore.__version__)
print("after an exception in the block: expected no object")
print("seen, s3fs after 1 MiB:", seen["small"], "bytes; after 60 MiB:", seen["large"], "bytes")
print("seen, obstore after 1 MiB:", seen["other"])
raise SystemExit(seen != {"small": 1 << 20, "large": 60 << 20, "other": None})
PY
