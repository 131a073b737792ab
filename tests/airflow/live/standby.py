"""A process that has imported Airflow and forks for each command: importing it takes longer than most commands do.

It reads lines of JSON (words, environment, file for what is said) from stdin, and answers each with the exit status.
The words are those of `airflow`, or of a program of Python to be run as a file.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

MODULES = (
    *("airflow.__main__", "airflow.cli.commands.task_command", "airflow.models.dagbag", "airflow.providers_manager"),
    *("connector.airflow", "aiohttp", "pyarrow.parquet", "connector.ingest.run"),
)


def stand_by() -> None:
    """Answer until stdin is closed."""
    for name in MODULES:
        import_module(name)
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin:
        words, environ, said = json.loads(line)
        if (child := os.fork()) == 0:
            _be(words, environ, said)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it left
        print(status, flush=True)


def _be(words: list[str], environ: dict[str, str], said: str) -> NoReturn:
    """Do what `airflow`, or `python`, does with these words."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environ)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if words[0].endswith(".py"):
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
    else:
        sys.argv = ["airflow", *words]
        import_module("airflow.__main__").main()
    sys.exit(0)  # as ever: what OpenLineage has in hand is written, and its processes end


if __name__ == "__main__":
    stand_by()
