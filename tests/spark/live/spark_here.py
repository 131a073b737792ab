"""A Spark of the tests' own, on loopback: a session, a standalone master with workers, and who is at work in them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark
from pyspark import SparkContext
from pyspark.sql import SparkSession

from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "connector" / "spark" / "examples"
HOME = Path(pyspark.__file__).parent
EXECUTOR = "CoarseGrainedExecutorBackend"
LOCAL_CLUSTER = "local-cluster[2,1,1024]"
PATIENCE = 240.0


def environment() -> dict[str, str]:
    """What a process of Spark has set: nothing of Stripe's, nothing that reaches beyond this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE", "SPARK", "PYSPARK"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
    }


@contextmanager
def session(master: str, environ: dict[str, str] | None = None, **settings: str) -> Generator[SparkSession]:
    """A session with a JVM of its own for the length of a block; settings are Spark's, `__` for a dot."""
    assert SparkContext._gateway is None, "Spark would give the session that is there, and not heed the settings"  # pyright: ignore[reportPrivateUsage]
    os.environ |= environment()
    given = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.executor.cores": "1",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.enabled": "false",
        **{name.replace("__", "."): value for name, value in settings.items()},
    }
    builder: Any = SparkSession.builder.master(master)
    for name, value in given.items():
        builder = builder.config(name, value)
    with patched(environ or {}):
        one = builder.getOrCreate()
    try:
        yield one
    finally:
        gateway: Any = SparkContext._gateway  # pyright: ignore[reportPrivateUsage]
        one.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=PATIENCE)
        SparkContext._gateway = SparkContext._jvm = None  # pyright: ignore[reportPrivateUsage]


@contextmanager
def patched(environ: dict[str, str]) -> Generator[None]:
    """Have the environment say something while a JVM is started, which keeps it."""
    os.environ |= environ
    try:
        yield
    finally:
        for name in environ:
            del os.environ[name]


@contextmanager
def standalone(folder: Path, *, workers: int = 2) -> Generator[str]:
    """A master and its workers of one core, for the length of a block; gives the master's address."""
    port = free_port()
    master = ("org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port))
    started = [_started(folder / "master.out", *master, "--webui-port", str(free_port()))]
    address = f"spark://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(port))
        for number in range(workers):
            work = folder / f"worker-{number}"
            worker = ("org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g")
            ports = ("--webui-port", str(free_port()), "--work-dir", str(work))
            started.append(_started(folder / f"worker-{number}.out", *worker, *ports, address))
        wait_for(lambda: (folder / "master.out").read_text().count("Registering worker") == workers)
        yield address
    finally:
        for process in reversed(started):
            _end(process)


def _started(log: Path, *words: str) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        command = ["nice", "-n", "5", str(HOME / "bin" / "spark-class"), *words]
        return subprocess.Popen(
            command, env=environment(), stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: its group is its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
            return


def wait_for(done: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
    """Return what a function returns as soon as it is true: Spark tells nobody here when something is done."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := done():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {done}")


def executors(application: str) -> list[int]:
    """Return the processes of an application's executors."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if any(word.endswith(EXECUTOR.encode()) for word in words) and application.encode() in words:
                found.append(int(entry.parent.name))
    return sorted(found)
