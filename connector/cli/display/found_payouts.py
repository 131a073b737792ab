"""`payouts --find`: payouts that a line of the bank's statement may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.words import moment
from connector.core.counting import counted
from connector.core.ledger import money
from connector.errors import UsageError
from connector.reporting.find import NEAR_DAYS, find_payouts, to_document

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.cli.display.console import Console
    from connector.reporting.find import Found, FoundPayout

NOT_FOUND = 1

_LINE_OPTIONS = ("amount", "arrives", "trace", "currency")
_RUN_OPTIONS = ("since", "until", "all_accounts", "account_id", "full_refresh", "fail_fast", "existing", "wait")


def refuse_mixed(args: argparse.Namespace) -> None:
    """Refuse what finds nothing beside what brings nothing.

    Raises:
        UsageError: options of the one are given with the other.
    """
    given = [name for name in (_RUN_OPTIONS if args.find else _LINE_OPTIONS) if getattr(args, name)]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        what = "is about bringing payouts: leave it out, or --find" if args.find else "goes with --find"
        raise UsageError(f"{option} {what}")


def run(args: argparse.Namespace, console: Console) -> int:
    """Find payouts, say which, and return the exit status: 1 where there are none."""
    found = find_payouts(
        args.destination,
        amount=args.amount,
        arrives=args.arrives,
        trace=args.trace,
        currency=args.currency,
        accounts=args.accounts,
    )
    if console.json:
        console.document(to_document(found))
    else:
        console.text(*_lines(found, str(args.destination), dated=args.arrives is not None))
    return 0 if found.payouts else NOT_FOUND


def _lines(found: Found, destination: str, *, dated: bool) -> list[str]:
    if found.payouts:
        return [line for payout in found.payouts for line in _payout(payout)]
    lines = [f"none of {counted(found.looked_at, 'payout')} in {destination} is of that line"]
    if found.others:
        lines.append("on that day arrive:")
        lines += [f"  {_short(other)}" for other in found.others]
    else:
        near = f"those that arrive within {NEAR_DAYS} days of that day were looked at; " if dated else ""
        lines.append(f"{near}`stripe-balance payouts {destination}` brings new ones")
    return lines


def _payout(payout: FoundPayout) -> Sequence[str]:
    known, listing = payout.match.known, payout.listing
    apart = f", {counted(payout.match.days_apart, 'day')} from that day" if payout.match.days_apart else ""
    kind = {True: "automatic", False: "manual", None: ""}[known.automatic]
    facts = [
        ("status", ", ".join(filter(None, (known.status, kind, known.method, known.failure_code)))),
        ("sent", f"{moment(known.created)} UTC"),
        ("arrives", f"{payout.match.day}{apart}"),
        ("bank", known.destination or "not known"),
        ("trace", known.trace_id or "none"),
        ("account", payout.account),
    ]
    if listing is not None:
        adds_up = "they add up to it" if listing.reconciles else "they do not add up to it"
        facts.append(("rows", f"{listing.rows:,} balance transactions, its own among them; {adds_up}"))
    else:
        facts.append(("rows", "not listed: Stripe assigns none to manual payouts, nor before one is reconciled"))
    first = f"{known.id}  {money.to_text(known.amount, known.currency)}"
    return [first, *(f"  {name:<8} {value}" for name, value in facts)]


def _short(payout: FoundPayout) -> str:
    known = payout.match.known
    return f"{known.id}  {money.to_text(known.amount, known.currency)}  {known.status}"
