"""`stream --follow`: new rows as JSON lines, until somebody ends it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from connector.cli.display.lines import LineWriter, while_read
from connector.cli.display.words import lasting
from connector.cli.options.accounts import accounts_of
from connector.cli.options.settings import config_of
from connector.cli.process.bookmark import BookmarkFile
from connector.cli.process.run_command import work
from connector.core.api.json_text import dumps
from connector.core.counting import counted
from connector.errors import AccountsError, ConfigError, UsageError
from connector.events import PageReceived
from connector.stripe.api import Stripe
from connector.stripe.follow.options import FollowOptions
from connector.stripe.listing.query import FILTERS

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.config.config import Config
    from connector.errors import ConnectorError
    from connector.events import Event
    from connector.stripe.follow.following import Follower
    from connector.stripe.follow.options import Batch

RETRIES = 2
"""Attempts after the first within one look, unless told: each counts, and there is another look."""

SELDOM = 3_600.0
"""Seconds between two looks at an account from which on people should know."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Follow, and return the exit status once there are rows enough."""
    _refuse(args)
    args.retries = RETRIES if args.retries is None else args.retries
    config = config_of(args, console)
    with ExitStack() as stack:
        state = BookmarkFile(Path(args.state)) if args.state else None
        if state is not None:
            stack.enter_context(state.held())
        following = Following(args, console, config, state)
        work(following.go, console, show=args.progress != "auto", keeps=state is not None)
    return 0


def _refuse(args: argparse.Namespace) -> None:
    """Refuse what does not go with `--follow`.

    Raises:
        UsageError: always says what to do instead.
    """
    if args.json:
        raise UsageError("--json is one object, and --follow has no end: leave --json out, each line is an object")
    if args.until is not None:
        raise UsageError("--until does not go with --follow, which goes on until it is ended")
    if not args.ordered:
        raise UsageError("--unordered does not go with --follow, which gives oldest first in each look")


@dataclass(slots=True)
class Following:
    """A follower, a writer, and the file between one run and the next. Listens to what the follower has to tell."""

    args: argparse.Namespace
    console: Console
    config: Config
    state: BookmarkFile | None
    _follower: Follower = field(init=False)
    _several: bool = field(init=False, default=False)
    _rows: int = field(init=False, default=0)
    _changed: bool = field(init=False, default=True)

    async def go(self, view: RunView) -> None:
        """Write new rows until there are enough."""
        args = self.args
        accounts = tuple(await accounts_of(args, self.config)) or (None,)
        self._several = len(accounts) > 1
        given = {
            name: value
            for name in ("interval", "look_back", "reads_per_month")
            if (value := getattr(args, name)) is not None
        }
        options = FollowOptions(
            accounts=accounts,
            since=args.since,
            filters={name: getattr(args, name) for name in FILTERS},
            expand=tuple(args.expand),
            fail_fast=args.fail_fast,
            **given,
        )
        self._announce(options)

        def hear(event: Event) -> None:
            if not isinstance(event, PageReceived):  # a look reads rows again; what counts is what is passed on
                view.hear(event)

        async with Stripe(self.config, on_event=hear) as stripe:
            view.rate_limit, view.phase = self.config.rate, "following"
            self._follower = self._made(stripe, options)
            async with while_read():
                await self._write_all(view)
        if self._follower.refused:
            raise AccountsError(self._follower.refused, of=len(accounts))

    def _made(self, stripe: Stripe, options: FollowOptions) -> Follower:
        """Return the follower, going on from the file if there is one.

        Raises:
            ConfigError: the file is about other rows, or none of ours.
        """
        bookmark = self.state.read() if self.state else None
        try:
            return stripe.follow(options, bookmark=bookmark, listener=self)
        except ConfigError as error:
            raise ConfigError(f"--state {self.args.state}: {error}; name another file, or remove this one") from error

    async def _write_all(self, view: RunView) -> None:
        most = float("inf") if self.args.limit_rows is None else self.args.limit_rows
        writer = LineWriter(self.console)
        try:
            async for batch in self._follower:
                lines = self._lines(batch)[: int(min(len(batch.rows), most - self._rows))]
                writer.written = 0
                try:
                    await writer.write(lines)
                finally:
                    self._follower.took(writer.written)
                    self._rows += writer.written
                    self._changed = True
                view.rows, view.pages = self._rows, view.pages + 1
                if self._rows >= most:
                    return
                if batch.last:
                    self.waiting()
        finally:
            self.waiting()

    def _lines(self, batch: Batch) -> list[bytes]:
        """Return the rows as lines; of several accounts, each with its account first."""
        rows = [{"account": batch.account, **row} for row in batch.rows] if self._several else batch.rows
        return [dumps(row, orjson.OPT_APPEND_NEWLINE) for row in rows]

    def _announce(self, options: FollowOptions) -> None:
        """Say how often is looked; to everybody where that is less than one would think."""
        spread = f"{counted(len(options.accounts), 'account')} within {options.reads_per_month:,} reads a month"
        line = f"{spread}: a look at each every {lasting(options.longest_wait)} when nothing happens"
        if options.longest_wait >= SELDOM:
            self.console.warn(f"{line}; --reads-per-month allows more")
        else:
            self.console.note(line)

    # What the follower tells ------------------------------------------------------------------------------------------

    def lost(self, error: ConnectorError) -> None:
        """See `Listener.lost`."""
        where = f"{error.account} " if error.account else ""
        self.console.warn(f"cannot read {where}at present, and go on trying: {error}")

    def back(self) -> None:
        """See `Listener.back`."""
        self.console.say("stripe-balance: reading again")

    def refused(self, account: str, error: ConnectorError) -> None:
        """See `Listener.refused`."""
        self.console.warn(f"{account} is left out: {error}")

    def waiting(self) -> None:
        """Keep the bookmark, if there is anything new in it."""
        if self.state is not None and self._changed:
            self.state.write(self._follower.bookmark())
            self._changed = False
