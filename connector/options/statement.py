"""Of which time a statement is, and what it says."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from os import PathLike

    from connector.core.time.times import Time


class Calendar(TypedDict, total=False):
    """Of which time a statement is: one of these."""

    month: Annotated[
        "str | None",
        Option(says="`2026-10`, `last-month` or `this-month`", metavar="MONTH", help="a month: 2026-10, last-month"),
    ]
    quarter: Annotated[
        "str | None",
        Option(
            says="`2026-Q4`, `last-quarter` or `this-quarter`",
            metavar="QUARTER",
            help="a quarter: 2026-Q4, last-quarter",
        ),
    ]
    year: Annotated[
        "str | int | None",
        Option(says="`2026`, `last-year` or `this-year`", metavar="YEAR", help="a year: 2026, last-year"),
    ]
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


class Freezing(TypedDict, total=False):
    """Keeping a closed period's figures."""

    freeze: Annotated[
        "bool",
        Option(
            says="keep the figures of a month, quarter or year that is final in the lake; statements of it then say"
            " what changed since",
            default=False,
            reads="flag",
            help="keep a final month's figures in the lake; statements of it then say what changed since",
        ),
    ]
    freeze_again: Annotated[
        "bool",
        Option(
            says="keep figures that have changed since they were frozen beside the old ones, as another revision",
            default=False,
            reads="flag",
            help="keep them once more, beside those that were frozen before, where they have changed",
        ),
    ]


class Page(TypedDict, total=False):
    """Where a page goes."""

    output: Annotated[
        "str | PathLike[str] | None",
        Option(says="file to write the page to, HTML; what is there is replaced as a whole; none by default"),
    ]
