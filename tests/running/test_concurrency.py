"""A task group that fails with one error, and what ends the program in one of its tasks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.fakes import ENDLESS_SECONDS

ENDED_IN_A_THREAD = """
import sys
import anyio, anyio.to_thread
from connector.running.concurrency import tasks_with_one_error

def end():
    raise {error}

async def in_task():
    async with tasks_with_one_error() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, end)

async def in_block():
    async with tasks_with_one_error():
        await anyio.to_thread.run_sync(end)

async def in_block_of_a_task():
    async with tasks_with_one_error() as tasks:
        tasks.start_soon(in_block)

try:
    anyio.run({where})
except {error} as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("where", ["in_task", "in_block", "in_block_of_a_task"])
@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit"])
def test_a_process_whose_worker_thread_was_told_to_end_the_program_ends(error, where):
    code = ENDED_IN_A_THREAD.format(error=error, where=where)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=ENDLESS_SECONDS, check=True
    )
    assert done.stdout == f"{error}\n"
