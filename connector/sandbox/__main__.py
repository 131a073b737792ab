"""`python -m connector.sandbox`: serve the loopback Stripe until told to stop."""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import os
import signal
import sys
import time

from connector.sandbox.core.world import World
from connector.sandbox.http.faults import COMMON, KINDS
from connector.sandbox.http.limits import Limits
from connector.sandbox.options import add_arguments
from connector.sandbox.sandbox import Sandbox

_YEAR = 365 * 86_400


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m connector.sandbox", description="A loopback Stripe.")
    add_arguments(parser)
    return run(parser.parse_args())


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; the first line on stdout says where.

    Returns:
        0 when told to stop, 1 when the port is taken, 2 when an option does not make sense.
    """
    if args.list_faults:
        sys.stdout.write(f"kind[:key=value,…] with {', '.join(COMMON)} and each kind's own\n")
        sys.stdout.writelines(f"{kind:<17} {text}\n" for kind, (text, _) in KINDS.items())
        return 0
    try:
        sandbox = _sandbox(args)
    except ValueError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    told_to_stop = _signals(signal.SIGTERM, signal.SIGINT)
    try:
        sandbox.start()
    except OSError as error:
        sys.stderr.write(f"sandbox: port {args.port}: {error.strerror or error}; choose another, or 0 for a free one\n")
        return 1
    gc.callbacks.append(_spare_what_stays)
    gc.collect()
    key = sandbox.restricted_key if args.missing_scope else sandbox.key
    key = key if args.organisation is None else sandbox.organisation_key
    if args.env:
        sys.stdout.write(f"export STRIPE_API_BASE={sandbox.url}\nexport STRIPE_API_KEY={key}\n")
    else:
        sys.stdout.write(f"listening on {sandbox.url} key={key} account={sandbox.account}\n")
    sys.stdout.flush()
    os.read(told_to_stop, 1)
    sandbox.stop()
    return 0


def _signals(*numbers: int) -> int:
    """Return a file that has a byte for each signal that comes from now on; of these, none does anything else.

    To wait for an event that their handler sets would not do: a signal just before the wait does not end it, and one
    inside of `Event.wait` finds its lock taken.
    """

    def nothing_more(_signal: int, _frame: object) -> None:
        pass

    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, nothing_more)
    return heard


def _spare_what_stays(phase: str, info: dict[str, int]) -> None:
    """Look through a world for garbage once: it stays, with the accounts built later, and a look makes answers late."""
    if phase == "stop" and info["generation"] == 2:  # noqa: PLR2004 - the oldest one
        gc.freeze()


def _sandbox(args: argparse.Namespace) -> Sandbox:
    now = int(time.time())
    end = _second(args.end, now)
    world = World(
        seed=args.seed,
        transactions=args.transactions,
        start=_second(args.start, end - _YEAR),
        end=end,
        shape=args.shape,
        currencies=tuple(args.currencies.lower().split(",")),
        connected=args.connected,
        ties=args.ties,
        hot=args.hot,
        reserves=args.risk_reserves,
        start_of_day=args.start_of_day,
        account_created=None if args.no_account_created else -1,
        now=_second(args.clock, now),
        ticking=not args.clock,
    )
    world = world.named_by_ledger()
    limits = Limits(args.rate, args.global_rate, args.in_flight, args.global_in_flight, args.algorithm)
    return Sandbox(
        world,
        limits=limits,
        latency=args.latency,
        latency_sigma=args.latency_sigma,
        port=args.port,
        live=args.live,
        missing_scopes=args.missing_scope,
        members=range((args.organisation or 0) + 1),
        faults=args.fault,
        clamp=not args.strict_limit,
        compress=args.gzip,
    )


def _second(text: str, default: int) -> int:
    """A unix second, or the first of a UTC day; the default for nothing."""
    if not text:
        return default
    if text.isdecimal():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is neither a day or a moment (ISO 8601) nor a unix second") from error
    return int(moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp())


if __name__ == "__main__":
    sys.exit(main())
