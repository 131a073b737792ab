"""What `verify` checks, and how much of it."""

from typing import TYPE_CHECKING, Annotated

from connector.options.option import Option
from connector.options.selection import AccountId, LakeAccounts

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_SAMPLE = 20
LAYERS = ("rows", "windows", "payouts", "balance")


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
