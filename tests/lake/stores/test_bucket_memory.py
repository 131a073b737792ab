"""A large file goes up from the disk, and comes down to it: memory of our own does not grow with it."""

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

url, file, back = sys.argv[1:]
bucket = open_bucket("s3://lake/x", {"endpoint": url, "access_key_id": "a", "secret_access_key": "b"}, environ={})
bucket.overwrite("warm", bytes(4_000_000))
before, most, done = own(), [0], threading.Event()

def watch():
    while not done.wait(0.002):
        most[0] = max(most[0], own())

def takes(act):
    most[0] = 0
    done.clear()
    thread = threading.Thread(target=watch)
    thread.start()
    act()
    done.set()
    thread.join()
    print(most[0] - before)

takes(lambda: bucket.put("large", Path(file), replaces=None))
takes(lambda: bucket.download("large", Path(back)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is looked up where Linux has it")
def test_a_large_file_is_put_and_read_without_memory_of_its_size(tmp_path):
    file = tmp_path / "large"
    with file.open("wb") as written:
        written.truncate(SIZE)
    with bucket_server() as served:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, served.url, str(file), str(tmp_path / "back")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert len(served.objects["x/large"].data) == (tmp_path / "back").stat().st_size == SIZE
    put, read = (int(kib) * 1024 for kib in done.stdout.split())
    assert put < SIZE / 4
    assert read < SIZE / 2
