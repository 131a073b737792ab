"""A stand-in for a bucket's store: the XML API of S3 and of Google Cloud Storage, as far as lakes use it.

It is ours, not theirs: for GCS there is no emulator that obstore can talk to. Objects are in memory; each has an ETag
of its content, as on S3, and a generation, as on GCS. Everybody is let in.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from connector.lake.stores.patience import PATIENCE_SECONDS, Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PAGE = 1_000
"""Objects on one page of a listing."""


@dataclass(frozen=True)
class Stored:
    """An object."""

    data: bytes
    generation: int
    at: datetime

    @property
    def e_tag(self) -> str:
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'


@dataclass(eq=False)
class BucketServer:
    """What is served.

    Attributes:
        objects: by their keys.
        heeds: whether conditions of puts are heeded; else they are carried out all the same.
        choose: what goes wrong with a request, given method and key: an HTTP status, alone or with a body, `cut` (the
            connection, once it was carried out), `hang` (no answer at all), `late` (no answer either, and it is carried
            out when the test calls what is in `held`), or None for nothing.
        requests: how many there were, by method and what they were about.
        order: the same, one after the other.
        said: headers of the last request.
        ahead: how far its clock is ahead of the machine's.
        listed_after: seconds after which an object that is new is listed.
        page: objects on one page of a listing.
        begins_empty: whether the first page of each listing is empty, and more follow, as stores may have it.
        held: puts that are still on their way; each returns None where its condition does not hold.
    """

    objects: dict[str, Stored] = field(default_factory=dict)
    heeds: bool = True
    choose: Callable[[str, str], int | tuple[int, bytes] | str | None] = lambda _method, _key: None
    requests: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    ahead: timedelta = timedelta(0)
    listed_after: float = 0.0
    page: int = PAGE
    begins_empty: bool = False
    held: list[Callable[[], Stored | None]] = field(default_factory=list)
    port: int = 0
    _generations: count[int] = field(default_factory=lambda: count(1_700_000_000_000_000))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def s3(self) -> dict[str, str]:
        """Storage options by which S3 clients get here."""
        return {"endpoint": self.url, "access_key_id": "AKIDEXAMPLE", "secret_access_key": "not-a-real-secret-0001"}

    def gs(self) -> dict[str, str]:
        """Storage options by which GCS clients get here."""
        return {"base_url": self.url, "bearer_token": "not-a-real-token-0001"}

    def put(self, key: str, data: bytes, headers: dict[str, str]) -> Stored | None:
        """Carry out a put; None when its condition does not hold."""
        with self._lock:
            there = self.objects.get(key)
            if self.heeds and not _holds(there, headers):
                return None
            made = Stored(data, next(self._generations), self.now)
            self.objects[key] = made
            return made

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def total(self) -> int:
        return sum(self.requests.values())


def _holds(there: Stored | None, headers: dict[str, str]) -> bool:
    if headers.get("if-none-match") == "*" and there is not None:
        return False
    wanted = headers.get("if-match")
    if wanted is not None and (there is None or there.e_tag != wanted):
        return False
    generation = headers.get("x-goog-if-generation-match")
    return generation is None or int(generation) == (0 if there is None else there.generation)


class FakeTime:
    """A clock that goes on only when somebody sleeps, for the patience of a bucket."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def patience(self, seconds: float = PATIENCE_SECONDS) -> Patience:
        return Patience(seconds, lambda: self.seconds, self.sleep, lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def refusal(status: int, code: str, message: str) -> tuple[int, bytes]:
    """Return what a store says of a request that it refuses, as S3 and Azure write it."""
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, f'<?xml version="1.0" encoding="UTF-8"?>{error}'.encode()


class PatientServer(ThreadingHTTPServer):
    """A server with whom many may wait to be connected, while the machine is busy."""

    request_queue_size = 128
    daemon_threads = True


@contextmanager
def bucket_server(**options: object) -> Generator[BucketServer]:
    """Serve any bucket for the length of the block."""
    served = BucketServer(**options)

    class Handler(_Handler):
        state = served

    server = PatientServer(("127.0.0.1", 0), Handler)
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: BucketServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        key = unquote(parts.path.lstrip("/").partition("/")[2])
        about = query.get("prefix", "") if "list-type" in query else key
        request = f"{'LIST' if 'list-type' in query else self.command} {about}"
        self.state.requests[request] += 1
        self.state.order.append(request)
        self.state.said = {name.lower(): value for name, value in self.headers.items()}
        fault = self.state.choose(self.command, about)
        if isinstance(fault, int):
            fault = fault, b"<Error><Code>Refused</Code><Message>by the test</Message></Error>"
        if isinstance(fault, tuple):
            self._answer(*fault)
            return
        if fault == "late":
            self.state.held.append(partial(self.state.put, key, body, self.state.said))
        if fault in {"hang", "late"}:
            self._hang_up()
            return
        status, content, headers = self._carry_out(key, query, body)
        if fault == "cut":
            self._hang_up()
            return
        self._answer(status, content, headers)

    do_GET = do_PUT = do_DELETE = do_HEAD = _any  # noqa: N815 - as the standard library calls them

    def _carry_out(self, key: str, query: dict[str, str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if "list-type" in query:
            return 200, self._listing(query), {}
        if self.command == "PUT":
            made = self.state.put(key, body, self.state.said)
            return (200, b"", _named(made)) if made else (412, b"<Error><Code>PreconditionFailed</Code></Error>", {})
        if self.command == "DELETE":
            self.state.objects.pop(key, None)
            return 204, b"", {}
        there = self.state.objects.get(key)
        if there is None:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", {}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            return 200, there.data, _named(there)
        start, stop = int(wanted[1]), min(int(wanted[2] or len(there.data)) + 1, len(there.data))
        span = {"Content-Range": f"bytes {start}-{stop - 1}/{len(there.data)}"}
        return 206, there.data[start:stop], {**_named(there), **span}

    def _listing(self, query: dict[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after", "")
        entries: dict[str, str] = {}
        now = self.state.now
        for key, one in sorted(self.state.objects.items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix) or (now - one.at).total_seconds() < self.state.listed_after:
                continue
            if delimiter and delimiter in rest:
                folder = prefix + rest.partition(delimiter)[0] + delimiter
                entries[folder] = f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            else:
                entries[key] = (
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(one.data)}</Size><ETag>{escape(one.e_tag)}</ETag>"
                    f"<Generation>{one.generation}</Generation>"
                    f"<LastModified>{one.at:%Y-%m-%dT%H:%M:%S.%f}Z</LastModified></Contents>"
                )
        left = [name for name in entries if name > after]
        most = 0 if self.state.begins_empty and "continuation-token" not in query else self.state.page
        page, more = left[:most], len(left) > most
        token = f"<NextContinuationToken>{escape(page[-1] if page else ' ')}</NextContinuationToken>" if more else ""
        return (
            f'<?xml version="1.0"?><ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}'
            f"{''.join(entries[name] for name in page)}</ListBucketResult>"
        ).encode()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        with suppress(OSError):
            self.send_response_only(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _named(one: Stored) -> dict[str, str]:
    at = f"{one.at:%a, %d %b %Y %H:%M:%S} GMT"
    return {"ETag": one.e_tag, "x-goog-generation": str(one.generation), "Last-Modified": at}
