"""What a million rows cost. Bounds are far above what was measured, for busy machines; -s shows the figures."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PAGES = 300


def figures(pid: int) -> tuple[float, int]:
    """CPU seconds and peak memory in MB of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return (int(fields[11]) + int(fields[12])) / 100, int(peak[1]) // 1024 if peak else 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_million_rows_are_ready_in_seconds_and_served_in_a_fraction_of_a_millisecond():
    options = ["--transactions", "1000000", "--rate", "0", "--global-rate", "0"]
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "connector.sandbox", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        found = re.match(r"listening on (\S+) key=(\S+)", process.stdout.readline())
        ready = time.monotonic() - began
        connection, cursor = HTTPConnection(urlsplit(found[1]).netloc, timeout=10), ""
        spent, _ = figures(process.pid)
        for _ in range(PAGES):
            path = f"/v1/balance_transactions?limit=100{cursor}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {found[2]}"})
            body = connection.getresponse().read()
            last = body.rindex(b'"id": "txn_') + len(b'"id": "')
            cursor = f"&starting_after={body[last : last + 28].decode()}"
        after, peak = figures(process.pid)
        connection.close()
        process.terminate()
    page = (after - spent) / PAGES * 1000
    print(f"\n1,000,000 rows: ready in {ready:.1f} s, peak {peak} MB, {page:.2f} ms of CPU a page")
    assert ready < 20
    assert peak < 500
    assert page < 2
