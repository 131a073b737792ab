"""How a run goes, and when it ends."""

from typing import TYPE_CHECKING, Annotated, TypedDict

from connector.options.option import Option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from connector.running.canceller import Canceller

DEFAULT_WINDOWS = 8

DEFAULT_KEEP_RUNS = 90
"""Days that the report of a run is kept."""


class Refreshing(TypedDict, total=False):
    """Reading again."""

    full_refresh: Annotated[
        "bool",
        Option(
            says="read all that is asked for again",
            default=False,
            reads="flag",
            help="read again what the lake already covers",
        ),
    ]


class Whole(TypedDict, total=False):
    """What only a whole run does."""

    all_due: Annotated[
        "bool",
        Option(
            says="read rows again whose status is due to change also where they are not asked for, as a task of each"
            " day should",
            default=False,
        ),
    ]
    repair: Annotated[
        "bool",
        Option(
            says="compare every file with its record by its bytes, read again what was changed or lost, and remove"
            " files that no record names",
            default=False,
            reads="flag",
            help="check every file by its bytes, read changed and lost ones again,"
            " and remove files that no run recorded",
        ),
    ]
    backfill: Annotated[
        "bool",
        Option(
            says="have a lake that was made without `expand` take it up, and read its rows again for it, the newest"
            " first, some thousand requests a run, once what is new is there",
            default=False,
            reads="flag",
            help="with --expand on a lake made without: read its older rows again for it, some thousand requests a run",
        ),
    ]
    balance: Annotated[
        "bool",
        Option(
            says="add a snapshot of the balance to the lake, taken before the rows are read",
            default=False,
            reads="flag",
            help="add a snapshot of the balance, too",
            in_file="lake",
        ),
    ]
    keep_runs: Annotated[
        "int",
        Option(
            says="days that reports of runs are kept in the lake; the newest 400 are kept whatever their age",
            default=DEFAULT_KEEP_RUNS,
            reads="count",
            metavar="DAYS",
            help=f"days that reports of runs are kept in the lake, the newest 400 apart ({DEFAULT_KEEP_RUNS})",
            in_file="lake",
        ),
    ]
    dry_run: Annotated[
        "bool",
        Option(says="stop before reading", default=False, reads="flag", help="say what would be read, and stop"),
    ]


class Failing(TypedDict, total=False):
    """What is to become of the other accounts when one fails."""

    fail_fast: Annotated[
        "bool",
        Option(
            says="end with the first account that fails; else the others are read all the same",
            default=False,
            reads="flag",
            help="end with the first account that fails (the others are read)",
            in_file="lake",
        ),
    ]


class Stopping(TypedDict, total=False):
    """Ending it from outside."""

    deadline: Annotated[
        "float | None",
        Option(
            says="seconds after which the call is stopped, above 0: it has three more to keep what is complete",
            reads="positive",
            metavar="S",
            help="stop after so many seconds, keeping what is complete; status 75 (never)",
        ),
    ]
    canceller: Annotated[
        "Canceller | None",
        Option(says="stops the call when called: from a signal handler, or another thread"),
    ]


class Planned(TypedDict, total=False):
    """What a plan tells its tasks."""

    lake: Annotated[
        "str | None",
        Option(says="id of the lake that this was planned for, as windows of a plan have it: another one is refused"),
    ]
    accounts_created: Annotated[
        "Mapping[str, int] | None",
        Option(
            says="connected accounts that Stripe listed when this was planned, as windows of a plan have them, each"
            " with when it was made, UTC seconds, or 0: they are not asked who they are, unless an answer does not say"
        ),
    ]


class Windows(TypedDict, total=False):
    """How many windows a plan has."""

    windows: Annotated[
        "int",
        Option(
            says="about how many, at least 1",
            default=DEFAULT_WINDOWS,
            reads="positive",
            metavar="N",
            help="about how many (8)",
        ),
    ]
    least_rows: Annotated[
        "int",
        Option(
            says="rows that a window should have, so that little work is cut into fewer; 0 to cut it all the same",
            default=0,
        ),
    ]
    slots: Annotated[
        "int",
        Option(
            says="tasks at work at once: there are as many windows, or so many times more as `ample_rows` allows; 0 for"
            " `windows` in any case",
            default=0,
        ),
    ]
    ample_rows: Annotated[
        "int",
        Option(
            says="with `slots`: rows that a window should have where there are more windows than slots, so that tasks"
            " read for longer than they start",
            default=0,
        ),
    ]
    settled: Annotated[
        "bool",
        Option(
            says="end the windows where rows may still come: when all are done, all that was planned is covered",
            default=False,
        ),
    ]


class Watched(TypedDict, total=False):
    """Telling whoever watches."""

    metrics: Annotated[
        "str | PathLike[str] | None",
        Option(
            says="a file for Prometheus, written when the call ends, however it does: rows, requests, refusals, covered"
            " until, status; or a folder, in which it has a name by command and lake",
            reads="path",
            metavar="FILE",
            help="write figures of the run there for Prometheus, however it ends; in a folder, under a name of its own",
            in_file="any",
        ),
    ]
