"""Who is at work on a lake, for `status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.cli.display.words import interval, lasting, moment

if TYPE_CHECKING:
    from connector.core.state.leases import Others, Sign

ACCOUNTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class RunAtWork:
    """A run, by its lease.

    Attributes:
        sign: the lease as it was found.
        silent: seconds since its last sign of life.
    """

    sign: Sign
    silent: float

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it; times are UTC seconds. What a damaged lease does not tell is null."""
        lease = self.sign.lease
        return {
            "run": self.sign.run,
            "command": lease and lease.command,
            "host": lease and lease.holder.host,
            "pid": lease and lease.holder.pid,
            "begun": lease and lease.begun,
            "accounts": list(lease.accounts) if lease else [],
            "asked": list(lease.asked) if lease and lease.asked else None,
            "silent_seconds": round(self.silent, 3),
        }

    def to_text(self) -> str:
        """Return it in a line."""
        lease, life = self.sign.lease, f"last sign of life {lasting(self.silent)} ago"
        if lease is None:
            return f"at work: run {self.sign.run}, of which its lease tells nothing; {life}"
        who = f"process {lease.holder.pid} on {lease.holder.host}"
        since = f"since {moment(lease.begun)} UTC"
        return f"at work: {lease.command}{self._about()}, {who}, {since}; {life} (run {lease.id})"

    def _about(self) -> str:
        """Say whom it asks about, and what of them."""
        lease = self.sign.lease
        if lease is None or not lease.accounts:
            return ""
        more = len(lease.accounts) - ACCOUNTS_NAMED
        named = ", ".join(lease.accounts[:ACCOUNTS_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        return f" of {named}" + (f", {interval(*lease.asked)}" if lease.asked else "")


def runs_at_work(others: Others) -> list[RunAtWork]:
    """Return the runs at work, those that began first before the others."""
    return [RunAtWork(sign, max(0.0, others.now - sign.changed)) for sign in others.live]
