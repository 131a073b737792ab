"""Stripe's HTTP dialect without the HTTP: how a request is written and what a response means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from connector.core.api.json_text import loads
from connector.core.api.permissions import NOT_STRIPES, is_about_account
from connector.errors import (
    ApiError,
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
)
from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API_VERSION = "2026-10-28.endive"
"""The version asked for unless another is: the newest whose balance objects this package was checked against."""

SUCCESS = frozenset({200, 203})
"""Statuses of an answer with what was asked for; 203 says that somebody on the way has changed its form."""

NOT_MODIFIED = 304
"""Status of an answer to who has asked on a condition, as nobody here does; it leads nowhere else."""

MISSING = "resource_missing"
"""Code of the answer to an id that an account does not have."""

LOCK_TIMEOUT = "lock_timeout"
"""Code of a 429 that is of no limiter: something else is at work on an object."""

_LONGEST = 500
"""Characters of a text in an error object that are kept: it goes into lines, reports and logs."""

_LONGEST_REFUSAL = 2_000
"""The same of a 403's message, which ends with a link to the key's permissions, and may name several of them."""

_FIRST_DATE, _LAST_DATE = 1_293_840_000, 4_102_444_800
"""UTC seconds between which a `Date` has to lie: Stripe began in 2011, and no clock that is set says 2100 yet."""

_REFUSALS = frozenset({400, 401, 404})
"""Statuses, besides 403, that an account out of the key's reach has been refused with."""

_MOST_SECONDS = 1_000_000_000
"""Seconds beyond which a `Retry-After` is nonsense: 30 years."""

_A_DATE = re.compile(r"[A-Z][a-z]{2,8},? ")
"""How each form of a date in HTTP begins: with the day of the week."""

_RETRYABLE = frozenset({408, 409, 424, 425})
"""Refusals that may pass: a connection that was idle too long, conflicts, and a request that came too early."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: decoded of its content encoding.
        connection: number of the connection it came on; None where that is not known.
        seconds: from the request's being sent to the last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    connection: int | None = None
    seconds: float = 0.0

    @property
    def request_id(self) -> str | None:
        """`req_…`, to quote to Stripe's support; absent on some 429s."""
        return self.headers.get("request-id")

    @property
    def should_retry(self) -> bool | None:
        """Stripe's own hint (`Stripe-Should-Retry`), where sent."""
        return {"true": True, "false": False}.get(self.headers.get("stripe-should-retry", "").lower())

    def retry_after(self, now: int | None = None) -> float | None:
        """Return the seconds asked for by `Retry-After`, 0 to `_MOST_SECONDS`; None where it says nothing of the kind.

        It is a number of seconds, or a date: then the answer's own `Date` says how far off that is, else our clock.

        Args:
            now: UTC seconds by our clock; None where there is none.

        Source: RFC 9110, 10.2.3.
        """
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text) if len(text) < len(str(_MOST_SECONDS)) else None
        until = seconds_of(text) if _A_DATE.match(text) else None
        sent = seconds_of(self.headers.get("date", ""))
        since = now if sent is None else sent
        if until is None or since is None:
            return None
        return float(until - since) if 0 <= until - since < _MOST_SECONDS else None

    @property
    def limited_reason(self) -> str | None:
        """`Stripe-Rate-Limited-Reason`: which limiter answered 429; absent for a lock timeout."""
        return self.headers.get("stripe-rate-limited-reason") if self.status == 429 else None  # noqa: PLR2004 - HTTP's own number


Value = str | int | bool
Parameters = dict[str, "Value | Sequence[str] | Mapping[str, int] | None"]
"""Query parameters: scalars, lists (`expand`), and ranges (`created`); None is left out."""


def encode_query(parameters: Parameters) -> str:
    """Write parameters as Stripe reads them: `created[gte]=1&expand[]=source`, percent-encoded.

    Source: docs.stripe.com/api/expanding_objects; the official SDKs' encoders.
    """
    pairs: list[str] = []
    for name, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, (str, int)):
            pairs.append(_pair(name, value))
        elif hasattr(value, "keys"):
            pairs += [_pair(f"{name}[{key}]", number) for key, number in cast("Mapping[str, int]", value).items()]
        else:
            pairs += [_pair(f"{name}[]", text) for text in cast("Sequence[str]", value)]
    return "&".join(pairs)


def seconds_of(date: str) -> int | None:
    """Return UTC seconds of a `Date`, None where no answer of Stripe's can have it.

    Without a zone, or with `-0000`, it is UTC as well. A clock that was never set is no clock: by it, what is recorded
    would be of years in which there was no Stripe, or are still to come.

    Source: RFC 9110, 5.6.7.
    """
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return seconds if _FIRST_DATE <= seconds < _LAST_DATE else None


def decipher(response: Response, *, key: str = "", now: int | None = None) -> ApiError | None:
    """Say what a response means: None for success, else the error whose remedy fits.

    Args:
        response: the complete response.
        key: the API key, taken out of anything quoted from the response, whatever its form.
        now: UTC seconds by our clock; see `Response.retry_after`.

    Source: docs.stripe.com/api/errors; the classes follow stripe-python's mapping.
    """
    status = response.status
    if status in SUCCESS:
        return None
    fields = _error_fields(response.body)
    code, param, log = (_kept(fields.get(name), key) for name in ("code", "param", "request_log_url"))
    longest = _LONGEST_REFUSAL if status == 403 else _LONGEST  # noqa: PLR2004 - HTTP's own number
    said = _kept(fields.get("message"), key, longest=longest)
    message = said or f"HTTP status {status} without an error object"
    if is_another_refusal(response):
        message = f"{message}: {NOT_STRIPES}"
    redirects = 300 <= status < 400 and status != NOT_MODIFIED  # noqa: PLR2004 - HTTP's own numbers
    if redirects:
        message = f"HTTP status {status}, a redirect, is not followed: check `api_base`, or a proxy on the way"
    kind = (
        PermissionDeniedError if status in _REFUSALS and is_about_account(message, code) else _class_for(status, code)
    )
    error = kind(
        message,
        status=status,
        code=code,
        param=param,
        request_id=_kept(response.request_id, key),
        request_log_url=log,
    )
    error.retry_after = response.retry_after(now)
    if isinstance(error, ProtocolError):
        error.connection = response.connection
        if not redirects:
            error.came_from_the_way()
    if isinstance(error, RateLimitError):
        error.reason = _kept(response.limited_reason, key)
    return error


def error_of(response: Response, *, key: str) -> ProtocolError | None:
    """Say that an error object came with a status of success, as a gateway may have it; None where none came.

    Args:
        response: a complete one.
        key: the API key, taken out of what is quoted.
    """
    fields = _error_fields(response.body)
    said = _kept(fields.get("message"), key) or _kept(fields.get("code"), key)
    if not fields:
        return None
    return ProtocolError(
        f"an error came with HTTP status {response.status}, which something on the way must have changed: "
        f"{said or 'it has no message'}",
        request_id=_kept(response.request_id, key),
    )


def is_another_refusal(response: Response) -> bool:
    """Say whether a 403 is not in Stripe's words: something on the way refused."""
    return response.status == 403 and not response.request_id and not _error_fields(response.body)  # noqa: PLR2004 - HTTP's own number


def _class_for(status: int, code: str | None) -> type[ApiError]:
    if status == 429 or (status == 400 and code == "rate_limit"):  # noqa: PLR2004 - HTTP's own numbers
        return RateLimitError
    if status in _RETRYABLE or status >= 500:  # noqa: PLR2004 - HTTP's own number
        return ServerError
    exact: dict[int, type[ApiError]] = {401: AuthenticationError, 403: PermissionDeniedError}
    if status in {400, 404} and code == MISSING:
        return NotFoundError
    if 400 <= status < 500:  # noqa: PLR2004 - HTTP's own numbers
        return exact.get(status, InvalidRequestError)
    return ProtocolError


def _error_fields(body: bytes) -> dict[str, Any]:
    try:
        document = loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    error = cast("dict[str, Any]", document).get("error")
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


def _kept(text: object, key: str, *, longest: int = _LONGEST) -> str | None:
    """Return what is kept of a text of an error: one line without the key, its end cut off where it is over-long."""
    if not isinstance(text, str):
        return None
    kept = sentence(text[: 4 * longest], (key,))  # a key that this cuts lies beyond what is kept
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def _pair(name: str, value: Value) -> str:
    text = str(value) if type(value) is int else _quoted(_text(value))
    return f"{_quoted_name(name)}={text}"


@lru_cache(maxsize=64)
def _quoted_name(name: str) -> str:
    return quote(name, safe="[]")


def _quoted(text: str) -> str:
    """Percent-encode; ids and numbers, which every request has, are found to need none more quickly."""
    return text if text.isascii() and text.replace("_", "").isalnum() else quote(text, safe="")


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
