"""Shells complete commands, options and values, and `man` has a page: both are made from the parser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from connector.cli.options.command_options import SHELLS
from connector.cli.options.commands import COMMANDS
from connector.cli.options.parser import parser_for
from tests.support.fakes import ENDLESS_SECONDS

BASH, GROFF = shutil.which("bash"), shutil.which("groff")

ASKED = """
eval "$(cat script)"
COMP_WORDS=(stripe-balance {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="${{COMP_WORDS[*]}}"
COMP_POINT=${{#COMP_LINE}}
$(complete -p stripe-balance | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(run, tmp_path):
    """Write the script for a shell into a folder of its own."""
    pytest.importorskip("shtab", reason="an extra")

    def write(shell: str) -> str:
        done = run("completion", shell)
        assert (done.status, done.err) == (0, "")
        (tmp_path / "script").write_text(done.out)
        return done.out

    return write


def answers(tmp_path, *words: str) -> set[str]:
    done = subprocess.run(
        [BASH, "-c", ASKED.format(words=" ".join(words))],
        cwd=tmp_path, capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_bash_completes_commands_options_choices_and_paths(script, tmp_path):
    script("bash")
    (tmp_path / "lake").mkdir()
    assert answers(tmp_path, "st") == {"stream", "status", "statement"}
    assert answers(tmp_path, "sync", "--parti") == {"--partition"}
    assert answers(tmp_path, "sync", "--partition", "''") == {"day", "month", "year"}
    assert answers(tmp_path, "status", "l") == {"lake"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_knows_every_command_and_every_option(script, shell):
    text = script(shell)
    for name, command in parser_for(COMMANDS.keys()).commands.items():
        assert name in text
        for flag in (one for action in command.takes() for one in action.option_strings if one.startswith("--")):
            assert flag.removeprefix("--") in text


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_is_here_reads_its_script_without_a_complaint(script, tmp_path, shell):
    script(shell)
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    subprocess.run([shell, "-n", "script"], cwd=tmp_path, timeout=ENDLESS_SECONDS, check=True)


def test_without_what_makes_it_the_command_says_what_to_install(run, environment):
    environment.setitem(sys.modules, "shtab", None)
    done = run("completion", "bash")
    assert (done.status, done.out, "[completion]" in done.err) == (78, "", True)


def test_the_page_for_man_has_every_command_option_and_status_in_plain_ascii(run):
    page = run("manual").out
    assert page.isascii()
    shown = page.replace("\\-", "-")
    for name, command in parser_for(COMMANDS.keys()).commands.items():
        part = shown.partition(f".SS stripe-balance {name}\n")[2].partition("\n.SS")[0]
        for flag in (one for action in command.takes() for one in action.option_strings):
            assert f"\\fB{flag}\\fR" in part, (name, flag)
    statuses = re.findall(r"^\\fB([0-9, ]+)\\fR$", shown.partition(".SH EXIT STATUS")[2], re.MULTILINE)
    assert statuses[-2:] == ["130, 143, 129", "141"]


def test_the_page_for_man_leaves_prose_to_be_filled_and_breaks_examples_for_eighty_columns(run):
    page = re.sub(r"\\\[u[0-9A-F]+\]", "…", run("manual").out.replace("\\-", "-"))
    as_it_stands = re.findall(r"\n\.nf\n(.*?)\n\.fi(?=\n)", page, re.DOTALL)
    assert len(as_it_stands) > 10
    for block in as_it_stands:
        first, *lines = block.split("\n")
        assert first == "examples:"
        assert all(line.startswith("  ") and len(line) <= 70 for line in lines), block


@pytest.mark.skipif(GROFF is None, reason="no groff here")
def test_groff_sets_the_page_without_a_warning(run):
    page = run("manual").out.encode()
    done = subprocess.run(
        [GROFF, "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, timeout=ENDLESS_SECONDS, check=True
    )
    assert done.stderr == b""
