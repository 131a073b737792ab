"""Bytes over HTTP: the only file that knows aiohttp.

A transport is asked for one complete response or fails with a `TransportError`; it knows nothing of retries or pace.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote_to_bytes

import aiohttp
import orjson
from yarl import URL

from connector.core.protocol import Response
from connector.errors import ConfigError, ProtocolError, TooLargeError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.retry import Timeouts

MAX_BODY = 128 * 1024 * 1024
"""Bytes a decoded body may have. A page of 100 rows has 70 kB; the longest fields allowed make 10 MB."""

ENCODINGS = "gzip, deflate"
"""What is accepted, and undone here: a body cut short must not pass for a complete one."""

_ANY_HEADER = 32 + zlib.MAX_WBITS
"""Has zlib tell gzip from zlib by the header."""


_OK = 200

_LENGTHS = {"content-length", "transfer-encoding"}
"""Headers by which the end of a body is known."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, complete: nothing is added on the way.

    Attributes:
        url: with its query, already encoded.
        headers: all of them, the key's among them.
    """

    url: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Request({self.url!r})"


class Transport(Protocol):
    """The whole I/O surface of the client."""

    async def send(self, request: Request) -> Response:
        """Return the complete response.

        Raises:
            TransportError: no complete response arrived; whether the request did is unknown, which is harmless for GET.
            ProtocolError: the body is larger than any answer can be.
            ConfigError: the server's certificate was refused.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class HttpTransport:
    """Transport over aiohttp: connections kept alive, gzip, redirects refused, certificates checked."""

    def __init__(self, *, timeouts: Timeouts, connections: int, proxy: str | None = None) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=300, family=socket.AF_UNSPEC),
            timeout=aiohttp.ClientTimeout(
                total=timeouts.total, sock_connect=timeouts.connect, connect=None, sock_read=timeouts.read
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp would send a GET again by itself when a kept connection breaks: unpaced, uncounted. We do our own.
        self._session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as its own test client does
        self._proxy, self._known_to_proxy = (None, {}) if proxy is None else _without_password(URL(proxy))

    async def send(self, request: Request) -> Response:
        """See `Transport.send`."""
        url = URL(request.url, encoded=True)
        # What is for the proxy goes with CONNECT; only a request that is not encrypted is read by the proxy itself.
        headers = request.headers if url.scheme == "https" else {**request.headers, **self._known_to_proxy}
        try:
            async with self._session.get(
                url, headers=headers, allow_redirects=False, proxy=self._proxy, proxy_headers=self._known_to_proxy
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                body = _decoded(await _bounded_body(answer), headers.get("content-encoding", ""))
            if answer.status == _OK and not _LENGTHS & headers.keys():
                _check_complete(body)
            return Response(answer.status, headers, body)
        except aiohttp.ClientConnectorCertificateError as error:
            raise ConfigError(
                f"the certificate of {error.host} was refused ({error.certificate_error}):"
                " check the network, or --api-base"
            ) from error
        except TimeoutError as error:
            raise TransportError(f"no complete answer in time ({_described(error)})") from error
        except (aiohttp.ClientError, OSError, ssl.SSLError) as error:
            raise TransportError(f"no complete answer: {_described(error)}") from error

    async def close(self) -> None:
        """See `Transport.close`."""
        await self._session.close()


def _without_password(proxy: URL) -> tuple[URL, dict[str, str]]:
    """Take user and password out of a proxy's URL, which aiohttp quotes in its errors, into a header."""
    if proxy.raw_user is None and proxy.raw_password is None:
        return proxy, {}
    known = b"%b:%b" % (unquote_to_bytes(proxy.raw_user or ""), unquote_to_bytes(proxy.raw_password or ""))
    return proxy.with_user(None), {"Proxy-Authorization": f"Basic {b64encode(known).decode()}"}


async def _bounded_body(answer: aiohttp.ClientResponse) -> bytes:
    declared = answer.content_length
    if declared is not None and declared > MAX_BODY:
        raise TooLargeError(f"the server announced a body of {declared} bytes")
    pieces: list[bytes] = []
    size = 0
    while piece := await answer.content.readany():
        size += len(piece)
        if size > MAX_BODY:
            raise TooLargeError(f"the server sent a body of more than {MAX_BODY} bytes")
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _decoded(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding, completely or not at all, and within bounds.

    Raises:
        TransportError: the body ends before its compressed data does, or is damaged.
        ProtocolError: the encoding was not asked for, or the body unfolds to more than any answer can be.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "deflate"}:
        raise ProtocolError(f"the server encoded the body as {encoding[:40]!r}, which was not asked for")
    inflate = zlib.decompressobj(_ANY_HEADER)
    try:
        decoded = inflate.decompress(body, MAX_BODY)
    except zlib.error as error:
        raise TransportError(f"no complete answer: its compressed body is damaged ({error})") from error
    if inflate.unconsumed_tail:
        raise TooLargeError(f"the server sent a body of more than {MAX_BODY} bytes")
    if not inflate.eof:
        raise TransportError("no complete answer: its compressed body is cut short")
    return decoded


def _check_complete(body: bytes) -> None:
    """Refuse a body that only the end of the connection delimits, and that is no JSON: it may have been cut short.

    Raises:
        TransportError: it is not whole.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise TransportError("no complete answer: the connection ended within it") from error


def _described(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
