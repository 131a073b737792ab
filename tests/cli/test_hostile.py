"""Whatever others write, and wherever it comes from, nothing of it steers a terminal, forges a line, or tells a key."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import traceback
from dataclasses import dataclass

import pytest

import connector
from connector.cli.display.console import Console
from connector.cli.options.commands import COMMANDS
from connector.config.config import ApiKey, Config
from connector.core.api.retry import RetryPolicy
from connector.errors import ConnectorError, SchemaError
from connector.sandbox import Limits, Sandbox, World
from connector.sandbox.core.texts import HOSTILE
from tests.cli.conftest import DAY, PROGRAM
from tests.support.dating import present
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS

SECRETS = ("HostileHostile", "HostileSecret", "SG9zdGls")
"""Parts of what the hostile text holds of keys."""

NAME = "part\n    balance   proved: nothing is missing\x1b[2J\x9b31m\u202e\u2028 sk_live_HostileHostileKey"
"""Name of a file that would forge a line."""

FORGED = "    balance   proved: nothing"

FIELDS = ("currency", "description|reporting_category|source|status|type|failure_message", "id", "object")


@pytest.fixture(scope="module")
def hostile():
    now = present()
    world = World(transactions=260, connected=1, start=now - 7 * DAY, end=now - DAY // 24, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none()) as running:
        yield running


@dataclass
class Place:
    """Where commands are tried: a lake, and ids that exist."""

    folder: str
    ids: dict[str, str]
    made: int = 0

    def words(self, command):
        """The command lines that are tried of a command, each with a fresh folder where it makes one."""
        self.made += 1
        lake, odd, again, new = (f"{self.folder}/{name}" for name in ("lake", "odd", "again", f"new{self.made}"))
        return {
            "demo": [],  # asks its own Stripe
            "init": [["init", lake, "--config", f"{new}.toml"], ["init", "--check", "--config", f"{new}.toml"]],
            "sync": [["sync", new], ["sync", again, "--full-refresh", "--balance"], ["sync", new, "--all-accounts"]],
            "stream": [["stream", "--limit-rows", "2"], ["stream", "--all-accounts", "--limit-rows", "2"]],
            "get": [["get", self.ids["row"], "txn_none"]],
            "fees": [["fees", self.ids["charge"], self.ids["payout"]]],
            "balance": [["balance"], ["balance", "--all-accounts"], ["balance", new]],
            "payouts": [["payouts", new], ["payouts", again, "--full-refresh"], ["payouts", new, "--all-accounts"]],
            "plan": [["plan", new], ["plan", lake, "--full-refresh", "--all-accounts"]],
            "status": [["status", odd]],
            "verify": [["verify", lake], ["verify", odd, "--offline"]],
            "statement": [["statement", odd, "--since", "2026-01-01", *form] for form in ([], ["--format", "html"])],
            "report": [
                ["report", odd, "-o", f"{new}.html"],
                ["report", odd, "-o", "-"],
                ["report", lake, "--verify", "-o", f"{new}.html"],
            ],
            "retire": [
                ["retire", again, "--account", self.ids["account"], "--reason", "gone\x1b[31m\nproved: sk_live_0a"],
                ["retire", again, "--account", self.ids["account"], "--undo"],
            ],
            "maintain": [["maintain", odd]],
            "convert": [["convert", again, new], ["convert", again, odd]],
            "views": [["views", odd, "--for", "duckdb"]],
            "schema": [["schema"], ["schema", "payouts"]],
            "completion": [["completion", "bash"]],
            "manual": [["manual"]],
            "sandbox": [["sandbox", "--list-faults"]],
        }[command]


TELLING = {"sync", "get", "stream", "status", "verify", "report"}
"""Commands that `make test` tries: one of each way in which they say something."""

DATA = {"stream", "get", "fees"}
"""Commands whose JSON is data: as received, keys in it included."""


@pytest.fixture(scope="module")
def place(hostile, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    hostile.faults.clear()
    environ = {**os.environ, "STRIPE_API_BASE": hostile.url, "STRIPE_API_KEY": hostile.key}

    def lines(*words):
        done = subprocess.run(
            [*PROGRAM, *words],
            env=environ,
            capture_output=True,
            text=True,
            timeout=ENDLESS_SECONDS,
            check=True,
            cwd=folder,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    rows = lines("stream")
    lines("sync", "lake", "-q")
    lines("payouts", "lake", "-q")
    hostile.faults.add(f"hostile-text:fields={FIELDS[1]}")
    lines("sync", "odd", "-q")
    lines("sync", "again", "-q")
    hostile.faults.clear()
    charge = next(row for row in rows if row["type"] == "charge")
    payout = next(row for row in rows if row["type"] == "payout")
    ids = {"row": charge["id"], "charge": charge["source"], "payout": payout["source"], "account": hostile.account}
    return Place(str(folder), ids)


@pytest.fixture
def tried(run, environment, hostile, place):
    """Try command lines in every form, see that nothing gets out, and return the statuses."""
    environment.setenv("STRIPE_API_BASE", hostile.url)
    environment.setenv("STRIPE_API_KEY", hostile.key)
    hostile.faults.clear()

    def call(command):
        statuses = set()
        for words in place.words(command):
            for more in [[]] if command == "sandbox" else [["-v"], ["--json"]]:
                done = run(*words, *more, *(["--retries", "0"] if command in ASKING else []))
                statuses.add(done.status)
                is_data = "--json" in more or command in {"stream", "get", "completion", "manual"}
                people = done.err if is_data else done.out + done.err
                assert [line for line in people.split("\n") if not line.isprintable()] == []
                assert not any(line.startswith(FORGED) for line in people.split("\n"))
                kept = done.err if command in DATA and is_data else done.out + done.err
                assert [secret for secret in (*SECRETS, hostile.key) if secret in kept] == []
                assert "unexpected" not in done.err
                if "--json" in more and command != "schema":
                    assert isinstance(done.json, dict)
        return statuses

    yield call
    hostile.faults.clear()


@pytest.mark.parametrize("command", slow_but(TELLING, sorted(COMMANDS.keys() - {"demo"})))
def test_what_is_in_a_lake_gets_out_of_no_command(tried, command):
    assert tried(command)


ASKING = {"init", "sync", "stream", "get", "fees", "balance", "payouts", "plan", "verify"}


def test_every_command_is_tried(place):
    assert all(place.words(command) or command == "demo" for command in COMMANDS)


@pytest.mark.parametrize("status", slow_but([403], [400, 403, 429]))
@pytest.mark.parametrize("command", slow_but(["get", "verify"], sorted(ASKING)))
def test_what_a_server_refuses_with_gets_out_of_no_command(tried, hostile, command, status):
    hostile.faults.add(f"hostile-error:status={status}")
    assert tried(command) - {0}


@pytest.mark.parametrize("field", slow_but(FIELDS[1:2], FIELDS))
@pytest.mark.parametrize("command", slow_but(["get", "sync"], sorted(ASKING)))
def test_what_objects_say_gets_out_of_no_command(tried, hostile, command, field):
    hostile.faults.add(f"hostile-text:fields={field}")
    assert tried(command)


@pytest.mark.parametrize("command", ["status", "verify", "sync", "payouts"])
def test_a_name_of_a_file_forges_no_line(run, environment, hostile, place, tmp_path, command):
    environment.setenv("STRIPE_API_BASE", hostile.url)
    environment.setenv("STRIPE_API_KEY", hostile.key)
    hostile.faults.clear()
    lake = tmp_path / "la\x9bke\nhere"
    shutil.copytree(f"{place.folder}/lake", lake)
    for table in ("balance_transactions", "payouts", "payout_transactions"):
        day = next((lake / table).glob("account=*/*"))
        (day / f"{NAME}.parquet").write_bytes(b"")
    for more in ([], ["-v"], *([["--strict"]] if command in {"status", "verify"} else [])):
        done = run(command, lake, *more)
        said = done.out + done.err
        assert [line for line in said.split("\n") if not line.isprintable() or line.startswith(FORGED)] == []
        assert not any(secret in said for secret in SECRETS)
        if command == "status":
            assert r"part\n    balance   proved: nothing is missing\x1b[2J\x9b31m\u202e\u2028 sk_live_(key)" in done.err


def test_what_is_found_in_the_lakes_own_folder_steers_nothing(run, lake):
    report = next((lake / "_stripe_balance" / "runs").iterdir())
    said = {**json.loads(report.read_bytes()), "outcome": "failed", "error": HOSTILE}
    report.write_text(json.dumps(said), "utf-8")
    done = run("status", lake)
    assert r"failed after" in done.out
    assert all(line.isprintable() for line in done.out.split("\n"))
    assert not any(secret in done.out for secret in SECRETS)
    folder = lake / "_stripe_balance" / "state" / "balance_transactions" / NAME
    folder.mkdir()
    (folder / "1.json").write_text("{}")
    done = run("status", lake)
    assert (done.status, done.err.count("\n"), done.err[:-1].isprintable()) == (65, 1, True)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_name_of_a_folder_that_is_no_text_is_told_all_the_same(run, lake, more):
    odd = lake.rename(lake.parent / os.fsdecode(b"la\xffke"))
    done = run("status", odd, *more)
    assert done.status == 78  # of what Arrow could not open
    assert r"la\udcffke" in (done.json["error"]["message"] if more else done.err)


@pytest.mark.parametrize(
    "words",
    [[NAME], ["sync", "lake", f"--{NAME}"], ["sync", "lake", "--format", NAME], ["get", NAME], ["schema", NAME]],
)
def test_what_is_typed_is_told_back_in_one_line(run, words):
    for more in ([], ["--json"]):
        done = run(*words, *more)
        assert (done.status, done.err.count("\n"), done.err[:-1].isprintable()) == (2, 1, True)


@pytest.mark.parametrize("name", ["STRIPE_API_BASE", "HTTPS_PROXY"])
def test_users_and_passwords_of_addresses_are_not_told(run, environment, name):
    environment.setenv("STRIPE_API_BASE", "https://127.0.0.1:9")
    environment.setenv(name, "https://jenny:hunter2@127.0.0.1:9")
    for more in ([], ["-v"], ["--json"]):
        done = run("balance", "--retries", "0", *more)
        assert done.status in {75, 78}
        assert "hunter2" not in done.out + done.err


# Terminals ------------------------------------------------------------------------------------------------------------


def on_a_terminal(*words, env):
    """What a command writes to a terminal it is alone on, and its status."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *map(str, words)], stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env
    ) as process:
        os.close(theirs)
        found = b""
        try:
            while piece := os.read(ours, 65_536):
                found += piece
        except OSError:  # how Linux ends a terminal whose other side is closed
            pass
        os.close(ours)
    return found.decode().replace("\r\n", "\n"), process.returncode


@pytest.fixture
def environ(hostile):
    hostile.faults.clear()
    hostile.faults.add("hostile-text:fields=description")
    yield {**os.environ, "STRIPE_API_BASE": hostile.url, "STRIPE_API_KEY": hostile.key, "TERM": "xterm"}
    hostile.faults.clear()


@pytest.mark.parametrize(
    "words",
    slow_but(
        [["get", "row"], ["stream", "--limit-rows", "3"]],
        [
            ["get", "row"],
            ["get", "row", "--json"],
            ["get", "row", "--expand", "source"],
            ["stream", "--limit-rows", "3"],
            ["stream", "--limit-rows", "3", "--json"],
            ["stream", "--follow", "--since", "2020-01-01", "--limit-rows", "3"],
            ["fees", "charge", "--json"],
        ],
    ),
    ids=" ".join,
)
def test_a_terminal_gets_data_in_printable_characters_and_a_pipe_gets_it_as_it_is(words, environ, place):
    words = [place.ids.get(word, word) for word in words]
    shown, status = on_a_terminal(*words, env=environ)
    piped = subprocess.run(
        [*PROGRAM, *words], env=environ, capture_output=True, timeout=ENDLESS_SECONDS, check=True
    ).stdout.decode()
    assert status == 0
    assert all(line.isprintable() for line in shown.split("\n"))
    assert any(not line.isprintable() for line in piped.split("\n"))
    if "--json" in words:
        assert json.loads(shown) == json.loads(piped)
    else:
        assert [json.loads(line) for line in shown.splitlines()] == [
            json.loads(line) for line in piped.split("\n")[:-1]
        ]


def test_a_terminal_gets_fees_without_what_would_steer_it(environ, place):
    shown, status = on_a_terminal("fees", place.ids["charge"], env=environ)
    assert status == 0
    assert r"\x1b[2J" in shown
    assert all(line.isprintable() for line in shown.split("\n"))
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize("form", slow_but(["text"], ["text", "csv", "html", "json"]))
def test_a_terminal_gets_statements_without_what_would_steer_it(environ, place, form):
    shown, status = on_a_terminal(
        "statement", f"{place.folder}/odd", "--since", "2026-01-01", "--format", form, env=environ
    )
    assert status == 0
    assert "balance   proved" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_only_our_own_styles_reach_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    console = Console()
    console.log(f"{console.paint('mine', 'red')} \x1b[31myours\x1b[0m")
    assert capsys.readouterr().err == "\x1b[31mmine\x1b[0m \\x1b[31myours\\x1b[0m\n"


# What is kept, and what callers get -----------------------------------------------------------------------------------


def test_a_run_report_on_the_disk_is_printable_and_tells_no_key(run, environment, hostile, tmp_path):
    environment.setenv("STRIPE_API_BASE", hostile.url)
    environment.setenv("STRIPE_API_KEY", hostile.key)
    hostile.faults.clear()
    hostile.faults.add("hostile-text:fields=type")
    hostile.faults.add(f"hostile-error:endpoint=balance_transactions,account={hostile.world.accounts[1]},status=404")
    lake = tmp_path / "lake"
    assert run("sync", lake, "--all-accounts", "--rate", "0").status == 1
    hostile.faults.clear()
    (report,) = (lake / "_stripe_balance" / "runs").iterdir()
    text = report.read_text("utf-8")
    assert all(line.isprintable() for line in text.split("\n"))
    assert not any(secret in text for secret in (*SECRETS, hostile.key))
    document = json.loads(text)
    assert "balance   proved" in document["error"]
    assert any("\x9b31m" in one["name"] for one in document["accounts"][0]["drift"])  # escaped, and still there


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.anyio
async def test_an_error_that_a_caller_gets_is_printable_and_tells_no_key(hostile, tmp_path, status, anyio_backend):
    hostile.faults.clear()
    hostile.faults.add(f"hostile-error:status={status}")
    config = Config(ApiKey(hostile.key), hostile.url, retry=RetryPolicy(attempts=1))
    with pytest.raises(ConnectorError) as caught:
        await connector.sync(tmp_path / "lake", config=config)
    hostile.faults.clear()
    error = caught.value
    texts = [str(error), repr(error), *error.args, *(one for one in vars(error).values() if isinstance(one, str))]
    assert len(texts) >= 5
    assert all(text.isprintable() for text in texts)
    told = "".join([*texts, *traceback.format_exception(error)])
    assert not any(secret in told for secret in (*SECRETS, hostile.key))


def test_the_texts_of_a_verdict_are_printable(run, lake, sandbox):
    day = next((lake / "balance_transactions").glob("account=*/*"))
    (day / f"{NAME}.parquet").write_bytes(b"")
    verdict = connector.run_verify(lake, offline=True)
    (layer,) = (one for one in verdict["accounts"][0]["layers"] if one["layer"] == "rows")
    assert any(r"part\n    balance" in one["message"] for one in layer["findings"])
    assert all(one["message"].isprintable() for one in layer["findings"])
    assert not any(secret in one["message"] for one in layer["findings"] for secret in SECRETS)


def test_a_text_set_later_is_made_fit_as_well():
    error = SchemaError("fine")
    error.message = error.account = HOSTILE
    assert all(text.isprintable() for text in (str(error), error.account))
    assert not any(secret in f"{error}{error.account}" for secret in SECRETS)


@pytest.mark.parametrize("secret", ["sk_live_HostileHostileKey", "rk_test_HostileHostileKey"])
def test_a_key_given_as_the_name_of_its_file_is_not_told(secret, environment):
    with pytest.raises(ConnectorError) as caught:
        connector.run_plan("lake", api_key_file=secret)
    assert "HostileHostile" not in "".join(traceback.format_exception(caught.value))
