"""Who is at work on a lake, as leases tell: which runs live, and what the others left may be cleared away.

A run that writes keeps a lease, a small file that it writes again every few seconds. Nothing depends on leases that
would be lost or doubled without them: that is what commits are for. They say what to leave alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import DecodeError, Meta, Struct, ValidationError, json, structs

from connector.core.state.account_record import KeyPrint  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LEASE_VERSION = 1
"""Version of a lease's own shape; one of another is a run at work of which nothing more is known."""

STALE_SECONDS = 3_600.0
"""After so long without a sign of life a run counts as ended."""


class Holder(Struct, frozen=True, kw_only=True):
    """A process, told from every other one.

    Attributes:
        host: the machine's name.
        boot: what tells processes of this name and number apart: which start of the machine they belong to, and which
            container; None where the system does not say, and then nobody else's process is known to have ended.
        pid: its number.
        started: when it began, in the system's own measure; empty where the system does not say.
    """

    host: str
    boot: str | None
    pid: Annotated[int, Meta(ge=1)]
    started: str = ""


class Lease(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run says of itself while it is at work.

    Attributes:
        lease_version: of this shape.
        id: the run.
        command: what it does, for example `sync`.
        holder: the process.
        begun: when, UTC seconds by the machine's clock.
        renewed: when the lease was last written, by the same clock.
        accounts: whom it asks about, as far as it knows; empty where it asks nothing of Stripe.
        asked: seconds of `created` it was asked for, `[start, stop)`; None where that makes no sense.
        key: what tells its key from others.
    """

    lease_version: int
    id: str
    command: str
    holder: Holder
    begun: int
    renewed: int
    accounts: tuple[str, ...] = ()
    asked: tuple[int, int] | None = None
    key: KeyPrint | None = None


def with_changes(lease: Lease, **changes: Any) -> Lease:  # noqa: ANN401 - of whatever type the fields are
    """Return a lease with other values in some fields."""
    return structs.replace(lease, **changes)


def to_bytes(lease: Lease) -> bytes:
    """Return a lease as its file holds it."""
    return json.format(json.encode(lease)) + b"\n"


def lease_in(data: bytes, run: str) -> Lease | None:
    """Return the lease that a file holds; None where that is none, of another version, or of another run.

    Args:
        data: the file's content.
        run: the run that the file is named after.
    """
    try:
        lease = json.decode(data, type=Lease)
    except (DecodeError, ValidationError):
        return None
    return lease if (lease.lease_version, lease.id) == (LEASE_VERSION, run) else None


@dataclass(frozen=True, slots=True)
class Sign:
    """A lease as it was found.

    Attributes:
        run: the run that the file is named after.
        changed: when it was last written, UTC seconds of the store's clock.
        lease: what it says; None where that is not known.
        ended: whether its process is known to have ended.
    """

    run: str
    changed: float
    lease: Lease | None = None
    ended: bool = False

    def is_live(self, now: float) -> bool:
        """Say whether the run counts as at work; a time that is still to come is as wrong as one long past.

        Args:
            now: UTC seconds of the store's clock.
        """
        return not self.ended and not is_old(self.changed, now)


def is_old(changed: float, now: float) -> bool:
    """Say whether something was left alone for so long that whoever wrote it counts as ended; seconds of one clock."""
    return abs(now - changed) > STALE_SECONDS


@dataclass(frozen=True, slots=True)
class Others:
    """Who else is at work on a lake, as seen at one moment.

    Attributes:
        now: that moment, UTC seconds of the store's clock.
        signs: every lease but our own, by the run's id.
    """

    now: float
    signs: dict[str, Sign]

    @property
    def live(self) -> list[Sign]:
        """The runs at work, those that began first before the others."""
        return [sign for _, sign in sorted(self.signs.items()) if sign.is_live(self.now)]

    def at_work(self, run: str) -> bool:
        """Say whether another run is at work."""
        sign = self.signs.get(run)
        return sign is not None and sign.is_live(self.now)

    def may_take(self, run: str, changed: int) -> bool:
        """Say whether what a run left may be cleared away, or taken up by another.

        Args:
            run: the run; not our own.
            changed: when what it left was last changed, in nanoseconds of the store's clock.
        """
        sign = self.signs.get(run)
        if sign is not None and sign.ended:
            return True
        return not self.at_work(run) and is_old(changed / 1e9, self.now)

    def sharing(self, accounts: frozenset[str], is_ours: Callable[[KeyPrint], bool]) -> int:
        """Return how many of the runs at work ask Stripe within the same limit: by the same key, or about the same.

        Args:
            accounts: whom we ask about.
            is_ours: says whether a key is ours.
        """
        leases = [sign.lease for sign in self.live if sign.lease is not None]
        return sum(
            not accounts.isdisjoint(lease.accounts) or (lease.key is not None and is_ours(lease.key))
            for lease in leases
        )


FRESH_SECONDS = 120.0
"""How old our own lease may be, by our own clock, to tell the time by it."""


def moment_of(changed: Iterable[float], own: Sign | None, utc: float) -> float:
    """Return what time it is by the store's clock, as leases tell.

    Our own lease says it, if we have just written it. Else the machine's clock does, if no lease is of a later time.

    Args:
        changed: when the other leases were written, UTC seconds of the store's clock.
        own: our own, if we have one.
        utc: UTC seconds by the machine's clock.
    """
    if own is not None and own.lease is not None and abs(utc - own.lease.renewed) <= FRESH_SECONDS:
        return own.changed
    return max([utc, *changed])
