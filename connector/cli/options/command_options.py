"""Each command's options, in a function of its name. Imports nothing that takes time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.options import arguments
from connector.core.ledger.money import currency_code

if TYPE_CHECKING:
    import argparse

FORMATS = ("parquet", "jsonl", "jsonl.zst", "jsonl.gz", "jsonl.plain", "arrow")
PARTITIONS = ("day", "month", "year")
STATEMENTS = ("text", "csv", "json", "html")
ENGINES = (
    "duckdb", "polars", "pandas", "pyarrow", "spark", "clickhouse", "datafusion", "daft", "bigquery", "snowflake",
    "athena", "redshift", "databricks",
)  # fmt: skip
LAYERS = ("rows", "windows", "payouts", "balance")


def demo(parser: argparse.ArgumentParser) -> None:
    """Add the options of `demo`."""
    parser.add_argument(
        "destination", metavar="DEST", nargs="?", default="demo-lake", help="folder of the lake (demo-lake)"
    )
    parser.add_argument(
        "--serve", action="store_true", help="go on serving its Stripe until Ctrl-C, and print the exports to use it"
    )
    arguments.add_talking(parser)


def sync(parser: argparse.ArgumentParser) -> None:
    """Add the options of `sync`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake, which need not exist yet")
    _add_lake(parser)
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
    _add_audit(parser)
    parser.add_argument("--balance", action="store_true", help="add a snapshot of the balance, too")
    parser.add_argument("--dry-run", action="store_true", help="say what would be read, and stop")
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def stream(parser: argparse.ArgumentParser) -> None:
    """Add the options of `stream`."""
    arguments.add_interval(parser)
    for name, example in (("currency", "eur"), ("payout", "po_…"), ("source", "ch_…"), ("type", "charge")):
        read = currency_code if name == "currency" else str
        parser.add_argument(f"--{name}", type=read, metavar=example, help=f"only rows of this {name}")
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


def get(parser: argparse.ArgumentParser) -> None:
    """Add the options of `get`."""
    parser.add_argument("ids", metavar="txn_…", nargs="+", help="ids, or - to read them from stdin, one a line")
    _add_expand(parser)
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
    parser.add_argument(
        "--wait", type=arguments.count, default=0, metavar="S", help="seconds to ask again for, where not yet known (0)"
    )
    arguments.add_accounts_to_search(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def balance(parser: argparse.ArgumentParser) -> None:
    """Add the options of `balance`."""
    parser.add_argument("destination", metavar="DEST", nargs="?", help="folder of a lake to add a snapshot to")
    _add_lake(parser)
    arguments.add_accounts(parser)
    arguments.add_fail_fast(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def payouts(parser: argparse.ArgumentParser) -> None:
    """Add the options of `payouts`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake, which need not exist yet")
    _add_lake(parser)
    arguments.add_interval(parser)
    arguments.add_accounts(parser)
    group = parser.add_argument_group("finding a payout in the lake, from a line of the bank's statement")
    group.add_argument("--find", action="store_true", help="find payouts of --amount or --trace; asks Stripe nothing")
    group.add_argument("--amount", metavar="N", help="as the bank writes it: 1,199.11, 1.199,11; --amount=-50.00")
    group.add_argument("--arrives", metavar="DAY", help="day of the line, 2026-10-01; found within five days of it")
    group.add_argument("--trace", metavar="TEXT", help="trace id, or the whole text of the line with it inside")
    group.add_argument("--currency", type=currency_code, metavar="CODE", help="only this currency, such as eur (any)")
    _add_full_refresh(parser)
    arguments.add_fail_fast(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def plan(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plan`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    arguments.add_interval(parser)
    arguments.add_accounts(parser)
    _add_partition(parser)
    _add_full_refresh(parser)
    _add_audit(parser)
    parser.add_argument("--windows", type=arguments.positive, default=8, metavar="N", help="about how many (8)")
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def verify(parser: argparse.ArgumentParser) -> None:
    """Add the options of `verify`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    parser.add_argument(
        "--strict", action="store_true", help="end with status 65 also where something could not be checked"
    )
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
        type=arguments.account_name,
        metavar="acct_…",
        help="name of the key's own account, where it may not ask",
    )
    arguments.add_interval(parser)
    arguments.add_asking(parser)
    arguments.add_talking(parser)


def statement(parser: argparse.ArgumentParser) -> None:
    """Add the options of `statement`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    period = parser.add_argument_group("of which time (one of these)")
    period.add_argument("--month", metavar="YYYY-MM", help="a month: 2026-10")
    period.add_argument("--quarter", metavar="YYYY-QN", help="a quarter: 2026-Q4")
    period.add_argument("--year", metavar="YYYY", help="a year: 2026")
    period.add_argument(
        "--since", metavar="TIME", help="first moment: 2026-10-01, 2026-10-01T12:00:00+02:00, yesterday, last-week"
    )
    period.add_argument("--until", metavar="TIME", help="moment after the last, exclusive (now)")
    period.add_argument(
        "--timezone", metavar="ZONE", default="UTC", help="whose calendar it is: Europe/Paris, America/New_York (UTC)"
    )
    parser.add_argument(
        "--account",
        type=arguments.account_name,
        action="append",
        default=[],
        metavar="acct_…",
        help="only this account of the lake, repeatable (all)",
    )
    parser.add_argument("--currency", type=currency_code, metavar="CODE", help="only this currency, such as eur (all)")
    parser.add_argument("--format", choices=STATEMENTS, help="text, csv, json or html on stdout (text)")
    parser.add_argument("--compare", metavar="PERIOD", help="say what changed since an earlier month, quarter or year")
    parser.add_argument(
        "--against", metavar="FILE", help="compare with a CSV report of Stripe's, line by line; 65 if they differ"
    )
    parser.add_argument("--strict", action="store_true", help="end with status 65 when it is not final")
    arguments.add_talking(parser)


def views(parser: argparse.ArgumentParser) -> None:
    """Add the options of `views`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
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
    arguments.add_talking(parser)


def status(parser: argparse.ArgumentParser) -> None:
    """Add the options of `status`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    parser.add_argument("--strict", action="store_true", help="end with status 65 when a file is not as it was written")
    arguments.add_talking(parser)


def retire(parser: argparse.ArgumentParser) -> None:
    """Add the options of `retire`."""
    parser.add_argument("destination", metavar="DEST", help="folder of the lake")
    parser.add_argument(
        "--account", type=arguments.account_name, required=True, metavar="acct_…", help="account of the lake"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--reason", metavar="TEXT", help="why, for whoever reads a verdict")
    what.add_argument("--undo", action="store_true", help="take it back: runs read the account again")
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
    arguments.add_talking(parser)


def _add_partition(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--partition", choices=PARTITIONS, help="time one file holds, fixed when the lake is made (day)"
    )


def _add_lake(parser: argparse.ArgumentParser) -> None:
    """Add what is to become of a lake that is not there, or that another run holds."""
    parser.add_argument(
        "--existing", action="store_true", help="go on with a lake that is there: where there is none, make none"
    )
    parser.add_argument(
        "--wait", type=arguments.count, default=0, metavar="S", help="seconds to wait for another run to end (0)"
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


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--audit",
        type=arguments.percent,
        metavar="PERCENT",
        help="share of a run's requests to ask about the past again with, 1 to 50 of them; 0 turns it off (1)",
    )


def _add_full_refresh(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--full-refresh", action="store_true", help="read again what the lake already covers")
