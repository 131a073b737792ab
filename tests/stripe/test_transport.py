"""Bytes over HTTP against servers that misbehave: one complete response, or a `TransportError`."""

from __future__ import annotations

import asyncio
import base64
import gzip
import socket
import threading
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from connector.errors import ConfigError, ProtocolError, TransportError
from connector.stripe.transport import LOOKUP_SECONDS, HttpTransport, Request
from tests.support.fakes import ENDLESS_SECONDS, KEY
from tests.support.servers import BODY, HEAD, PATIENT, QUICK, Server, misbehaving, request, sends, whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.anyio


async def test_a_sound_answer_comes_with_lower_case_header_names():
    async with misbehaving(sends(whole(BODY, b"Request-Id: req_1", b"STRIPE-VERSION: x"))) as (server, transport):
        answer = await transport.send(request(server))
        assert (answer.status, answer.body, answer.request_id) == (200, BODY, "req_1")
        assert answer.headers["stripe-version"] == "x"
        assert b"Authorization: Bearer " + KEY.encode() in server.requests[0]


async def test_connections_are_kept_and_used_again():
    async with misbehaving(sends(whole(BODY))) as (server, transport):
        for _ in range(5):
            await transport.send(request(server))
        assert server.connections == 1
        assert len(server.requests) == 5


@pytest.mark.parametrize("status", [b"400 Bad", b"429 Slow", b"500 Oh", b"302 Found"])
async def test_any_status_is_an_answer_and_redirects_are_not_followed(status):
    answer_bytes = b"HTTP/1.1 " + status + b"\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\n{}"
    async with misbehaving(sends(answer_bytes)) as (server, transport):
        answer = await transport.send(request(server))
        assert answer.status == int(status[:3])
        assert len(server.requests) == 1


async def test_gzip_is_asked_for_and_undone():
    packed = gzip.compress(BODY * 500)
    async with misbehaving(sends(whole(packed, b"Content-Encoding: gzip"))) as (server, transport):
        assert (await transport.send(request(server))).body == BODY * 500
        assert b"gzip" in server.requests[0].lower().split(b"accept-encoding:")[1].split(b"\r\n")[0]


async def test_codings_in_several_headers_are_undone_in_reverse_order():
    packed = gzip.compress(zlib.compress(BODY))
    headers = b"Content-Encoding: deflate", b"CONTENT-ENCODING: X-Gzip"
    async with misbehaving(sends(whole(packed, *headers))) as (server, transport):
        assert (await transport.send(request(server))).body == BODY


@pytest.mark.parametrize("coding", [b"gzip", b"br"])
@pytest.mark.parametrize("body", [b"", b"<html>refused</html>"])
async def test_the_body_of_a_refusal_need_not_be_encoded_as_it_says(body, coding):
    refusal = b"HTTP/1.1 401 No\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
    async with misbehaving(sends(refusal + body)) as (server, transport):
        answer = await transport.send(request(server))
        assert (answer.status, answer.body) == (401, b"")


async def test_a_chunked_answer_is_joined():
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(BODY), BODY) for _ in range(3)) + b"0\r\n\r\n"
    async with misbehaving(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunks)) as (server, transport):
        assert (await transport.send(request(server))).body == BODY * 3


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(reset, id="reset"),
        pytest.param(sends(close=True), id="closed without an answer"),
        pytest.param(sends(whole(BODY)[:-5], close=True), id="body cut short"),
        pytest.param(sends(HEAD[:20], close=True), id="headers cut short"),
        pytest.param(sends(b"\x00\xff garbage\r\n\r\n", close=True), id="garbage"),
        pytest.param(sends(b"HTTP/9.9 999 What\r\n\r\n", close=True), id="no such protocol"),
        pytest.param(sends(HEAD + b"Content-Length: -5\r\n\r\n", close=True), id="negative length"),
        pytest.param(sends(HEAD + b"Content-Length: 1e3\r\n\r\nx", close=True), id="length that is no number"),
        pytest.param(sends(HEAD + b"X: " + b"y" * 400_000 + b"\r\n\r\n", close=True), id="endless header"),
        pytest.param(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", close=True), id="chunk cut short"),
        pytest.param(
            sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", close=True), id="last chunk missing"
        ),
        pytest.param(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", close=True), id="chunk of no length"),
        pytest.param(sends(whole(b"this is not gzip", b"Content-Encoding: gzip")), id="broken gzip"),
        pytest.param(sends(HEAD, pause=1.0), id="headers that never end"),
        pytest.param(sends(whole(BODY)[:-9], pause=1.0), id="body that never ends"),
        pytest.param(sends(pause=1.0), id="no answer at all"),
        pytest.param(sends(*(whole(b"x" * 40)[n : n + 1] for n in range(90)), pause=0.05), id="dripping"),
    ],
)
async def test_whatever_is_no_complete_answer_is_a_transport_error_in_bounded_time(behave):
    async with misbehaving(behave, timeouts=QUICK) as (server, transport), asyncio.timeout(ENDLESS_SECONDS):
        with pytest.raises(TransportError) as caught:
            await transport.send(request(server))
        assert caught.value.retryable
        assert KEY not in str(caught.value)


async def test_gateways_may_add_long_headers():
    async with misbehaving(sends(whole(BODY, b"Content-Security-Policy: " + b"x" * 60_000))) as (server, transport):
        assert (await transport.send(request(server))).body == BODY


@pytest.mark.parametrize("head", [b"HTTP/2 200\r\n", b"SSH-2.0-OpenSSH\r\n", b"ICY 200 OK\r\n"])
async def test_what_is_not_http_is_said_to_be_none_without_a_status_that_nobody_sent(head):
    async with misbehaving(sends(head + b"\r\n", close=True)) as (server, transport):
        with pytest.raises(TransportError, match=r"no answer of HTTP/1\.1: ") as caught:
            await transport.send(request(server))
        assert "400" not in str(caught.value)


async def test_a_host_that_moves_is_looked_up_again(monkeypatch):
    looked_up, passed, real = list[str](), 0.0, socket.getaddrinfo

    def addresses(host, port, *rest, **more):
        if host != "moving.test":
            return real(host, port, *rest, **more)
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1 if len(looked_up) == 1 else port))]

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    monkeypatch.setattr(aiohttp.connector, "monotonic", lambda: passed)
    async with misbehaving(sends(whole(BODY))) as (server, transport):
        moved = Request(server.url.replace("127.0.0.1", "moving.test"), {})
        with pytest.raises(TransportError, match="no connection"):
            await transport.send(moved)
        passed = LOOKUP_SECONDS + 1.0
        assert (await transport.send(moved)).body == BODY
        assert len(looked_up) == 2


async def test_what_ends_within_the_handshake_is_said_to_have_been_ended():
    async def ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write_eof()
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(ends, "127.0.0.1", 0)
    transport = HttpTransport(timeouts=PATIENT, connections=1)
    with pytest.raises(TransportError, match=r"no connection: .*\[the other side ended it while it was made\]"):
        await transport.send(Request(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", {}))
    await transport.close()
    listening.close()


def test_a_lookup_that_hangs_holds_up_nobodys_end(monkeypatch):
    over = threading.Event()

    async def stopped() -> None:
        asked, loop = asyncio.Event(), asyncio.get_running_loop()

        def hangs(*_, **__):
            loop.call_soon_threadsafe(asked.set)
            over.wait(ENDLESS_SECONDS)
            raise socket.gaierror("too late")

        monkeypatch.setattr(socket, "getaddrinfo", hangs)
        transport = HttpTransport(timeouts=PATIENT, connections=1)
        sending = asyncio.create_task(transport.send(Request("http://hanging.test/", {})))
        await asked.wait()
        sending.cancel()
        await asyncio.wait([sending])
        await transport.close()

    running = threading.Thread(target=asyncio.run, args=(stopped(),), daemon=True)
    running.start()
    running.join(ENDLESS_SECONDS / 10)
    left = running.is_alive()
    over.set()
    assert not left


async def test_a_name_that_nobody_knows_is_no_connection(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    transport = HttpTransport(timeouts=PATIENT, connections=1)
    with pytest.raises(TransportError, match=r"no connection: .*Name or service not known"):
        await transport.send(Request("http://nobody.test/", {}))
    await transport.close()


async def test_a_body_without_a_length_that_is_closed_is_complete_by_http():
    async with misbehaving(sends(HEAD + b"Connection: close\r\n\r\n" + BODY, close=True)) as (server, transport):
        assert (await transport.send(request(server))).body == BODY


async def test_where_no_connection_can_be_made_the_hint_is_given():
    transport = HttpTransport(timeouts=PATIENT, connections=4, hint="set this and that")
    try:
        with pytest.raises(TransportError, match=r"no connection: .*; set this and that$"):
            await transport.send(Request("http://127.0.0.1:1/v1/balance", {}))
    finally:
        await transport.close()


async def test_nobody_listening_is_a_transport_error():
    async with misbehaving(sends(whole(BODY))) as (server, transport):
        unused = Request("http://127.0.0.1:1/v1/balance", {})
        with pytest.raises(TransportError):
            await transport.send(unused)
        assert server.connections == 0


async def test_an_announced_body_beyond_all_bounds_is_refused_before_it_is_read():
    huge = HEAD + b"Content-Length: 99999999999\r\n\r\n{"
    async with misbehaving(sends(huge)) as (server, transport):
        with pytest.raises(ProtocolError, match="99999999999"):
            await transport.send(request(server))


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_that_grows_beyond_all_bounds_is_refused(packed):
    body = gzip.compress(b"x" * 2_000_000) if packed else b"x" * 200_000
    head = HEAD + (b"Content-Encoding: gzip\r\n" if packed else b"")
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    async with misbehaving(sends(chunked), most=100_000) as (server, transport):
        with pytest.raises(ProtocolError, match="more than"):
            await transport.send(request(server))


async def test_every_request_sent_is_one_that_was_asked_for_and_failures_do_not_last():
    turn = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        turn += 1
        await (reset if turn % 2 else sends(whole(BODY)))(reader, writer)

    async with misbehaving(behave) as (server, transport):
        outcomes = []
        for _ in range(10):
            try:
                outcomes.append((await transport.send(request(server))).status)
            except TransportError:
                outcomes.append(0)
        assert outcomes == [0, 200] * 5
        assert len(server.requests) == 10


@asynccontextmanager
async def behind(proxy: Server, userinfo: str) -> AsyncGenerator[HttpTransport]:
    """A transport that asks a proxy as somebody."""
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    url = f"http://{userinfo}127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    transport = HttpTransport(timeouts=PATIENT, connections=4, proxy=url)
    try:
        yield transport
    finally:
        await transport.close()
        listening.close()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("userinfo", "known"),
    [
        ("user:sEcReT@", b"user:sEcReT"),
        ("us%40er:sE%2FcR%3Aet@", b"us@er:sE/cR:et"),
        ("user:%C3%A9@", "user:é".encode()),
        ("user:%ff@", b"user:\xff"),
        ("user@", b"user:"),
    ],
)
@pytest.mark.parametrize("base", ["https://api.example", "http://127.0.0.1:1"])
async def test_a_proxy_is_told_user_and_password_once_and_no_error_shows_them(base, userinfo, known):
    proxy = Server(sends(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", close=True))
    said = ""
    async with behind(proxy, userinfo) as transport:
        for fresh in (False, True, False):
            with pytest.raises(
                ConfigError, match=r"HTTPS_PROXY refused the way.*407.*does not accept the user"
            ) as caught:
                await transport.send(Request(f"{base}/v1/balance", {}, fresh=fresh))
            said += f"{caught.value} {caught.value.__cause__!r} {caught.value.__cause__}"
    assert userinfo not in said
    assert "sEcReT" not in said
    (asked,) = proxy.requests
    assert asked.startswith(b"CONNECT api.example:443" if base.startswith("https") else b"GET http://127.0.0.1:1/v1/")
    assert asked.count(b"Proxy-Authorization: Basic " + base64.b64encode(known) + b"\r\n") == 1


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"407 No", "it wants a user and password; write http://"),
        (b"407 No\r\nProxy-Authenticate: Basic realm=x", "it wants a user and password"),
        (
            b"407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM",
            "it asks for Negotiate, NTLM, and only",
        ),
        (b"407 No\r\nProxy-Authenticate: Digest realm=x, qop=y", "it asks for Digest, and only Basic"),
        (b"403 Forbidden", "have it allow that host, or name the host in NO_PROXY"),
        (b"405 Method Not Allowed", "have it allow that host"),
    ],
)
async def test_a_refusal_of_a_proxy_is_named_and_says_what_to_do(head, said):
    proxy = Server(sends(b"HTTP/1.1 " + head + b"\r\nContent-Length: 4\r\n\r\nno!\n", close=True))
    async with behind(proxy, "") as transport:
        with pytest.raises(ConfigError, match=r"the proxy of HTTPS_PROXY refused the way to api\.example") as caught:
            await transport.send(Request("https://api.example/v1/balance", {}))
    assert said in str(caught.value)


@pytest.mark.parametrize("status", [b"408", b"429", b"500", b"502", b"503", b"504"])
async def test_a_proxy_that_finds_no_way_may_find_one_later(status):
    proxy = Server(sends(b"HTTP/1.1 " + status + b" No\r\nContent-Length: 0\r\n\r\n", close=True))
    async with behind(proxy, "user:sEcReT@") as transport:
        for _ in range(2):
            with pytest.raises(TransportError, match=rf"the proxy of HTTPS_PROXY found no way.*{status.decode()}"):
                await transport.send(Request("https://api.example/v1/balance", {}))
    assert len(proxy.requests) == 2


REFUSAL = b'{"error": {"type": "invalid_request_error", "message": "no"}}'


@pytest.mark.parametrize("body", [b"<html>blocked</html>", b"", REFUSAL])
async def test_a_403_of_a_proxy_is_told_from_stripes(body):
    proxy = Server(sends(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    async with behind(proxy, "") as transport:
        if body == REFUSAL:
            assert (await transport.send(Request("http://127.0.0.1:1/v1/balance", {}))).status == 403
        else:
            with pytest.raises(ConfigError, match=r"refused the way to 127\.0\.0\.1 \(status 403\)"):
                await transport.send(Request("http://127.0.0.1:1/v1/balance", {}))


async def test_a_407_where_no_proxy_is_named_is_one_on_the_way():
    async with misbehaving(sends(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as (server, transport):
        with pytest.raises(ConfigError, match=r"a proxy on the way \(HTTPS_PROXY names none\) refused"):
            await transport.send(request(server))


async def test_a_proxy_that_is_not_there_is_named():
    transport = HttpTransport(timeouts=PATIENT, connections=4, proxy="http://user:sEcReT@127.0.0.1:1")
    try:
        with pytest.raises(TransportError, match="cannot reach the proxy of HTTPS_PROXY") as caught:
            await transport.send(Request("https://api.example/v1/balance", {}))
        assert "sEcReT" not in str(caught.value)
    finally:
        await transport.close()


async def test_connections_through_a_proxy_are_kept_and_used_again():
    proxy = Server(sends(whole(BODY)))
    async with behind(proxy, "user:sEcReT@") as transport:
        for _ in range(5):
            assert (await transport.send(Request("http://127.0.0.1:1/v1/balance", {}))).body == BODY
    assert proxy.connections == 1
    assert all(b"Proxy-Authorization: Basic " in asked for asked in proxy.requests)


async def test_a_proxy_without_a_user_is_told_of_none():
    proxy = Server(sends(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", close=True))
    async with behind(proxy, "") as transport:
        with pytest.raises(TransportError, match="503"):
            await transport.send(Request("https://api.example/v1/balance", {}))
    assert b"Proxy-Authorization" not in proxy.requests[0]


async def test_cancelling_a_request_closes_its_connection():
    came, gone = asyncio.Event(), asyncio.Event()

    async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        gone.set()

    async with misbehaving(behave) as (server, transport):
        task = asyncio.create_task(transport.send(request(server)))
        async with asyncio.timeout(ENDLESS_SECONDS):
            await came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(ENDLESS_SECONDS):
            await gone.wait()


@pytest.mark.parametrize("kept", [0, 5, len(BODY) - 2, len(BODY)])
async def test_a_body_that_only_the_end_of_the_connection_delimits_is_whole_or_no_answer(kept):
    async with misbehaving(sends(HEAD + b"Connection: close\r\n\r\n" + BODY[:kept], close=True)) as (server, transport):
        if kept == len(BODY):
            assert (await transport.send(request(server))).body == BODY
        else:
            with pytest.raises(TransportError, match="within it"):
                await transport.send(request(server))
