"""Python programs that start in a few milliseconds: each is forked from a process that has imported the libraries.

`with Warm() as program:` gives a small program, called as `python` is: `-m connector.cli …` or `[-W error] -c CODE …`.
It hands its arguments, environment, folder and open files to the process that stands by, passes signals on and ends as
the fork does. What is measured at the start of a real process (which modules it imports) is not to be seen this way.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
LIBRARIES = ("aiohttp", "duckdb", "pandas", "pyarrow.dataset", "pyarrow.parquet", "rich.progress", "rich.table")
COMMANDS = ROOT / "connector" / "cli" / "commands"
LONGEST = 1 << 20
"""Bytes of what a client hands over: its environment is the most of it."""

CLIENT = """#!{python} -IS
import array, json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.connect({address!r})
server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {longest})
given = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
server.sendmsg([given], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
child = int(server.recv(64))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: os.kill(child, number))
status = int(server.recv(64))
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class Warm:
    """A process that stands by, and the program that asks it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self.program = Path(self._folder.name) / "python"
        self._address = f"{self._folder.name}/socket"

    def __enter__(self) -> Path:
        """Return the program to call; it is ready."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(self._address)
        listening.listen()
        command = [sys.executable, "-c", "from tests.support import warm; warm.stand_by()", str(listening.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listening.fileno()])
        listening.close()
        client = CLIENT.format(python=sys.executable, address=self._address, longest=LONGEST)
        self.program.write_text(client, "utf-8")
        self.program.chmod(0o755)
        return self.program

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def stand_by() -> None:
    """Be the process that stands by; in a fork, be the program that was asked for."""
    for name in LIBRARIES:
        __import__(name)
    for file in COMMANDS.glob("[a-z]*.py"):
        __import__(f"connector.cli.commands.{file.stem}")
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks are reaped by the system
    listening = socket.socket(fileno=int(sys.argv[1]))
    while True:
        asked, _ = listening.accept()
        if not os.fork():
            break
        asked.close()
    listening.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    words, files = _received(asked)
    if child := os.fork():
        asked.send(str(child).encode())
        asked.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        os._exit(0)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    asked.close()
    _be(words)


def _received(asked: socket.socket) -> tuple[list[str], list[int]]:
    """What a client hands over; its environment and folder are taken on at once."""
    given, files, _, _ = socket.recv_fds(asked, LONGEST, 3)
    words, environ, folder = json.loads(given)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    return words, files


def _be(words: list[str]) -> None:
    """Do what `python` does with these words."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if words[:2] == ["-W", "error"]:
        warnings.simplefilter("error")
        words = words[2:]
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as Python itself has it
    main: Any = sys.modules["__main__"]
    if words[:2] == ["-m", "connector.cli"]:
        from connector.cli import main as command  # noqa: PLC0415 - only a fork needs it

        sys.argv = ["stripe-balance", *words[2:]]
        sys.exit(command())
    if words[:1] != ["-c"]:
        sys.exit(f"not known here: {words}")
    sys.argv = ["-c", *words[2:]]
    exec(compile(words[1], "<string>", "exec"), vars(main))  # noqa: S102 - the program that was asked for
    _end()


def _end() -> NoReturn:
    """End as Python does, without taking every module apart, which here takes longer than what was asked for."""
    main_thread = threading.main_thread()
    for thread in threading.enumerate():
        if thread is not main_thread and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
