from __future__ import annotations

import re
import signal
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from connector.sandbox.__main__ import main
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.ports import free_port

RUN = [sys.executable, "-m", "connector.sandbox"]


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *args], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=False)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly_when_told(stop):
    with subprocess.Popen([*RUN, "--transactions", "50"], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.send_signal(stop)
        assert process.wait(ENDLESS_SECONDS) == 0
    assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+ key=sk_test_sandbox\w+ account=acct_\w+\n", line)


def test_its_key_is_a_restricted_one_where_something_is_not_allowed():
    words = [*RUN, "--transactions", "50", "--missing-scope", "rak_balance_read"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        _, _, url, key, _ = process.stdout.readline().split()
        asked = Request(f"{url}/v1/balance", headers={"Authorization": f"Bearer {key.removeprefix('key=')}"})  # noqa: S310 - our own
        with pytest.raises(HTTPError) as refused:
            urlopen(asked, timeout=ENDLESS_SECONDS)  # noqa: S310 - our own
        assert (refused.value.code, b"rak_balance_read" in refused.value.read()) == (403, True)
        refused.value.close()
        process.terminate()


@pytest.fixture
def here(monkeypatch, capsys):
    """Run it in this process, with words with which it ends by itself: its status, and what it said on both."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sandbox", *words])
        try:
            status = main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, *capsys.readouterr()

    return call


def test_it_lists_its_faults(here):
    status, out, _ = here("--list-faults")
    assert status == 0
    assert {"boundary-quirk", "lock-timeout", "502"} <= {line.split()[0] for line in out.splitlines()}


def test_it_takes_the_port_it_is_given_and_fails_with_1_where_that_is_taken():
    port = str(free_port())
    with subprocess.Popen([*RUN, "--transactions", "50", "--port", port], stdout=subprocess.PIPE, text=True) as first:
        assert f":{port} " in first.stdout.readline()
        second = run("--transactions", "50", "--port", port)
        first.terminate()
    assert (second.returncode, second.stdout) == (1, "")
    assert "choose another, or 0" in second.stderr


@pytest.mark.parametrize("wrong", [["--fault", "nope"], ["--connected", "99999"], ["--end", "someday"]])
def test_an_option_that_makes_no_sense_ends_with_2_and_a_reason(here, wrong):
    status, out, said = here(*wrong)
    assert (status, out) == (2, "")
    assert said.startswith("sandbox: ")


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--port", "-1"], ["--latency", "-1"], ["--rate", "many"]])
def test_a_value_that_cannot_be_ends_with_2_and_says_which_can(here, wrong):
    status, out, said = here(*wrong)
    assert (status, out) == (2, "")
    assert re.search(r"error: argument --\w+: '\S+' is not .*\d", said)


def test_the_options_can_be_mounted_without_loading_a_server():
    code = (
        "import argparse, sys; from connector.sandbox.options import add_arguments;"
        "add_arguments(argparse.ArgumentParser());"
        "print(*{'aiohttp', 'orjson', 'anyio', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    assert done.stdout.strip() == ""


def test_nothing_else_of_the_package_is_loaded():
    code = (
        "import sys; from connector.sandbox import Sandbox, World; import connector.sandbox.__main__;"
        "print(*[m for m in sys.modules if m.startswith('connector.') and not m.startswith('connector.sandbox')]"
        ", *{'pyarrow'} & set(sys.modules))"
    )
    before = "import sys; import connector; print(*[m for m in sys.modules if m.startswith(('connector.', 'pyarrow'))])"
    loaded, alone = (
        set(
            subprocess.run(
                [sys.executable, "-c", c], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
            ).stdout.split()
        )
        for c in (code, before)
    )
    assert loaded <= alone
