"""The sandbox on the wire: aiohttp's low-level server around `Api`, with limits, latency and broken connections."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import math
import random
import socket
import struct
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from connector.sandbox.http.api import PRETTY, Answer, Api, Call, route
from connector.sandbox.http.edits import refusal
from connector.sandbox.http.encodings import encoded
from connector.sandbox.http.limits import Limiter
from connector.sandbox.http.problems import RefusedError, failure, hostile, rate_limited
from connector.sandbox.http.rewrite import rewritten
from connector.sandbox.http.stats import Seen, Stats

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from connector.sandbox.http.faults import Fault
    from connector.sandbox.http.limits import Limits

CONTROL = "/_sandbox/"
_HTML = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
_DRIPS = 20
_FOREVER = 3_600.0
_A_MOMENT = 0.02
"""Seconds between an answer and a stray one that is not to come with it."""


class Latency:
    """How long an answer takes: log-normal around a median, seeded; always 0 with a median of 0."""

    def __init__(self, median: float, sigma: float, seed: int) -> None:
        self._median, self._sigma, self._rng = median, sigma, random.Random(f"latency/{seed}")

    def draw(self) -> float:
        """The next one, in seconds."""
        return self._median * math.exp(self._rng.gauss(0.0, self._sigma)) if self._median else 0.0


class Server:
    """Handles requests.

    Args:
        api: what answers.
        limits: of the whole account.
        latency: before every answer that is not a limiter's.
        control: answers requests under `/_sandbox/`, outside of limits and statistics.
        compress: gzip bodies where the client accepts it.
    """

    def __init__(
        self,
        api: Api,
        limits: Limits,
        latency: Latency,
        control: Callable[[str, str, bytes], Answer],
        *,
        compress: bool = False,
    ) -> None:
        self.api: Api = api
        self.latency: Latency = latency
        self.control: Callable[[str, str, bytes], Answer] = control
        self.compress: bool = compress
        self.limiter: Limiter = Limiter(limits, live=api.keys.live)
        self.stats: Stats = Stats()
        self._served = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, query = request.rel_url.raw_path, request.rel_url.raw_query_string
        if path.startswith(CONTROL):
            answer = self.control(request.method, path.removeprefix(CONTROL), await request.read())
            return web.Response(status=answer.status, body=answer.body, content_type="application/json")
        at = time.monotonic()
        name, account, version, reason, answer = "unknown", "", "", "", Answer(0, b"")
        self._served += 1
        request_id = f"req_{self._served * 0x9E3779B97F4A7C15 % 62**14:014x}"[:18]
        try:
            endpoint, object_id = route(request.method, path)
            name = endpoint.name
            caller = self.api.identify(request.headers, endpoint)
            account, version = self.api.world.accounts[caller.account], caller.version
            reason = self.limiter.arrive(name, at) or ""
            self.stats.arrived(at, self.limiter.in_flight)
            if reason:
                raise rate_limited(reason)
            try:
                faults = self.api.faults.befalling(name, account)
                call = Call(endpoint, object_id, path, query, caller, faults)
                answer = await self._admitted(call, request)
            finally:
                self.limiter.leave(name)
            heads = self._headers(request_id, version, answer)
            if caller.account and "Stripe-Account" in request.headers:
                heads["Stripe-Account"] = account
            return await self._send(request, answer, faults, heads)
        except RefusedError as problem:
            reason = problem.headers.get("Stripe-Rate-Limited-Reason", "")
            answer = self._refused(problem, request_id)
            return web.Response(
                status=answer.status, body=answer.body, headers=self._headers(request_id, version, answer)
            )
        finally:
            seen = Seen(at, name, path, query, account, answer.status, reason, answer.rows)
            self.stats.answered(seen, len(answer.body), time.monotonic())

    async def _admitted(self, call: Call, request: web.BaseRequest) -> Answer:
        """Wait as long as an answer takes, then answer, unless a fault has other plans.

        Raises:
            RefusedError: any refusal.
        """
        if wait := self.latency.draw():
            await asyncio.sleep(wait)
        if "hang" in call.faults:
            await asyncio.sleep(call.faults["hang"].number("seconds", _FOREVER))
        if call.faults.keys() & {"reset", "hang"}:
            _reset(request)
            return Answer(0, b"")
        for fault in call.faults.values():
            if fault.kind == "hostile-error":
                said = request.headers.get("Authorization", "")
                raise hostile(int(fault.options.get("status", "400")), said)
            if fault.kind == "502":
                hint = fault.options.get("should_retry")
                headers = {"Content-Type": "text/html"} | ({"Stripe-Should-Retry": hint} if hint else {})
                return Answer(502, _HTML, headers, logged=False)
            if (problem := refusal(fault)) is not None:
                raise problem
        return _spoilt(self.api.answer(call), call)

    async def _send(
        self, request: web.BaseRequest, answer: Answer, faults: Mapping[str, Fault], headers: dict[str, str]
    ) -> web.StreamResponse:
        """Write an answer, whole, in drips, or only its first half."""
        body = answer.body
        if self.compress and "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        elif answer.status and "encoded" in faults:
            body, headers["Content-Encoding"] = encoded(body, faults["encoded"].options.get("how", "members"))
        if "other-version" in faults:
            headers["Stripe-Version"] = faults["other-version"].options.get("version", "2019-12-03")
        status = 203 if "non-authoritative" in faults and answer.status == 200 else answer.status  # noqa: PLR2004 - as HTTP has it
        if answer.status and "stray" in faults:
            await _unasked(request, faults["stray"].options.get("how", "behind"))
        if answer.status and not faults.keys() & {"cut", "slow"}:
            return web.Response(status=status, body=body, headers=headers)
        response = web.StreamResponse(status=status or 500, headers=headers)
        response.content_length = len(body)
        if not answer.status:
            return response
        await response.prepare(request)
        if "cut" in faults:
            await response.write(body[: len(body) // 2])
            if request.transport is not None:
                request.transport.close()
            return response
        step = len(body) // _DRIPS + 1
        for start in range(0, len(body), step):
            await asyncio.sleep(faults["slow"].number("seconds", 5) / _DRIPS)
            await response.write(body[start : start + step])
        return response

    def _headers(self, request_id: str, version: str, answer: Answer) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Server": "nginx",
            "Cache-Control": "no-cache, no-store",
            "Date": formatdate(self.api.world.clock(), usegmt=True),
        }
        if answer.logged:
            headers["Request-Id"] = request_id
        if version:
            headers["Stripe-Version"] = version
        return {**headers, **answer.headers}

    def _refused(self, problem: RefusedError, request_id: str) -> Answer:
        """A refusal as an answer; coded ones link to the dashboard's log."""
        error = dict(problem.error)
        if problem.logged and ("code" in error or "param" in error):
            mode = "" if self.api.keys.live else "test/"
            log = f"https://dashboard.stripe.com/{mode}logs/{request_id}?t={self.api.world.clock()}"
            error = dict(sorted({"request_log_url": log, **error}.items()))
        body = orjson.dumps({"error": error}, option=PRETTY)
        return Answer(problem.status, body, problem.headers, logged=problem.logged)


_STRAY = b"""HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 49\r\n\r
{"object": "list", "data": [], "has_more": false}"""


async def _unasked(request: web.BaseRequest, how: str) -> None:
    """Send an answer that nobody asked for: now, instead of the one asked for; or as soon as that is sent."""
    transport = request.transport
    if transport is None:
        return
    if how == "instead":
        transport.write(_STRAY)
        await asyncio.sleep(_A_MOMENT)
        return
    loop = asyncio.get_running_loop()

    def send() -> None:
        if not transport.is_closing():
            transport.write(_STRAY)

    loop.call_later(_A_MOMENT, send) if how == "later" else loop.call_soon(send)


def _spoilt(answer: Answer, call: Call) -> Answer:
    """Return the answer as the faults that befall the request make it.

    Raises:
        RefusedError: 500 for a heavy page.
    """
    heavy = call.faults.get("heavy-page")
    if heavy is not None and "expand" in call.query and answer.rows > heavy.number("rows", 25):
        raise failure(500)
    if "not-json" in call.faults:
        return Answer(200, b"<!doctype html><title>Maintenance</title>", answer.headers)
    return replace(answer, body=rewritten(answer.body, call.faults))


def _reset(request: web.BaseRequest) -> None:
    """Close the connection so that the other side reads a reset rather than an end."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Listening:
    """An open port.

    Attributes:
        port: its number.
    """

    def __init__(self, port: socket.socket, runner: web.ServerRunner) -> None:
        self._socket, self._runner = port, runner
        self.port: int = port.getsockname()[1]

    async def close(self) -> None:
        """Close the port and every connection."""
        # A connection accepted while its server closes is forgotten, open, by aiohttp and by asyncio (before 3.12).
        # Therefore no more are accepted first, and those under way come to be known: they are made in two turns.
        asyncio.get_running_loop().remove_reader(self._socket)
        for _ in range(2):
            await asyncio.sleep(0)
        await self._runner.cleanup()


async def listen(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], port: int) -> Listening:
    """Serve on loopback, at a free port if it is 0.

    Raises:
        OSError: the port is taken.
    """
    opened = socket.create_server(("127.0.0.1", port))
    runner = web.ServerRunner(
        web.Server(handler, handler_cancellation=True, access_log=None), handle_signals=False, shutdown_timeout=0.1
    )
    await runner.setup()
    await web.SockSite(runner, opened, backlog=1024).start()
    return Listening(opened, runner)
