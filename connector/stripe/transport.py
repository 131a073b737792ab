"""Bytes over HTTP: with `connections`, the only file that knows aiohttp.

A transport is asked for one complete response or fails with a `TransportError`; it knows nothing of retries or pace.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote_to_bytes

import aiohttp
from yarl import URL

from connector.config.open_files import refuse_too_few
from connector.core.api.content import undo
from connector.core.api.hosts import PROXY_AUTHENTICATION_REQUIRED, refused_by_proxy
from connector.core.api.json_text import loads
from connector.core.api.protocol import SUCCESS, Response, is_another_refusal
from connector.errors import ApiError, ConfigError, TooLargeError, TransportError, UsageError
from connector.stripe.connections import Answer, Asking, Connections, resolver

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from connector.config.config import Config
    from connector.core.api.retry import Timeouts

MAX_BODY = 128 * 1024 * 1024
"""Bytes a decoded body may have. A page of 100 rows has 70 kB; the longest fields allowed make 10 MB."""

LOOKUP_SECONDS = 10
"""Seconds for which the addresses of a host are kept: when they change, the attempts of one request outlast them."""

MAX_HEADER = 64 * 1024
"""Bytes of one header of an answer, as other clients take them: gateways add policies and cookies."""

_LENGTHS = {"content-length", "transfer-encoding"}
"""Headers by which the end of a body is known."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, complete: nothing is added on the way.

    Attributes:
        url: with its query, already encoded.
        headers: all of them, the key's among them.
        fresh: whether to ask on a connection of its own, made for it and closed after it.
    """

    url: str
    headers: Mapping[str, str]
    fresh: bool = False

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

    def distrust(self, connection: int) -> None:
        """Believe nothing more of what came on a connection, and close it; a request under way on it fails."""
        ...

    @property
    def distrusted(self) -> Collection[int]:
        """Connections nothing of which is to be believed: also those on which more came than was asked for."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class HttpTransport:
    """Transport over aiohttp: connections kept alive, gzip, redirects refused, certificates checked."""

    def __init__(
        self,
        *,
        timeouts: Timeouts,
        connections: int,
        proxy: str | None = None,
        hint: str = "",
        most: int = MAX_BODY,
    ) -> None:
        """Open nothing yet.

        Args:
            timeouts: bounds of one request.
            connections: the most to have open at once.
            proxy: URL of an HTTP proxy.
            hint: what to say where no connection can be made, such as which setting is not used.
            most: bytes a decoded body may have.
        """
        self._hint = f"; {hint}" if hint else ""
        self._timeouts, self._most = timeouts, most
        self._limit = connections
        self._connections = Connections()
        self._session = self._opened(kept=True)
        self._fresh: aiohttp.ClientSession | None = None
        self._refused: ConfigError | None = None
        self._proxy, self._known_to_proxy = (None, {}) if proxy is None else _without_password(URL(proxy))

    @classmethod
    def configured(cls, config: Config) -> HttpTransport:
        """Return a transport for a configuration; needs a running event loop.

        Raises:
            ConfigError: this process may not have so many connections open at once.
        """
        refuse_too_few(config.max_in_flight)
        return cls(timeouts=config.timeouts, connections=config.max_in_flight, proxy=config.proxy, hint=config.hint)

    def _opened(self, *, kept: bool) -> aiohttp.ClientSession:
        """Return a session whose connections are kept, or serve one request each."""
        connector = aiohttp.TCPConnector(
            limit=self._limit,
            resolver=resolver(),
            ttl_dns_cache=LOOKUP_SECONDS,
            family=socket.AF_UNSPEC,
            force_close=not kept,
        )
        self._connections.number_those_of(connector, loop=asyncio.get_running_loop())
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(
                total=self._timeouts.total,
                sock_connect=self._timeouts.connect,
                connect=None,
                sock_read=self._timeouts.read,
            ),
            request_class=Asking,
            response_class=Answer,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
        )
        # aiohttp would send a GET again by itself when a kept connection breaks: unpaced, uncounted. We do our own.
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as its own test client does
        return session

    async def send(self, request: Request) -> Response:
        """See `Transport.send`."""
        if self._refused is not None:
            raise ConfigError(self._refused.message)
        if request.fresh and self._fresh is None:
            self._fresh = self._opened(kept=False)
        session = self._fresh if request.fresh and self._fresh else self._session
        url = URL(request.url, encoded=True)
        with self._own_errors(url):
            response, schemes = await self._ask(session, request, url)
        if self._is_proxys(response, url):
            raise self._refusal(response.status, url.host, schemes)
        return response

    async def _ask(self, session: aiohttp.ClientSession, request: Request, url: URL) -> tuple[Response, list[str]]:
        """Return the answer, and how a proxy wants to be told who asks."""
        # What is for the proxy goes with CONNECT; only a request that is not encrypted is read by the proxy itself.
        headers = request.headers if url.scheme == "https" else {**request.headers, **self._known_to_proxy}
        async with session.get(
            url, headers=headers, allow_redirects=False, proxy=self._proxy, proxy_headers=self._known_to_proxy
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            body = await _bounded_body(answer, self._most)
            if "content-encoding" in headers:
                body = _content(answer, body, self._most)
        if answer.status in SUCCESS and not _LENGTHS & headers.keys():
            _check_complete(body)
        connection = answer.number if isinstance(answer, Answer) else None
        if connection in self.distrusted:
            raise TransportError("no complete answer: more came on its connection than was asked for")
        asks = answer.headers.getall("Proxy-Authenticate") if "proxy-authenticate" in headers else []
        return Response(answer.status, headers, body, connection), asks

    @contextmanager
    def _own_errors(self, url: URL) -> Generator[None]:
        """Raise errors of ours for those of aiohttp."""
        try:
            yield
        except aiohttp.ClientHttpProxyError as error:
            schemes = error.headers.getall("Proxy-Authenticate", []) if error.headers else []
            raise self._refusal(error.status, url.host, schemes) from error
        except aiohttp.ClientConnectorCertificateError as error:
            trusted = ssl.get_default_verify_paths()
            raise ConfigError(
                f"the certificate of {error.host} was refused ({error.certificate_error}): check `api_base` and the"
                " machine's clock; where a proxy on the way signs with a certificate of its own, name a PEM file with"
                f" that in SSL_CERT_FILE (now trusted: those of {trusted.cafile or 'no file'} and of"
                f" {trusted.capath or 'no folder'})"
            ) from error
        except aiohttp.ClientProxyConnectionError as error:
            raise TransportError(f"cannot reach the proxy of HTTPS_PROXY: {_described(error)}") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TransportError(f"no connection: {_described(error)}{self._hint}") from error
        except aiohttp.ClientResponseError as error:  # its status is one of aiohttp's own
            raise TransportError(f"what came is no answer of HTTP/1.1: {error.message}") from error
        except TimeoutError as error:
            self._connections.end_resting()
            raise TransportError(f"no complete answer in time ({_described(error)})") from error
        except (aiohttp.ClientError, OSError, ssl.SSLError) as error:
            self._connections.end_resting()
            raise TransportError(f"no complete answer: {_described(error)}") from error

    def _is_proxys(self, response: Response, url: URL) -> bool:
        """Say whether an answer is a proxy's own: what comes through a tunnel is the server's, whatever it says."""
        if response.status == PROXY_AUTHENTICATION_REQUIRED:
            return True
        return self._proxy is not None and url.scheme == "http" and is_another_refusal(response)

    def _refusal(self, status: int, host: str | None, schemes: Sequence[str]) -> ConfigError | TransportError:
        """Return the error of a proxy's answer. A password it did not accept is not sent again: it may lock a user."""
        name = "the proxy of HTTPS_PROXY" if self._proxy else "a proxy on the way (HTTPS_PROXY names none)"
        error = refused_by_proxy(status, name, host or "", schemes=schemes, knows=bool(self._known_to_proxy))
        if isinstance(error, ConfigError) and status == PROXY_AUTHENTICATION_REQUIRED:
            self._refused = error
        return error

    def distrust(self, connection: int) -> None:
        """See `Transport.distrust`."""
        self._connections.distrust(connection)

    @property
    def distrusted(self) -> Collection[int]:
        """See `Transport.distrusted`."""
        return self._connections.distrusted

    async def close(self) -> None:
        """See `Transport.close`."""
        try:
            await self._session.close()
        finally:
            if self._fresh is not None:
                await self._fresh.close()


class NoTransport:
    """Stands where nobody is to be asked."""

    async def send(self, request: Request) -> Response:
        """Refuse.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{request.url} is not to be asked: this is offline")

    def distrust(self, connection: int) -> None:
        """See `Transport.distrust`: nothing ever comes."""

    @property
    def distrusted(self) -> Collection[int]:
        """See `Transport.distrusted`."""
        return ()

    async def close(self) -> None:
        """See `Transport.close`."""


def _without_password(proxy: URL) -> tuple[URL, dict[str, str]]:
    """Take user and password out of a proxy's URL, which aiohttp quotes in its errors, into a header."""
    if proxy.raw_user is None and proxy.raw_password is None:
        return proxy, {}
    known = b"%b:%b" % (unquote_to_bytes(proxy.raw_user or ""), unquote_to_bytes(proxy.raw_password or ""))
    return proxy.with_user(None), {"Proxy-Authorization": f"Basic {b64encode(known).decode()}"}


async def _bounded_body(answer: aiohttp.ClientResponse, most: int) -> bytes:
    declared = answer.content_length
    if declared is not None and declared > most:
        raise TooLargeError(f"the server announced a body of {declared} bytes")
    pieces: list[bytes] = []
    size = 0
    while piece := await answer.content.readany():
        size += len(piece)
        if size > most:
            raise TooLargeError(f"the server sent a body of more than {most} bytes")
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _content(answer: aiohttp.ClientResponse, body: bytes, most: int) -> bytes:
    """Undo the content coding; of a refusal it need not be sound, whose status says enough."""
    try:
        return undo(body, ",".join(answer.headers.getall("Content-Encoding", ())), most=most)
    except ApiError:
        if answer.status in SUCCESS:
            raise
        return b""


def _check_complete(body: bytes) -> None:
    """Refuse a body that only the end of the connection delimits, and that is no JSON: it may have been cut short.

    Raises:
        TransportError: it is not whole.
    """
    try:
        loads(body)
    except ValueError as error:
        raise TransportError("no complete answer: the connection ended within it") from error


def _described(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, aiohttp.ClientConnectorError) and error.strerror is None:  # no error of the system's
        text = text.replace("[None]", f"[{str(error.os_error) or 'the other side ended it while it was made'}]")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
