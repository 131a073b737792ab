"""What a million rows cost, beside what fewer do on the same machine; -s shows the figures."""

from __future__ import annotations

import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.fakes import ENDLESS_SECONDS

PAGES = 300


def figures(pid: int) -> tuple[float, int]:
    """CPU seconds and peak memory in MB of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return (int(fields[11]) + int(fields[12])) / 100, int(peak[1]) // 1024 if peak else 0


def cost_of(rows: int) -> tuple[float, int, float]:
    """CPU seconds until a sandbox of so many rows listens, its peak in MB, and CPU seconds a page."""
    options = ["--transactions", str(rows), "--rate", "0", "--global-rate", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "connector.sandbox", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        found = re.match(r"listening on (\S+) key=(\S+)", process.stdout.readline())
        ready, _ = figures(process.pid)
        connection, cursor = HTTPConnection(urlsplit(found[1]).netloc, timeout=ENDLESS_SECONDS), ""
        for _ in range(PAGES):
            path = f"/v1/balance_transactions?limit=100{cursor}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {found[2]}"})
            body = connection.getresponse().read()
            last = body.rindex(b'"id": "txn_') + len(b'"id": "')
            cursor = f"&starting_after={body[last : last + 28].decode()}"
        after, peak = figures(process.pid)
        connection.close()
        process.terminate()
    return ready, peak, (after - ready) / PAGES


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_million_rows_are_ready_before_they_could_be_served_and_a_page_of_them_costs_as_one_of_few():
    few, _, page_of_few = cost_of(50_000)
    many, peak, page = cost_of(1_000_000)
    print(f"\n1,000,000 rows: {many:.1f} s of CPU until ready, peak {peak} MB, {page * 1000:.2f} ms a page")
    assert many - few < 10_000 * page
    assert peak < 500
    assert page < 3 * page_of_few
