"""The demo's Stripe stays on request, and a sandbox says how to reach it in a shell's words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from connector.sandbox import World as SandboxWorld
from tests.cli.conftest import PROGRAM
from tests.support.demos import few_rows
from tests.support.fakes import ENDLESS_SECONDS

DAY = 86_400


def exported(lines):
    """Return what a shell would have from two exports."""
    return dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)


@pytest.fixture
def ended():
    """Processes to end, whatever happens."""
    started: list[subprocess.Popen[str]] = []
    yield started.append
    for process in started:
        process.kill()
        process.communicate()


def begun(ended, *words, **options):
    process = subprocess.Popen(list(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    ended(process)
    return process


def test_a_sandbox_says_how_to_reach_it_as_a_shell_takes_it(ended, process, tmp_path):
    words = ("sandbox", "--transactions", "300", "--connected", "0", "--env", "--rate", "0")
    serving = begun(ended, *PROGRAM, *words)
    said = exported([serving.stdout.readline(), serving.stdout.readline()])
    assert said.keys() == {"STRIPE_API_BASE", "STRIPE_API_KEY"}
    done = process("sync", tmp_path / "lake", "--rate", "0", env={**os.environ, **said})
    assert (done.returncode, "300 new" in done.stderr) == (0, True)
    serving.send_signal(signal.SIGINT)
    assert serving.wait(ENDLESS_SECONDS) == 0


@pytest.mark.slow
def test_the_demos_stripe_stays_and_everything_works_on_its_lake(ended, process, tmp_path):
    code = (
        "import sys; from functools import partial; from connector.cli import main; "
        "from connector.cli.commands import demo; demo.YEAR = 20 * 86_400; "
        "demo.World = partial(demo.World, transactions=400); sys.exit(main())"
    )
    serving = begun(ended, sys.executable, "-c", code, "demo", "lake", "--serve", cwd=tmp_path)
    said = exported([serving.stdout.readline(), serving.stdout.readline()])
    environ = {**os.environ, **said}
    assert process("sync", "lake", "--existing", cwd=tmp_path, env=environ).returncode == 0
    assert process("payouts", "lake", "--existing", cwd=tmp_path, env=environ).returncode == 0
    verdict = process("verify", "lake", "--strict", cwd=tmp_path, env=environ)
    assert verdict.returncode == 0, verdict.stdout
    serving.send_signal(signal.SIGINT)
    _, err = serving.communicate(timeout=ENDLESS_SECONDS)
    assert (serving.returncode, "Traceback" in err) == (0, False)
    assert process("balance", "--retries", "0", env=environ).returncode == 75  # it has ended with the demo


def test_accounts_of_one_seed_are_told_apart_by_what_is_in_their_ledgers():
    made = partial(SandboxWorld, transactions=300, connected=2, start=1_780_000_000, end=1_790_000_000)
    one, same = made().named_by_ledger(), made(now=1_795_000_000).named_by_ledger()
    assert one.accounts == same.accounts
    for change in ({"end": 1_790_000_001}, {"transactions": 301}, {"seed": 8}, {"currencies": ("usd",)}):
        assert not set(one.accounts) & set(made(**change).named_by_ledger().accounts)


def test_a_demo_goes_on_with_the_account_it_began_with(run, monkeypatch, tmp_path):
    few_rows(monkeypatch)
    monkeypatch.chdir(tmp_path)
    first, second = (run("demo", "--json").json["accounts"][0]["account"] for _ in range(2))
    assert first == second
