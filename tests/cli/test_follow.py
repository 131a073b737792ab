"""`stream --follow`, and streams of several accounts."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.display.lines import AT_ONCE, pieces
from connector.cli.process.bookmark import BookmarkFile
from connector.errors import ConfigError, LockedError, StorageError
from connector.sandbox import Limits, Sandbox, World
from tests.support.dating import present
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.waiting import wait_until

PROGRAM = [sys.executable, "-W", "error", "-m", "connector.cli"]
QUICK = ("--interval", 1, "--rate", 0)
DAY = 86_400


@pytest.fixture
def living():
    """A sandbox whose clock runs, of one's own."""
    now = present()
    world = World(transactions=400, connected=3, start=now - 61 * DAY, end=now - 3_600, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none()) as running:
        yield running


@pytest.fixture
def here(living, environment):
    """The environment points to it."""
    environment.setenv("STRIPE_API_BASE", living.url)
    environment.setenv("STRIPE_API_KEY", living.key)
    return living


def started(sandbox, *words, **options):
    environ = {**os.environ, "STRIPE_API_BASE": sandbox.url, "STRIPE_API_KEY": sandbox.key}
    chosen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    words = [str(word) for word in (*words, *QUICK)]
    return subprocess.Popen([*PROGRAM, "stream", "--follow", *words], env=environ, text=True, **chosen)


def first_look(sandbox):
    wait_until(lambda: sandbox.stats()["by_endpoint"].get("balance_transactions"))


def ended(process, number):
    """End a process, and return what is left of its output."""
    process.send_signal(number)
    rest, said = process.stdout.read(), process.stderr.read()
    process.wait(ENDLESS_SECONDS)
    return rest, said


def ids(text):
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_what_is_there_comes_oldest_first_and_what_comes_later_follows(living):
    everything = [row["id"] for row in living.world.rows()]
    with started(living, "--since", living.now - 62 * DAY) as process:
        lines = [process.stdout.readline() for _ in everything]
        assert sorted(ids("".join(lines))) == sorted(everything)
        created = [json.loads(line)["created"] for line in lines]
        assert created == sorted(created)
        new = living.add_rows(count=3) + living.add_rows(count=1, created=living.now - 800)
        assert {json.loads(process.stdout.readline())["id"] for _ in new} == set(new)
        out, err = ended(process, signal.SIGINT)
    assert (process.returncode, out, err) == (130, "", "stripe-balance: interrupted\n")


@pytest.mark.parametrize("number", slow_but([signal.SIGINT], [signal.SIGINT, signal.SIGTERM]))
def test_a_follower_that_was_ended_goes_on_without_loss_or_doubles(living, tmp_path, number):
    state = tmp_path / "follow.json"
    with started(living, "--state", state) as process:
        first_look(living)
        seen = living.add_rows(count=2)
        got = [json.loads(process.stdout.readline())["id"] for _ in seen]
        out, err = ended(process, number)
    assert (process.returncode, out) == (128 + number, "")
    assert err == "stripe-balance: interrupted: what was complete is kept; run it again to go on\n"
    missed = living.add_rows(count=2) + living.add_rows(count=1, created=living.now - 600)
    with started(living, "--state", state, "--limit-rows", 3) as process:
        out, err = process.communicate(timeout=ENDLESS_SECONDS)
    assert (process.returncode, err) == (0, "")
    assert sorted(got) == sorted(seen)
    assert sorted(ids(out)) == sorted(missed)


def test_after_a_kill_nothing_is_missing_and_lines_are_whole(living, tmp_path):
    everything = {row["id"] for row in living.world.rows()}
    words = ("--state", tmp_path / "follow.json", "--since", "1970-01-01")
    with started(living, *words) as process:
        found = [json.loads(process.stdout.readline())["id"] for _ in range(40)]
        rest, _ = ended(process, signal.SIGKILL)
    found += ids(rest)
    with started(living, *words) as process:
        again = []
        (new,) = living.add_rows()
        while new not in again:
            again.append(json.loads(process.stdout.readline())["id"])
        ended(process, signal.SIGTERM)
    assert len(set(again)) == len(again)
    assert set(found) | set(again) == everything | {new}


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_it_at_once_even_when_nothing_happens(living):
    with started(living) as process:
        first_look(living)
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=ENDLESS_SECONDS)
    assert (process.returncode, err) == (141, "")


def test_a_reader_that_does_not_read_keeps_nobody_from_ending_it_with_whole_lines(living, tmp_path):
    state = tmp_path / "follow.json"
    reading, writing = os.pipe()
    with started(living, "--since", "1970-01-01", "--state", state, stdout=writing) as process:
        wait_until(lambda: not select.select([], [writing], [], 0)[1])  # it is full: 400 rows are more than 64 kB
        process.send_signal(signal.SIGTERM)
        assert process.wait(ENDLESS_SECONDS) == 143
    os.close(writing)
    with os.fdopen(reading) as file:
        out = file.read()
    assert out.endswith("\n")
    got = ids(out)
    assert 0 < len(got) < 400
    with started(living, "--since", "1970-01-01", "--state", state, "--limit-rows", 400 - len(got)) as process:
        rest, _ = process.communicate(timeout=ENDLESS_SECONDS)
    assert sorted(got + ids(rest)) == sorted(row["id"] for row in living.world.rows())


def test_a_broken_connection_is_told_once_and_when_it_is_back(living):
    with started(living, "--retries", 0) as process:
        first_look(living)
        living.faults.add("reset:k=1")
        wait_until(lambda: any(fault["fired"] for fault in living.stats()["faults"]))
        (new,) = living.add_rows()
        assert json.loads(process.stdout.readline())["id"] == new
        _, err = ended(process, signal.SIGTERM)
    lines = err.splitlines()
    assert [("cannot read" in line, "reading again" in line) for line in lines] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_filters_expansions_and_a_limit_apply(run, here):
    done = run(
        "stream",
        "--follow",
        *QUICK,
        "--since",
        "1970-01-01",
        "--type",
        "charge",
        "--expand",
        "source",
        "--limit-rows",
        5,
    )
    assert (done.status, len(done.lines), done.err) == (0, 5, "")
    assert {row["type"] for row in done.lines} == {"charge"}
    assert all(row["source"]["object"] == "charge" for row in done.lines)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq here")
def test_lines_are_what_jq_takes(living):
    with started(living, "--since", "1970-01-01", "--limit-rows", 5) as process:
        picked = subprocess.run(
            ["jq", "-c", "{id, type, net, currency}"],  # noqa: S607 - from PATH
            stdin=process.stdout, capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True,
        )  # fmt: skip
    assert [set(json.loads(line)) for line in picked.stdout.splitlines()] == [{"id", "type", "net", "currency"}] * 5


def test_accounts_are_followed_together_and_a_refused_one_is_named(run, here):
    one, two = here.world.accounts[1:3]
    rows = sum(len(list(here.world.rows(account))) for account in (one, two))
    words = (
        "--account",
        one,
        "--account",
        two,
        "--account",
        "acct_nobody",
        "--since",
        "1970-01-01",
        "--limit-rows",
        rows,
    )
    done = run("stream", "--follow", *QUICK, *words)
    assert {row["account"] for row in done.lines} == {one, two}
    assert next(iter(done.lines[0])) == "account"
    assert {row["id"] for row in done.lines} == {row["id"] for acct in (one, two) for row in here.world.rows(acct)}
    assert "acct_nobody is left out" in done.err
    assert done.status == 77


def test_many_accounts_that_share_few_reads_are_a_warning(run, here):
    done = run(
        "stream",
        "--follow",
        *QUICK,
        "--all-accounts",
        "--since",
        "1970-01-01",
        "--limit-rows",
        1,
        "--reads-per-month",
        60,
    )
    assert "4 accounts within 60 reads a month" in done.err
    assert done.status == 0


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["--follow", "--json"], "--json"),
        (["--follow", "--until", "2026-02-01"], "--until"),
        (["--follow", "--unordered"], "--unordered"),
        (["--follow", "--interval", "0"], "whole number"),
        (["--state", "x.json"], "--follow"),
        (["--interval", "5"], "--follow"),
        (["--reads-per-month", "5"], "--follow"),
        (["--look-back", "5"], "--follow"),
    ],
)
def test_what_does_not_go_together_is_refused(run, words, about):
    done = run("stream", *words)
    assert done.status == 2
    assert about in done.err
    assert "--json" in words or done.out == ""


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 1, "about": {}, "accounts": {}}'])
def test_a_state_file_of_somebody_elses_is_refused_and_left_alone(run, tmp_path, content):
    state = tmp_path / "state.json"
    state.write_text(content)
    done = run("stream", "--follow", "--state", state)
    assert (done.status, done.out) == (78, "")
    assert "state.json" in done.err
    assert "remove" in done.err
    assert state.read_text() == content


def test_a_state_kept_with_other_filters_is_refused(run, here, tmp_path):
    words = (
        "stream",
        "--follow",
        *QUICK,
        "--since",
        "1970-01-01",
        "--limit-rows",
        1,
        "--state",
        tmp_path / "state.json",
    )
    assert run(*words).status == 0
    done = run(*words, "--type", "charge")
    assert done.status == 78
    assert "other filters" in done.err


def test_a_state_in_a_folder_that_is_not_there_is_an_error_of_the_disk(run, tmp_path):
    done = run("stream", "--follow", "--state", tmp_path / "missing" / "state.json")
    assert (done.status, done.out) == (74, "")


def test_one_state_file_is_held_by_one_process(tmp_path):
    file = BookmarkFile(tmp_path / "state.json")
    with file.held():
        with pytest.raises(LockedError, match="in use"), file.held():
            pass
        file.write({"version": 1})
    with file.held():
        assert file.read() == {"version": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == [".state.json.lock", "state.json"]


def test_a_link_to_a_state_file_goes_on_leading_to_it_and_both_names_are_held_together(tmp_path):
    """On a volume that outlives the machine, say: a file in the link's place is gone with it, and rows came twice."""
    volume, link = tmp_path / "volume", tmp_path / "state.json"
    volume.mkdir()
    link.symlink_to(volume / "follow.json")
    for version in (1, 2):
        BookmarkFile(link).write({"version": version})
        assert link.is_symlink()
        assert BookmarkFile(volume / "follow.json").read() == {"version": version}
    held = BookmarkFile(volume / "follow.json").held()
    with BookmarkFile(link).held(), pytest.raises(LockedError, match="in use"), held:
        pass


def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = BookmarkFile(tmp_path / "state.json")
    file.write({"version": 1})
    (tmp_path / ".state.json.staged").mkdir()
    with pytest.raises(StorageError):
        file.write({"version": 2})
    assert file.read() == {"version": 1}


def test_bytes_that_are_no_text_are_no_bookmark(tmp_path):
    (tmp_path / "state.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="--state"):
        BookmarkFile(tmp_path / "state.json").read()


def test_what_is_no_file_keeps_no_bookmark_and_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a file that --state has written"):
        BookmarkFile(tmp_path / "pipe").read()


@given(st.lists(st.binary(max_size=9_000).map(lambda text: text.replace(b"\n", b"") + b"\n"), max_size=30))
def test_lines_go_out_whole_in_order_and_no_more_at_once_than_a_pipe_takes(lines):
    groups = list(pieces(lines, AT_ONCE))
    assert [line for group in groups for line in group] == lines
    assert all(len(b"".join(group)) <= AT_ONCE or len(group) == 1 for group in groups)


# Several accounts, without following ----------------------------------------------------------------------------------


def test_rows_of_several_accounts_begin_with_their_account(run, sandbox):
    done = run("stream", "--rate", 0, "--all-accounts")
    expected = {(account, row["id"]) for account in sandbox.world.accounts for row in sandbox.world.rows(account)}
    assert {(row["account"], row["id"]) for row in done.lines} == expected
    assert len(done.lines) == len(expected)
    assert all(next(iter(row)) == "account" for row in done.lines)
    assert (done.status, done.err) == (0, "")


def test_rows_of_one_account_stay_as_received(run, sandbox):
    account = sandbox.world.accounts[1]
    assert run("stream", "--account", account, "--rate", 0).lines == list(sandbox.world.rows(account))


def test_an_account_that_is_refused_is_reported_in_the_end_and_the_others_are_there(run, sandbox):
    account = sandbox.world.accounts[1]
    words = ("--rate", 0, "--account", account, "--account", "acct_nobody")
    done = run("stream", *words)
    assert len(done.lines) == len(list(sandbox.world.rows(account)))
    assert done.status == 77
    assert len(done.err.splitlines()) == 1
    assert "acct_nobody" in done.err
    assert run("stream", *words, "--fail-fast").status == 77
    document = run("stream", *words, "--json").json
    assert document["rows"] == len(document["data"]) == len(list(sandbox.world.rows(account)))
    assert document["error"]["type"] == "AccountsError"


def test_a_limit_holds_over_all_accounts(run):
    assert len(run("stream", "--all-accounts", "--limit-rows", 150, "--rate", 0).lines) == 150
