"""Faults that spoil an answer: each takes a list as decoded JSON and returns it spoilt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.http import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.sandbox.http.faults import Fault
    from connector.sandbox.http.query import Span

MEGABYTE = 1 << 20
_HUGE = (1 << 53) + 1

Body = dict[str, Any]


def refusal(fault: Fault) -> problems.RefusedError | None:
    """The answer of a fault that refuses a request; None if it does something else."""
    match fault.kind:
        case "rate-limit":
            return problems.rate_limited(fault.options.get("reason", "endpoint-rate"))
        case "retry-after":
            problem = problems.rate_limited("endpoint-rate")
            value = fault.options.get("value", "999999999")
            return problems.RefusedError(problem.status, problem.error, {**problem.headers, "Retry-After": value})
        case "lock-timeout":
            return problems.lock_timeout()
        case "403" if "why" in fault.options:
            return problems.not_allowed(fault.options["why"])
        case kind if kind.isdecimal():
            return problems.failure(int(kind), fault.options.get("should_retry"))
        case _:
            return None


def spoil(body: Body, kinds: Iterable[str], window: Span) -> Body:
    """Apply every page fault among `kinds` to a list.

    Args:
        body: the list; may be changed in place.
        kinds: of the faults that befall the request.
        window: of `created`, as asked for.
    """
    for kind in kinds:
        if kind == "outside-window":
            body = _outside_window(body, window)
        elif kind in EDITS and (body["data"] or kind == "empty-page"):
            body = EDITS[kind](body)
    return body


def _empty_page(body: Body) -> Body:
    return body | {"data": [], "has_more": True}


def _no_rows(body: Body) -> Body:
    return body | {"data": [], "has_more": False}


def _false_end(body: Body) -> Body:
    return body | {"has_more": False}


def _out_of_order(body: Body) -> Body:
    data = body["data"]
    data[0], data[-1] = data[-1], data[0]
    return body


def _duplicate_row(body: Body) -> Body:
    data = body["data"]
    data[-1] = data[-2] if len(data) > 1 else data[-1]
    return body if len(data) > 1 else body | {"data": data * 2}


def _outside_window(body: Body, window: Span) -> Body:
    """The last row is given a time just below the window, or, where that has no floor, at its ceiling."""
    if body["data"] and window.bounded:
        last = body["data"][-1]
        last["created"] = window.start - 1 if window.start > 0 else window.stop
    return body


def _unknown_field(body: Body) -> Body:
    for row in body["data"]:
        row["settlement_rail"] = {"name": "instant", "hops": [1, 2]}
        for detail in row.get("fee_details", ()):
            detail["tax_rate"] = "txr_unknown"
    return body


def _unknown_enum(body: Body) -> Body:
    body["data"][0] |= {"type": "quantum_settlement", "reporting_category": "quantum", "status": "entangled"}
    return body


def _no_balance_type(body: Body) -> Body:
    for row in body["data"]:
        row.pop("balance_type", None)
    return body


def _huge_amount(body: Body) -> Body:
    row = body["data"][0]
    row |= {"amount": _HUGE, "net": _HUGE - row.get("fee", 0)}
    return body


def _huge_description(body: Body) -> Body:
    body["data"][0]["description"] = "x" * MEGABYTE
    return body


def _wrong_type(body: Body) -> Body:
    body["data"][0]["amount"] = str(body["data"][0]["amount"])
    return body


EDITS: dict[str, Callable[[Body], Body]] = {
    "empty-page": _empty_page,
    "no-rows": _no_rows,
    "false-end": _false_end,
    "out-of-order": _out_of_order,
    "duplicate-row": _duplicate_row,
    "unknown-field": _unknown_field,
    "unknown-enum": _unknown_enum,
    "no-balance-type": _no_balance_type,
    "huge-amount": _huge_amount,
    "huge-description": _huge_description,
    "wrong-type": _wrong_type,
}

SPOILING = frozenset({*EDITS, "outside-window"})
"""Kinds `spoil` knows."""
