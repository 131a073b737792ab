"""Lines fit the terminal: broken between words, and what goes on is further in than what began."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.display.fitting import NARROWEST, columns, continued, fitted
from tests.support.examples import slow_but
from tests.support.fakes import ENDLESS_SECONDS

words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z", "M")), min_size=1, max_size=30)
lines = st.tuples(st.integers(0, 6), st.lists(words, min_size=1, max_size=30)).map(
    lambda parts: " " * parts[0] + " ".join(parts[1])
)
widths = st.integers(NARROWEST, 160)


@given(lines, widths)
def test_nothing_is_lost_nothing_is_wider_and_what_goes_on_is_further_in(line, width):
    found = fitted(line, width).split("\n")
    assert " ".join(part.strip() for part in found) == line.strip()
    indent = len(line) - len(line.lstrip(" "))
    for number, part in enumerate(found):
        assert columns(part) <= width or " " not in part.strip()
        if number:
            assert part.startswith(" " * (indent + 1))


@given(lines, widths)
def test_a_line_that_fits_stays_as_it_is(line, width):
    assert fitted(line, None) == line
    if columns(line) <= width:
        assert fitted(line, width) == line


def test_what_goes_on_stands_below_the_value_not_the_label():
    assert fitted("    rows      agrees (proved): 20,000 rows in 366 files, each id once", 50) == (
        "    rows      agrees (proved): 20,000 rows in 366\n              files, each id once"
    )


@given(st.lists(words, max_size=12), st.lists(words, max_size=12), widths)
def test_a_command_between_backticks_is_in_one_line_where_it_fits(before, after, width):
    plain = [[word.replace("`", "'") for word in some] for some in (before, after)]
    command = "`stripe-balance status --help`"
    found = fitted(" ".join([*plain[0], command, *plain[1]]), width).split("\n")
    assert any(command in line for line in found)


def test_a_command_that_fits_no_line_is_broken_between_its_words():
    command = "`stripe-balance convert a-lake another-lake --partition month`"
    assert fitted(f"see {command}", 40) == ("see `stripe-balance convert a-lake\n  another-lake --partition month`")


def test_styles_take_no_columns():
    styled = "  \x1b[32mall agrees\x1b[0m (proved) " + "x" * 25
    assert fitted(styled, 50) == styled


shell_words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z", "M")), min_size=1, max_size=40)


@given(st.lists(shell_words, min_size=1, max_size=12), widths, st.integers(0, 4))
def test_a_command_is_for_the_shell_what_it_was_wherever_it_is_broken(words_, width, indent):
    command = " " * indent + " ".join(map(shlex.quote, words_))
    found = continued(command, width)
    assert shlex.split(found.replace(" \\\n", " ")) == words_  # shlex does not know lines that go on; shells do
    for line in found.split("\n")[:-1]:
        assert line.endswith(" \\")
    assert all(columns(line) <= width or len(shlex.split(line.rstrip("\\"))) <= 2 for line in found.split("\n"))


def test_an_option_keeps_its_value_beside_it():
    assert continued('  duckdb -init demo-lake.sql -c "select a, b from c"', 44) == (
        '  duckdb -init demo-lake.sql \\\n    -c "select a, b from c"'
    )
    assert continued("  stripe-balance views lake --for duckdb > a-long-name.sql", 46) == (
        "  stripe-balance views lake --for duckdb \\\n    > a-long-name.sql"
    )


def shown(columns_, *command, environ):
    """Run a command on a terminal of so many columns, and return what it shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "connector", *command],
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
        env={**environ, "COLUMNS": str(columns_), "TERM": "xterm"},
    )
    os.close(theirs)
    found = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:
            break
        if not piece:
            break
        found += piece
    os.close(ours)
    assert process.wait(ENDLESS_SECONDS) == 0
    return found.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", slow_but([60], [60, 80, 120]))
def test_verdicts_and_status_fit_the_terminal_and_have_colours(environment, lake, width):
    verdict = shown(width, "verify", lake, "--offline", environ=dict(os.environ))
    status = shown(width, "status", lake, environ=dict(os.environ))
    assert "\x1b[32magrees (proved)\x1b[0m" in verdict
    for line in [*verdict.splitlines(), *status.splitlines()]:
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line)
        assert len(plain) <= width or len(plain.split()) <= 2, plain


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_verdict_has_no_colours_where_none_are_wanted(environment, lake, width):
    plain = shown(width, "verify", lake, "--offline", environ={**os.environ, "NO_COLOR": "1"})
    assert "\x1b[" not in plain
