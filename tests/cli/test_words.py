from __future__ import annotations

import argparse
import json
import logging
import os
import sys

import pytest

from connector.cli.display.console import Console
from connector.cli.display.failures import document_of, line_of, traceback_of
from connector.cli.display.summary import summary
from connector.cli.display.words import intervals, lasting, moment, money_list, remaining
from connector.cli.options.words import count, positive, rate, sample
from connector.cli.process.logs import logs_to
from connector.core.counting import counted, sized
from connector.core.run_report import AccountReport, Late, Report, Requests
from connector.core.time.times import END_OF_TIME
from connector.errors import RateLimitError, exit_code_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (12.3, "12 s"), (200, "3 min 20 s"), (7_500, "2 h 05 min"), (273_600, "3 d 4 h")],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert lasting(seconds) == text


def test_numbers_sizes_and_money_read_as_people_write_them():
    assert [counted(1, "file"), counted(1_200, "file")] == ["1 file", "1,200 files"]
    assert [sized(812), sized(1_900_000), sized(512_000_000), sized(4e12)] == ["812 B", "1.9 MB", "512 MB", "4.0 TB"]
    assert money_list({"jpy": 500, "kwd": 1_234, "usd": -123_450}) == "500 JPY, 1.234 KWD, -1,234.50 USD"
    assert money_list({}) == "none"
    assert [remaining(0.2), remaining(9.1), remaining(61)] == ["1 s", "10 s", "1 min 01 s"]


def test_intervals_read_as_people_say_them():
    january, february = 1_767_225_600, 1_769_904_000
    assert moment(january + 1) == "2026-01-01 00:00:01"
    assert intervals([(january, february)]) == "2026-01-01 to 2026-02-01 UTC"
    assert intervals([(0, february)]) == "everything before 2026-02-01 UTC"
    assert intervals([(january, END_OF_TIME)]) == "2026-01-01 on"
    assert intervals([(0, END_OF_TIME)]) == "everything"
    assert intervals([]) == "nothing"
    assert intervals([(january + 2 * n, january + 2 * n + 1) for n in range(9)]).count(";") == 4
    assert "5 more" in intervals([(january + 2 * n, january + 2 * n + 1) for n in range(9)])


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "x", ""])
def test_a_rate_is_a_number_of_requests(text):
    with pytest.raises(argparse.ArgumentTypeError):
        rate(text)
    assert (rate("0"), rate("2.5")) == (float("inf"), 2.5)


def test_a_number_that_is_none_is_refused_with_the_least_that_is_taken():
    for read, text, said in (
        (count, "5m", "'5m' is not a whole number, 0 or more"),
        (positive, "5m", "'5m' is not a whole number, 1 or more"),
        (positive, "0", "'0' is not a whole number, 1 or more"),
        (sample, "every", "'every' is not a whole number, 0 or more, or all"),
    ):
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            read(text)
        assert str(caught.value) == said
    assert (count("0"), positive("1"), sample("all"), sample("3")) == (0, 1, None, 3)


def test_an_error_as_a_document_has_all_that_is_known():
    error = RateLimitError("slow down", status=429, request_id="req_1", window=(1, 2), account="acct_1")
    error.reason = "endpoint-rate"
    document = document_of(error)["error"]
    assert document["type"] == "RateLimitError"
    assert (document["retryable"], document["exit_code"], document["reason"]) == (True, 75, "endpoint-rate")
    assert document["window"] == (1, 2)
    assert line_of(error).startswith("acct_1: slow down")
    json.dumps(document)


def raised(error, cause=None):
    """An error as it is where it was caught: with a traceback, and with what led to it."""

    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        fail()
    if cause is not None:
        caught.value.__cause__ = cause
    return caught.value


def test_a_traceback_has_all_that_led_to_an_error_and_what_each_says_in_one_line():
    first = raised(ValueError("first\n  File forged"))
    first.add_note("a note\nof two lines")
    group = raised(ExceptionGroup("several\n", [raised(KeyError("a\nb")), RuntimeError("c")]))
    group.__context__ = first
    lines = traceback_of(raised(RuntimeError("last\nword"), raised(RateLimitError("slow\ndown"), group)))
    assert [line for line in lines if "forged" in line] == ["ValueError: first File forged"]
    for line in (
        "  a note of two lines",
        "ExceptionGroup: several (2 sub-exceptions)",
        r"    KeyError: 'a\nb'",
        "    RuntimeError: c",
        "connector.errors.RateLimitError: slow down",
        "This led to:",
        "While that was handled, this happened:",
    ):
        assert line in lines
    assert lines[-1] == "RuntimeError: last word"
    assert [line.strip() for line in lines].count("Traceback (most recent call last):") == 5
    assert sum("raise error" in line for line in lines) == 5


def test_errors_that_led_to_each_other_are_told_once():
    first, second = raised(ValueError("a")), raised(ValueError("b"))
    first.__cause__, second.__cause__ = second, first
    assert [line for line in traceback_of(first) if line.startswith("ValueError")] == ["ValueError: b", "ValueError: a"]


def test_of_a_very_long_chain_the_last_errors_are_told():
    error = None
    for number in range(2_000):
        error = raised(ValueError(number), error)
    told = [line for line in traceback_of(error) if line.startswith("ValueError")]
    assert (len(told), told[-1]) == (50, "ValueError: 1999")


def test_what_libraries_log_goes_out_in_one_line_and_the_traceback_to_those_who_ask(capsys, monkeypatch):
    error = raised(ValueError("sk_live_abcdefgh\nx"))
    log = logging.getLogger("some.library")
    monkeypatch.setattr(log, "propagate", False)  # past the test runner's own handlers
    for verbose in (False, True):
        with logs_to(Console(verbose=verbose)):
            log.error("two\nlines %s", "\x1b[31m", exc_info=error)
            log.info("nothing")
        lines = capsys.readouterr().err.splitlines()
        assert lines[0] == r"stripe-balance: some.library: two lines \x1b[31m"
        assert lines[1:][-1:] == (["ValueError: sk_live_(key) x"] if verbose else [])


def test_a_plain_ctrl_c_is_130():
    assert exit_code_of(KeyboardInterrupt()) == 130
    assert document_of(KeyboardInterrupt())["error"]["type"] == "Interrupted"


def report_of(*accounts, outcome="complete", rate_limit=20.0):
    requests = Requests(30, {}, {}, {"endpoint-rate": 2}, 3, 1_000, rate_limit, 0.5 if rate_limit else None)
    return Report("run", outcome, "lake", "parquet", "day", "v", "0", "now", 2.0, requests, accounts)


def test_a_summary_says_what_is_unusual():
    account = AccountReport(
        account="acct_1",
        asked=(0, 10),
        rows_received=10,
        rows_new=5,
        rows_changed=2,
        rows_unchanged=1,
        rows_disappeared=4,
        late=Late(3, 100, 200, 7_500),
        lake_pending=6,
        drift=({"kind": "field", "name": "novelty", "count": 9, "example": "txn_1"},),
    )
    text = "\n".join(summary(report_of(account), Console()))
    for part in (
        "5 new (3 of them late)",
        "2 h 05 min",
        "2 changed",
        "1 read again and the same",
        "4 no longer listed",
        "6 still pending",
        "field novelty, 9 times",
        "2 refused (429)",
        "3 tried again",
        "50% of the pace of 20/s",
    ):
        assert part in text


def test_a_summary_of_very_many_accounts_stays_short():
    accounts = [AccountReport(f"acct_{n}", (0, 10), lake_rows=1, net={"usd": 100}) for n in range(500)]
    lines = summary(report_of(*accounts, rate_limit=None), Console())
    assert len(lines) < 30
    assert any("480 more accounts" in line for line in lines)
    assert any("500.00 USD" in line for line in lines)


class Terminal:
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environ", "asked", "chosen"),
    [
        ({"TERM": "xterm"}, [], "rich"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, [], "plain"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, ["--progress", "rich"], "rich"),
        ({"TERM": "dumb"}, [], "plain"),
        ({"TERM": "dumb"}, ["--progress", "rich"], "plain"),
        ({"TERM": "xterm"}, ["-q"], "none"),
        ({"TERM": "xterm"}, ["--json"], "none"),
        ({"TERM": "xterm"}, ["--progress", "none"], "none"),
    ],
)
def test_progress_goes_by_the_terminal_and_what_is_asked_for(monkeypatch, environ, asked, chosen):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    console = Console()
    progress = asked[asked.index("--progress") + 1] if "--progress" in asked else "auto"
    console.configure(argparse.Namespace(json="--json" in asked, quiet="-q" in asked, verbose=False, progress=progress))
    assert console.progress == chosen
    assert console.colours is ("NO_COLOR" not in os.environ and environ["TERM"] != "dumb")
    assert (console.paint("x", "bold") == "x") is not console.colours
    assert console.symbol("✓", "*") == "✓"
