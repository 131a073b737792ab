"""What needs an extra, where that is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.fakes import ENDLESS_SECONDS

COMMAND = "from connector.cli import main; sys.exit(main(sys.argv[2:]))"
TABLES = "from importlib import import_module; import_module(f'connector.lake.catalogs.{sys.argv[2]}')"


def without(package, code, *words):
    code = f"import sys; sys.modules[sys.argv[1]] = None\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code, package, *words],
        capture_output=True,
        text=True,
        timeout=ENDLESS_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("package", "extra", "code", "words"),
    [
        ("obstore", "cloud", COMMAND, ["status", "s3://bucket/lake"]),
        ("shtab", "completion", COMMAND, ["completion", "bash"]),
        ("deltalake", "delta", TABLES, ["delta"]),
        ("pyiceberg", "iceberg", TABLES, ["iceberg"]),
    ],
)
def test_it_is_said_how_to_install_it_in_a_checkout_and_elsewhere(package, extra, code, words):
    done = without(package, code, *words)
    assert done.returncode == (78 if code == COMMAND else 1)
    said = f"pip install '.[{extra}]' in a checkout, else pip install 'stripe-balance-connector[{extra}]'"
    assert said in done.stderr
    assert "unexpected" not in done.stderr
