"""What a lake keeps and how: most of it is fixed when the lake is made."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.config.salt import Salt

DEFAULT_SETTLE = 600
"""Seconds after which a row counts as visible: rows have been seen to become listable minutes after `created`."""

DEFAULT_AUDIT = 1.0
"""Percent of a run's requests that are spent on asking about the past again."""

FORMATS = ("parquet", "jsonl", "jsonl.zst", "jsonl.gz", "jsonl.plain", "arrow", "delta", "iceberg")
PARTITIONS = ("day", "month", "year")


class Form(TypedDict, total=False):
    """Which files a lake is made of."""

    format: Annotated[
        "str | None",
        Option(
            says="parquet, jsonl (also jsonl.gz, jsonl.plain), arrow, or delta or iceberg, tables of Parquet files;"
            " the lake's by default, parquet for a new one",
            choices=FORMATS,
            help="of the files, fixed when the lake is made (parquet); jsonl is jsonl.zst; delta, iceberg: tables",
            in_file="lake",
        ),
    ]
    catalog: Annotated[
        "str | None",
        Option(
            says="name of the catalog, one that pyiceberg is configured for, that Iceberg tables are in; by default one"
            " in the lake, which a lake in a bucket cannot have; fixed with the lake",
            metavar="NAME",
            help="catalog of pyiceberg's configuration for --format iceberg (one in the lake)",
        ),
    ]
    partition: Annotated[
        "str | None",
        Option(
            says="time one file holds: day, month or year; the lake's by default, a day for a new one",
            choices=PARTITIONS,
            help="time one file holds, fixed when the lake is made (day)",
            in_file="lake",
        ),
    ]


class Shape(Form, total=False):
    """What the lake keeps, and how."""

    expand: Annotated[
        "str | Sequence[str]",
        Option(
            says="paths to expand in each row, without `data.`; fixed with the lake",
            default=(),
            metavar="PATH",
            many=True,
            help="expand in each row, such as source; repeatable",
            in_file="lake",
        ),
    ]
    source_columns: Annotated[
        "bool",
        Option(
            says="whether expanded charges, refunds, disputes and payouts have columns; fixed with the lake",
            default=False,
            reads="flag",
            help="columns for charges, refunds, disputes, payouts, with --expand source",
            in_file="lake",
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
            in_file="lake",
        ),
    ]
    audit: Annotated[
        "float",
        Option(
            says="percent of the requests, 0 to 100, to ask about the past again with: 1 to 50 of them; 0 for none",
            default=DEFAULT_AUDIT,
            reads="percent",
            metavar="PERCENT",
            help="percent of a run's requests that ask about the past again, 1 request to 50; 0 turns it off (1)",
            in_file="lake",
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
            in_file="lake",
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
            in_file="lake",
        ),
    ]
    strict_schema: Annotated[
        "bool",
        Option(
            says="refuse rows that differ from the schema, instead of keeping and counting them",
            default=False,
            reads="flag",
            help="end with status 65 on rows that differ from the schema",
            in_file="lake",
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


class Destination(TypedDict, total=False):
    """What is to become of a lake that is not there, or that other runs are at work on."""

    existing: Annotated[
        "bool",
        Option(
            says="refuse to make a new lake",
            default=False,
            reads="flag",
            help="end with status 78 where there is no lake, rather than make one",
        ),
    ]
    wait: Annotated[
        "float",
        Option(
            says="seconds to wait for other runs at work on the lake to end, at least 0",
            default=0.0,
            reads="count",
            metavar="S",
            help="seconds to wait for other runs to end (0)",
            in_file="lake",
        ),
    ]
