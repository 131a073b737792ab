"""Errors as people and programs read them: one line that says what to do, one JSON object, one exit status."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, cast

from connector.cli.display.flags import in_flags
from connector.core.api.permissions import is_of_account, is_of_address, is_of_application, is_of_the_way
from connector.errors import (
    AccountsError,
    ApiError,
    AuthenticationError,
    ConnectorError,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    exit_code_of,
)
from connector.outside_text import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

_FACTS = (
    *("status", "code", "param", "permission", "reason"),
    *("request_id", "request_log_url", "account", "window"),
)
"""What an error's JSON document tells besides, where it is known."""

_MOST_ERRORS = 50
"""Errors of a chain that a traceback tells: the last ones."""

KEPT = "what was complete is kept; run it again to go on"


def line_of(error: BaseException) -> str:
    """Return what happened and what to do, in one printable line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, ConnectorError):
        where = f"{error.account}: " if error.account and error.account not in str(error) else ""
        return in_flags(sentence(f"{where}{error}{_remedy(error)}"))
    return sentence(f"unexpected {type(error).__name__}: {error}; add -v for the traceback, and please report it")


def document_of(error: BaseException) -> dict[str, Any]:
    """Return the error as a JSON document: its type, message and exit status, and what else is known."""
    facts: dict[str, Any] = {
        "type": {"KeyboardInterrupt": "Interrupted", "StoppedError": "Interrupted"}.get(
            type(error).__name__, type(error).__name__
        ),
        "message": line_of(error),
        "exit_code": exit_code_of(error),
        "retryable": getattr(error, "retryable", False),
    }
    if isinstance(error, ConnectorError):
        facts["remedy"] = in_flags(error.remedy)
    if isinstance(error, AccountsError):
        facts["accounts"] = {name: line_of(failure) for name, failure in error.errors.items()}
    for name in _FACTS:
        if (value := getattr(error, name, None)) is not None:
            facts[name] = value
    return {"error": facts}


def traceback_of(error: BaseException) -> list[str]:
    """Return where an error came from and what led to it, in lines; what it says is one of them, whoever wrote it."""
    return [line for block in _traceback(error, frozenset()) for line in block.split("\n")]


def _traceback(error: BaseException, seen: frozenset[int]) -> Iterator[str]:
    if id(error) in seen or len(seen) >= _MOST_ERRORS:
        return
    seen |= {id(error)}
    if error.__cause__ is not None:
        yield from [*_traceback(error.__cause__, seen), "", "This led to:", ""]
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from [*_traceback(error.__context__, seen), "", "While that was handled, this happened:", ""]
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    kind = type(error)
    yield f"{kind.__module__}.{kind.__qualname__}: {sentence(str(error))}".removeprefix("builtins.")
    yield from (f"  {sentence(str(note))}" for note in getattr(error, "__notes__", ()))
    if isinstance(error, BaseExceptionGroup):
        for number, exception in enumerate(cast("BaseExceptionGroup[BaseException]", error).exceptions, 1):
            yield f"  {number} of them:"
            yield from (f"    {line}" for block in _traceback(exception, seen) for line in block.split("\n"))


def _remedy(error: ConnectorError) -> str:
    """Say what to do, where Stripe's or the network's words do not."""
    if isinstance(error, ApiError) and is_of_address(error):
        return "; let the key be used from this machine's address (in the dashboard), or run where it may be used"
    if isinstance(error, AuthenticationError):
        return "; check the key in STRIPE_API_KEY or --api-key-file"
    if isinstance(error, PermissionDeniedError):
        return _remedy_of_permission(error)
    if isinstance(error, RateLimitError):
        return "; run again later, or ask for less with --rate"
    if isinstance(error, TransportError):
        return "; check the network and --api-base, then run again"
    return ""


def _remedy_of_permission(error: PermissionDeniedError) -> str:
    """Say what to do about a 403; where a permission is missing, the message says which, and what it is needed for."""
    if error.permission is not None or is_of_the_way(error):
        return ""
    if is_of_account(error):
        return (
            "; check the account's id, and that it is connected to the platform whose key this is; of one that is gone"
            " for good, `stripe-balance retire` takes note"
        )
    if is_of_application(error):
        return "; the account has to allow the application to read this"
    return "; use a key that may do this"
