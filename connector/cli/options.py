"""Every command's options and examples. Imports nothing that takes time: what a command does is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.cli import arguments
from connector.sandbox import options as sandbox_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

FORMATS = ("parquet", "jsonl", "jsonl.zst", "jsonl.gz", "jsonl.plain", "arrow")
PARTITIONS = ("day", "month", "year")
LAYERS = ("rows", "windows", "payouts", "balance")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as help shows it.

    Attributes:
        summary: what it does, in one line.
        add_arguments: adds its options to a parser.
        epilog: examples and what else is worth knowing, for the end of its help.
    """

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    epilog: str


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "destination", metavar="DEST", nargs="?", default="demo-lake", help="folder of the lake (demo-lake)"
    )
    arguments.add_talking(parser)


def _sync(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="DEST", help="folder of the lake, which need not exist yet")
    arguments.add_interval(parser)
    arguments.add_accounts(parser)
    arguments.add_fail_fast(parser)
    arguments.add_rate_per_account(parser)
    parser.add_argument(
        "--format", choices=FORMATS, help="of the files, fixed when the lake is made (parquet); jsonl is jsonl.zst"
    )
    _add_partition(parser)
    _add_expand(parser)
    _add_columns(parser)
    parser.add_argument(
        "--settle",
        type=arguments.count,
        metavar="S",
        help="seconds after which a row counts as visible; younger ones are read again next time (600)",
    )
    _add_full_refresh(parser)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="check every file by its bytes, read changed and lost ones again, remove files no run wrote to the end",
    )
    parser.add_argument("--balance", action="store_true", help="add a snapshot of the balance, too")
    parser.add_argument("--dry-run", action="store_true", help="say what would be read, and stop")
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _stream(parser: argparse.ArgumentParser) -> None:
    arguments.add_interval(parser)
    for name, example in (("currency", "eur"), ("payout", "po_…"), ("source", "ch_…"), ("type", "charge")):
        parser.add_argument(f"--{name}", metavar=example, help=f"only rows of this {name}")
    _add_expand(parser)
    arguments.add_accounts_to_search(parser)
    arguments.add_fail_fast(parser)
    arguments.add_rate_per_account(parser)
    order = parser.add_mutually_exclusive_group()
    order.add_argument(
        "--ordered", action="store_true", default=True, help="newest first over everything (the default)"
    )
    order.add_argument(
        "--unordered", action="store_false", dest="ordered", help="as they arrive, which is a little faster"
    )
    parser.add_argument("--limit-rows", type=arguments.positive, metavar="N", help="stop after so many rows")
    _add_follow(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _add_follow(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it follows")
    group.add_argument(
        "--follow", action="store_true", help="go on with new rows as they come, each once, oldest first in each look"
    )
    group.add_argument("--state", metavar="FILE", help="keep there what has been written, to go on from the next time")
    group.add_argument(
        "--interval", type=arguments.positive, metavar="S", help="seconds between looks while rows come (10)"
    )
    group.add_argument(
        "--look-back",
        type=arguments.count,
        metavar="S",
        help="seconds that rows may come late; read at each look (900)",
    )
    group.add_argument(
        "--reads-per-month",
        type=arguments.positive,
        metavar="N",
        help="requests to spend while nothing happens, all accounts together (5000)",
    )


def _get(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="txn_…", nargs="+", help="ids, or - to read them from stdin, one a line")
    _add_expand(parser)
    arguments.add_accounts_to_search(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _fees(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids", metavar="ID", nargs="+", help="pi_…, ch_…, py_… or po_…, or - to read them from stdin, one a line"
    )
    parser.add_argument(
        "--wait", type=arguments.count, default=0, metavar="S", help="seconds to ask again for, where not yet known (0)"
    )
    arguments.add_accounts_to_search(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _balance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="DEST", nargs="?", help="folder of a lake to add a snapshot to")
    arguments.add_accounts(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _payouts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="DEST", help="folder of the lake, which need not exist yet")
    arguments.add_interval(parser)
    arguments.add_accounts(parser)
    _add_full_refresh(parser)
    arguments.add_fail_fast(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    arguments.add_interval(parser)
    arguments.add_accounts(parser)
    _add_partition(parser)
    _add_full_refresh(parser)
    parser.add_argument("--windows", type=arguments.positive, default=8, metavar="N", help="about how many (8)")
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    parser.add_argument("--strict", action="store_true", help="end with status 65 unless all of it is proved")
    parser.add_argument(
        "--layer",
        action="append",
        choices=LAYERS,
        default=[],
        help="only this layer, repeatable (all of them)",
    )
    parser.add_argument(
        "--sample",
        type=arguments.sample,
        default=20,
        metavar="N",
        help="requests for windows drawn at random, or all to ask for everything again (20)",
    )
    parser.add_argument("--seed", type=arguments.count, metavar="N", help="repeat what an earlier check drew by chance")
    parser.add_argument("--offline", action="store_true", help="ask Stripe nothing, and need no key")
    parser.add_argument(
        "--account",
        type=arguments.account,
        action="append",
        default=[],
        metavar="acct_…",
        help="only this account of the lake, repeatable (all)",
    )
    parser.add_argument(
        "--account-id",
        type=arguments.account,
        metavar="acct_…",
        help="name of the key's own account, where it may not ask",
    )
    arguments.add_interval(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def _status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    parser.add_argument("--strict", action="store_true", help="end with status 65 when a file is not as it was written")
    arguments.add_talking(parser)


def _schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", metavar="TABLE", nargs="?", help="name of a table; without it, list the names")
    parser.add_argument("--arrow", action="store_true", help="the Arrow schema of the files instead of the JSON Schema")
    arguments.add_talking(parser)


def _add_partition(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--partition", choices=PARTITIONS, help="time one file holds, fixed when the lake is made (day)"
    )


def _add_expand(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expand", action="append", default=[], metavar="PATH", help="expand in each row, such as source; repeatable"
    )


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source-columns", action="store_true", help="columns for charges, refunds and payouts, with --expand source"
    )
    group = parser.add_argument_group("what it keeps, fixed when the lake is made")
    group.add_argument(
        "--omit", action="append", default=[], metavar="COLUMN", help="leave out, such as description; repeatable"
    )
    group.add_argument(
        "--hash",
        action="append",
        default=[],
        metavar="COLUMN",
        help="keep a salted hash of, such as source.customer; repeatable",
    )
    group.add_argument(
        "--hash-salt-file", metavar="FILE", help="file whose first line is the salt (else STRIPE_BALANCE_SALT)"
    )
    parser.add_argument(
        "--strict-schema", action="store_true", help="end with status 65 on rows that differ from the schema"
    )


def _add_full_refresh(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--full-refresh", action="store_true", help="read again what the lake already covers")


COMMANDS = {
    "demo": Command(
        "see it work: a Stripe of its own, a sync, and what to do next; needs no account",
        _demo,
        "Takes some ten seconds, asks nothing of anybody but this machine, and can be run again.\n",
    ),
    "sync": Command(
        "bring every balance transaction into a lake, reading only what it lacks",
        _sync,
        """\
examples:
  stripe-balance sync lake                       everything; the next run reads only what is new
  stripe-balance sync lake --since 2026-01-01 --until 2026-02-01
  stripe-balance sync lake --all-accounts --format jsonl --expand source
  stripe-balance sync lake --json --rate 10      for schedulers: the run report as one JSON object

Safe to run again and to kill at any moment: the next run goes on, and the files end up byte for byte the same.
""",
    ),
    "stream": Command(
        "write balance transactions to stdout, one JSON object a line",
        _stream,
        """\
examples:
  stripe-balance stream --since 2026-01-01 | jq -r '[.id, .net, .currency] | @csv'
  stripe-balance stream --type payout --limit-rows 10
  stripe-balance stream --payout po_1Abc… --expand source
  stripe-balance stream --all-accounts --since 2026-01-01      each line begins with its account
  stripe-balance stream --follow --state follow.json           what comes from now on, until it is ended

Progress is shown only when asked for, since stdout often ends up on the same terminal. With --json the rows are the
`data` of one object, whose `error` says so if they are not all there. With several accounts, order holds within each.
""",
    ),
    "get": Command(
        "write balance transactions by id to stdout",
        _get,
        """\
examples:
  stripe-balance get txn_1Abc… txn_1Def…
  cut -d, -f1 ids.csv | stripe-balance get - --expand source

Rows come in the order of the ids. Ids that are not found are named on stderr, and the status is 1.
An id is looked for in the key's own account, or in those of --account and --all-accounts.
""",
    ),
    "fees": Command(
        "say what payments and automatic payouts cost: gross, each fee, net",
        _fees,
        """\
examples:
  stripe-balance fees pi_3Abc… ch_3Def…
  stripe-balance fees pi_3Abc… --wait 60         right after the payment: its fees come a little later
  stripe-balance fees po_1Abc…                   fees by kind and type of row; checks that they add up
  stripe-balance fees po_1Abc… --account acct_…  destination charges: with what the customer paid

An answer is known (status 0), not yet known (75) or not available (1), and then says why: never a zero for what is not
known. With --json the answers are the `data` of one object, amounts in minor units.
""",
    ),
    "balance": Command(
        "show the balance as it is now, and add it to a lake if one is named",
        _balance,
        """\
examples:
  stripe-balance balance
  stripe-balance balance lake                    a snapshot more in lake/balances
  stripe-balance balance --all-accounts --json

Amounts have their currency's decimals; --json prints the object as received, in minor units, and for several accounts
one object of them all.
""",
    ),
    "payouts": Command(
        "bring payouts into a lake, and which balance transactions each of them paid out",
        _payouts,
        """\
examples:
  stripe-balance payouts lake                    everything; the next run reads only what is new, or may have changed
  stripe-balance payouts lake --since 2026-01-01 --all-accounts
  stripe-balance payouts lake --json             for schedulers: the report as one JSON object

Fills the tables payouts and payout_transactions. Manual payouts are named: Stripe assigns no transactions to them.
""",
    ),
    "plan": Command(
        "cut what a lake lacks into windows, as JSON, for tasks of their own",
        _plan,
        """\
Each window holds arguments of `connector.run_sync` (since, until: UTC seconds); no two of them share a file.
""",
    ),
    "status": Command(
        "say what a lake holds, and whether its files are as they were written",
        _status,
        "Reads the lake's own records and the files' sizes: asks nothing of Stripe, and needs no key.\n",
    ),
    "verify": Command(
        "prove that a lake has every row, and has it right, or say what does not agree",
        _verify,
        """\
examples:
  stripe-balance verify lake
  stripe-balance verify lake --strict --json       for schedulers: status 65 unless all is proved
  stripe-balance verify lake --offline --layer rows
  stripe-balance verify lake --sample all          asks Stripe for every row again

Four layers, each proved, residual (something does not agree) or not checkable: rows (each by itself, and the files),
windows (covered time asked again), payouts (each adds up to zero) and balance (all rows add up to the balance).
--since and --until bound which windows are asked again. Nothing in the lake changes but its payouts.
""",
    ),
    "schema": Command(
        "print the schema of a table",
        _schema,
        """\
examples:
  stripe-balance schema
  stripe-balance schema balance_transactions --arrow
""",
    ),
    "sandbox": Command(
        "serve a loopback Stripe, to try things on",
        sandbox_options.add_arguments,
        """\
examples:
  stripe-balance sandbox --port 12111 --transactions 200000 --latency 0.3
  stripe-balance sandbox --shape burst --fault 502:every=50

Its first line says where it listens, and under which key: point STRIPE_API_BASE and STRIPE_API_KEY there.
""",
    ),
}
"""All commands, in the order of help; each is carried out by the module of its name in `connector.cli.commands`."""
