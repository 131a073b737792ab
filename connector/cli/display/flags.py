"""Arguments as the command line calls them: the library's messages name them in backquotes, `api_base`."""

from __future__ import annotations

import re
from functools import cache

from connector.options.calls import RunPlanOptions, RunSyncOptions, RunVerifyOptions, StatementOptions
from connector.options.option import flag_of, table_of

OTHERS = (
    *("account", "amount", "arrives", "at", "currency", "interval", "look_back", "reads_per_month", "reason", "trace"),
    "undo",
)
"""Arguments of what is no call of a table's, whose options have their names."""

OF_A_STREAM = {"created_gte": "--since", "created_lt": "--until"}
"""Arguments that have Stripe's names, and options named as elsewhere."""

_ARGUMENT = re.compile(r"`([a-z][a-z_]*)(?:=([^`\s]+))?`")


def in_flags(text: str) -> str:
    """Return a message with its arguments as options: `api_base` as --api-base, `expand=source` as --expand source."""
    return _ARGUMENT.sub(_as_flag, text) if "`" in text else text


def _as_flag(match: re.Match[str]) -> str:
    flag = flags().get(match[1])
    return match[0] if flag is None else f"{flag} {match[2]}" if match[2] else flag


@cache
def flags() -> dict[str, str]:
    """Return the word on the command line of every argument that has one."""
    named = {name: f"--{name.replace('_', '-')}" for name in OTHERS} | OF_A_STREAM
    for options in (RunSyncOptions, RunPlanOptions, RunVerifyOptions, StatementOptions):
        for name, option in table_of(options).items():
            if (flag := flag_of(name, option)) is not None:
                named[name] = flag
    return named
