"""An Airflow of a test's own, on loopback: its home in a folder, SQLite, LocalExecutor; ended by its process groups."""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "connector" / "airflow" / "example_dags"
VERSION = version("apache-airflow")
THREE = VERSION.startswith("3.")
COMMAND_SECONDS = 400.0
SERVICES = (("scheduler", "--skip-serve-logs"), ("dag-processor",))


@dataclass
class Airflow:
    """An Airflow with a home of its own.

    Attributes:
        home: its folder: database, logs, configuration.
        dags: where its DAGs are.
        environment: what its processes have set.
        port: of its API server.
    """

    home: Path
    dags: Path
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _standby: subprocess.Popen[bytes] | None = None
    _token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What its processes have set: nothing of Stripe's, nothing that reaches beyond this machine."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE", "AIRFLOW"))}
        secret = base64.urlsafe_b64encode(b"0" * 32).decode()
        server = f"http://127.0.0.1:{self.port}"
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__FERNET_KEY": secret,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if THREE else "SequentialExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{server}/execution/",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__API__BASE_URL": server,
            "AIRFLOW__API__SECRET_KEY": secret,
            "AIRFLOW__API_AUTH__JWT_SECRET": secret,
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(self.home / "lineage.json"), "append": True}
            ),
            **self.extra,
        }

    @property
    def database(self) -> Path:
        """Where everything is kept."""
        return self.home / "airflow.db"

    def cli(self, *words: str, check: bool = True) -> str:
        """Run a command of `airflow`, and return what it said."""
        status, said = self._carried_out(words, self.environment)
        assert not check or status == 0, f"airflow {' '.join(words)}\n{said[-8_000:]}"
        return said

    def python(self, file: Path, **extra: str) -> Any:
        """Run a program of Python in its environment, and return what it found."""
        _, said = self._carried_out((str(file),), self.environment | extra)
        found = [line for line in said.splitlines() if line.startswith("FOUND ")]
        assert found, said[-8_000:]
        return json.loads(found[0].removeprefix("FOUND "))

    def _carried_out(self, words: tuple[str, ...], environ: dict[str, str]) -> tuple[int, str]:
        """Have the process that stands by carry out a command; return its exit status and what it said."""
        self._standby = self._standby or self._begun()
        said, standby = self.home / "said.out", self._standby
        assert standby.stdin is not None
        standby.stdin.write(json.dumps([words, environ, str(said)]).encode() + b"\n")
        standby.stdin.flush()
        return int(self._answer(standby)), said.read_text("utf-8", "replace")

    def _begun(self) -> subprocess.Popen[bytes]:
        """Start the process that stands by."""
        command = ["nice", "-n", "10", sys.executable, "-m", "tests.airflow.live.standby"]
        with (self.home / "standby.err").open("wb") as errors:
            standby = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,  # select sees what is not read yet
                start_new_session=True,
            )
        while self._answer(standby) != "ready":
            pass  # what Airflow says as it is imported
        return standby

    def _answer(self, standby: subprocess.Popen[bytes]) -> str:
        """Return the next line of the process that stands by."""
        assert standby.stdout is not None
        assert select.select([standby.stdout], [], [], COMMAND_SECONDS)[0], f"not within {COMMAND_SECONDS:g} s"
        line = standby.stdout.readline().decode().strip()
        assert line, (self.home / "standby.err").read_text("utf-8", "replace")[-8_000:]
        return line

    def begin(self, *, key: str, api_base: str, migrated: Path | None = None) -> None:
        """Make the database, and a connection with the key; the key is on no command line.

        Args:
            key: of the connection.
            api_base: whom it asks.
            migrated: a database with all tables and nothing in them, to be copied; None to make one.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if migrated is None:
            self.cli("db", "migrate")
        else:
            with closing(sqlite3.connect(migrated)) as source, closing(sqlite3.connect(self.database)) as made:
                source.backup(made)
        file = self.home / "connections.json"
        connection = {"conn_type": "stripe", "password": key, "extra": {"api_base": api_base, "rate": "1000"}}
        file.write_text(json.dumps({"stripe_default": connection}))
        self.cli("connections", "import", str(file))
        file.unlink()
        if not THREE:  # `dags test` of 2.11 tells only those datasets that the database knows
            self.cli("dags", "reserialize")

    def start(self) -> None:
        """Start what a deployment has, on 127.0.0.1 alone."""
        for words in (*SERVICES, ("api-server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1")):
            command = ["nice", "-n", "10", sys.executable, "-m", "airflow", *words]
            with (self.home / f"{words[0]}.out").open("wb") as log:
                process = subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
            self._processes.append(process)
        self.wait_for(self._serves, seconds=240)

    def stop(self) -> None:
        """End every process that was started here, with its children."""
        if (standby := self._standby) is not None:
            self._processes.append(standby)
            for pipe in (standby.stdin, standby.stdout):
                if pipe is not None:
                    pipe.close()
        for process in self._processes:
            _end(process)
        self._processes.clear()
        self._standby = None

    def _serves(self) -> bool:
        try:
            self._token = self._ask("POST", "/auth/token", {"username": "admin", "password": "x"})["access_token"]
        except (OSError, KeyError, ValueError):
            return False
        return True

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API, and return its JSON."""
        return self._ask(method, f"/api/v2{path}", body)

    def _ask(self, method: str, path: str, body: Any) -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise OSError(f"{method} {path}: {error.code} {error.read()[:2_000].decode(errors='replace')}") from error

    def wait_for(self, done: Callable[[], Any], *, seconds: float = 90.0) -> Any:
        """Return what a function returns as soon as it is true: Airflow tells nobody when something is done."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := done():
                return found
            time.sleep(0.5)
        raise AssertionError(f"not within {seconds:g} s: {done}; {self.tails()}")

    def tails(self) -> str:
        """Return the ends of what the processes said."""
        return "\n".join(
            f"--- {file.name}\n{file.read_text('utf-8', 'replace')[-2_000:]}" for file in self.home.glob("*.out")
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database."""
        session = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            return session.execute(query, values).fetchall()
        finally:
            session.close()

    def states(self, dag: str) -> dict[str, list[str]]:
        """Return the states of a DAG's tasks in all its runs, those of mapped ones in order."""
        found: dict[str, list[str]] = {}
        query = "select task_id, state from task_instance where dag_id = ? order by task_id, map_index"
        for task, state in self.rows(query, dag):
            found.setdefault(task, []).append(state)
        return found

    def xcoms(self, dag: str, task: str, key: str = "return_value") -> list[Any]:
        """Return what a task handed on, in all runs and of all its windows."""
        query = "select value from xcom where dag_id = ? and task_id = ? and key = ? order by map_index"
        return [_decoded(value) for (value,) in self.rows(query, dag, task, key)]

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Yield everything that it keeps, by name: logs, database, what its processes said."""
        for file in self.home.rglob("*"):
            if file.is_file():
                yield str(file.relative_to(self.home)), file.read_bytes()


def _decoded(value: Any) -> Any:
    while isinstance(value, str | bytes):
        value = json.loads(value)
    return value


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: its group is its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    for pid in _left(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _left(session: int) -> list[int]:
    """Return what is left of a session that a process of ours began."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after[3]) == session:
            found.append(int(entry.parent.name))
    return found


@contextmanager
def airflow(home: Path, dags: Path, **extra: str) -> Generator[Airflow]:
    """An Airflow for the length of a block."""
    one = Airflow(home, dags, extra)
    try:
        yield one
    finally:
        one.stop()
