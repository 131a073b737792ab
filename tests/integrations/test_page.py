"""The page on buckets does what it says on a real store; `tests/test_docs.py` runs it on a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.support.lakes import sandbox, world
from tests.test_docs import ROOT, blocks

pytest.importorskip("obstore", reason="`make integrations` sets up what runs this")

PROGRAMS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}


def test_the_examples_of_the_page_run_on_seaweedfs(started, tmp_path):
    service = started("seaweedfs")
    program = tmp_path / "stripe-balance"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m connector.cli "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "work"
    folder.mkdir()
    ran = []
    with sandbox(world(300)) as stripe_:
        environ = {
            **os.environ,
            **service.environment,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "STRIPE_API_BASE": stripe_.url,
            "STRIPE_API_KEY": stripe_.key,
        }
        for block in blocks(ROOT / "docs" / "buckets.md"):
            text = block.text.replace("s3://my-bucket", service.url).replace("2026-10-01", "2026-01-01")
            if block.skipped or block.language not in PROGRAMS or ("polars" in text and not find_spec("polars")):
                continue
            done = subprocess.run(
                [*PROGRAMS[block.language], text], env=environ, cwd=folder, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{block.where}: {done.stderr}"
            ran.append(block.where)
    assert len(ran) >= 4
