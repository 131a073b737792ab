"""Each command's options, in a function of its name. Imports nothing that takes time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.options import arguments, words
from connector.cli.options.from_table import add
from connector.cli.settings.kept import NAME, SETTINGS, WHOSE
from connector.core.ledger.money import currency_code
from connector.options.calls import RunSyncOptions
from connector.options.connection import Awaited, Connection, RatePerAccount
from connector.options.lake import Destination, Form, Privacy, SaltFile, Shape
from connector.options.run import Failing, Refreshing, Stopping, Watched, Whole, Windows
from connector.options.selection import LakeAccounts, Within
from connector.options.statement import Calendar, Figures, Freezing
from connector.options.storage import NewStorage, Storage
from connector.options.verification import Checks

if TYPE_CHECKING:
    import argparse

KEEP_DAYS = 7
SHELLS = ("bash", "zsh", "fish")
STATEMENTS = ("text", "csv", "json", "html", "itemized")
ENGINES = (
    "duckdb", "polars", "pandas", "pyarrow", "spark", "clickhouse", "datafusion", "daft", "bigquery", "snowflake",
    "athena", "redshift", "databricks",
)  # fmt: skip


def demo(parser: argparse.ArgumentParser) -> None:
    """Add the options of `demo`."""
    parser.add_argument(
        "destination", metavar="DEST", nargs="?", default="demo-lake", help="folder of the lake (demo-lake)"
    )
    parser.add_argument(
        "--serve", action="store_true", help="go on serving its Stripe until Ctrl-C, and print the exports to use it"
    )
    arguments.add_talking(parser, settings=False)


def init(parser: argparse.ArgumentParser) -> None:
    """Add the options of `init`: those that a settings file may have."""
    parser.add_argument(
        "destination", metavar="DEST", nargs="?", help="lake: a folder, or s3://…, gs://…, az://… (asked for)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing: check the settings that there are")
    parser.add_argument(
        "--config", dest="settings_file", metavar="FILE", help=f"where the settings are, or are to be ({NAME})"
    )
    group = parser.add_argument_group("what the file is to say")
    group.add_argument("--key", metavar="WHERE", help="where the key is: env:NAME or file:PATH (env:STRIPE_API_KEY)")
    add(group, RunSyncOptions, *(name for name in SETTINGS if name not in WHOSE))
    arguments.add_accounts(parser)
    add(parser.add_argument_group("how it asks Stripe"), Connection, "api_base", "context")
    _add_storage(parser)
    arguments.add_talking(parser, settings=False)


def sync(parser: argparse.ArgumentParser) -> None:
    """Add the options of `sync`."""
    arguments.add_lake(parser, new=True)
    add(parser, Destination)
    add(parser, Within)
    arguments.add_accounts(parser)
    add(parser, Failing)
    add(parser, RatePerAccount)
    _add_shape(parser)
    add(parser, Refreshing)
    add(parser, Whole)
    add(parser, Stopping)
    add(parser, Watched)
    _add_storage(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def stream(parser: argparse.ArgumentParser) -> None:
    """Add the options of `stream`."""
    add(parser, Within)
    for name, example in (("currency", "eur"), ("payout", "po_…"), ("source", "ch_…"), ("type", "charge")):
        read = currency_code if name == "currency" else str
        parser.add_argument(f"--{name}", type=read, metavar=example, help=f"only rows of this {name}")
    add(parser, Shape, "expand")
    arguments.add_accounts_to_search(parser)
    add(parser, Failing)
    add(parser, RatePerAccount)
    order = parser.add_mutually_exclusive_group()
    order.add_argument(
        "--ordered", action="store_true", default=True, help="newest first over everything (the default)"
    )
    order.add_argument(
        "--unordered", action="store_false", dest="ordered", help="as they arrive, which is a little faster"
    )
    parser.add_argument("--limit-rows", type=words.positive, metavar="N", help="stop after so many rows")
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
        "--interval", type=words.positive, metavar="S", help="seconds between looks while rows come (10)"
    )
    group.add_argument(
        "--look-back",
        type=words.count,
        metavar="S",
        help="seconds that rows may come late; read at each look (900)",
    )
    group.add_argument(
        "--reads-per-month",
        type=words.positive,
        metavar="N",
        help="requests to spend while nothing happens, all accounts together (5000)",
    )


def get(parser: argparse.ArgumentParser) -> None:
    """Add the options of `get`."""
    parser.add_argument("ids", metavar="txn_…", nargs="+", help="ids, or - to read them from stdin, one a line")
    add(parser, Shape, "expand")
    arguments.add_accounts_to_search(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def fees(parser: argparse.ArgumentParser) -> None:
    """Add the options of `fees`."""
    parser.add_argument(
        "ids",
        metavar="ID",
        nargs="+",
        help="pi_…, ch_…, py_…, po_…, re_…, dp_… or txn_…, or - to read them from stdin, one a line",
    )
    add(parser, Awaited)
    arguments.add_accounts_to_search(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def balance(parser: argparse.ArgumentParser) -> None:
    """Add the options of `balance`."""
    parser.add_argument(
        "destination", metavar="DEST", nargs="?", help="lake to add a snapshot to: a folder, or s3://, gs://, az://…"
    )
    add(parser, Destination)
    arguments.add_accounts(parser)
    add(parser, Failing)
    add(parser, Stopping)
    add(parser, Watched)
    _add_storage(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def payouts(parser: argparse.ArgumentParser) -> None:
    """Add the options of `payouts`."""
    arguments.add_lake(parser, new=True)
    add(parser, Destination)
    add(parser, Within)
    arguments.add_accounts(parser)
    group = parser.add_argument_group("finding a payout, from a line of the bank's statement")
    group.add_argument("--find", action="store_true", help="find payouts of --amount or --trace; asks Stripe nothing")
    group.add_argument("--amount", metavar="N", help="as the bank writes it: 1,199.11, 1.199,11; --amount=-50.00")
    group.add_argument(
        "--arrives", metavar="DAY", help="day of the line: 2026-10-01, yesterday; found within five days of it"
    )
    group.add_argument("--trace", metavar="TEXT", help="trace id, or the whole text of the line with it inside")
    group.add_argument("--currency", type=currency_code, metavar="CODE", help="only this currency, such as eur (any)")
    add(parser, Refreshing)
    add(parser, Failing)
    add(parser, Stopping)
    add(parser, Watched)
    _add_storage(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def plan(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plan`."""
    arguments.add_lake(parser)
    add(parser, Within)
    arguments.add_accounts(parser)
    _add_shape(parser)
    add(parser, Refreshing)
    add(parser, Windows)
    add(parser, Stopping)
    _add_storage(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def verify(parser: argparse.ArgumentParser) -> None:
    """Add the options of `verify`."""
    arguments.add_lake(parser)
    parser.add_argument(
        "--strict", action="store_true", help="end with status 65 also where something could not be checked"
    )
    parser.add_argument(
        "--report", type=words.workpaper, metavar="FILE", help="write a workpaper there, too: FILE.html or FILE.json"
    )
    add(parser, Checks)
    add(parser, Within)
    add(parser, Stopping)
    add(parser, Watched)
    _add_storage(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def statement(parser: argparse.ArgumentParser) -> None:
    """Add the options of `statement`."""
    arguments.add_lake(parser)
    add(parser.add_argument_group("of which time (one of these)"), Calendar)
    add(parser, LakeAccounts)
    add(parser, Figures, "currency")
    parser.add_argument(
        "--format",
        choices=STATEMENTS,
        help="text, csv, json or html on stdout (text); itemized: CSV of the rows behind it",
    )
    add(parser, Figures, "compare", "against")
    add(parser, Freezing)
    parser.add_argument(
        "--strict", action="store_true", help="end with status 65 when it is not final, or not as it was frozen"
    )
    _add_storage(parser)
    arguments.add_talking(parser)


def report(parser: argparse.ArgumentParser) -> None:
    """Add the options of `report`."""
    arguments.add_lake(parser)
    add(parser, LakeAccounts)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the page, or - for stdout (stripe-balance-report.html, here)"
    )
    parser.add_argument("--open", action="store_true", help="show the page in a browser")
    parser.add_argument("--verify", action="store_true", help="verify the lake before, which asks Stripe")
    parser.add_argument(
        "--strict", action="store_true", help="end with status 65 unless all is here and `verify` has proved it"
    )
    _add_storage(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def views(parser: argparse.ArgumentParser) -> None:
    """Add the options of `views`."""
    arguments.add_lake(parser)
    parser.add_argument(
        "--for",
        dest="engine",
        required=True,
        metavar="ENGINE",
        help="duckdb, clickhouse, spark, databricks, bigquery or snowflake",
    )
    parser.add_argument(
        "--timezone", metavar="ZONE", default="UTC", help="whose clocks local times and days are by (UTC)"
    )
    parser.add_argument("--at", metavar="PLACE", help="where that engine finds the lake, such as s3://…/lake")
    _add_storage(parser)
    arguments.add_talking(parser)


def status(parser: argparse.ArgumentParser) -> None:
    """Add the options of `status`."""
    arguments.add_lake(parser)
    parser.add_argument(
        "--accounts", dest="in_full", action="store_true", help="show each account in full, as in files and pipes"
    )
    parser.add_argument("--strict", action="store_true", help="end with status 65 when a file is not as it was written")
    _add_storage(parser)
    arguments.add_talking(parser)


def retire(parser: argparse.ArgumentParser) -> None:
    """Add the options of `retire`."""
    arguments.add_lake(parser)
    parser.add_argument(
        "--account", type=words.account_name, required=True, metavar="acct_…", help="account of the lake"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--reason", metavar="TEXT", help="why, for whoever reads a verdict; this or --undo is needed")
    what.add_argument("--undo", action="store_true", help="take it back: runs read the account again")
    _add_storage(parser)
    arguments.add_talking(parser)


def maintain(parser: argparse.ArgumentParser) -> None:
    """Add the options of `maintain`."""
    arguments.add_lake(parser)
    parser.add_argument("--publish", action="store_true", help="only bring the tables up to date with the state")
    parser.add_argument(
        "--repair", action="store_true", help="undo what something else did to the tables (refused without this)"
    )
    parser.add_argument(
        "--keep-days",
        type=words.positive,
        default=KEEP_DAYS,
        metavar="N",
        help=f"days that older files and versions stay ({KEEP_DAYS})",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    _add_storage(parser)
    arguments.add_talking(parser)


def convert(parser: argparse.ArgumentParser) -> None:
    """Add the options of `convert`."""
    parser.add_argument("destination", metavar="DEST", help="lake: a folder, or s3://…, gs://…, az://…")
    parser.add_argument(
        "new", metavar="NEW", help="the new lake: a folder, or s3://…, gs://…, az://…, with nothing in it"
    )
    add(parser, Form)
    add(parser, Stopping)
    _add_storage(parser)
    add(parser.add_argument_group("the new lake in a bucket"), NewStorage)
    arguments.add_talking(parser)


def schema(parser: argparse.ArgumentParser) -> None:
    """Add the options of `schema`."""
    parser.add_argument("table", metavar="TABLE", nargs="?", help="name of a table; without it, list the names")
    parser.add_argument(
        "destination", metavar="DEST", nargs="?", help="with --for: the lake (./lake, of Parquet files a day)"
    )
    parser.add_argument("--arrow", action="store_true", help="the Arrow schema of the files instead of the JSON Schema")
    parser.add_argument(
        "--for",
        dest="engine",
        nargs="+",
        metavar=("ENGINE", "DEST"),
        help=f"the statement or call by which an engine reads the table: {', '.join(ENGINES)}",
    )
    parser.add_argument(
        "--at", metavar="PLACE", help="with --for: where that engine finds the lake, such as s3://…/lake"
    )
    _add_storage(parser)
    arguments.add_talking(parser, settings=False)


def completion(parser: argparse.ArgumentParser) -> None:
    """Add the options of `completion`."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=f"{', '.join(SHELLS[:-1])} or {SHELLS[-1]}")
    arguments.add_talking(parser, settings=False)


def manual(parser: argparse.ArgumentParser) -> None:
    """Add the options of `manual`."""
    arguments.add_talking(parser, settings=False)


def _add_shape(parser: argparse.ArgumentParser) -> None:
    """Add what a lake keeps, and how: options of `sync`, and of `plan` for its windows."""
    add(parser, Shape, "format", "catalog", "partition", "expand", "source_columns", "settle", "audit")
    group = parser.add_argument_group("what it keeps, fixed when the lake is made")
    add(group, Privacy, "omit", "hash")
    add(group, SaltFile)
    add(parser, Privacy, "strict_schema")


def _add_storage(parser: argparse.ArgumentParser) -> None:
    """Add how a lake in a bucket is got at."""
    add(parser.add_argument_group("a lake in a bucket"), Storage)
