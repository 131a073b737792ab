"""The sandbox's command-line options, apart from anything that takes time to import."""

from __future__ import annotations

import argparse

SHAPES = ("steady", "growth", "launch", "burst", "second", "sparse", "seasonal", "dead")
TIES = ("insertion", "id", "reversed")
ALGORITHMS = ("sliding", "bucket", "fixed")

_LAST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; `connector.sandbox.__main__.run` takes what they parse to."""
    world = parser.add_argument_group("what it serves")
    world.add_argument("--transactions", type=_count, default=50_000, metavar="N", help="rows of the platform (50000)")
    world.add_argument("--seed", type=int, default=7, help="the same seed and dates give the same rows (7)")
    world.add_argument("--shape", choices=SHAPES, default="steady", help="how rows lie in time (steady)")
    world.add_argument(
        "--hot", type=_count, default=3_000, metavar="N", help="rows in one second, for --shape second (3000)"
    )
    world.add_argument("--ties", choices=TIES, default="insertion", help="order of rows within a second (insertion)")
    world.add_argument("--currencies", default="usd,eur,jpy", help="settlement currencies (usd,eur,jpy)")
    world.add_argument("--connected", type=_count, default=3, metavar="N", help="connected accounts, up to 10000 (3)")
    world.add_argument("--start", default="", metavar="DATE", help="first day or unix second (a year before the end)")
    world.add_argument("--end", default="", metavar="DATE", help="day or unix second after the last (now)")
    world.add_argument("--risk-reserves", action="store_true", help="hold money back now and then, as Stripe may")
    world.add_argument(
        "--start-of-day", type=_time_of_day, default=0, metavar="HH:MM", help="UTC time at which money is available"
    )
    world.add_argument("--no-account-created", action="store_true", help="leave `created` out of /v1/account")
    world.add_argument(
        "--clock", default="", metavar="DATE", help="where the clock starts, and stands (now, and it runs)"
    )
    wire = parser.add_argument_group("how it serves")
    wire.add_argument("--port", type=_port, default=0, metavar="N", help="0 takes a free one (0)")
    wire.add_argument(
        "--env", action="store_true", help="say where it listens as two exports, for a shell to read (. sandbox.env)"
    )
    wire.add_argument("--latency", type=_seconds, default=0.0, metavar="S", help="median seconds until an answer (0)")
    wire.add_argument(
        "--latency-sigma", type=_seconds, default=0.25, metavar="X", help="spread of its logarithm (0.25)"
    )
    wire.add_argument(
        "--rate", type=_count, default=25, metavar="N", help="requests/s per endpoint, 0 for no limit (25)"
    )
    wire.add_argument(
        "--global-rate", type=_count, default=None, metavar="N", help="requests/s in all, 0 for no limit (25; 100 live)"
    )
    wire.add_argument(
        "--in-flight", type=_count, default=50, metavar="N", help="at once per endpoint, 0 for no limit (50)"
    )
    wire.add_argument("--global-in-flight", type=_count, default=100, metavar="N", help="at once in all (100)")
    wire.add_argument("--algorithm", choices=ALGORITHMS, default="sliding", help="how rates are counted (sliding)")
    wire.add_argument("--live", action="store_true", help="use live keys")
    wire.add_argument(
        "--missing-scope",
        action="append",
        default=[],
        metavar="NAME",
        help="give a restricted key, which may not do this, such as payout_read; repeatable (rak_payout_read: refused "
        "in the words before 2026)",
    )
    wire.add_argument(
        "--organisation",
        type=_count,
        metavar="N",
        help="give the key of an organisation, to which the platform and N of its connected accounts belong",
    )
    wire.add_argument("--strict-limit", action="store_true", help="refuse a limit outside 1 to 100 instead of clamping")
    wire.add_argument("--gzip", action="store_true", help="compress where accepted")
    wire.add_argument("--fault", action="append", default=[], metavar="SPEC", help="kind[:key=value,…]; repeatable")
    wire.add_argument("--list-faults", action="store_true", help="say which faults there are, and exit")


def _count(text: str) -> int:
    """Read a whole number, at least 0."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def _port(text: str) -> int:
    """Read the number of a port."""
    if _count(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a port, 0 to {_LAST_PORT}")
    return int(text)


def _time_of_day(text: str) -> int:
    """Read a time of day, as seconds after midnight."""
    hours, _, minutes = text.partition(":")
    seconds = _count(hours) * 3_600 + _count(minutes) * 60
    if not (_count(minutes) < 60 and seconds < 86_400):  # noqa: PLR2004 - minutes of an hour, seconds of a day
        raise argparse.ArgumentTypeError(f"{text!r} is not a time of day: write 05:30")
    return seconds


def _seconds(text: str) -> float:
    """Read a number, at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, 0 or more")
    return value
