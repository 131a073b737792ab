"""The parser of the whole command line, or of as much of it as is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import connector
from connector.cli.options.arguments import Parser
from connector.cli.options.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Collection

PROGRAM = "stripe-balance"

DESCRIPTION = "Every Stripe balance transaction, and the balance, in your own data lake."

KEY = """\
The key comes from --api-key-file, else STRIPE_API_KEY, else the settings file, else the Stripe CLI's profile. A
restricted key that may read balance transactions is enough for `sync`; `balance` needs the balance, `verify` the
balance and payouts, too. No account yet? Try `stripe-balance demo`.
"""

EXIT_STATUS = """\
exit status:
  0              done
  1              failed
  2              wrong arguments
  65             data refused, or `verify` disagrees
  66             the lake has lost what the run could not mend
  74             disk
  75             try again later
  77             key refused
  78             wrong settings
  130, 143, 129  interrupted, after publishing what was complete
  141            the reader of stdout or stderr went away
"""

EPILOG = f"{KEY}\n{EXIT_STATUS}"


def parser_for(chosen: Collection[str | None]) -> Parser:
    """Return the parser, with the options of the chosen commands only: help of all takes its time."""
    parser = Parser(prog=PROGRAM, description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {connector.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        sentence = f"{command.summary[0].upper()}{command.summary[1:]}."
        own = commands.add_parser(name, help=command.summary, description=sentence, epilog=command.epilog)
        if name in chosen:
            command.add_arguments(own)
            parser.manual, parser.chosen = own.prog, own
            parser.commands[name] = own
    return parser
