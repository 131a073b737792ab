"""Options that several commands share, and how their values are read. Imports nothing that takes time."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

from connector.cli.display.console import at_stdout
from connector.cli.display.fitting import continued
from connector.cli.options.from_table import add
from connector.cli.options.storage_words import refuse_secrets
from connector.cli.settings.kept import NAME
from connector.core.suggestions import DASHES, did_you_mean
from connector.errors import UsageError
from connector.options.connection import Connection
from connector.options.selection import Accounts, AllAccounts, Search
from connector.outside_text import holds_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from _typeshed import SupportsWrite

_WIDEST, _IN = 118, " " * 6
"""Columns of help at most, and the indentation of what an example is for, where that has a line of its own."""

_BESIDE = 0.3
"""Share of the width up to which a term keeps what it means beside it, also where that takes several lines."""

_COMMAND = re.compile(r" +(?:\S.* \| )?stripe-balance ")
"""An example: what it is broken into can be copied in one piece."""

_TERM = re.compile(r"(\s*\S.*?\s{2,})(\S.*)")

PROGRESS = ("auto", "rich", "plain", "json", "none")


class Help(argparse.HelpFormatter):
    """Help in which prose is filled to the terminal's width, and an example keeps to its line as long as it fits."""

    def add_argument(self, action: argparse.Action) -> None:
        """Add an option, or commands; argparse itself forgets that these are indented, and breaks the longest name."""
        super().add_argument(action)
        names = [self._format_action_invocation(subaction) for subaction in self._iter_indented_subactions(action)]
        longest = max(map(len, names), default=0) + self._current_indent + self._indent_increment
        self._action_max_length = max(self._action_max_length, longest)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],  # noqa: ARG002 # pyright: ignore[reportPrivateUsage] - argparse's
        prefix: str | None,
    ) -> str:
        """Say how a command is written in a line: options that it may do without stand below."""
        shown = [action for action in actions if action.required or not action.option_strings]
        text = super()._format_usage(usage, shown, (), prefix)
        is_name = prefix == ""  # then argparse makes the name of a command from it
        return text if is_name else text.replace(self._prog, f"{self._prog} [options]", 1)

    def _format_action(self, action: argparse.Action) -> str:
        """Return an option and what it does; what it may be goes on in the next line where there is no room for all."""
        first, feed, rest = super()._format_action(action).partition("\n")
        lines = [""]
        for part in re.findall(r"[^,]+,?", first) if len(first) > self._width else [first]:
            if len(lines[-1] + part) > self._width:
                lines.append(_IN)
            lines[-1] += part
        return "\n".join(lines) + feed + rest

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _filled(" ".join(text.split()), width).split("\n")

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = (paragraph.split("\n") for paragraph in text.strip("\n").split("\n\n"))
        return indent + "\n\n".join(fitted(lines, min(width, _WIDEST)) for lines in paragraphs)


def fitted(lines: list[str], width: int) -> str:
    """Return a paragraph: filled, or, of examples, with what each is for below it where there is no room beside."""
    if not any(line.startswith(" ") for line in lines):
        return _filled(" ".join(lines), width)
    if all(len(line) <= width for line in lines):
        return "\n".join(lines)
    return "\n".join(_entry(line, width) for line in lines)


def _entry(line: str, width: int) -> str:
    """Return a term or an example, and what it means or is for: beside it, or below it where it is long."""
    match = _TERM.fullmatch(line)
    if match is None:
        return continued(line, width) if _COMMAND.match(line) else _filled(line, width, subsequent_indent=_IN)
    label, words = match[1], match[2]
    if len(label) <= width * _BESIDE:
        return _filled(words, width, initial_indent=label, subsequent_indent=" " * len(label))
    below = _filled(words, width, initial_indent=_IN, subsequent_indent=_IN)
    return f"{continued(label.rstrip(), width)}\n{below}"


def _filled(words: str, width: int, *, initial_indent: str = "", subsequent_indent: str = "") -> str:
    """Fill a paragraph; names, dates and options, which have hyphens in them, stay whole."""
    return textwrap.fill(
        words,
        width,
        initial_indent=initial_indent,
        subsequent_indent=subsequent_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others, in one line, and the same under every Python.

    Attributes:
        manual: the words whose help explains what it complains about.
        chosen: the parser of the command, once that is known: what is left over was meant for it.
        commands: those of all commands whose options it knows.
        given: the words that it was given last.
    """

    def __init__(self, *args: object, **options: object) -> None:
        options = {"formatter_class": Help, "allow_abbrev": False, **options}
        super().__init__(*args, **options)  # pyright: ignore[reportArgumentType] - argparse's own, passed on
        self.manual: str = self.prog
        self.chosen = self
        self.commands: dict[str, Parser] = {}
        self.given: list[str] = []

    def parse_args(  # pyright: ignore[reportIncompatibleMethodOverride] - without the namespaces nobody gives
        self, args: Sequence[str] | None = None
    ) -> argparse.Namespace:
        """Parse the whole command line.

        Raises:
            UsageError: it cannot be; says which option may have been meant.
        """
        self.given = sys.argv[1:] if args is None else list(args)
        self._refuse_long_dashes()
        for one in {self.chosen, *self.commands.values()}:
            one.given = self.given
        parsed, left = self.parse_known_args(self.given)
        if left:
            self.error(f"unrecognized arguments: {' '.join(map(self.chosen.guessed, left))}")
        return parsed

    def _refuse_long_dashes(self) -> None:
        """Refuse options that a program for writing changed the hyphens of; else they would name a lake.

        Raises:
            UsageError: says which option was meant.
        """
        changed = [word for word in self.given if word[:1] in DASHES[1:] and self.chosen.guessed(word) != word]
        if changed:
            self.error(f"unrecognized arguments: {' '.join(map(self.chosen.guessed, changed))}")

    def guessed(self, word: str) -> str:
        """Return what is not known, with the option that was probably meant, or where a known one has to stand."""
        if word.partition("=")[0] in self._option_string_actions:
            return f"{word} (which goes after the command: `{self.manual} {word}`)"
        options = [option for option in self._option_string_actions if option.startswith("--")]
        return word + (did_you_mean(word.partition("=")[0], options) if word.startswith(tuple(DASHES)) else "")

    def takes(self) -> list[argparse.Action]:
        """Return the options and arguments, in the order of help."""
        return list(self._actions)

    def without_defaults(self, names: Collection[str]) -> dict[str, Any]:
        """Take the defaults off options and arguments, and return them: what is not given is then not there."""
        taken: dict[str, Any] = {}
        for action in self._actions:
            if action.dest in names:
                taken[action.dest], action.default = action.default, argparse.SUPPRESS
        return taken

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is none of the choices; argparse's own words differ from one Python to the next."""
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            meant = did_you_mean(str(value), known)
            first = next((word for word in self.given if word in known), None)
            if first is not None and not meant:
                raise argparse.ArgumentError(
                    action, f"{value!r} is none, and the command comes first: `{self.prog} {first} …`"
                )
            raise argparse.ArgumentError(action, f"invalid choice: {value!r}{meant}, choose from {', '.join(known)}")

    def _match_argument(self, action: argparse.Action, arg_strings_pattern: str) -> int:
        """Refuse an option without its value; argparse's own words do not say what is to be given."""
        try:
            return super()._match_argument(action, arg_strings_pattern)
        except argparse.ArgumentError as error:
            if action.nargs is not None:
                raise
            self._refuse_dashed(action)
            value = action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
            said = f": {action.help % {**vars(action), 'prog': self.prog}}" if action.help else ""
            raise argparse.ArgumentError(
                action, f"lacks its value, {action.option_strings[-1]} {value}{said}"
            ) from error

    def _refuse_dashed(self, action: argparse.Action) -> None:
        """Refuse a value that begins with a dash and was taken for an option: for what it is, or how it is given."""
        followed = zip(self.given, self.given[1:], strict=False)
        word = next((after for option, after in followed if option in action.option_strings), "")
        name = word.partition("=")[0]
        if word[:1] != "-" or word[1:2] in {"", "-"} or name in self._option_string_actions:
            return
        self._get_value(action, word)
        named = f"`{action.option_strings[-1]}={word}`"
        raise argparse.ArgumentError(action, f"{word!r} is taken for an option: write {named}")

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
    if named or any(map(holds_key, words)):
        raise UsageError(
            "the key is not taken from the command line, which other users of this machine and the shell's history can "
            "read: set STRIPE_API_KEY, or name a file with --api-key-file; if it was a live key, consider rolling it"
        )
    refuse_secrets(words)


def add_lake(parser: argparse.ArgumentParser, *, new: bool = False) -> None:
    """Add DEST, which a settings file may name instead.

    Args:
        parser: of a command that needs a lake.
        new: whether it may make one.
    """
    words = "lake: a folder, or s3://…, gs://…, az://…" + ("; need not exist yet" if new else "")
    parser.add_argument("destination", metavar="DEST", nargs="?", help=f"{words} (what the settings file says)")
    parser.set_defaults(needs_lake=True)


def add_talking(parser: argparse.ArgumentParser, *, settings: bool = True) -> None:
    """Add what every command has: how much it says, and in which form.

    Args:
        parser: of the command.
        settings: whether it takes what it was not told from a settings file.
    """
    if settings:
        group = parser.add_argument_group("where settings are").add_mutually_exclusive_group()
        group.add_argument(
            "--config", metavar="FILE", help=f"settings, as `init` writes them ({NAME}, where there is one)"
        )
        group.add_argument("--no-config", action="store_true", help="none but those of the command line")
    group = parser.add_argument_group("what it says")
    group.add_argument("--json", action="store_true", help="exactly one JSON object on stdout, errors included")
    group.add_argument(
        "--progress",
        choices=PROGRESS,
        default="auto",
        help="how to show progress on stderr (auto: by the terminal); json: all of stderr as JSON, an object a line",
    )
    group.add_argument(
        "-q", "--quiet", action="store_true", help="say nothing where all is well; data is written all the same"
    )
    group.add_argument("-v", "--verbose", action="store_true", help="say more; tracebacks with errors")


def add_asking(parser: argparse.ArgumentParser) -> None:
    """Add what every command that reads Stripe has: whom to ask, as whom, how fast."""
    add(parser.add_argument_group("how it asks Stripe"), Connection)


def add_accounts(parser: argparse.ArgumentParser) -> None:
    """Add `--account` and its kin, where several are read."""
    whose = parser.add_mutually_exclusive_group()
    add(whose, Accounts, "accounts")
    add(whose, AllAccounts)
    add(whose, Accounts, "account_id")


def add_accounts_to_search(parser: argparse.ArgumentParser) -> None:
    """Add `--account` and `--all-accounts`, where ids are looked for."""
    add(parser.add_mutually_exclusive_group(), Search)


def options_of(parser: Parser) -> list[tuple[list[str], str, str]]:
    """Return what a command takes, as help shows it: words, what it calls a value, and what it does."""
    return [
        (
            list(action.option_strings) or [_value(action)],
            _value(action) if action.option_strings else "",
            _says(action),
        )
        for action in parser.takes()
    ]


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    named = action.metavar or "|".join(map(str, action.choices or ())) or action.dest
    return named if isinstance(named, str) else " ".join(named)


def _says(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")
