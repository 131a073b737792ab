"""The script that everything is compared with brings every row, and stays as it is."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from tests.support.lakes import sandbox, truth

SCRIPT = Path(__file__).with_name("afternoon.py")


def test_the_script_brings_every_row_with_every_field(tmp_path):
    with sandbox() as served:
        environment = {"STRIPE_API_KEY": served.key, "STRIPE_API_BASE": served.url}
        command = [sys.executable, str(SCRIPT), str(tmp_path / "all.parquet")]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        expected = truth(served)
    rows = pq.read_table(tmp_path / "all.parquet").to_pylist()
    assert int(said) == len(rows) == len(expected)
    assert sorted(rows, key=lambda row: (row["created"], row["id"])) == expected


def test_the_script_is_the_one_that_figures_were_published_with():
    assert hashlib.sha256(SCRIPT.read_bytes()).hexdigest() == (
        "a63af10ec79c16e98e02ea01b8c252e88f70df2c7437a0bbfd13aaeb71fd89aa"
    )
