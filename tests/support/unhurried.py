"""Stops that leave the work all the time it needs to keep what is complete: three seconds are few on a busy machine.

`python -m tests.support.unhurried sync …` is the command line with such stops; the checkout has to be on the path.
"""

from __future__ import annotations

import sys

from connector.running import stopping
from tests.support.fakes import ENDLESS_SECONDS


def leave_time() -> None:
    """Have stops of this process give up waiting only after what never takes so long."""
    stopping.stoppable.__kwdefaults__["grace"] = float(ENDLESS_SECONDS)


if __name__ == "__main__":
    from connector.cli import main

    leave_time()
    sys.exit(main())
