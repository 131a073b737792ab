"""`demo`: a loopback Stripe in the background, a sync from it, a check of what came, and what to do next."""

from __future__ import annotations

import json
import shlex
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from connector.cli.commands.sync import show
from connector.cli.commands.verify import lines
from connector.cli.process.run_command import work
from connector.cli.process.sandbox_process import World, stand_in
from connector.config.config import ApiKey, Config
from connector.errors import ConfigError, StoppedError
from connector.ingest.calls import sync
from connector.lake.paths import STATE
from connector.lake.stores.base import Store, open_store
from connector.verification.calls import verify
from connector.verification.verdict import DIFFERS

if TYPE_CHECKING:
    import argparse

    from connector.cli.display.console import Console
    from connector.cli.display.run_view import RunView
    from connector.core.run_report import Report
    from connector.verification.verdict import Verdict

MARK = f"{STATE}/demo.json"
"""Says that a lake is a demo's, and which world it came from: the next demo goes on with the same."""

YEAR = 365 * 86_400

CHECKED = ("rows", "windows", "balance")
"""Layers that are checked; payouts take a request each, and a year of them longer than a demo should."""

QUERY = "select currency, place, sum(amount) as fees from stripe_fees group by all"
"""What is asked of the views: all fees, those in rows and those that are rows of their own, as money."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Show it all, and return the exit status."""
    destination = str(args.destination)
    store = open_store(destination)
    world, again = _world(store, destination)
    console.say(f"A loopback Stripe with {world.transactions:,} transactions; nothing leaves this machine.")
    with stand_in(world) as (url, key):
        console.say(f"Syncing them into {destination}" + (", which a demo made before:" if again else ":"), "")
        config = Config(api_key=ApiKey(key), api_base=url)

        async def go(view: RunView) -> Report:
            return await sync(destination, config=config, on_event=view.hear)

        async def check(view: RunView) -> Verdict:
            return await verify(destination, config=config, layers=CHECKED, on_event=view.hear)

        show(work(go, console, keeps=True), console)
        if console.json:
            return _serve(url, key, console) if args.serve else 0
        console.say("", "Checking it against itself and against that Stripe:", "")
        verdict = work(check, console, show=False)
        agrees = verdict.verdict != "residual"
        (console.say if agrees else console.log)(*lines(verdict, console.paint))
        console.say("")
        for what_for, commands in _next_steps(destination, month=_last_month(world.end)):
            console.say(console.paint(what_for, "bold"))
            console.commands(*commands)
        if args.serve:
            _serve(url, key, console)
    return 0 if agrees else DIFFERS


def _serve(url: str, key: str, console: Console) -> int:
    """Keep the demo's Stripe until somebody ends it, having said how to use it."""
    console.say(
        "", console.paint("Its Stripe is there until Ctrl-C. In another terminal, these lines point at it:", "bold")
    )
    if not console.json:
        console.data(f"export STRIPE_API_BASE={url}\nexport STRIPE_API_KEY={key}\n".encode())

    async def until_ended(_view: RunView) -> None:
        await anyio.sleep_forever()

    try:
        work(until_ended, console, show=False)
    except StoppedError:
        console.say("", "stopped")
    return 0


def _world(store: Store, destination: str) -> tuple[World, bool]:
    """Return the world to serve, and whether the lake knows it already.

    Raises:
        ConfigError: when the destination holds something else.
    """
    there = store.read(MARK)
    mark = None if there is None else there.data
    if mark is not None:
        try:
            return World(**json.loads(mark)), True
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{destination}/{MARK} is damaged: remove {destination}, or name another folder"
            ) from error
    folder = Path(destination).expanduser()
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(
            f"{destination} holds something else than a demo, which is not to be mixed with one: "
            "name another folder, as in `stripe-balance demo other-folder`"
        )
    world = _fresh(int(time.time()))
    store.write(MARK, json.dumps(world.document(), indent=1).encode())
    return world, False


def _fresh(end: int) -> World:
    """Return a world of a year that ends at a second."""
    return World(start=end - YEAR, end=end)


def _next_steps(destination: str, *, month: str) -> list[tuple[str, list[str]]]:
    """Return what to do next: what for, and the commands."""
    lake, views = shlex.quote(destination), shlex.quote(f"{Path(destination).name or 'demo'}.sql")
    again = "" if destination == "demo-lake" else f" {lake}"
    return [
        (
            "A month of it, for an accountant, from the files alone:",
            [f"stripe-balance statement {lake} --month {month}"],
        ),
        (
            "Ask the Parquet files something, with DuckDB, say:",
            [f"stripe-balance views {lake} --for duckdb > {views}", f'duckdb -init {views} -c "{QUERY}"'],
        ),
        (
            "See what the lake holds, and that nothing is read twice:",
            [f"stripe-balance status {lake}", f"stripe-balance demo{again}"],
        ),
        ("Do more with its Stripe, which then stays until Ctrl-C:", [f"stripe-balance demo{again} --serve"]),
        (
            "Then your own account; a restricted key is enough:",
            ["export STRIPE_API_KEY=rk_live_…", "stripe-balance sync my-lake", "stripe-balance verify my-lake"],
        ),
    ]


def _last_month(second: int) -> str:
    """Return the last month that is whole by a UTC second, as `2026-10`."""
    today = datetime.fromtimestamp(second, UTC)
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
