"""Lakes in buckets where their extra is not installed."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
sys.modules["obstore"] = None
from connector.cli import main
sys.exit(main(["status", "s3://bucket/lake"]))
"""


def test_a_bucket_without_its_extra_is_told_what_to_install():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78
    assert "pip install 'stripe-balance-connector[cloud]'" in done.stderr
    assert "unexpected" not in done.stderr
