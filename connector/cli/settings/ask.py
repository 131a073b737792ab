"""Asking for settings, one after the other, on a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli.settings.file import parse
from connector.cli.settings.kept import NAME
from connector.cli.settings.write import chosen, render
from connector.config.api_key import VARIABLE
from connector.config.moments import seconds_given
from connector.errors import ConfigError, UsageError
from connector.outside_text import holds_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.cli.display.console import Console

TRIES = 3
"""Times that a question is put, until an answer makes sense."""

DEFAULT_KEY = f"env:{VARIABLE}"

_PASTED = "that is the key itself: keep it in a variable or a file of its own, and say which; if live, roll it"


def ask_all(console: Console) -> dict[str, Any]:
    """Ask for what is needed, and return it as a settings file says it.

    Raises:
        UsageError: there is no answer, or none that makes sense.
    """
    console.log("What goes into the settings file; return takes what is in brackets.", "")
    answers = _ask(console, "Where is the lake to be? A folder, or s3://…, gs://…, az://…", "lake", _as("destination"))
    answers |= _ask(console, "Where is the key? env:NAME or file:PATH, never the key itself", _usual_key(), _as("key"))
    answers |= _ask(console, "Rows from when on? 2026-01-01, last-month, or everything", "everything", _since)
    answers |= _ask(console, "Of which accounts? own, all, or acct_…, acct_…", "own", _whose)
    by = "A file for each day, month or year? For less than some ten rows a day, month means fewer, larger files"
    answers |= _ask(console, by, "day", _word("partition"))
    return answers | _ask(console, "As parquet, jsonl, arrow, delta or iceberg?", "parquet", _word("format"))


def _usual_key() -> str:
    return DEFAULT_KEY if VARIABLE in os.environ else "file:stripe-key"


def _ask(console: Console, question: str, usual: str, read: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    for _ in range(TRIES):
        console.log(question)
        answer = _answer(f"  [{usual}] ") or usual
        try:
            if holds_key(answer):
                raise ConfigError(_PASTED)  # noqa: TRY301 - told as what else makes no sense
            values = read(answer)
            parse(render(values), Path(NAME))
        except ConfigError as error:
            console.complain(ConfigError(str(error).removeprefix(f"{NAME}: ")))
        else:
            return values
    raise UsageError("nothing was written: no answer made sense")


def _answer(prompt: str) -> str:
    """Return what a person answers, without blanks and quotes around it: a shell would have taken those off.

    Raises:
        UsageError: nobody is there any more.
    """
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise UsageError("nothing was written: the answers ended")
    answer = line.strip()
    quoted = len(answer) > 1 and answer[0] == answer[-1] and answer[0] in "'\""
    return answer[1:-1].strip() if quoted else answer


def _as(name: str) -> Callable[[str], dict[str, Any]]:
    return lambda answer: {name: answer}


def _word(name: str) -> Callable[[str], dict[str, Any]]:
    return lambda answer: {name: answer.lower()}


def _since(answer: str) -> dict[str, Any]:
    """Take a day that is meant by today's date, such as last-month, for the day that it is now."""
    return {} if answer.lower() == "everything" else chosen({"since": seconds_given(answer, name="since")})


def _whose(answer: str) -> dict[str, Any]:
    if answer.lower() in {"own", "all"}:
        return {"all_accounts": True} if answer.lower() == "all" else {}
    return {"accounts": answer.replace(",", " ").split() or [answer]}
