"""Every refusal the sandbox can answer with: status, body, headers, in Stripe's words.

Fields of an error that have no value are left out, as at Stripe. Nothing here decides; it only words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.core.texts import HOSTILE, hostile_header

DOCS = "https://stripe.com/docs"
_REQUEST = "invalid_request_error"


@dataclass(frozen=True)
class RefusedError(Exception):
    """A refusal.

    Attributes:
        status: HTTP status.
        error: the members of `error`, without those the server adds.
        headers: beyond those every answer carries.
        logged: whether the answer gets a request id, and the body a link to the dashboard's log.
    """

    status: int
    error: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict[str, str])
    logged: bool = True


def _coded(status: int, code: str, message: str, param: str | None = None) -> RefusedError:
    error: dict[str, Any] = {
        "code": code,
        "doc_url": f"{DOCS}/error-codes/{code.replace('_', '-')}",
        "message": message,
    }
    return RefusedError(status, error | ({"param": param} if param else {}) | {"type": _REQUEST})


def plain(status: int, message: str) -> RefusedError:
    """A refusal of only two members, message and type."""
    return RefusedError(status, {"message": message, "type": _REQUEST})


# Keys and access.


def no_key() -> RefusedError:
    """401: the request names no key."""
    message = (
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        "details, or we can help at https://support.stripe.com/."
    )
    return RefusedError(401, {"message": message, "type": _REQUEST}, _CHALLENGE, logged=False)


def bad_key(key: str) -> RefusedError:
    """401: an unknown key, masked but for its last four characters and the prefix that gives its kind."""
    head = key[:8] if key[2:3] == "_" else ""
    masked = head + "*" * max(0, len(key) - len(head) - 4) + key[max(len(head), len(key) - 4) :]
    return RefusedError(
        401, {"message": f"Invalid API Key provided: {masked}", "type": _REQUEST}, _CHALLENGE, logged=False
    )


def publishable_key() -> RefusedError:
    """401: a key for browsers."""
    return _coded(
        401,
        "secret_key_required",
        "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of "
        "your API keys at https://dashboard.stripe.com/account/apikeys.",
    )


def missing_scope(account: str, scope: str, mode: str) -> RefusedError:
    """403: a restricted key without the permission, in the words before 2026; `mode` is `test` or `live`."""
    return _coded(
        403,
        "more_permissions_required",
        f"The provided key 'rk_{mode}_***' does not have the required permissions for this endpoint on account "
        f"'{account}'. Having the '{scope}' permission would allow this request to continue.",
    )


def missing_permission(account: str, permission: str, key: str) -> RefusedError:
    """403: the same in the words of 2026, which show the dashboard's name and link to where it is given."""
    shown = SHOWN.get(permission, permission.replace("_", " ").title())
    edit = f"{account}?destination=%2Fapikeys%2Fmk_{account.removeprefix('acct_')}{key[-8:]}%2Fedit"
    return _coded(
        403,
        "more_permissions_required",
        f"Permission denied. The provided key '{key[:8]}...{key[-4:]}' does not have the required permissions for this "
        f"endpoint on account '{account}'. Enabling \"{shown}\" ('{permission}') permissions on this key would allow "
        f"this request to continue. You can edit permissions at https://dashboard.stripe.com/b/{edit}",
    )


SHOWN = {
    "accounts_kyc_basic_read": "Basic Business Contact Information Read",
    "balance_read": "Balance Read",
    "balance_transaction_source_read": "Balance Transaction Sources Read",
    "charge_read": "Charges and Refunds Read",
    "payment_intent_read": "PaymentIntents Read",
    "payout_read": "Payouts Read",
}
"""By permission: what the dashboard calls it."""


def not_allowed(why: str) -> RefusedError:
    """403: the key is bound to other addresses, or the account did not allow the application (OAuth) to do this."""
    return plain(
        403,
        {
            "address": "The API key provided does not allow requests from your IP address (203.0.113.7).",
            "application": "This application does not have the required permissions for this endpoint.",
        }[why],
    )


def no_context() -> RefusedError:
    """400: the key of an organisation, and no account or no version named."""
    return plain(
        400,
        "Requests with an organization API key need the Stripe-Context header, which names the account, and the "
        "Stripe-Version header.",
    )


def account_invalid(account: str, key: str) -> RefusedError:
    """403: an account that does not exist or is not connected."""
    shown = f"{key[:8]}{'*' * 18}{key[-4:]}"
    return _coded(
        403,
        "account_invalid",
        f"The provided key '{shown}' does not have access to account '{account}' (or that account does not exist). "
        "Application access may have been revoked.",
    )


# Addresses and objects.


def unknown_route(method: str, path: str) -> RefusedError:
    """404: no such address."""
    return plain(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/.",
    )


def no_such(noun: str, value: str, param: str, status: int = 404) -> RefusedError:
    """404 on retrieval, 400 for a cursor or a filter."""
    return _coded(status, "resource_missing", f"No such {noun}: '{value}'", param)


def manual_payout() -> RefusedError:
    """400: rows of a manual payout were asked for."""
    return plain(400, "Balance transaction history can only be filtered on automatic transfers, not manual.")


# Parameters.


def unknown_parameter(name: str) -> RefusedError:
    """400."""
    return _coded(400, "parameter_unknown", f"Received unknown parameter: {name}", name)


def bad_integer(name: str, value: str) -> RefusedError:
    """400."""
    return _coded(400, "parameter_invalid_integer", f"Invalid integer: {value}", name)


def empty_value(name: str) -> RefusedError:
    """400."""
    return _coded(
        400,
        "parameter_invalid_empty",
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however "
        f"'{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value.",
        name,
    )


def limit_out_of_range(value: int) -> RefusedError:
    """400: only where the sandbox is told to refuse rather than clamp."""
    return _coded(400, "parameter_invalid_integer", f"Invalid limit: {value} must be between 1 and 100", "limit")


def both_cursors() -> RefusedError:
    """400: no code and no param, as captured."""
    return plain(400, "Received both starting_after and ending_before parameters. Please pass in only one.")


def array_keys(name: str, keys: list[str], wanted: str) -> RefusedError:
    """400: indices of an array that are not 0, 1, 2 and so on."""
    shown = ", ".join(f"`{key}`" for key in keys)
    message = (
        "If passing an array with explicit keys (e.g. foo[0]=a&foo[1]=b) instead of as an array "
        f"(e.g. foo[]=a&foo[]=b), the keys must be numeric and sequential starting from 0. You passed the keys "
        f"{shown}, we expected to have a key with the value `{wanted}`."
    )
    return RefusedError(400, {"message": message, "param": name, "type": _REQUEST})


def cannot_expand(segment: str, hint: str | None = None) -> RefusedError:
    """400: a path of `expand` that leads nowhere."""
    more = f" You may want to try expanding '{hint}' instead." if hint else ""
    return plain(400, f"This property cannot be expanded ({segment}).{more}")


def too_deep(path: str) -> RefusedError:
    """400: more than four levels."""
    return _coded(
        400,
        "property_expansion_max_depth",
        f"You cannot expand more than 4 levels of a property. Property: {path}",
    )


def bad_version(value: str) -> RefusedError:
    """400."""
    return plain(400, f"Invalid Stripe API version: {value}. You do not have permission to use this version.")


# Limits and faults.


def rate_limited(reason: str) -> RefusedError:
    """429 by a limiter, which says why."""
    message = (
        "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."
    )
    error = {"code": "rate_limit", "doc_url": f"{DOCS}/error-codes/rate-limit", "message": message, "type": _REQUEST}
    return RefusedError(429, error, {"Stripe-Rate-Limited-Reason": reason})


def lock_timeout() -> RefusedError:
    """429 because an object is busy: no reason, no request id, and worth a retry."""
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing "
        "it. If you see this error intermittently, retry the request. If you see this error frequently and are making "
        "multiple concurrent requests to a single object, make your requests serially or at a lower rate. For more "
        "details, see https://stripe.com/docs/rate-limits#object-lock-timeouts."
    )
    error = {
        "code": "lock_timeout",
        "doc_url": f"{DOCS}/error-codes/lock-timeout",
        "message": message,
        "type": _REQUEST,
    }
    return RefusedError(429, error, {"Stripe-Should-Retry": "true"}, logged=False)


def failure(status: int, should_retry: str | None = None) -> RefusedError:
    """Any other trouble: 400, 403, 404, 409, 5xx, with the hint about retrying if one is given."""
    headers = {"Stripe-Should-Retry": should_retry} if should_retry else {}
    if status >= 500:  # noqa: PLR2004 - the server's side
        return RefusedError(status, {"message": "An unknown error occurred", "type": "api_error"}, headers)
    if status == 409:  # noqa: PLR2004 - conflict
        message = "There is currently another in-progress request using this Idempotent Key."
        return RefusedError(
            status, {"code": "idempotency_key_in_use", "message": message, "type": "idempotency_error"}, headers
        )
    return RefusedError(status, {"message": f"The sandbox was told to answer {status}.", "type": _REQUEST}, headers)


def hostile(status: int, said: str) -> RefusedError:
    """Hostile texts wherever an error has one; `said` is what the caller said who it is."""
    text = f"{HOSTILE} {said}"
    error = {"code": text, "message": text, "param": text, "request_log_url": f"https://{text}", "type": _REQUEST}
    return RefusedError(status, error, {"Request-Id": hostile_header(), "Stripe-Rate-Limited-Reason": hostile_header()})


_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Stripe"'}
