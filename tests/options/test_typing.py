"""Type checkers know the options: a wrong keyword, and a value of a wrong type, are pointed out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.fakes import ENDLESS_SECONDS

ROOT = Path(__file__).parents[2]

CODE = """
import connector

async def right() -> None:
    stop = connector.Canceller()
    report = await connector.sync("lake", since="2026-01-01", accounts=[None, "acct_1"], canceller=stop, deadline=9.5)
    connector.run_sync("lake", **{"until": "2026-02-01", "format": "jsonl"})
    print(report.outcome, connector.run_verify("lake", layers=["rows"], sample=None)["verdict"])

async def wrong() -> None:
    await connector.sync("lake", sinse="2026-01-01")  # wrong
    await connector.sync("lake", settle="ten minutes")  # wrong
    connector.run_sync("lake", salt=None)  # wrong
    connector.run_sync("lake", dry_run="yes")  # wrong
    connector.run_plan("lake", repair=True)  # wrong
    connector.run_verify("lake", sample=1.5)  # wrong
    connector.run_statement("lake", month=10)  # wrong
    connector.run_balance(colour="red")  # wrong
    connector.Config.from_env(rate="fast")  # wrong
"""


@pytest.mark.slow
def test_pyright_complains_about_every_wrong_keyword_and_value_and_about_nothing_else(tmp_path):
    (tmp_path / "caller.py").write_text(textwrap.dedent(CODE))
    settings = {"include": ["caller.py"], "extraPaths": [str(ROOT)], "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    checker = Path(sys.executable).with_name("pyright")
    if not checker.exists():  # where only what the tests themselves need was installed
        pytest.skip("pyright is not installed here")
    words = [checker, "--outputjson", "--project", tmp_path, "--pythonpath", sys.executable]
    done = subprocess.run(words, capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=False)
    found = {one["range"]["start"]["line"] for one in json.loads(done.stdout)["generalDiagnostics"]}
    expected = {number for number, line in enumerate(CODE.splitlines()) if re.search("# wrong$", line)}
    assert found == expected, done.stdout
