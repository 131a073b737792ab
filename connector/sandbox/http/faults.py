"""Faults to order: what can go wrong, when, and how often.

`kind[:key=value[,key=value]]`, as in `500:k=3` or `late-rows:seconds=120,p=0.3`. Pure but for the counters of an armed
fault; `edits` and `server` carry faults out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from connector.sandbox.core.ledger import TIES
from connector.sandbox.http.encodings import HOW

COMMON = ("k", "every", "p", "times", "endpoint", "account")
LISTS = "balance_transactions"

REASONS = ("endpoint-rate", "global-rate", "endpoint-concurrency", "global-concurrency", "resource-specific")

WHY = ("address", "application")

STRAYS = ("behind", "later", "instead")
"""When a stray answer comes: right behind the answer, a moment later, or in its place, the answer following."""

_CHOICES = {"reason": REASONS, "ties": TIES, "why": WHY}
_HOW = {"encoded": HOW, "stray": STRAYS}

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "rate-limit": ("429 by a limiter; reason=" + "|".join(REASONS), ("reason",)),
    "lock-timeout": ("429 with code lock_timeout, no reason, no request id", ()),
    "retry-after": ("429 with a hostile Retry-After; value=999999999", ("value",)),
    "400": ("400 invalid_request_error", ()),
    "403": ("403 invalid_request_error; why=address|application: in Stripe's words", ("why",)),
    "404": ("404 invalid_request_error", ()),
    "409": ("409 idempotency_error; should_retry=true|false", ("should_retry",)),
    "500": ("500 api_error; should_retry=true|false", ("should_retry",)),
    "502": ("502 with an HTML body", ("should_retry",)),
    "503": ("503 api_error; should_retry=true|false", ("should_retry",)),
    "reset": ("the connection is reset instead of an answer", ()),
    "hang": ("no answer; seconds=3600", ("seconds",)),
    "cut": ("half of the body, then the connection closes", ()),
    "slow": ("the body comes in drips; seconds=5", ("seconds",)),
    "hostile-error": ("status=400 with texts that steer a terminal and hold keys, the caller's, too", ("status",)),
    "hostile-text": ("such a text at the end of fields=description|… of every object that has them", ("fields",)),
    "not-json": ("200 with a body that is not JSON", ()),
    "non-authoritative": ("the answer as it is, with status 203", ()),
    "other-version": ("the answer says it is of version=2019-12-03, as where a gateway asked under it", ("version",)),
    "encoded": ("the body in another legal coding; how=" + "|".join(HOW), ("how",)),
    "stray": ("an answer nobody asked for on the same connection; how=" + "|".join(STRAYS), ("how",)),
    "drops-account": ("the account asked for is not heard, and the platform answers, as behind a bad gateway", ()),
    "revoked": ("account=acct_… took its access back: it is refused, and no longer listed", ()),
    "empty-page": ("no rows, yet has_more is true", ()),
    "no-rows": ("no rows, and has_more is false", ()),
    "false-end": ("has_more is false, whatever comes after", ()),
    "moving-ties": ("rows of one second come in another order than in the answer before", ()),
    "stuck-cursor": ("the page that ends at the cursor instead of the one after it", ()),
    "boundary-quirk": ("an empty page when the cursor's own second lies inside the created window", ()),
    "out-of-order": ("the first and the last row of a page change places", ()),
    "duplicate-row": ("a row that was on the page before, or twice on this one", ()),
    "outside-window": ("the last row of a page lies outside the created window", ()),
    "late-rows": ("rows are listed only seconds=60 after they were created; p=0.5 of them", ("seconds",)),
    "gone-rows": ("rows are no longer listed; p=0.01 of them", ()),
    "gone-payouts": ("payouts are not listed; p=0.01 of them", ()),
    "mid-walk": ("rows=1 new rows at the head with each request", ("rows",)),
    "hot-second": (
        "rows=500 more rows in the second seconds=86400 ago, once; from then on ties=" + "|".join(TIES),
        ("rows", "seconds", "ties"),
    ),
    "clock-moves": ("the clock goes on by seconds=3600 with each request, and statuses flip", ("seconds",)),
    "async-capture": ("charges have no balance transaction for seconds=60", ("seconds",)),
    "late-status": ("rows stay pending for seconds=21600 after their available_on; the balance is ahead", ("seconds",)),
    "unknown-field": ("fields we have not heard of, in rows and in fee_details", ()),
    "unknown-enum": ("a type, category and status we have not heard of", ()),
    "no-balance-type": ("rows without balance_type", ()),
    "huge-amount": ("an amount beyond 2^53", ()),
    "huge-description": ("a description of a megabyte", ()),
    "heavy-page": ("500 for a page with expanded objects of more than rows=25 of them", ("rows",)),
    "wrong-type": ("an amount that is a string", ()),
    "half-pair": ("descriptions with the escape of half a surrogate pair", ()),
    "long-number": ("numbers beyond 64 bits and 17 digits, in rows and in expanded charges", ()),
    "repeated-field": ("field=description twice in each row, a wrong value first", ("field",)),
    "byte-order-mark": ("a byte order mark before the body", ()),
    "decimal-integers": ("whole numbers written as 100.0", ()),
    "deep": ("rows with lists levels=5000 deep", ("levels",)),
}
"""By kind: one line of help, and the options it takes besides COMMON."""

STANDING = frozenset(
    {"late-rows", "gone-rows", "gone-payouts", "async-capture", "late-status", "drops-account", "revoked"}
)
"""Faults that are a state of the world rather than something that befalls a request; `p` is their share of rows."""

_ONCE = frozenset({"hot-second"})
"""Faults that happen once unless told how often."""

_EVERYWHERE = frozenset(tuple(KINDS)[: tuple(KINDS).index("empty-page")])
"""Faults of the connection or the whole answer befall any endpoint unless told; the others only lists of rows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as ordered.

    Attributes:
        kind: one of KINDS.
        k: the request it begins with, counting matching ones from 1; None for every one.
        every: only each so-many-th matching request.
        p: chance per matching request.
        times: how often in all; None without end.
        endpoint: the endpoint it befalls, such as `balance_transactions` or `balance`; empty for any.
        account: the account whose requests it befalls; empty for any.
        options: what else was said.
    """

    kind: str
    k: int | None = None
    every: int | None = None
    p: float | None = None
    times: int | None = None
    endpoint: str = ""
    account: str = ""
    options: dict[str, str] = field(default_factory=dict[str, str])

    def number(self, option: str, default: float) -> float:
        """An option as a number."""
        return float(self.options.get(option, default))


def parse(spec: str) -> Fault:
    """Read a fault.

    Raises:
        ValueError: the kind or an option is not known, or a number does not read; the text says what is.
    """
    kind, _, rest = spec.partition(":")
    if kind not in KINDS:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
    given = dict(_pair(item, spec) for item in rest.split(",") if item)
    allowed = (*COMMON, *KINDS[kind][1])
    for name in given:
        if name not in allowed:
            raise ValueError(f"fault {kind!r} has no {name!r}; it has {', '.join(allowed)}")
    for name, choices in {**_CHOICES, "how": _HOW.get(kind, ("",))}.items():
        if given.get(name, choices[0]) not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}")
    fault = Fault(
        kind,
        k=_int(given.pop("k", None)),
        every=_int(given.pop("every", None)),
        p=float(given["p"]) if "p" in given else None,
        times=_int(given.pop("times", None)),
        endpoint=given.pop("endpoint", "" if kind in _EVERYWHERE else LISTS),
        account=given.pop("account", ""),
        options={name: value for name, value in given.items() if name != "p"},
    )
    for numeric in ("seconds", "rows", "levels"):
        fault.number(numeric, 0)
    return fault


def _pair(item: str, spec: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals:
        raise ValueError(f"{item!r} in {spec!r} should read name=value")
    return name.strip(), value.strip()


def _int(value: str | None) -> int | None:
    return None if value is None else int(value)


class Armed:
    """A fault with its counters."""

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self.seen: int = 0
        self.fired: int = 0
        self._rng = random.Random(seed)

    def fires(self, endpoint: str, account: str) -> bool:
        """Count a request, and say whether the fault befalls it."""
        fault = self.fault
        if fault.kind in STANDING or fault.endpoint not in {"", endpoint} or fault.account not in {"", account}:
            return False
        self.seen += 1
        once = fault.k is not None or fault.kind in _ONCE
        times = fault.times if fault.times is not None else 1 if once else None
        due = self._due() and (times is None or self.fired < times)
        self.fired += due
        return due

    def _due(self) -> bool:
        fault = self.fault
        if fault.k is not None and self.seen < fault.k:
            return False
        if fault.every is not None and (self.seen - (fault.k or 0)) % fault.every:
            return False
        return fault.p is None or self._rng.random() < fault.p


class Faults:
    """The faults in force. May be changed from any thread: each change replaces the whole tuple at once."""

    def __init__(self, specs: tuple[str, ...] = (), seed: int = 0) -> None:
        self._seed, self._made = seed, 0
        self._armed: tuple[Armed, ...] = ()
        for spec in specs:
            self.add(spec)

    def add(self, spec: str) -> Fault:
        """Put a fault in force.

        Raises:
            ValueError: as `parse`.
        """
        fault = parse(spec)
        self._made += 1
        self._armed = (*self._armed, Armed(fault, f"{self._seed}/{self._made}"))
        return fault

    def clear(self) -> None:
        """Put all out of force."""
        self._armed = ()

    def befalling(self, endpoint: str, account: str = "") -> dict[str, Fault]:
        """Count a request of an account at `endpoint`, and say which faults befall it, by kind."""
        return {armed.fault.kind: armed.fault for armed in self._armed if armed.fires(endpoint, account)}

    def standing(self, kind: str) -> Fault | None:
        """The fault of a STANDING kind in force, if any."""
        return next((armed.fault for armed in self._armed if armed.fault.kind == kind), None)

    def accounts(self, kind: str) -> frozenset[str]:
        """The accounts that faults of a STANDING kind are about."""
        return frozenset(armed.fault.account for armed in self._armed if armed.fault.kind == kind)

    def counts(self) -> list[dict[str, int | str]]:
        """What is in force, and how often each fired."""
        return [
            {"kind": armed.fault.kind, "seen": armed.seen, "fired": armed.fired, "endpoint": armed.fault.endpoint}
            for armed in self._armed
        ]
