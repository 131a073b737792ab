"""A proxy before a service that does what networks do: answers lost, refused before or after they were carried out."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tests.support.bucket_server import PatientServer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator

    from tests.integrations.services import Service

LATE_SECONDS = 1.0


@dataclass(slots=True)
class Faults:
    """What goes wrong: a choice for each request, and what was chosen.

    Attributes:
        choose: gets method and path, returns `cut`, `error after`, `refuse before`, `late`, `listed late` (a listing as
            it was up to a second ago, if it was asked for then), or None for nothing.
        seen: how often each fault happened.
        late: what carries out, later, that of which a client was told nothing.
    """

    choose: Callable[[str, str], str | None] = lambda _method, _path: None
    seen: Counter[str] = field(default_factory=Counter)
    late: list[threading.Timer] = field(default_factory=list)
    _listed: dict[str, tuple[float, tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)

    def listing(self, path: str, ask: Callable[[], tuple[int, dict[str, str], bytes]], *, old: bool) -> Any:
        """Return the answer to a listing: that of up to a second ago where it may be old, else a new one."""
        at, answer = self._listed.get(path, (float("-inf"), None))
        if not old or answer is None or time.monotonic() - at > LATE_SECONDS:
            at = time.monotonic()
            self._listed[path] = at, (answer := ask())
        return answer

    def wait_for_the_late(self) -> None:
        """Wait until everything that was to be carried out late has been."""
        for one in self.late:
            one.join()

    def killed_at_write(
        self, number: int, start: Callable[[], subprocess.Popen[bytes]], *, carried_out: bool, about: str = ""
    ) -> int:
        """Start a command, kill it with -9 at one of its writes, however fast it gets there, and return its status.

        What it asks for afterwards is refused, so that it cannot end before it is killed.

        Args:
            number: of the write, from 1.
            start: starts the command.
            carried_out: whether the store gets the write all the same.
            about: what the paths of the writes that count have in them.
        """
        started: Future[subprocess.Popen[bytes]] = Future()
        counting, writes = threading.Lock(), 0

        def choose(method: str, path: str) -> str | None:
            nonlocal writes
            with counting:
                if writes >= number:
                    return "refuse before"
                writes += method == "PUT" and about in unquote(path)
                if writes < number:
                    return None
                started.result().send_signal(signal.SIGKILL)
                return "cut" if carried_out else "refuse before"

        before, self.choose = self.choose, choose
        started.set_result(process := start())
        process.communicate()
        self.choose = before
        return process.returncode


@contextmanager
def behind_faults(service: Service) -> Generator[tuple[Service, Faults]]:  # noqa: C901 - one small server
    """Put a proxy before a service for the length of the block."""
    faults = Faults()
    upstream = urlsplit(service.endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = faults.choose(self.command, self.path)
            faults.seen[fault or "none"] += 1
            if fault == "refuse before":
                self._answer(503, {"Retry-After": "1"}, b"")
                return
            if fault == "late":  # the client is told nothing; what it sent is carried out all the same, later
                headers = dict(self.headers.items())
                late = threading.Timer(LATE_SECONDS, _forward, (upstream, self.command, self.path, body, headers))
                late.start()
                faults.late.append(late)
                self._hang_up()
                return
            ask = partial(_forward, upstream, self.command, self.path, body, dict(self.headers.items()))
            if is_listing(self.command, self.path):
                status, headers, content = faults.listing(self.path, ask, old=fault == "listed late")
            else:
                status, headers, content = ask()
            if fault == "cut":
                self._hang_up()
            elif fault == "error after":
                self._answer(500, {}, b"")
            else:
                self._answer(status, headers, content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815 - as the standard library calls them

        def _hang_up(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(2)

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            with suppress(OSError):
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                        self.send_header(name, value)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = PatientServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    address = f"127.0.0.1:{server.server_address[1]}"
    endpoint = service.endpoint.replace(upstream.netloc, address)
    environment = {name: value.replace(upstream.netloc, address) for name, value in service.environment.items()}
    try:
        yield replace(service, endpoint=endpoint, environment=environment), faults
    finally:
        server.shutdown()
        server.server_close()
        time.sleep(0)


def is_listing(method: str, path: str) -> bool:
    """Say whether a request asks for a listing: of S3 and Google's XML, or of Azure."""
    return method == "GET" and ("list-type=2" in path or "comp=list" in path)


def _forward(upstream, method, path, body, headers):
    connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=60)
    try:
        connection.request(method, path, body=body or None, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    except OSError:
        return 502, {}, b""
    finally:
        connection.close()
