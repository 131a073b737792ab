"""`retire`: say of an account that it is gone, so that nobody waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.accounts.retirement import retire
from connector.cli.display.words import moment
from connector.outside_text import shown

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console


def run(args: argparse.Namespace, console: Console) -> int:
    """Retire an account, or take that back, and return the exit status."""
    record = retire(args.destination, args.account, reason=args.reason, undo=args.undo)
    retired = record.retired
    if console.json:
        told = None if retired is None else {"at": retired.at, "reason": retired.reason}
        console.document({"destination": str(args.destination), "account": record.account, "retired": told})
    elif retired is None:
        console.say(f"{record.account} is not retired any more: runs read it again, and verify asks Stripe about it.")
    else:
        console.say(
            f"{record.account} is retired as of {moment(retired.at)} UTC: {shown(retired.reason)}",
            "Its rows stay; runs leave it out, and verify checks its files only.",
        )
    return 0
