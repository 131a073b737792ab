"""The tables: for each call the options that it takes, put together from what several calls share.

Command line, signatures and documentation follow from here: a new option is an entry here, and where it takes effect.
Types are written as text, so that `--help` imports none of them.
"""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.canceller import Canceller
    from connector.config.salt import Salt
    from connector.core.time.times import Time

DEFAULT_SETTLE = 600
"""Seconds after which a row counts as visible: rows have been seen to become listable minutes after `created`."""

DEFAULT_AUDIT = 1.0
"""Percent of a run's requests that are spent on asking about the past again."""

DEFAULT_WINDOWS = 8
DEFAULT_SAMPLE = 20

FORMATS = ("parquet", "jsonl", "jsonl.zst", "jsonl.gz", "jsonl.plain", "arrow")
PARTITIONS = ("day", "month", "year")
LAYERS = ("rows", "windows", "payouts", "balance")

_FROM = (
    "first moment of `created`: 2026-01-31, 2026-10, yesterday, last-month (UTC), "
    "2026-01-31T12:00:00+01:00 (with an offset)"
)
_TO = "moment after the last, exclusive: --since 2026-10 --until 2026-11 is October (now)"


class Within(TypedDict, total=False):
    """Of which time."""

    since: Annotated[
        "Time | None",
        Option(says="first moment of `created`; everything by default", reads="since", metavar="TIME", help=_FROM),
    ]
    until: Annotated[
        "Time | None",
        Option(says="moment after the last, exclusive; now by default", reads="until", metavar="TIME", help=_TO),
    ]


class AccountId(TypedDict, total=False):
    """What the key's own account is called."""

    account_id: Annotated[
        "str | None",
        Option(
            says="name of the key's own account, where it may not ask for it",
            reads="name",
            metavar="acct_…",
            help="name of the key's own account, where it may not ask",
        ),
    ]


class Accounts(AccountId, total=False):
    """Whose."""

    accounts: Annotated[
        "str | Sequence[str | None]",
        Option(
            says="connected accounts to read, None standing for the key's own; the key's own alone by default",
            default=(),
            flag="account",
            reads="account",
            metavar="acct_…",
            many=True,
            help="connected account, repeatable (the key's own)",
        ),
    ]


class AllAccounts(TypedDict, total=False):
    """All of them."""

    all_accounts: Annotated[
        "bool",
        Option(
            says="read the key's own account and every connected one, instead of naming them",
            default=False,
            reads="flag",
            help="the key's own account and every connected one",
        ),
    ]


class Search(TypedDict, total=False):
    """Where ids are looked for, on the command line."""

    accounts: Annotated[
        "str | Sequence[str | None]",
        Option(
            says="connected accounts to look in",
            default=(),
            flag="account",
            reads="account",
            metavar="acct_…",
            many=True,
            help="connected account to look in, repeatable (the key's own)",
        ),
    ]
    all_accounts: Annotated[
        "bool",
        Option(
            says="look in all of them",
            default=False,
            reads="flag",
            help="look in the key's own account and every connected one",
        ),
    ]


class Destination(TypedDict, total=False):
    """What is to become of a lake that is not there, or that another run holds."""

    existing: Annotated[
        "bool",
        Option(
            says="refuse to make a new lake",
            default=False,
            reads="flag",
            help="go on with a lake that is there: where there is none, make none",
        ),
    ]
    wait: Annotated[
        "float",
        Option(
            says="seconds to wait for another run that holds the lake, at least 0",
            default=0.0,
            reads="count",
            metavar="S",
            help="seconds to wait for another run to end (0)",
        ),
    ]


class Stopping(TypedDict, total=False):
    """Ending it from outside."""

    deadline: Annotated[
        "float | None",
        Option(
            says="seconds after which the call is stopped, above 0: it has three more to keep what is complete",
            reads="positive",
            metavar="S",
            help="stop after so many seconds, keeping what is complete; status 75 (never)",
        ),
    ]
    canceller: Annotated[
        "Canceller | None",
        Option(says="stops the call when called: from a signal handler, or another thread"),
    ]


class Failing(TypedDict, total=False):
    """What is to become of the other accounts when one fails."""

    fail_fast: Annotated[
        "bool",
        Option(
            says="end with the first account that fails; else the others are read all the same",
            default=False,
            reads="flag",
            help="end with the first account that fails (the others are read)",
        ),
    ]


class Refreshing(TypedDict, total=False):
    """Reading again."""

    full_refresh: Annotated[
        "bool",
        Option(
            says="read all that is asked for again",
            default=False,
            reads="flag",
            help="read again what the lake already covers",
        ),
    ]


class Shape(TypedDict, total=False):
    """What the lake keeps, and how."""

    format: Annotated[
        "str | None",
        Option(
            says="parquet, jsonl (also jsonl.gz, jsonl.plain) or arrow; the lake's by default, parquet for a new one",
            choices=FORMATS,
            help="of the files, fixed when the lake is made (parquet); jsonl is jsonl.zst",
        ),
    ]
    partition: Annotated[
        "str | None",
        Option(
            says="time one file holds: day, month or year; the lake's by default, a day for a new one",
            choices=PARTITIONS,
            help="time one file holds, fixed when the lake is made (day)",
        ),
    ]
    expand: Annotated[
        "str | Sequence[str]",
        Option(
            says="paths to expand in each row, without `data.`; fixed with the lake",
            default=(),
            metavar="PATH",
            many=True,
            help="expand in each row, such as source; repeatable",
        ),
    ]
    source_columns: Annotated[
        "bool",
        Option(
            says="whether charges, refunds and payouts among expanded sources have columns; fixed with the lake",
            default=False,
            reads="flag",
            help="columns for charges, refunds and payouts, with --expand source",
        ),
    ]
    settle: Annotated[
        "int",
        Option(
            says="seconds before now up to which rows count as all visible, at least 0",
            default=DEFAULT_SETTLE,
            reads="count",
            metavar="S",
            help="seconds after which a row counts as visible; younger ones are read again next time (600)",
        ),
    ]
    audit: Annotated[
        "float",
        Option(
            says="percent of the requests, 0 to 100, to ask about the past again with: 1 to 50 of them; 0 for none",
            default=DEFAULT_AUDIT,
            reads="percent",
            metavar="PERCENT",
            help="share of a run's requests to ask about the past again with, 1 to 50 of them; 0 turns it off (1)",
        ),
    ]


class Privacy(TypedDict, total=False):
    """What the lake keeps of personal data."""

    omit: Annotated[
        "str | Sequence[str]",
        Option(
            says="columns and paths to leave out, such as `source.billing_details`; fixed with the lake",
            default=(),
            metavar="COLUMN",
            many=True,
            help="leave out, such as description; repeatable",
        ),
    ]
    hash: Annotated[
        "str | Sequence[str]",
        Option(
            says="columns and paths to replace by a salted hash; fixed with the lake",
            default=(),
            metavar="COLUMN",
            many=True,
            help="keep a salted hash of, such as source.customer; repeatable",
        ),
    ]
    strict_schema: Annotated[
        "bool",
        Option(
            says="refuse rows that differ from the schema, instead of keeping and counting them",
            default=False,
            reads="flag",
            help="end with status 65 on rows that differ from the schema",
        ),
    ]


class SaltFile(TypedDict, total=False):
    """Where the salt is."""

    hash_salt_file: Annotated[
        "str | PathLike[str] | None",
        Option(
            says="a file whose first line is the salt of the hashes; else it comes from `STRIPE_BALANCE_SALT`",
            metavar="FILE",
            help="file whose first line is the salt (else STRIPE_BALANCE_SALT)",
        ),
    ]


class Salted(TypedDict, total=False):
    """The salt itself."""

    salt: Annotated["Salt | None", Option(says="of the hashes; else it comes from `STRIPE_BALANCE_SALT`")]


class Whole(TypedDict, total=False):
    """What only a whole run does."""

    repair: Annotated[
        "bool",
        Option(
            says="compare every file with its record by its bytes, read again what was changed or lost, and remove"
            " files that no record names",
            default=False,
            reads="flag",
            help="check every file by its bytes, read changed and lost ones again,"
            " remove files no run wrote to the end",
        ),
    ]
    balance: Annotated[
        "bool",
        Option(
            says="add a snapshot of the balance to the lake, taken before the rows are read",
            default=False,
            reads="flag",
            help="add a snapshot of the balance, too",
        ),
    ]
    dry_run: Annotated[
        "bool",
        Option(says="stop before reading", default=False, reads="flag", help="say what would be read, and stop"),
    ]


class Planned(TypedDict, total=False):
    """What a plan tells its tasks."""

    lake: Annotated[
        "str | None",
        Option(says="id of the lake that this was planned for, as windows of a plan have it: another one is refused"),
    ]


class Windows(TypedDict, total=False):
    """How many windows a plan has."""

    windows: Annotated[
        "int",
        Option(
            says="about how many, at least 1",
            default=DEFAULT_WINDOWS,
            reads="positive",
            metavar="N",
            help="about how many (8)",
        ),
    ]


class Connection(TypedDict, total=False):
    """Whom to ask, as whom, how fast: of every call from ordinary code, and every command that asks Stripe."""

    api_key_file: Annotated[
        "str | PathLike[str] | None",
        Option(
            says="a file whose first line is the key; else it comes from the environment",
            metavar="FILE",
            help="file whose first line is the key (else STRIPE_API_KEY)",
        ),
    ]
    api_base: Annotated[
        "str | None",
        Option(
            says="`https://…`, or http to this machine; else it comes from `STRIPE_API_BASE`",
            metavar="URL",
            help="https, or http to this machine (else STRIPE_API_BASE)",
        ),
    ]
    api_version: Annotated[
        "str | None",
        Option(
            says="`Stripe-Version` to read under; pinned by default",
            metavar="VERSION",
            help="Stripe-Version to read under (pinned by default)",
        ),
    ]
    context: Annotated[
        "str | None",
        Option(
            says="`Stripe-Context` to act in; needed with the key of an organisation",
            metavar="CONTEXT",
            help="Stripe-Context to act in, for organisation keys",
        ),
    ]
    rate: Annotated[
        "float | None",
        Option(
            says="requests per second of one endpoint, above 0; infinite for no limit; 20 by default",
            reads="rate",
            metavar="N",
            help="requests per second of one endpoint, 0 for no limit (20)",
        ),
    ]
    max_in_flight: Annotated[
        "int | None",
        Option(
            says="requests under way at once, at least 1; 40 by default",
            reads="positive",
            metavar="N",
            help="requests under way at once, at most (40)",
        ),
    ]
    retries: Annotated[
        "int | None",
        Option(
            says="attempts after the first, for what may pass by itself, at least 0; 7 by default",
            reads="count",
            metavar="N",
            help="attempts after the first, for what may pass by itself (7)",
        ),
    ]


class Shared(TypedDict, total=False):
    """Whether accounts share the rate."""

    rate_per_account: Annotated[
        "bool",
        Option(
            says="whether each account has the rate to itself; else all share it",
            default=False,
            reads="flag",
            help="--rate is each account's own (all share it)",
        ),
    ]


class LakeAccounts(TypedDict, total=False):
    """Which accounts of a lake."""

    accounts: Annotated[
        "str | Sequence[str]",
        Option(
            says="only these accounts of the lake; all by default",
            default=(),
            flag="account",
            reads="name",
            metavar="acct_…",
            many=True,
            help="only this account of the lake, repeatable (all)",
        ),
    ]


class Checks(LakeAccounts, AccountId, total=False):
    """What to check."""

    layers: Annotated[
        "str | Sequence[str]",
        Option(
            says="of `rows`, `windows`, `payouts`, `balance`; all by default",
            default=(),
            flag="layer",
            choices=LAYERS,
            many=True,
            help="only this layer, repeatable (all of them)",
        ),
    ]
    sample: Annotated[
        "int | None",
        Option(
            says="requests for windows drawn at random, at least 0; None to ask for everything again",
            default=DEFAULT_SAMPLE,
            reads="sample",
            metavar="N",
            help="requests for windows drawn at random, or all to ask for everything again (20)",
        ),
    ]
    seed: Annotated[
        "int | None",
        Option(
            says="of what is drawn by chance, 0 to 2^31 - 1; drawn itself by default, and part of the verdict",
            reads="count",
            metavar="N",
            help="repeat what an earlier check drew by chance",
        ),
    ]
    offline: Annotated[
        "bool",
        Option(
            says="ask Stripe nothing; what takes Stripe is then not checkable",
            default=False,
            reads="flag",
            help="ask Stripe nothing, and need no key",
        ),
    ]


class Calendar(TypedDict, total=False):
    """Of which time a statement is: one of these."""

    month: Annotated["str | None", Option(says="`2026-10`", metavar="YYYY-MM", help="a month: 2026-10")]
    quarter: Annotated["str | None", Option(says="`2026-Q4`", metavar="YYYY-QN", help="a quarter: 2026-Q4")]
    year: Annotated["str | int | None", Option(says="`2026`", metavar="YYYY", help="a year: 2026")]
    since: Annotated[
        "Time | None",
        Option(
            says="first moment; without an offset, it is the zone's time",
            metavar="TIME",
            help="first moment: 2026-10-01, 2026-10-01T12:00:00+02:00, yesterday, last-week",
        ),
    ]
    until: Annotated[
        "Time | None",
        Option(
            says="moment after the last; now by default", metavar="TIME", help="moment after the last, exclusive (now)"
        ),
    ]
    timezone: Annotated[
        "str",
        Option(
            says="IANA name of the zone whose calendar it is",
            default="UTC",
            metavar="ZONE",
            help="whose calendar it is: Europe/Paris, America/New_York (UTC)",
        ),
    ]


class Figures(TypedDict, total=False):
    """What a statement says."""

    currency: Annotated[
        "str | None",
        Option(
            says="only this one, an ISO code; all by default",
            reads="code",
            metavar="CODE",
            help="only this currency, such as eur (all)",
        ),
    ]
    compare: Annotated[
        "str | None",
        Option(
            says="an earlier month, quarter or year, to say what changed since and why",
            metavar="PERIOD",
            help="say what changed since an earlier month, quarter or year",
        ),
    ]
    against: Annotated[
        "str | PathLike[str] | None",
        Option(
            says="CSV file of a report of Stripe's, compared line by line; for one account",
            metavar="FILE",
            help="compare with a CSV report of Stripe's, line by line; 65 if they differ",
        ),
    ]


class Account(TypedDict, total=False):
    """Of whom a single answer is."""

    account: Annotated["str | None", Option(says="connected account it belongs to; the key's own by default")]


class Expanded(TypedDict, total=False):
    """What to expand in a single answer."""

    expand: Annotated[
        "str | Sequence[str]", Option(says="paths to expand, such as `source`; at most four deep", default=())
    ]


class Awaited(TypedDict, total=False):
    """How long an answer is waited for."""

    wait: Annotated[
        "float",
        Option(
            says="seconds to ask again for, ever more seldom, while the answer is *not yet*",
            default=0.0,
            reads="count",
            metavar="S",
            help="seconds to ask again for, where not yet known (0)",
        ),
    ]


# The calls ------------------------------------------------------------------------------------------------------------


class Rows(Within, Accounts, AllAccounts, Refreshing, Shape, Privacy, total=False):
    """What `sync` and `plan` share."""


class Sync(Rows, Whole, Failing, Destination, Planned, Stopping, total=False):
    """What `sync` and `run_sync` share."""


class SyncOptions(Sync, Salted, total=False):
    """Options of `connector.sync`."""


class RunSyncOptions(Sync, SaltFile, Connection, Shared, total=False):
    """Options of `connector.run_sync`: plain values, as JSON has them, but for `canceller`."""


class PlanOptions(Rows, Windows, Salted, Stopping, total=False):
    """Options of `connector.plan`."""


class RunPlanOptions(Rows, Windows, Stopping, SaltFile, Connection, total=False):
    """Options of `connector.run_plan`."""


class PayoutsOptions(Within, Accounts, Refreshing, Failing, Destination, Stopping, total=False):
    """Options of `connector.sync_payouts`."""


class RunPayoutsOptions(PayoutsOptions, Connection, total=False):
    """Options of `connector.run_sync_payouts`."""


class BalanceOptions(Accounts, Failing, Destination, Stopping, total=False):
    """Options of `connector.record_balance`."""


class RunBalanceOptions(BalanceOptions, Connection, total=False):
    """Options of `connector.run_record_balance`."""


class VerifyOptions(Checks, Within, Stopping, total=False):
    """Options of `connector.verify`."""


class RunVerifyOptions(VerifyOptions, Connection, total=False):
    """Options of `connector.run_verify`."""


class StatementOptions(Calendar, LakeAccounts, Figures, total=False):
    """Options of `connector.statement` and `run_statement`."""


class AskOptions(Account, Connection, total=False):
    """Options of `connector.run_balance`."""


class GetOptions(Expanded, Account, Connection, total=False):
    """Options of `connector.run_get`."""


class FeesOptions(Awaited, Account, Connection, total=False):
    """Options of `connector.run_fees`."""
