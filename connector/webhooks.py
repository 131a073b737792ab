"""Stripe's webhooks: is this really from Stripe, and which balance transaction has become available?

An endpoint of yours receives a body and a `Stripe-Signature` header; `parse` checks the one by the other and returns a
typed `Event`. It does no I/O, so it fits behind any web server.

Source: docs.stripe.com/webhooks/signature; docs.stripe.com/api/events/object.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.fields import id_of, object_of
from connector.core.api.json_text import loads
from connector.core.pickling import carried
from connector.errors import UsageError, WebhookError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


TOLERANCE = 300
"""Seconds a signature may be old, as in Stripe's own libraries."""

MAX_PAYLOAD = 4 * 1024 * 1024
"""Bytes of a body that are looked at. Events have some kilobytes; whoever sends more is not Stripe."""

_MAX_HEADER = 4_096
_MAX_SIGNATURES = 32
_SCHEME = "v1"
_LONGEST_TIMESTAMP = 12
_MADE_WITH = frozenset({"charge.succeeded", "charge.captured"})
"""Events of a charge whose balance transaction, where there is one already, was made with them."""
_TEXT_OR_NULL = (str, type(None))
_MEMBERS = {"id": (str,), "type": (str,), "created": (int,), "account": _TEXT_OR_NULL, "api_version": _TEXT_OR_NULL}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as Stripe tells it.

    Attributes:
        id: `evt_…`; the same when Stripe sends the event again.
        type: such as `charge.updated`.
        created: UTC seconds.
        livemode: whether it is about real money.
        account: connected account it happened in, or None for the endpoint's own.
        api_version: that `object` is written in; None where Stripe does not say.
        object: what it is about, as received.
        previous_attributes: of `object`, those that changed, as they were.
        received: the whole event.
    """

    id: str
    type: str
    created: int
    livemode: bool
    account: str | None
    api_version: str | None
    object: Mapping[str, Any]
    previous_attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    received: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return carried(self)

    @property
    def balance_transaction(self) -> str | None:
        """The id of the balance transaction that has become available with this event, or None.

        A `charge.updated` says so when the charge's `balance_transaction` was null before: the charge was captured
        asynchronously. With other ways to capture, `charge.succeeded` or `charge.captured` has it from the start.
        """
        made = id_of(self.object.get("balance_transaction"))
        if self.object.get("object") != "charge" or made is None:
            return None
        if self.type in _MADE_WITH:
            return made
        was = self.previous_attributes.get("balance_transaction", made)
        return made if self.type == "charge.updated" and was is None else None


def parse(
    payload: bytes,
    signature_header: str,
    secret: str | Sequence[str],
    *,
    tolerance: int = TOLERANCE,
    now: float | None = None,
) -> Event:
    """Check that an event comes from Stripe, just now, and return it.

    An event that was caught and sent again within `tolerance` passes, and Stripe itself may send one twice: where that
    matters, remember the ids of events.

    Args:
        payload: the request's body, byte for byte.
        signature_header: `Stripe-Signature`.
        secret: the endpoint's signing secret, `whsec_…`; several while one is being rolled.
        tolerance: seconds the signature may be old, or ahead of our clock, at least 1.
        now: UTC seconds; the machine's clock by default.

    Raises:
        WebhookError: it is not from Stripe, too old, or no event: answer 400, and do nothing else.
        UsageError: the arguments are not what they should be.
    """
    secrets = _checked_secrets(secret)
    if type(payload) is not bytes:
        raise UsageError(f"the payload must be the body's bytes, not {type(payload).__name__}: take it before decoding")
    if type(tolerance) is not int or tolerance < 1:
        raise UsageError(f"tolerance {tolerance!r} must be a whole number of seconds, at least 1")
    if len(payload) > MAX_PAYLOAD:
        raise WebhookError(f"the body has {len(payload):,} bytes: no event has that many")
    timestamp, signatures = _parts_of(signature_header)
    expected = [_signature(timestamp, payload, text) for text in secrets]
    fits = [hmac.compare_digest(given, ours) for given in signatures for ours in expected]
    if not any(fits):
        raise WebhookError(
            "no signature fits: it is not from Stripe, the body was changed on the way, or the secret is another"
            " endpoint's"
        )
    _check_age(int(timestamp), tolerance, time.time() if now is None else now)
    return _to_event(payload)


def _checked_secrets(secret: str | Sequence[str]) -> list[bytes]:
    given: Any = [secret] if isinstance(secret, str) else secret
    if not isinstance(given, list | tuple) or not all(
        isinstance(text, str) for text in cast("Sequence[object]", given)
    ):
        kind = type(secret).__name__
        raise UsageError(
            f"the signing secret must be text, whsec_…, or several, not {kind}: is it set where this runs?"
        )
    secrets = [text.strip() for text in cast("Sequence[str]", given)]
    if not secrets or not all(secrets):
        raise UsageError("the signing secret is empty: it is shown with the endpoint in the Dashboard, whsec_…")
    if not all(text.isascii() for text in secrets):
        raise UsageError("the signing secret has characters that no secret of Stripe's has: copy it again")
    if any(text.startswith(("sk_", "rk_", "pk_")) for text in secrets):
        raise UsageError("this is an API key, not the endpoint's signing secret, which begins with whsec_")
    return [text.encode() for text in secrets]


def _parts_of(header: str) -> tuple[str, list[bytes]]:
    """Return the timestamp, as written, and the signatures we know how to check.

    Raises:
        WebhookError: the header is not of the form `t=…,v1=…`.
    """
    if type(header) is not str or not header:
        raise WebhookError("there is no Stripe-Signature header, as text")
    if len(header) > _MAX_HEADER or not header.isascii():
        raise WebhookError("the Stripe-Signature header is not of the form t=…,v1=…")
    pairs = [item.strip().partition("=") for item in header.split(",")]
    timestamps = {value for name, _, value in pairs if name == "t"}
    signatures = [value.encode() for name, _, value in pairs if name == _SCHEME]
    timestamp = timestamps.pop() if len(timestamps) == 1 else ""
    if not timestamp.isdigit() or len(timestamp) > _LONGEST_TIMESTAMP:
        raise WebhookError("the Stripe-Signature header has no timestamp, or several")
    if not signatures:
        raise WebhookError(f"the Stripe-Signature header has no {_SCHEME} signature")
    if len(signatures) > _MAX_SIGNATURES:
        raise WebhookError("the Stripe-Signature header has more signatures than Stripe sends")
    return timestamp, signatures


def _signature(timestamp: str, payload: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, timestamp.encode() + b"." + payload, hashlib.sha256).hexdigest().encode()


def _check_age(timestamp: int, tolerance: int, now: float) -> None:
    if not timestamp >= now - tolerance:  # so that a clock that is no number passes nothing
        raise WebhookError(f"signed {now - timestamp:.0f} s ago: too old, or sent again by somebody else")
    if timestamp > now + tolerance:
        raise WebhookError(f"signed {timestamp - now:.0f} s from now: set this machine's clock")


def _to_event(payload: bytes) -> Event:
    try:
        document = loads(payload)
    except ValueError as error:
        raise WebhookError(f"the body is not JSON ({error})") from error
    event = object_of(document)
    data = object_of(event.get("data")) if event else None
    about = object_of(data.get("object")) if data else None
    if event is None or data is None or about is None or event.get("object") != "event":
        kind = event.get("object") if event else type(document).__name__
        raise WebhookError(f"the body is {str(kind)[:40]!r}, not an event with its object: use snapshot events")
    if wrong := next((name for name, kinds in _MEMBERS.items() if type(event.get(name)) not in kinds), None):
        raise WebhookError(f"the event's {wrong} is not of the documented form")
    return Event(
        id=event["id"],
        type=event["type"],
        created=event["created"],
        livemode=event.get("livemode") is True,
        account=event.get("account"),
        api_version=event.get("api_version"),
        object=MappingProxyType(about),
        previous_attributes=MappingProxyType(object_of(data.get("previous_attributes")) or {}),
        received=MappingProxyType(event),
    )
