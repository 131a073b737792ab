"""`verify`: whether a lake has every row and has it right, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.payouts import healed_line
from connector.cli.display.summary import mended
from connector.cli.display.words import lasting, moment
from connector.cli.options.from_table import given
from connector.cli.options.settings import config_of
from connector.cli.process.run_command import work
from connector.core.counting import counted
from connector.core.mode import mode_of
from connector.core.planning.rereading.mended import Healed
from connector.options.calls import VerifyOptions
from connector.outside_text import shown
from connector.reporting.workpaper.calls import write_workpaper
from connector.verification.calls import verify
from connector.verification.verdict import DIFFERS, FILES_HEALED, ROWS_HEALED, to_document

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.verification.verdict import AccountVerdict, Answer, Layer, Verdict

WORDS: dict[Answer, str] = {
    "proved": "agrees (proved)",
    "residual": "differs (residual)",
    "not_checkable": "could not be checked (not checkable)",
}
COLOURS: dict[Answer, str] = {"proved": "green", "residual": "red", "not_checkable": "yellow"}
HEADLINES: dict[Answer, str] = {
    "proved": "all agrees (proved)",
    "residual": "something differs (residual)",
    "not_checkable": "not all of it could be checked",
}
ACCOUNTS_IN_FULL = 20
WIDTH = 9


def run(args: argparse.Namespace, console: Console) -> int:
    """Check a lake, print the verdict, and return the exit status."""
    config = None if args.offline else config_of(args, console)

    async def go(view: RunView) -> Verdict:
        return await verify(args.destination, config=config, on_event=view.hear, **given(args, VerifyOptions))

    verdict = work(go, console)
    status = _exit_status(verdict, strict=args.strict)
    if args.report:
        write_workpaper(to_document(verdict), args.report, secrets=console.secrets)
        console.say(f"stripe-balance: the workpaper is {args.report}")
    if console.json:
        console.document(to_document(verdict))
    else:
        console.report(*lines(verdict, console.paint_data), well=status == 0)
    for line in losses(verdict):
        console.tell(line)
    return status


def losses(verdict: Verdict) -> list[str]:
    """Say what had been lost of payouts and was mended on the way, account by account."""
    return mended(
        healed_line(account.account, Healed(layer.checked[FILES_HEALED], layer.checked[ROWS_HEALED]))
        for account in verdict.accounts
        for layer in account.layers
        if FILES_HEALED in layer.checked
    )


def _exit_status(verdict: Verdict, *, strict: bool) -> int:
    """Return the exit status: what does not agree never ends with 0; what could not be checked does, unless strict."""
    if verdict.verdict == "residual":
        return DIFFERS
    return DIFFERS if strict and verdict.verdict != "proved" else 0


def lines(verdict: Verdict, paint: Callable[[str, str], str]) -> list[str]:
    """Return a verdict as text: accounts that are proved in short where there are many.

    Args:
        verdict: to be shown.
        paint: gives a text a style.
    """
    took, asked = lasting(verdict.duration_seconds), counted(verdict.requests, "request")
    facts = [mode_of(verdict.livemode), took, asked, f"seed {verdict.seed}"]
    headline = paint(HEADLINES[verdict.verdict], COLOURS[verdict.verdict])
    said = [f"{verdict.destination}: {headline} ({', '.join(filter(None, facts))})"]
    said += [f"  - {line}" for line in _findings(verdict)]
    many = len(verdict.accounts) > ACCOUNTS_IN_FULL
    named = [
        checked
        for checked in verdict.accounts
        if not many or checked.verdict != "proved" or checked.retired is not None
    ]
    for account in named:
        said += _account(account, paint)
    if len(named) < len(verdict.accounts):
        said.append(f"  {counted(len(verdict.accounts) - len(named), 'more account')}, each proved")
    return said


def _account(account: AccountVerdict, paint: Callable[[str, str], str]) -> list[str]:
    said = [f"  {account.account}"]
    if (retired := account.retired) is not None:
        said[0] += f"  retired {moment(retired.at)} UTC: {shown(retired.reason)}"
    for layer in account.layers:
        first, *rest = layer.reason.split("; ")
        said.append(f"    {layer.layer:<{WIDTH}} {paint(WORDS[layer.verdict], COLOURS[layer.verdict])}: {first}")
        said += [f"    {'':<{WIDTH}} {line}" for line in rest]
        said += [f"    {'':<{WIDTH}} - {line}" for line in _findings(layer)]
    return said


def _findings(layer: Layer | Verdict) -> list[str]:
    """Return what does not agree, and how much more there is than is shown."""
    messages = [finding.message for finding in layer.findings]
    named = sum(max(1, len(finding.ids)) for finding in layer.findings)
    more = sum(layer.counts.values()) - named
    return [*messages, f"and {more:,} more"] if more > 0 else messages
