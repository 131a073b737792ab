"""Whom to ask, as whom, how fast, and how long."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike


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
            in_file="any",
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
            in_file="any",
        ),
    ]
    max_in_flight: Annotated[
        "int | None",
        Option(
            says="requests under way at once, at least 1; 40 by default",
            reads="positive",
            metavar="N",
            help="requests under way at once, at most (40)",
            in_file="any",
        ),
    ]
    retries: Annotated[
        "int | None",
        Option(
            says="attempts after the first, for what may pass by itself, at least 0; 7 by default",
            reads="count",
            metavar="N",
            help="attempts after the first, for what may pass by itself (7)",
            in_file="any",
        ),
    ]


class RatePerAccount(TypedDict, total=False):
    """Whether accounts share the rate."""

    rate_per_account: Annotated[
        "bool",
        Option(
            says="whether each account has the rate to itself; else all share it",
            default=False,
            reads="flag",
            help="--rate is each account's own (all share it)",
            in_file="lake",
        ),
    ]


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
