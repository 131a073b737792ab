"""The library's messages name arguments, in backquotes; the command line shows them as its options."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import connector
from connector.cli.display.failures import document_of, line_of
from connector.cli.display.flags import flags, in_flags
from connector.errors import UsageError

PACKAGE = Path(connector.__file__).parent
RIMS = ("cli/", "sandbox/", "options/", "airflow/", "spark/", "reporting/lake_report/")
"""Where words are for a command line, for Airflow or Spark, or for the page that `report` makes."""
COMMAND = re.compile(r"`stripe-balance[^`]*(`|$)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FIELDS = {"created", "source", "type", "status"}
"""Fields of Stripe's objects, which messages put in backquotes, too."""


@cache
def messages() -> list[tuple[str, str]]:
    """Every text of the library that is not documentation, with where it is; what is filled in stands as `…`."""
    found: list[tuple[str, str]] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).as_posix().startswith(RIMS):
            continue
        passed_over: set[int] = set()  # docstrings, and parts of texts with something filled in
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):  # what is around something comes before it
            if isinstance(node, ast.Expr):
                passed_over.add(id(node.value))
            where = f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                passed_over.update(map(id, node.values))
                parts = (str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
                found.append((where, "".join(parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
                found.append((where, node.value))
    return found


def test_no_message_of_the_library_speaks_of_options_but_in_a_whole_command():
    spoken = [
        (where, text)
        for where, text in messages()
        if not text.startswith((":root", "\n:root")) and FLAG.search(COMMAND.sub("", text)) and "{" not in text
        if not FLAG.fullmatch(text)  # a word of a command that is being put together
    ]
    assert not spoken


def test_every_argument_that_an_error_names_is_one_that_the_command_line_knows():
    raised = [(where, name) for where, text in messages() for name in re.findall(r"`([a-z][a-z_]*)(?:=[^`]*)?`", text)]
    assert len(raised) > 60
    keywords = {*flags(), "single_writer", "storage_options", "keep_days"}
    of_the_library = {
        "accounts_created",
        "canceller",
        "config",
        "deadline",
        "on_event",
        "least_rows",
        "ample_rows",
        "slots",
        "version",
    }
    unknown = {name for _, name in raised} - keywords - of_the_library - FIELDS
    assert unknown <= KNOWN, unknown


COMMANDS = {"get", "maintain", "payouts", "statement", "stream", "sync", "verify"}
KNOWN = COMMANDS | {"data", "errors", "has_more", "id", "payout", "request_log_url", "source_object"}
"""What else messages put in backquotes: commands, fields of answers, of errors and of questions, a column."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`settle` -1 must be at least 0", "--settle -1 must be at least 0"),
        ("add `expand=source`", "add --expand source"),
        ("say `account_id=acct_…`, or leave `accounts` out", "say --account-id acct_…, or leave --account out"),
        ("give `layers`", "give --layer"),
        ("`created` is in whole seconds", "`created` is in whole seconds"),
        ("`stripe-balance sync lake --repair` mends it", "`stripe-balance sync lake --repair` mends it"),
    ],
)
def test_arguments_are_shown_as_options(text, shown):
    assert in_flags(text) == shown
    assert line_of(UsageError(text)) == shown
    assert document_of(UsageError(text))["error"]["message"] == shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "soon"], "--since 'soon' is not a time"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "--until must be later than --since"),
        (["--source-columns"], "--source-columns are columns of the expanded source: add --expand source"),
        (["--api-base", "http://example.com"], "--api-base 'http://example.com' would send the key in the clear"),
    ],
)
def test_the_command_line_says_options_where_a_call_says_arguments(run, monkeypatch, tmp_path, words, said):
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_123")
    done = run("sync", str(tmp_path / "lake"), *words)
    assert said in done.err
    assert "`" not in done.err.replace("see `stripe-balance", "")
