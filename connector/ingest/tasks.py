"""One sync as tasks at once: windows of few accounts, groups of many. Each task is a run of its own on the one lake."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

from connector.accounts.choice import refuse_retired, remember_paths
from connector.core.planning.shares import LEAST_ROWS, ample_rows, groups_of
from connector.ingest.options import options_of
from connector.ingest.windows import Cut, accounts_to_read, created_of, plan_with
from connector.lake.state.lake_id import begin_lake
from connector.lake.state.lake_identity import facts_to_write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config.config import Config
    from connector.ingest.options import Options
    from connector.services import Services

WINDOWS_A_SLOT = 4
"""Windows at most for each task at work at once, where each has enough to read that starting it costs little."""

GROUPS_A_SLOT = 8
"""Groups of accounts for each: nothing is known of their sizes before, so there are more of them."""


async def tasks_of(services: Services, config: Config, options: Options, *, slots: int) -> list[dict[str, Any]]:
    """Cut a sync into tasks that share no file; a lake that does not exist yet gets its id.

    Fewer accounts than slots are cut into windows by `plan`; more are put into groups, and asked nothing before their
    turn comes.

    Args:
        services: what is touched.
        config: whom to ask.
        options: what to sync.
        slots: tasks that are at work at once, at least 1.

    Returns:
        What each task is told besides what all are told, at least one: options of `sync` by name.

    Raises:
        ConnectorError: what the lake, or asking whose the accounts are, ended with.
    """
    facts = facts_to_write(services.store)
    refuse_retired(facts, options.accounts)
    client = services.client(config)
    remember_paths(client, facts)
    try:
        listed = await accounts_to_read(options, client, facts.retired)
    finally:
        await client.end()
    accounts = tuple(listed)
    if len(accounts) < slots or len(accounts) == 1:
        named = accounts if any(accounts) else ()
        created = created_of(named, listed)
        chosen = replace(options, accounts=named, all_accounts=False, **created)
        each = ceil(slots / len(accounts))
        ample = ample_rows(config.rate / slots)
        cut = Cut(WINDOWS_A_SLOT * each, LEAST_ROWS, slots=each, ample_rows=ample)
        windows = await plan_with(services, config, chosen, cut)
        return windows[::-1] or [
            {"accounts": list(named), **created}
        ]  # most accounts grow: what takes longest begins first
    lake = begin_lake(services.store, now=client.server_now or services.clock.utc())
    groups = groups_of(accounts, GROUPS_A_SLOT * slots)
    return [{"accounts": group, "lake": lake, **created_of(group, listed)} for group in groups]


def task_options(options: Mapping[str, Any], task: Mapping[str, Any]) -> Options:
    """Return what a task is to sync: what all are told, but for what it is told by itself.

    Args:
        options: of the whole sync, by name.
        task: one of `tasks_of`.

    Raises:
        UsageError: a value makes no sense.
    """
    return options_of({**options, "all_accounts": False, "accounts": (), **task})
