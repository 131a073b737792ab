"""Which rows, of whom: time and accounts."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.time.times import Time

_FROM = (
    "first moment of `created`: 2026-01-31, 2026-10, yesterday, last-month (UTC), "
    "2026-01-31T12:00:00+01:00 (with an offset)"
)
_TO = "moment after the last, exclusive: --since 2026-10 --until 2026-11 is October (now)"


class Within(TypedDict, total=False):
    """Of which time."""

    since: Annotated[
        "Time | None",
        Option(
            says="first moment of `created`; everything by default",
            reads="since",
            metavar="TIME",
            help=_FROM,
            in_file="lake",
        ),
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
            help="name of the key's own account, where the key may not ask for it",
            in_file="any",
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
            in_file="lake",
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
            in_file="lake",
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


class Account(TypedDict, total=False):
    """Of whom a single answer is."""

    account: Annotated["str | None", Option(says="connected account it belongs to; the key's own by default")]
