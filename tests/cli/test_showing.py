"""Progress: what is measured, and how it looks."""

from __future__ import annotations

import io

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console as RichConsole

from connector.cli.display import progress_display as showing_module
from connector.cli.display.console import Console
from connector.cli.display.progress_bar import Bar
from connector.cli.display.progress_display import Lines, facts, showing
from connector.cli.display.progress_rates import Gauge
from connector.cli.display.run_view import RunView
from connector.events import (
    AccountEnded,
    PageReceived,
    PhaseStarted,
    RequestAnswered,
    StepDone,
    Throttled,
    WindowOpened,
)
from tests.support.fakes import ENDLESS_SECONDS


def view_of(**values):
    return RunView(phase="reading", account="acct_1GxquwFqjXnd5PPh", rate_limit=20.0, **values)


def page(rows=100, *, left=float("inf"), account=None):
    return PageReceived("balance_transactions.list", account, rows, 2, 1, "req_1", 70_000, 0.1, left)


def answered(endpoint="balance_transactions.list"):
    return RequestAnswered(endpoint, None, 200, 70_000, 0.1)


def steady(gauge, seconds, *, pages=10, rows=100, left=float("inf")):
    """Let a run go on for so many seconds, and return the last reading."""
    reading = gauge.read(0.0)
    for second in range(1, seconds + 1):
        for _ in range(pages):
            left -= 1
            gauge.view.hear(page(rows, left=left))
            gauge.view.hear(answered())
        gauge.view.hear(answered("balance.retrieve"))
        reading = gauge.read(float(second))
    return reading


def test_rates_and_the_time_left_follow_from_what_was_counted():
    reading = steady(Gauge(view_of()), 10, left=200.0)
    assert reading.rows == 10_000
    assert reading.rows_rate == pytest.approx(1_000)
    assert reading.requests_rate == pytest.approx(10)
    assert reading.share == pytest.approx(0.5)
    assert reading.left == pytest.approx(10)


def test_nothing_is_foretold_before_there_is_something_to_go_by():
    reading = Gauge(RunView()).read(0.0)
    assert (reading.share, reading.left, reading.rows_rate, reading.phase) == (None, None, 0.0, "starting")


def test_what_is_known_beforehand_to_have_parts_shows_how_many_are_done_and_how_long_the_rest_takes():
    gauge = Gauge(view_of())
    gauge.view.hear(PhaseStarted("reading files", 50))
    gauge.read(0.0)
    for second in range(1, 11):
        gauge.view.hear(StepDone())
        gauge.view.hear(StepDone())
        reading = gauge.read(float(second))
    assert reading.share == pytest.approx(0.4)
    assert reading.left == pytest.approx(15)
    assert reading.phase == "reading files"
    gauge.view.hear(PhaseStarted("asking about windows again", 20))
    reading = gauge.read(11.0)
    assert (reading.share, reading.left) == (0.0, None)


def test_rows_that_are_safe_are_shown_while_rows_are_read():
    assert facts(Gauge(view_of(rows=9_500, rows_safe=4_200, files=3)).read(1.0))[1:3] == ["4,200 safe", "3 files"]
    assert facts(Gauge(view_of(rows=9_500)).read(1.0))[1:3] == ["0 safe", "0 files"]


def test_a_rate_forgets_what_is_long_past():
    gauge = Gauge(view_of())
    steady(gauge, 10, left=1e6)
    for second in range(11, 30):
        reading = gauge.read(float(second))
    assert reading.rows_rate == 0
    assert reading.left is None


def test_of_several_accounts_those_that_are_done_are_counted():
    gauge = Gauge(view_of(accounts=40))
    for second in range(5):
        gauge.view.accounts_done = 2 * second
        reading = gauge.read(float(second))
    assert reading.account == "8 of 40 accounts"
    assert reading.share == pytest.approx(0.2)
    assert reading.left == pytest.approx(16.0)


def test_of_several_accounts_those_at_work_count_by_what_is_read_of_them():
    gauge = Gauge(view_of(accounts=4))
    gauge.view.accounts_done = 1
    for second in range(1, 6):
        for account, left in (("acct_1", 10 - second), ("acct_2", 30 - second)):
            gauge.view.hear(page(left=left, account=account))
        reading = gauge.read(float(second))
    assert reading.share == pytest.approx((1 + 5 / 10 + 5 / 30) / 4)
    assert reading.left == pytest.approx((4 - 5 / 3) / ((4 / 10 + 4 / 30) / 4))
    gauge.view.hear(AccountEnded("acct_1"))
    assert gauge.read(6.0).share == pytest.approx((2 + 5 / 30) / 4)


def test_of_several_accounts_the_steps_of_one_count_and_nothing_goes_back():
    gauge = Gauge(view_of(accounts=2))
    gauge.view.hear(PhaseStarted("reading what payouts paid out", 10))
    for _ in range(5):
        gauge.view.hear(StepDone())
    assert gauge.read(1.0).share == pytest.approx(0.25)
    gauge.view.hear(PhaseStarted("reading payouts"))
    assert gauge.read(2.0).share == pytest.approx(0.25)
    gauge.view.hear(AccountEnded("acct_1"))
    assert gauge.read(3.0).share == pytest.approx(0.5)


def test_when_all_is_read_it_says_that_files_are_written():
    assert steady(Gauge(view_of()), 2, left=20.0).phase == "writing"


def test_of_several_accounts_too_and_a_line_does_not_call_that_a_hundred_percent(capsys):
    gauge = Gauge(view_of(accounts=3))
    for account in ("acct_1", "acct_2", "acct_3"):
        assert gauge.read(0.0).phase == "reading"
        gauge.view.hear(page(left=0.0, account=account))
    Lines(Console()).show(gauge.read(1.0))
    err = capsys.readouterr().err
    assert err.startswith("stripe-balance: writing, 300 rows, 0 safe, ")
    assert "%" not in err
    gauge.view.rows_safe = 300
    assert gauge.read(2.0).phase == "reading"


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("rows", [5, 7_654_321])
@pytest.mark.parametrize("left", [3.0, 40_000.0, float("inf")])
def test_the_bar_keeps_to_two_lines_of_the_terminal(width, rows, left):
    out = io.StringIO()
    bar = Bar(RichConsole(file=out, force_terminal=True, width=width, color_system=None))
    view = view_of(rows=rows, files=1_234, refused=3)
    for _ in range(40):
        view.hear(WindowOpened(None, 0, 1))
    reading = steady(Gauge(view), 3, left=left)
    drawn = bar.drawn(reading)
    bar.close()
    plain = RichConsole(file=io.StringIO(), width=width, color_system=None)
    with plain.capture() as captured:
        plain.print(drawn)
    lines = captured.get().splitlines()
    assert len(lines) == 2
    assert all(len(line) <= width for line in lines)


def test_the_bar_shows_what_matters_and_leaves_the_terminal_clean():
    out = io.StringIO()
    bar = Bar(RichConsole(file=out, force_terminal=True, width=100, color_system=None))
    view = view_of()
    for _ in range(7):
        view.hear(WindowOpened(None, 0, 1))
    bar.show(steady(Gauge(view), 10, left=200.0))
    text = out.getvalue()
    bar.close()
    for part in ("acct_1GxquwFqjXnd5PPh", "50%", "10 s left", "10,000 rows", "10.0 of 20 requests/s", "7 windows"):
        assert part in text
    assert out.getvalue().endswith(("\x1b[2K", "\x1b[?25h"))


def test_refused_requests_are_said():
    view = view_of()
    view.hear(Throttled("balance_transactions.list", "endpoint-rate", 0.5))
    view.hear(Throttled("balance_transactions.list", None, None))
    assert "2 refused (429)" in facts(Gauge(view).read(0.0))


def test_without_a_limit_none_is_shown():
    view = view_of()
    view.rate_limit = float("inf")
    assert "0.0 requests/s" in facts(Gauge(view).read(0.0))


def test_of_what_asks_stripe_nothing_no_requests_are_shown():
    view = RunView(rows=5_000, files=12, rate_limit=0.0, phase="converting", steps=40, steps_done=12)
    assert facts(Gauge(view).read(0.0)) == ["5,000 rows", "12 files", "0 rows/s"]


def test_where_nobody_is_asked_and_nothing_is_counted_only_what_goes_on_is_said(capsys):
    reading = Gauge(RunView(phase="adding up")).read(0.0)
    assert facts(reading) == []
    Lines(Console()).show(reading)
    assert capsys.readouterr().err == "stripe-balance: adding up\n"


def test_lines_say_the_same_in_words(capsys):
    Lines(Console()).show(steady(Gauge(view_of()), 10, left=200.0))
    err = capsys.readouterr().err
    assert err.startswith("stripe-balance: 10,000 rows, 0 safe, 0 files, 1,000 rows/s, 10.0 of 20 requests/s")
    assert err.endswith("50%, about 10 s left\n")


async def shown_within(seconds, console, capsys):
    said = ""
    async with showing(view_of(), console):
        with anyio.move_on_after(seconds):
            while not said:
                await anyio.sleep(0.01)
                said = capsys.readouterr().err
    return said


@pytest.mark.parametrize(("progress", "seconds", "said"), [("plain", ENDLESS_SECONDS, True), ("none", 0.05, False)])
def test_progress_is_shown_while_the_block_lasts(monkeypatch, capsys, progress, seconds, said):
    monkeypatch.setitem(showing_module.SECONDS_BETWEEN, "plain", 0.01)
    assert bool(anyio.run(shown_within, seconds, Console(progress=progress), capsys)) is said


def test_progress_asked_for_is_shown_beside_json_too(run, monkeypatch, tmp_path):
    monkeypatch.setitem(showing_module.SECONDS_BETWEEN, "plain", 0.001)
    done = run("sync", tmp_path / "lake", "--rate", 0, "--json", "--progress", "plain")
    assert "rows/s" in done.err
    assert done.json["outcome"] == "complete"
    assert "rows/s" not in run("sync", tmp_path / "lake", "--json").err


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5), st.floats(0, 1e9)), max_size=30))
def test_whatever_a_run_counts_a_reading_makes_sense(steps):
    gauge, last = Gauge(view_of()), 0
    for second, (rows, pages, left) in enumerate(steps):
        for _ in range(pages):
            gauge.view.hear(page(rows, left=left))
        reading = gauge.read(float(second))
        assert reading.rows >= last
        assert reading.share is None or 0 <= reading.share <= 1
        assert reading.left is None or reading.left >= 0
        last = reading.rows


HOSTILE = "acct\n\x1b[2J\x9b\u202e sk_live_abcdefgh"


def test_a_progress_line_is_one_printable_line(capsys):
    Lines(Console()).show(Gauge(RunView(phase=HOSTILE)).read(0.0))
    err = capsys.readouterr().err
    assert err.startswith("stripe-balance: acct\\n\\x1b[2J\\x9b\\u202e sk_live_(key)")
    assert err.removesuffix("\n").isprintable()


@pytest.mark.parametrize("phase", ["reading", HOSTILE])
def test_a_bar_shows_printable_text_only(phase):
    bar = Bar(RichConsole(file=io.StringIO(), width=120))
    drawn = bar.drawn(Gauge(RunView(phase=phase, account=HOSTILE)).read(0.0))
    bar.close()
    plain = RichConsole(file=io.StringIO(), width=120, color_system=None)
    with plain.capture() as captured:
        plain.print(drawn)
    lines = captured.get().splitlines()
    assert (len(lines), all(line.isprintable() for line in lines)) == (2, True)
    assert r"acct\n\x1b[2J\x9b\u202e sk_live_(key)" in lines[0]
