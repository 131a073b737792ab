"""Options that several commands share, and how their values are read. Imports nothing that takes time."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from typing import TYPE_CHECKING, NoReturn

from connector.cli.display.console import at_stdout
from connector.config.moments import seconds_given
from connector.core.account_ids import UNNAMED, is_account_id
from connector.core.suggestions import did_you_mean
from connector.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import SupportsWrite

_WIDEST, _IN = 118, " " * 6
"""Columns of help at most, and the indentation of what an example is for, where that has a line of its own."""

FROM = (
    "first moment of `created`: 2026-01-31, 2026-10, yesterday, last-month (UTC), "
    "2026-01-31T12:00:00+01:00 (with an offset)"
)
TO = "moment after the last, exclusive: --since 2026-10 --until 2026-11 is October (now)"

PROGRESS = ("auto", "rich", "plain", "none")

_KEY = re.compile(r"\b((sk|rk|pk)_(live|test|org)|whsec)_[A-Za-z0-9_]{8}")


class Help(argparse.HelpFormatter):
    """Help in which prose is filled to the terminal's width, and an example keeps to its line as long as it fits."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fitted = (_fitted(paragraph.split("\n"), min(width, _WIDEST)) for paragraph in text.strip("\n").split("\n\n"))
        return indent + "\n\n".join(fitted)


def _fitted(lines: list[str], width: int) -> str:
    """Return a paragraph: filled, or, of examples, with what they are for below them where there is no room beside."""
    if not any(line.startswith(" ") for line in lines):
        return textwrap.fill(" ".join(lines), width)
    if all(len(line) <= width for line in lines):
        return "\n".join(lines)
    shown: list[str] = []
    for line in lines:
        example, gap, words = line.strip().partition("  ")
        if not gap:
            shown.append(line)
        else:
            shown += [f"  {example}", textwrap.fill(words.strip(), width, initial_indent=_IN, subsequent_indent=_IN)]
    return "\n".join(shown)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others, in one line, and the same under every Python.

    Attributes:
        manual: the words whose help explains what it complains about.
        chosen: the parser of the command, once that is known: what is left over was meant for it.
    """

    def __init__(self, *args: object, **options: object) -> None:
        options = {"formatter_class": Help, "allow_abbrev": False, **options}
        super().__init__(*args, **options)  # pyright: ignore[reportArgumentType] - argparse's own, passed on
        self.manual: str = self.prog
        self.chosen = self

    def parse_args(  # pyright: ignore[reportIncompatibleMethodOverride] - without the namespaces nobody gives
        self, args: Sequence[str] | None = None
    ) -> argparse.Namespace:
        """Parse the whole command line.

        Raises:
            UsageError: it cannot be; says which option may have been meant.
        """
        parsed, left = self.parse_known_args(args)
        if left:
            self.error(f"unrecognized arguments: {' '.join(map(self.chosen.guessed, left))}")
        return parsed

    def guessed(self, word: str) -> str:
        """Return what is not known, with the option that may have been meant."""
        options = [one for one in self._option_string_actions if one.startswith("--")]
        return word + (did_you_mean(word.partition("=")[0], options) if word.startswith("-") else "")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is none of the choices; argparse's own words differ from one Python to the next."""
        if action.choices is not None and value not in action.choices:
            known = [str(one) for one in action.choices]
            raise argparse.ArgumentError(
                action, f"invalid choice: {value!r}{did_you_mean(str(value), known)}, choose from {', '.join(known)}"
            )

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}; see `{self.manual} --help`")

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Write help or the version; argparse's own keeps it to itself when they cannot be written to stdout."""
        if file is None or file is not sys.stdout:
            super()._print_message(message, file)
            return
        with at_stdout():
            file.write(message)


def refuse_keys(words: list[str]) -> None:
    """Refuse a key on the command line, where every user of the machine can read it.

    Raises:
        UsageError: when there is one; the message does not repeat it.
    """
    named = any(word == "--api-key" or word.startswith("--api-key=") for word in words)
    if named or any(_KEY.search(word) for word in words):
        raise UsageError(
            "the key is not taken from the command line, which other users of this machine and the shell's history can "
            "read: set STRIPE_API_KEY, or name a file with --api-key-file; if it was a live key, consider rolling it"
        )


def add_talking(parser: argparse.ArgumentParser) -> None:
    """Add what every command has: how much it says, and in which form."""
    group = parser.add_argument_group("what it says")
    group.add_argument("--json", action="store_true", help="exactly one JSON object on stdout, errors included")
    group.add_argument(
        "--progress", choices=PROGRESS, default="auto", help="how to show progress on stderr (auto: by the terminal)"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="say nothing where all is well; data stays")
    group.add_argument("-v", "--verbose", action="store_true", help="say more; tracebacks with errors")


def add_asking(parser: argparse.ArgumentParser) -> None:
    """Add what every command that reads Stripe has: whom to ask, as whom, how fast."""
    group = parser.add_argument_group("how it asks Stripe")
    group.add_argument("--api-key-file", metavar="FILE", help="file whose first line is the key (else STRIPE_API_KEY)")
    group.add_argument("--api-base", metavar="URL", help="https, or http to this machine (else STRIPE_API_BASE)")
    group.add_argument("--api-version", metavar="VERSION", help="Stripe-Version to read under (pinned by default)")
    group.add_argument("--context", metavar="CONTEXT", help="Stripe-Context to act in, for organisation keys")
    group.add_argument(
        "--rate", type=rate, metavar="N", help="requests per second of one endpoint, 0 for no limit (20)"
    )
    group.add_argument("--max-in-flight", type=positive, metavar="N", help="requests under way at once, at most (40)")
    group.add_argument(
        "--retries", type=count, metavar="N", help="attempts after the first, for what may pass by itself (7)"
    )


def add_interval(parser: argparse.ArgumentParser) -> None:
    """Add `--since` and `--until`."""
    parser.add_argument("--since", type=since, metavar="TIME", help=FROM)
    parser.add_argument("--until", type=until, metavar="TIME", help=TO)


def add_accounts(parser: argparse.ArgumentParser) -> None:
    """Add `--account` and its kin, where several are read."""
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--account",
        type=account,
        action="append",
        default=[],
        metavar="acct_…",
        help="connected account, repeatable (the key's own)",
    )
    whose.add_argument("--all-accounts", action="store_true", help="the key's own account and every connected one")
    whose.add_argument(
        "--account-id", type=account_name, metavar="acct_…", help="name of the key's own account, where it may not ask"
    )


def add_accounts_to_search(parser: argparse.ArgumentParser) -> None:
    """Add `--account` and `--all-accounts`, where ids are looked for."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--account",
        type=account,
        action="append",
        default=[],
        metavar="acct_…",
        help="connected account to look in, repeatable (the key's own)",
    )
    where.add_argument(
        "--all-accounts", action="store_true", help="look in the key's own account and every connected one"
    )


def add_fail_fast(parser: argparse.ArgumentParser) -> None:
    """Add what is to become of the other accounts when one fails."""
    parser.add_argument(
        "--fail-fast", action="store_true", help="end with the first account that fails (the others are read)"
    )


def add_rate_per_account(parser: argparse.ArgumentParser) -> None:
    """Add whether accounts share the rate."""
    parser.add_argument("--rate-per-account", action="store_true", help="--rate is each account's own (all share it)")


def since(text: str) -> int:
    """Read `--since` as UTC seconds."""
    return seconds_given(text, name="--since")


def until(text: str) -> int:
    """Read `--until` as UTC seconds."""
    return seconds_given(text, name="--until")


def account(text: str) -> str:
    """Read the id of an account."""
    if not is_account_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of an account, which begins with acct_")
    return text


def account_name(text: str) -> str:
    """Read what the key's own account is called: its id, or `default` in a lake that has no name for it."""
    return text if text == UNNAMED else account(text)


def rate(text: str) -> float:
    """Read requests per second: infinite for 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests per second, 0 or more")
    return value or float("inf")


def count(text: str) -> int:
    """Read a number, at least 0."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def percent(text: str) -> float:
    """Read a percentage, 0 to 100."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage, 0 to 100")
    return value


def sample(text: str) -> int | None:
    """Read a number, at least 0, or `all` as None."""
    return None if text == "all" else count(text)


def positive(text: str) -> int:
    """Read a number, at least 1."""
    value = count(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 or more")
    return value
