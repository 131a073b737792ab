"""A large file goes up from the disk: memory of our own does not grow with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bucket_server import bucket_server

pytest.importorskip("obstore", reason="an extra")

MIB = 2**20
SIZE = 96 * MIB

PROGRAM = """
import sys, threading
from pathlib import Path
from connector.lake.stores.bucket_opening import open_bucket

def own():  # anonymous memory, in kB: pages of a file that is mapped are the system's to take back
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

url, file = sys.argv[1:]
bucket = open_bucket("s3://lake/x", {"endpoint": url, "access_key_id": "a", "secret_access_key": "b"}, environ={})
bucket.overwrite("warm", bytes(4_000_000))
before, most, done = own(), [0], threading.Event()

def watch():
    while not done.wait(0.002):
        most[0] = max(most[0], own())

thread = threading.Thread(target=watch)
thread.start()
bucket.put("large", Path(file), replaces=None)
done.set()
thread.join()
print(most[0] - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up where Linux has it")
def test_a_large_file_is_put_without_memory_of_its_size(tmp_path):
    file = tmp_path / "large"
    with file.open("wb") as written:
        written.truncate(SIZE)
    with bucket_server() as served:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, served.url, str(file)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert len(served.objects["x/large"].data) == SIZE
    assert int(done.stdout) * 1024 < SIZE / 4
