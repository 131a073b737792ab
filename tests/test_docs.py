"""The documentation does what it says: its examples run, its links lead somewhere, its options exist.

Every fenced block in bash, python or sql is run, in order, in one empty folder for each page, against a sandbox. Blocks
of `text` are output. A comment `<!-- skip: reason -->` on the line before a block leaves it unrun; it is then compiled.
A comment `<!-- begins with: command -->` says what the block begins with: the output of that command;
`<!-- file: path -->` that it is a file of the package, which tests of its own run. Blocks of sql
share a database for each page, and may begin with `.read file`, as in the program `duckdb`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from connector import cli
from connector.cli.options.commands import COMMANDS
from connector.cli.options.parser import parser_for
from connector.sandbox import Limits, Sandbox, World
from tests.support.bucket_server import bucket_server
from tests.support.examples import EXTENT
from tests.support.fakes import ENDLESS_SECONDS
from tests.support.warm import Warm

ROOT = Path(__file__).parent.parent
GUIDES = [ROOT / ".github" / name for name in ("CONTRIBUTING.md", "SECURITY.md")]
PAGES = [ROOT / "README.md", *GUIDES, *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"(?:<!-- (?:skip: (?P<reason>[^>]+)|begins with: (?P<command>[^>]+)|file: (?P<file>[^>]+)) -->\n)?"
    r"^```(?P<language>\S*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SQL = """
import pathlib, re, sys, duckdb
with duckdb.connect("page.duckdb") as session:
    for name in re.findall(r"^[.]read (.+)$", sys.argv[1], re.MULTILINE):
        session.execute(pathlib.Path(name).read_text("utf-8"))
    print(session.sql(re.sub(r"^[.]read .+$", "", sys.argv[1], flags=re.MULTILINE)))
"""
RUN = {
    "bash": ["bash", "-euo", "pipefail", "-c"],
    "python": ["python", "-W", "error", "-c"],
    "sql": ["python", "-W", "error", "-c", SQL],
}
CHECK = {
    "bash": ["bash", "-n", "-c"],
    "python": [sys.executable, "-c", "import sys; compile(sys.argv[1], '<page>', 'exec')"],
    "sql": [sys.executable, "-c", "import sys, duckdb; duckdb.extract_statements(sys.argv[1])"],
}
OUTPUT = {"text", "json"}
SECONDS = 5 * ENDLESS_SECONDS  # a block may have several commands
PRESENT = 1_793_880_000
"""2026-11-05: pages name months and days of 2026, which the account has to have whenever they are run."""

ROWS, DAYS = (2_000, 400) if EXTENT == "thorough" else (250, 62)
"""Of the account that the examples are about."""


@dataclass(frozen=True)
class Block:
    where: str
    language: str
    text: str
    skipped: bool
    command: str | None = None


def blocks(page):
    content = page.read_text("utf-8")
    for found in FENCE.finditer(content):
        line = content.count("\n", 0, found.start("text"))
        yield Block(
            f"{page.relative_to(ROOT)}:{line}",
            found["language"],
            found["text"],
            bool(found["reason"] or found["file"]),
            found["command"],
        )


def page_name(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def python():
    """What runs Python: the real one in `make test-all`, else a fork of one that stands by."""
    if EXTENT == "thorough":
        yield sys.executable
        return
    with Warm() as program:
        yield program


@pytest.fixture(scope="module")
def user(tmp_path_factory, python):
    """The environment of someone who has the package installed and a key in it."""
    programs = tmp_path_factory.mktemp("bin")
    for name, words in (("stripe-balance", " -m connector.cli"), ("python", "")):  # a link would lose its packages
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{python}"{words} "$@"\n')
        program.chmod(0o755)
    now = PRESENT
    world = World(transactions=ROWS, start=now - DAYS * 86_400, end=now, now=now, ticking=True)
    with Sandbox(world, limits=Limits.none()) as sandbox, bucket_server() as bucket:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE")}
        yield environ | {
            "PATH": f"{programs}{os.pathsep}{environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "STRIPE_API_BASE": sandbox.url,
            "STRIPE_API_KEY": sandbox.key,
            "AWS_ENDPOINT_URL": bucket.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-0001",
            "AWS_ALLOW_HTTP": "true",  # for the engines that read there
        }


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_examples_run_as_written(page, user, tmp_path):
    if page.name == "buckets.md":
        pytest.importorskip("obstore", reason="an extra")
    for block in blocks(page):
        if block.language in OUTPUT:
            continue
        assert block.language in RUN, f"{block.where}: what is {block.language!r}? output is marked as text"
        command = (CHECK if block.skipped else RUN)[block.language]
        done = carried_out([*command, block.text], user, tmp_path)
        assert done.returncode == 0, f"{block.where}\n{block.text}\n{done.stdout}\n{done.stderr}"
        if block.command:
            printed = carried_out([*RUN["bash"], block.command], user, tmp_path).stdout
            assert printed, block.where
            assert block.text.startswith(printed), f"{block.where}\n{block.text}\nis to begin with\n{printed}"


def carried_out(command, user, folder):
    command[0] = shutil.which(command[0], path=user["PATH"]) or command[0]
    return subprocess.run(command, cwd=folder, env=user, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_a_block_that_is_a_file_is_that_file():
    shown = {}
    for page in PAGES:
        shown |= {found["file"]: found["text"] for found in FENCE.finditer(page.read_text("utf-8")) if found["file"]}
    assert len(shown) >= 4
    assert {name: (ROOT / name).read_text("utf-8") for name in shown} == shown


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?://)([^)#]+)[^)]*\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture(scope="module")
def options():
    """Every option that help shows of any command."""
    known = {"--help", "--version"}
    for command in COMMANDS:
        with redirect_stdout(StringIO()) as shown:
            cli.main([command, "--help"])
        known |= set(re.findall(r"--[a-z][a-z-]+", shown.getvalue()))
    assert len(known) > 30
    return known


_OF_OTHER_PROGRAMS = ("--no-deps", "--no-cache-dir", "--read-only", "--rm", "--tmpfs")
"""Of pip and docker."""


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_commands_and_options_exist(page, options):
    text = page.read_text("utf-8")
    named = set(re.findall(r"(?:^|[`(] ?|\$ )stripe-balance ([a-z]+)", text, re.MULTILINE))
    assert named <= COMMANDS.keys()
    # Refused, with the reason; the sandbox's, seen in its own help; of the tests' own tools.
    others = {"--api-key", "--fault", "--sample", "--cpu", *_OF_OTHER_PROGRAMS}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - others <= options


def test_every_option_is_on_some_page():
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    commands = parser_for(COMMANDS.keys() - {"sandbox"}).commands  # whose help is the page
    for name, command in commands.items():
        for action in command.takes():
            assert not action.option_strings or named.intersection(action.option_strings), (name, action.option_strings)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("limits-and-guarantees.md", "Money in v2 financial accounts is in neither endpoint"),
        ("limits-and-guarantees.md", "automatic_transfer_rules_by_currency"),
        ("balance.md", "a financial account of Stripe's v2 API is not in the payments balance any more"),
    ],
)
def test_it_is_said_which_money_no_endpoint_shows(page, said):
    assert said in " ".join((ROOT / "docs" / page).read_text().split())


def test_every_page_is_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for link in re.findall(r"\]\((?!https?://)([^)#]+\.md)[^)]*\)", page.read_text("utf-8")):
            found = (page.parent / link).resolve()
            if found not in seen:
                waiting.append(found)
    assert set(PAGES) <= seen


def test_bash_is_there_to_run_the_examples():
    assert shutil.which("bash")
