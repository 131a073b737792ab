"""`manual`: the page for `man`, made from the parser of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import connector
from connector.cli.options.arguments import fitted, options_of
from connector.cli.options.commands import COMMANDS
from connector.cli.options.parser import DESCRIPTION, EXIT_STATUS, KEY, PROGRAM, parser_for

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from connector.cli.display.console import Console
    from connector.cli.options.arguments import Parser

_COLUMNS = 66
"""Of examples, which `man` does not fill: those of a terminal of 80, indented twice."""

_SEE = "https://docs.stripe.com/api/balance_transactions"


def run(_args: argparse.Namespace, console: Console) -> int:
    """Print the page, and return the exit status."""
    page = "".join(f"{line}\n" for line in lines(parser_for(COMMANDS.keys())))
    if console.json:
        console.document({"manual": page})
    else:
        console.data(page.encode())
    return 0


def lines(parser: Parser) -> Iterator[str]:
    """Yield the lines of the page, in the requests of man(7)."""
    yield f'.TH {PROGRAM.upper()} 1 "" "{PROGRAM} {connector.__version__}" "User Commands"'
    yield from (".SH NAME", f"{PROGRAM} \\- {_text(DESCRIPTION[0].lower() + DESCRIPTION[1:].rstrip('.'))}")
    yield from (".SH SYNOPSIS", f".B {_text(PROGRAM)}", "\\fICOMMAND\\fR [\\fIoptions\\fR]")
    yield from (".SH DESCRIPTION", _text(DESCRIPTION), ".PP", _text(" ".join(KEY.split())))
    yield ".SH COMMANDS"
    for name, command in COMMANDS.items():
        yield from _command(name, command.summary, command.epilog, parser.commands[name])
    yield ".SH EXIT STATUS"
    for line in EXIT_STATUS.split("\n")[1:-1]:
        status, _, means = line.strip().partition("  ")
        yield from (".TP", f"\\fB{_text(status)}\\fR", _text(means.strip()))
    yield from (".SH SEE ALSO", _text(_SEE))


def _command(name: str, summary: str, epilog: str, parser: Parser) -> Iterator[str]:
    yield f".SS {_text(f'{PROGRAM} {name}')}"
    yield _text(f"{summary[0].upper()}{summary[1:]}.")
    for words, value, says in options_of(parser):
        yield from (
            ".TP",
            ", ".join(f"\\fB{_text(word)}\\fR" for word in words) + (f" \\fI{_text(value)}\\fR" * bool(value)),
        )
        yield _text(says)
    for paragraph in epilog.strip("\n").split("\n\n"):
        yield from (".PP", *_paragraph(paragraph.split("\n")))


def _paragraph(lines: list[str]) -> Iterator[str]:
    """Yield prose, for `man` to fill, or examples, each in lines that can be copied."""
    if any(line.startswith(" ") for line in lines):
        yield from (".nf", *map(_text, fitted(lines, _COLUMNS).split("\n")), ".fi")
    else:
        yield _text(" ".join(lines))


def _text(text: str) -> str:
    """Return text as it stands for itself in roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    plain = "".join(line if line.isascii() else f"\\[u{ord(line):04X}]" for line in escaped)
    return f"\\&{plain}" if plain.startswith(".") else plain
