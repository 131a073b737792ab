"""`--progress json`: whatever is said on stderr is an object a line, for programs that read logs."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from connector.cli.display.console import Console
from connector.cli.display.progress_display import Lines
from connector.cli.display.progress_rates import Gauge
from connector.cli.display.run_view import RunView

LOGGED = ("--progress", "json")


def records(err):
    found = [json.loads(line) for line in err.splitlines()]
    for record in found:
        assert list(record)[:3] == ["time", "level", "message"]
        assert datetime.fromisoformat(record["time"]).utcoffset().total_seconds() == 0
        assert record["level"] in {"info", "warning", "error"}
        assert "\x1b" not in record["message"]
    return found


def said(err):
    """Return what is said but progress, of which there is more on a slow machine."""
    return [record for record in records(err) if "progress" not in record]


def test_a_sync_says_in_objects_what_it_says_in_lines(run, tmp_path):
    done = run("sync", tmp_path / "lake", "--rate", 0, *LOGGED)
    assert (done.status, done.out) == (0, "")
    first, *_, last = records(done.err)
    assert first["message"].startswith("new lake in ")
    assert any("is up to date" in record["message"] for record in records(done.err))
    assert {record["level"] for record in records(done.err)} == {"info"}
    assert "progress" not in last
    again = run("sync", tmp_path / "lake", "--rate", 0, *LOGGED, "--json")
    assert said(again.err) == []
    assert again.json["outcome"] == "complete"


@pytest.mark.parametrize(
    ("words", "kind", "status"),
    [
        (["sync", "{lake}", "--nonsense", *LOGGED], "UsageError", 2),
        (["sync", "{lake}", "--nonsense", "--progress=json"], "UsageError", 2),
        (["sync", "{lake}", "--api-key-file", "{lake}/none", *LOGGED], "ConfigError", 78),
        (["status", "{lake}", *LOGGED, "-v"], "ConfigError", 78),
    ],
)
def test_an_error_is_one_with_its_class_status_and_remedy(run, tmp_path, words, kind, status):
    done = run(*(word.format(lake=tmp_path / "lake") for word in words))
    last = records(done.err)[-1]
    assert (done.status, done.out) == (status, "")
    assert (last["level"], last["error"]["type"], last["error"]["exit_code"]) == ("error", kind, status)
    assert last["message"] == last["error"]["message"]
    assert last["error"]["remedy"]


def test_a_warning_is_one_of_that_level(run, sandbox, tmp_path):
    path = tmp_path / "key"
    path.write_text(sandbox.key)
    path.chmod(0o644)
    (warning,) = said(run("balance", "-q", "--api-key-file", path, *LOGGED).err)
    assert warning["level"] == "warning"
    assert warning["message"].startswith(f"{path} can be read by others")


def test_progress_is_told_in_figures_too(capsys):
    view = RunView(phase="reading", account="acct_1GxquwFqjXnd5PPh", rate_limit=float("inf"))
    Lines(Console(progress="json")).show(Gauge(view).read(0.0))
    (record,) = records(capsys.readouterr().err)
    assert record["progress"] | {"phase": "reading", "rows": 0, "rate_limit": None} == record["progress"]


def test_what_others_wrote_forges_no_line_and_keys_stay_out(capsys):
    console = Console(progress="json", secrets={"sk_live_of_somebody"})
    console.say('{"level": "error"}\n\x1b[31mforged', "of sk_live_of_somebody")
    console.say("")  # as between paragraphs
    console.commands("stripe-balance status lake")
    first, second = records(capsys.readouterr().err)
    assert (first["level"], second["message"]) == ("info", "stripe-balance status lake")
    assert "\\x1b" in first["message"]
    assert "sk_live_of_somebody" not in first["message"]
